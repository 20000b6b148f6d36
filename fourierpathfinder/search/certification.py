"""What must hold before a path is certified, and where to check it next.

A path passes where its mean and some deviations stay below a limit, where nothing blocks it or is
excluded on it, where nothing can rise unseen behind a dip, where all of it lies near evaluations,
and after some checks in a row that turned out as expected.
"""

from dataclasses import dataclass

import numpy as np

from .._arrays import Array
from .._lazy import cached_property
from ..gaussian_process import Pinned
from .policy import Certify
from .prediction import Candidate, Prediction
from .unseen import is_behind_a_dip, unseen_rise


@dataclass(frozen=True, eq=False)
class Inspection:
    """What decides whether a path is certified, and what to check next.

    Attributes
    ----------
    prediction : Prediction
        The surrogate along the path.
    away : array (M,) of bool
        Which of the times are not the saddle's, where the value is known.
    limit : float
        What the path must stay below.
    tolerance : float
        How well it must be known, in the landscape's unit.
    blocked : array (D,) or None
        The point that stopped the path, if it may be asked for.
    numbers : Certify
        The policy.
    chord, scale : float
        The distance of the path's ends, and E.
    n_more : int
        Checks that must pass beyond the usual ones.
    """

    prediction: Prediction
    away: Array
    limit: float
    tolerance: float
    blocked: Array | None
    numbers: Certify
    chord: float
    scale: float
    n_more: int = 0

    def passes(self, n_checks: int) -> bool:
        """Whether the path stays below the limit for all that is known, after so many checks."""
        if self.blocked is not None or not self.prediction.is_open.all() or self._bare.any():
            return False
        return self.is_low and n_checks >= self._n_needed + self.n_more

    @property
    def is_low(self) -> bool:
        """Whether the path stays below the limit for all that is known."""
        return self._near <= self.limit and self._steep <= self.limit

    def candidate(self, count: int) -> Candidate:
        """What to evaluate as the check of this number; odd ones and even ones take turns.

        Odd ones are where the path may be highest, even ones where least is known. What lies far
        from all that was evaluated comes before these: no deviation is to be trusted there.
        """
        prediction = self.prediction
        if not prediction.is_open.all():
            outwards = -prediction.excluded.distance(prediction.points)
            return prediction.candidate("detour", outwards)
        margin = self.numbers.blocked_first * self.tolerance
        if self.blocked is not None and self._near <= self.limit + margin:
            return prediction.candidate_at("blocked", self.blocked)
        if self._bare.any():
            return prediction.candidate("check", self._distance)
        return prediction.candidate("check", np.where(self._telling, self._merit(count), -np.inf))

    def _merit(self, count: int) -> Array:
        near = self.prediction.upper(self.numbers.assurance)
        if near[self._telling].max() > self.limit:
            return near
        if self._steep > self.limit:
            return self._steeply
        if count % 2:
            return self.prediction.upper(self.numbers.far_assurance)
        return self.prediction.deviation

    @property
    def _bare(self) -> Array:
        """Where (M,) the path lies too far from all evaluations to be known."""
        return self._distance > self.numbers.covered * self.chord

    @cached_property
    def _distance(self) -> Array:
        """From the places of the path (M,) to the nearest evaluation.

        None from a path upon a landscape that is asked wherever the path goes.
        """
        from scipy.spatial.distance import cdist  # costs a tenth of the package's import

        seen = self.prediction
        if isinstance(seen.model, Pinned):
            return np.zeros(len(seen.times))
        return np.asarray(cdist(seen.points, seen.model.data.x).min(axis=1))

    @cached_property
    def _telling(self) -> Array:
        """Where (M,) an evaluation could be a surprise; everywhere, if that is nowhere."""
        unsure = self.away & (self.prediction.deviation > self.numbers.sure * self.tolerance)
        return unsure if unsure.any() else self.away

    @cached_property
    def _steeply(self) -> Array:
        """The mean (M,), and behind dips what may rise unseen there."""
        mean, numbers = self.prediction.mean, self.numbers
        behind = is_behind_a_dip(mean, self.prediction.top, numbers.dip * self.scale)
        if not behind.any():
            return mean
        by_slopes = numbers.slope * unseen_rise(self.prediction, numbers.reach * self.chord)
        unseen = np.maximum(by_slopes, numbers.behind_dips * self.prediction.deviation)
        return np.asarray(mean + np.where(behind, unseen, 0.0))

    @property
    def _n_needed(self) -> int:
        """Checks in a row that must pass, by how far the path stays below the limit."""
        numbers = self.numbers
        if self._highest(numbers.far_assurance) > self.limit:
            return numbers.checks
        is_shown = isinstance(self.prediction.model, Pinned)
        return numbers.prior_checks if is_shown else numbers.few_checks

    @property
    def _steep(self) -> float:
        return float(self._steeply[self._telling].max())

    @property
    def _near(self) -> float:
        return self._highest(self.numbers.assurance)

    def _highest(self, deviations: float) -> float:
        return float(self.prediction.upper(deviations)[self.away].max())
