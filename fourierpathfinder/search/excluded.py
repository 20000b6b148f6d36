"""Regions where the landscape could not be evaluated, and how a path keeps out of them.

A Gaussian process cannot observe a failed evaluation. It excludes a ball around its point: paths
are repelled by

    E Σ_j exp(-2 |x - x_j|²/r_j²)

and nothing is evaluated within r_j/2. A ball reaches at most half of the way to the nearest point
that could be evaluated: around a single failure it soon becomes small. It is the larger the more
failures lie around it: a path leaves a wide region in a few steps.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .._arrays import Array
from .policy import BOLD, Exclude

Predict = Callable[[Array], tuple[Array, Array]]


@dataclass(frozen=True, eq=False)
class ExcludedRegions:
    """Balls around failed points.

    Attributes
    ----------
    centres : array (k, D)
    radii : array (k,)
    aside : array (k,)
        Squared distances of the centres from the (sub)space that points are given in.
    core : float
        The part of a radius within which nothing is asked.
    """

    centres: Array
    radii: Array
    aside: Array
    core: float = BOLD.exclude.core

    @classmethod
    def around(
        cls, failed: Array, known: Array, chord: float, limits: Exclude = BOLD.exclude
    ) -> "ExcludedRegions":
        """The balls around `failed` points (k, D), among `known` ones (n, D)."""
        lone = limits.radius * chord
        near = _squared_distances(failed, failed) < (limits.near * lone) ** 2
        wanted = lone * (1 + limits.growth * (near.sum(axis=1) - 1))
        free = np.sqrt(_squared_distances(failed, known).min(axis=1, initial=np.inf)) / 2
        radii = np.minimum(wanted, free)
        kept = radii > limits.smallest * chord
        return cls(failed[kept], radii[kept], np.zeros(kept.sum()), limits.core)

    def within(self, origin: Array, basis: Array) -> "ExcludedRegions":
        """The same for points y (q,) of a subspace, x = origin + basis y."""
        away = self.centres - origin
        y = away @ basis
        return replace(self, centres=y, aside=(away**2).sum(axis=1) - (y**2).sum(axis=1))

    def distance(self, points: Array) -> Array:
        """How far (in balls' radii) points (M, D) are from the nearest centre; infinite if none."""
        return np.asarray(np.sqrt(self._scaled(points).min(axis=1, initial=np.inf)))

    def contain(self, points: Array) -> Array:
        """Whether points (M, D) lie in the core of a ball."""
        return self.distance(points) < self.core

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
