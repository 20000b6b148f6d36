"""What is added to the covariance's diagonal: a nugget for conditioning, and known noise."""

from dataclasses import dataclass

import numpy as np

from .._arrays import Array
from .covariance import Scaling


@dataclass(frozen=True)
class Nugget:
    """Diagonal additions, relative to the signal variance s².

    Parameters
    ----------
    base : float
        Added to every scaled row.
    value : float
        Variance of a value's noise over s².
    gradient : float
        Variance of a gradient component's noise over s², before scaling.
    """

    base: float
    value: float = 0.0
    gradient: float = 0.0

    def on_gradient(self, scaling: Scaling) -> float:
        """The addition to a scaled gradient row."""
        return self.base + self.gradient * scaling.row**2

    def on_gradient_slope(self, scaling: Scaling) -> float:
        """Its derivative by log l."""
        return 2 * self.gradient * scaling.row**2

    def diagonal(self, component: Array, scaling: Scaling) -> Array:
        """The additions (R,) to rows with these components (0 for a value)."""
        return np.where(component == 0, self.base + self.value, self.on_gradient(scaling))

    def diagonal_slope(self, component: Array, scaling: Scaling) -> Array:
        """Their derivatives by log l."""
        return np.where(component == 0, 0.0, self.on_gradient_slope(scaling))

    def change(self, other: "Nugget", scaling: Scaling) -> float:
        """The factor by which the standard deviation of some row differs at most."""
        mine, theirs = (
            np.array([one.base + one.value, one.on_gradient(scaling)]) for one in (self, other)
        )
        return float(np.exp(np.abs(np.log(mine / theirs)).max() / 2))
