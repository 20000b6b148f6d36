"""A cheaper landscape that is known to resemble an expensive one: what a run is handed of it.

A prior need not be reliable: where its code raises, the point counts as one that could not be
evaluated.
"""

import logging
from dataclasses import dataclass

import numpy as np

from ._arrays import Array
from .evaluation import Evaluator, check_shapes
from .landscapes.abilities import Forwarding
from .path import SinePath
from .result import Evaluations

_log = logging.getLogger(__name__)

_NEAR = 0.3
"""Distance of an end from that of an earlier run, in chords, up to which its path is of use."""

_TRIES = 2
"""Of a point that fails: some codes fail now and then."""


@dataclass(frozen=True, eq=False)
class Prior:
    """A cheap landscape, and what may be beneath it in turn.

    Parameters
    ----------
    evaluator : Evaluator or None
        Evaluates it, and counts; None where it is only known from an earlier run.
    known : Evaluations, optional
        Those of an earlier run.
    path : SinePath, optional
        What that had found.
    beneath : Prior, optional
        A still cheaper one.
    """

    evaluator: Evaluator | None = None
    known: Evaluations | None = None
    path: SinePath | None = None
    beneath: "Prior | None" = None

    @property
    def n_gradients(self) -> int:
        """Gradients of this one and all beneath."""
        here = 0 if self.evaluator is None else self.evaluator.n_gradients
        return here + (0 if self.beneath is None else self.beneath.n_gradients)

    @property
    def is_apart(self) -> bool:
        """Whether this one and all beneath can be asked while something else is evaluated."""
        if self.evaluator is None or not self.evaluator.abilities.is_apart:
            return False
        return self.beneath is None or self.beneath.evaluator is None or self.beneath.is_apart

    def path_between(self, path: SinePath) -> SinePath | None:
        """What the earlier run had found, between the ends of `path`; None where it is far off."""
        if self.path is None or self.path.start.shape != path.start.shape:
            return None
        chord = np.linalg.norm(path.end - path.start)
        away = max(
            np.linalg.norm(self.path.start - path.start), np.linalg.norm(self.path.end - path.end)
        )
        if away > _NEAR * chord:
            return None
        return SinePath(path.start, path.end, self.path.coefficients)


class Forgiving(Forwarding):
    """A landscape whose exceptions are values that are not finite.

    Parameters
    ----------
    landscape : Landscape
    """

    def value_and_grad(self, points: Array) -> tuple[Array, Array]:
        """Values (M,) and gradients (M, D) at `points` (M, D), NaN where that failed twice."""
        try:
            values, gradients = self.landscape.value_and_grad(points)
        except Exception:
            if len(points) > 1:
                pairs = [self.value_and_grad(points[m : m + 1]) for m in range(len(points))]
                values, gradients = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
            else:
                values, gradients = self._once_more(points)
        check_shapes(points, (values, gradients), "the prior")
        return values, gradients

    def _once_more(self, point: Array) -> tuple[Array, Array]:
        for _ in range(_TRIES - 1):
            try:
                values, gradients = self.landscape.value_and_grad(point)
            except Exception as error:
                _log.info("the prior could not be evaluated: %s: %s", type(error).__name__, error)
            else:
                return values, gradients
        return np.full(1, np.nan), np.full(point.shape, np.nan)
