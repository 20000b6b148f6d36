"""A cheaper landscape that is known to resemble an expensive one: what a run is handed of it.

A prior need not be reliable: where its code raises, the point counts as one that could not be
evaluated.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ._arrays import Array
from .evaluation import Evaluator
from .landscapes.abilities import Abilities, Forwarding

_log = logging.getLogger(__name__)

_TRIES = 2
"""Of a point that fails: some codes fail now and then."""


@dataclass(frozen=True, eq=False)
class Prior:
    """A cheap landscape, and what may be beneath it in turn.

    Parameters
    ----------
    evaluator : Evaluator
        Evaluates it, and counts.
    beneath : Prior, optional
        A still cheaper one.
    """

    evaluator: Evaluator
    beneath: "Prior | None" = None

    @property
    def n_gradients(self) -> int:
        """Gradients of this one and all beneath."""
        below = 0 if self.beneath is None else self.beneath.n_gradients
        return self.evaluator.n_gradients + below

    @classmethod
    def of(cls, evaluators: Sequence[Evaluator]) -> "Prior | None":
        """A chain of priors, each beneath the one before; None for none."""
        prior: Prior | None = None
        for evaluator in reversed(evaluators):
            prior = cls(evaluator, prior)
        return prior


class Forgiving(Forwarding):
    """A landscape whose exceptions are values that are not finite.

    Parameters
    ----------
    landscape : Landscape
    """

    def offering(self, behind: Abilities) -> Abilities:
        """All but values alone."""
        return replace(behind, landscape=self, values=None)

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
