"""Every evaluation of a run, and how a surrogate is told of it.

What is told is the warped landscape: above the level H values are compressed, and a point that
failed (NaN, infinity) counts as a value above H without a gradient: high enough to keep the path
away, low enough not to spoil what the surrogate makes of its surroundings.
"""

from dataclasses import dataclass

import numpy as np

from .._arrays import Array
from .gaussian_process import GaussianProcess, Posterior
from .warp import Warp

_FAILED = 0.5
"""How high failed points count, in scales of the warp above its level, for each that there is:
one lost evaluation says little, many say that a region is closed."""


@dataclass(frozen=True, eq=False)
class Records:
    """Points `x` (n, D), `values` (n,), `gradients` (n, D) and which evaluations failed (n,)."""

    x: Array
    values: Array
    gradients: Array
    failed: Array

    @classmethod
    def of(cls, x: Array, values: Array, gradients: Array) -> "Records":
        """Records of what a landscape returned; anything that is not finite counts as failed."""
        failed = ~(np.isfinite(values) & np.isfinite(gradients).all(axis=1))
        return cls(
            np.asarray(x, dtype=float),
            np.where(failed, np.nan, values),
            np.where(failed[:, None], 0.0, gradients),
            failed,
        )

    def __len__(self) -> int:
        return len(self.values)

    def joined(self, other: "Records") -> "Records":
        """These records, then the others."""
        return Records(
            np.concatenate([self.x, other.x]),
            np.concatenate([self.values, other.values]),
            np.concatenate([self.gradients, other.gradients]),
            np.concatenate([self.failed, other.failed]),
        )

    @property
    def lowest(self) -> float:
        """The smallest value."""
        return float(np.nanmin(self.values))

    @property
    def highest(self) -> float:
        """The largest value."""
        return float(np.nanmax(self.values))

    def value_at(self, point: Array) -> float:
        """The value at a point (D,) that was evaluated."""
        return float(self.values[((self.x - point) ** 2).sum(axis=1).argmin()])

    def distance_to(self, point: Array) -> float:
        """The distance (in coordinates) from a point (D,) to the nearest record."""
        return float(np.sqrt(((self.x - point) ** 2).sum(axis=1).min()))

    def told_to(self, process: GaussianProcess, model: Posterior | None, warp: Warp) -> Posterior:
        """The surrogate of the warped landscape, on from the previous one where there is one."""
        high = warp.level + _FAILED * self.failed.sum() * warp.scale
        values, gradients = warp(np.where(self.failed, high, self.values), self.gradients)
        known = None if not self.failed.any() else ~self.failed
        if model is None:
            return process.fit(self.x, values, gradients, has_gradient=known)
        return process.update(model, self.x, values, gradients, has_gradient=known)
