"""What must hold before a path is certified, and which check of it would tell most.

A path passes where its mean and some deviations stay below a limit, where nothing blocks it or is
closed on it, and after some checks in a row that turned out as expected.
"""

from dataclasses import dataclass

import numpy as np

from .._arrays import Array
from .prediction import Look, Query

_ASSURANCE = 2.0
"""Deviations that a certified path must stay below its height with."""
FAR_ASSURANCE = 6.0
"""Deviations in choosing what to check; below the height with these, fewer checks will do."""
_FEW_CHECKS = 2
CHECKS = 3
"""Checks in a row that must pass then, and otherwise."""
_SURE = 5.0
"""Deviations, in tolerances, up to which a check would tell nothing, as next to the saddle."""
_MARGIN = 4.5
"""How far above the limit, in tolerances, what blocks a path goes before its highest place."""


@dataclass(frozen=True, eq=False)
class Inspection:
    """A path, seen by one who is to certify it.

    Attributes
    ----------
    look : Look
        The surrogate along the path.
    away : array (M,) of bool
        Which of the times are not the pin's, where the value is known.
    limit : float
        What the path must stay below.
    lookout : float
        How well it must be known, in the landscape's unit.
    blocked : array (D,) or None
        The point that stopped the path, if it may be asked for.
    """

    look: Look
    away: Array
    limit: float
    lookout: float
    blocked: Array | None

    def passes(self, n_checks: int) -> bool:
        """Whether the path stays below the limit for all that is known, after so many checks."""
        near, far = (self._highest(deviations) for deviations in (_ASSURANCE, FAR_ASSURANCE))
        needed = _FEW_CHECKS if far <= self.limit else CHECKS
        clear = self.blocked is None and bool(self.look.is_open.all())
        return clear and near <= self.limit and n_checks >= needed

    def query(self, count: int) -> Query:
        """What to evaluate as the check of this number; odd ones and even ones take turns.

        Odd ones are where the path may be highest, even ones where least is known.
        """
        look = self.look
        if not look.is_open.all():
            return look.query("unsure", -look.closed.distance(look.points))
        margin = _MARGIN * self.lookout
        if self.blocked is not None and self._highest(_ASSURANCE) <= self.limit + margin:
            return look.query_at("blocked", self.blocked)
        near, telling = look.upper(_ASSURANCE), self._telling
        if near[telling].max() > self.limit:
            merit = near
        else:
            merit = look.upper(FAR_ASSURANCE) if count % 2 else look.deviation
        return look.query("check", np.where(telling, merit, -np.inf))

    @property
    def _telling(self) -> Array:
        """Where (M,) an evaluation could come as a surprise; anywhere if nowhere."""
        unsure = self.away & (self.look.deviation > _SURE * self.lookout)
        return unsure if unsure.any() else self.away

    def _highest(self, deviations: float) -> float:
        return float(self.look.upper(deviations)[self.away].max())
