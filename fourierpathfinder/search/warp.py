"""A monotone map that flattens a landscape above a level H and leaves the rest alone.

    w(f) = H + s log(1 + (f - H)/s)  for f > H,  else f;     w' = 1/(1 + (f - H)/s)

A minimax path is the same on f and on w(f), but a surrogate of w(f) need not follow the
steep walls that a low path never climbs.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .._arrays import Array

Map = Callable[[Array, Array], tuple[Array, Array]]
"""What is observed in the place of values (M,) and gradients (M, D)."""

_SMALLEST_SCALE = 1e-12
"""Of a warp, in units of its level, where the values known say nothing of it."""
_FARTHEST = 100.0
"""Excess in scales, warped, beyond which the inverse (its exponential) stays where it is."""


@dataclass(frozen=True)
class Warp:
    """Logarithmic compression of the values above `level`, with one continuous derivative.

    Parameters
    ----------
    level : float
        H, in the landscape's unit; values up to it are left alone.
    scale : float
        s, same unit: at H + s the slope has fallen to one half.

    Examples
    --------
    >>> warp = Warp(level=1.0, scale=0.5)
    >>> values, gradients = warp(np.array([0.2, 1.5]), np.ones((2, 1)))
    >>> values.round(4), gradients[:, 0]
    (array([0.2   , 1.3466]), array([1. , 0.5]))
    """

    level: float
    scale: float

    def __post_init__(self) -> None:
        if not self.scale > 0:
            raise ValueError(f"`scale` is {self.scale}; it must be positive")

    @classmethod
    def above(cls, level: float, lowest: float, width: float) -> "Warp":
        """The warp with s = width (H - lowest), in units of the range that is left alone."""
        return cls.with_scale(level, width * (level - lowest))

    @classmethod
    def with_scale(cls, level: float, scale: float) -> "Warp":
        """The warp with this scale, or with the smallest one that numbers of that size allow."""
        smallest = max(_SMALLEST_SCALE * abs(level), np.finfo(float).tiny ** 0.5)
        return cls(level, max(scale, smallest))

    def __call__(self, values: Array, gradients: Array) -> tuple[Array, Array]:
        """Warped `values` (M,) and `gradients` (M, D)."""
        return self.value(values), gradients * self.slope(values)[:, None]

    def value(self, values: Array) -> Array:
        """w(f), of any shape."""
        return np.minimum(values, self.level) + self.scale * np.log1p(self._excess(values))

    def slope(self, values: Array) -> Array:
        """w'(f), of any shape."""
        return 1 / (1 + self._excess(values))

    def inverse(self, warped: Array) -> Array:
        """F of w(f), of any shape."""
        excess = np.clip((warped - self.level) / self.scale, 0, _FARTHEST)
        return np.minimum(warped, self.level) + self.scale * np.expm1(excess)

    def undone(self, warped: Array, gradients: Array) -> tuple[Array, Array]:
        """Values (M,) and gradients (M, D) that the warp makes `warped` (M,) and `gradients`."""
        values = self.inverse(warped)
        return values, gradients / self.slope(values)[:, None]

    def _excess(self, values: Array) -> Array:
        return np.maximum(values - self.level, 0) / self.scale
