"""What a posterior asks of the factored covariance of its observations.

A solver knows inputs, not values. As long as inputs and length scale stay, values may change at
the price of two triangular solves, and new points only cost new rows.
"""

from dataclasses import dataclass
from typing import Protocol

from .._arrays import Array
from .covariance import Sites
from .observations import Observations
from .prior import Prior


@dataclass(frozen=True)
class Weights:
    """K⁻¹y: one weight (n,) a value and one vector (n, D) a gradient, and yᵀK⁻¹y."""

    value: Array
    gradient: Array
    quadratic: float


@dataclass(frozen=True)
class Split:
    """Gradients, divided into the directions that interact and those that do not.

    Parameters
    ----------
    points : array (n, q)
        The inputs in the directions that interact.
    sites : Sites
        Their features there.
    inside : array (n, q)
        Components of the gradients in these, 0 where a gradient is unknown.
    outside : array (n, D)
        What is left of them.
    n_outside : int
        The number of directions that do not interact, D - q.
    """

    points: Array
    sites: Sites
    inside: Array
    outside: Array
    n_outside: int


class Solver(Protocol):
    """The factored covariance of n observations at one length scale.

    `DenseSolver` has rows for every component of every gradient, `SpanSolver` only for those in
    the span of the inputs' differences.
    """

    @property
    def prior(self) -> Prior:
        """What the covariances are made of."""
        ...

    @property
    def x(self) -> Array:
        """Inputs (n, D)."""
        ...

    @property
    def has_gradient(self) -> Array:
        """Whether the gradient was observed, too (n,)."""
        ...

    @property
    def n_rows(self) -> int:
        """Number of scalars observed."""
        ...

    @property
    def log_determinant(self) -> float:
        """Log det of the covariance matrix, in scaled units."""
        ...

    @classmethod
    def empty(cls, prior: Prior, origin: Array) -> "Solver":
        """No observation yet; the first will be at or near `origin` (D,)."""
        ...

    @classmethod
    def split(cls, prior: Prior, data: Observations) -> Split:
        """The observations as the likelihood wants them, at negligible cost."""
        ...

    def extended(self, x: Array, has_gradient: Array) -> "Solver":
        """The solver with the points `x` (m, D) added.

        Raises
        ------
        scipy.linalg.LinAlgError
            Where points are too close together for the nugget.
        """
        ...

    def solve(self, values: Array, gradients: Array) -> Weights:
        """K⁻¹y for `values` (n,) about the mean and `gradients` (n, D); unobserved ones are free.

        Weights of gradients are in scaled units, for the covariances of `covariance`.
        """
        ...

    def explained(self, x: Array) -> Array:
        """The part (M,) of a value's prior variance at `x` (M, D) that observations explain."""
        ...

    def restricted(self, origin: Array, basis: Array) -> "Solver":
        """The same factor for points y of a subspace, x = origin + basis y, of all inputs.

        Raises
        ------
        TypeError
            Where the features bend the coordinates.
        """
        ...
