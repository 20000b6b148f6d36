"""Regions where the landscape could not be evaluated, and how a path keeps out of them.

A failed evaluation says nothing that a Gaussian process could be told. It closes a ball around
its point: paths are repelled by

    E Σ_j exp(-2 |x - x_j|²/r_j²)

and nothing is asked within r_j/2. A ball reaches at most half of the way to the nearest point
that could be evaluated, so that a single lost evaluation is soon enclosed, and the further the
more failures lie around it, so that a wide region is left in a few steps.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .._arrays import Array

_RADIUS = 0.1
"""Radius of the ball around a lone failure, in chords."""
_GROWTH = 0.5
"""By how much of that every other failure near by widens the ball."""
_NEAR = 3.0
"""How near that is, in radii of a lone failure's ball."""
_ENCLOSED = 0.02
"""The smallest ball, in chords: what is inside can be told from what is known around it."""
_CORE = 0.5
"""The part of a ball's radius within which nothing is asked."""

Predict = Callable[[Array], tuple[Array, Array]]


@dataclass(frozen=True, eq=False)
class ClosedRegions:
    """Balls around failed points.

    Attributes
    ----------
    centres : array (k, D)
    radii : array (k,)
    aside : array (k,)
        Squared distances of the centres from the (sub)space that points are given in.
    """

    centres: Array
    radii: Array
    aside: Array

    @classmethod
    def around(cls, failed: Array, known: Array, chord: float) -> "ClosedRegions":
        """The balls around `failed` points (k, D), among `known` ones (n, D)."""
        lone = _RADIUS * chord
        near = _squared_distances(failed, failed) < (_NEAR * lone) ** 2
        wanted = lone * (1 + _GROWTH * (near.sum(axis=1) - 1))
        free = np.sqrt(_squared_distances(failed, known).min(axis=1, initial=np.inf)) / 2
        radii = np.minimum(wanted, free)
        kept = radii > _ENCLOSED * chord
        return cls(failed[kept], radii[kept], np.zeros(kept.sum()))

    def within(self, origin: Array, basis: Array) -> "ClosedRegions":
        """The same for points y (q,) of a subspace, x = origin + basis y."""
        away = self.centres - origin
        y = away @ basis
        return replace(self, centres=y, aside=(away**2).sum(axis=1) - (y**2).sum(axis=1))

    def distance(self, points: Array) -> Array:
        """How far (in balls' radii) points (M, D) are from the nearest centre; infinite if none."""
        return np.asarray(np.sqrt(self._scaled(points).min(axis=1, initial=np.inf)))

    def contain(self, points: Array) -> Array:
        """Whether points (M, D) lie in the core of a ball."""
        return self.distance(points) < _CORE

    def raised(self, predict: Predict, scale: float) -> Predict:
        """A mean and its gradient with the repulsion added, in units of `scale` (E)."""
        if not len(self.centres):
            return predict

        def raised(points: Array) -> tuple[Array, Array]:
            mean, gradient = predict(points)
            bumps = scale * np.exp(-2 * self._scaled(points))
            pull = -4 * bumps / self.radii**2
            slope = pull.sum(axis=1)[:, None] * points - pull @ self.centres
            return mean + bumps.sum(axis=1), gradient + slope

        return raised

    def _scaled(self, points: Array) -> Array:
        """Squared distances (M, k) in units of the balls' radii."""
        return (_squared_distances(points, self.centres) + self.aside) / self.radii**2


def _squared_distances(one: Array, other: Array) -> Array:
    return ((one[:, None] - other) ** 2).sum(axis=-1)
