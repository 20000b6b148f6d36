"""What the Gaussian process sees of a point: φ(x), with its derivatives.

A feature map is linearised once at a batch of points; the linearisation then applies the
Jacobian J = ∂φ/∂x or its transpose as often as is wanted, without ever forming J.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from .._arrays import Array


class Linearisation(Protocol):
    """Features φ(x) of M points and the action of their Jacobians."""

    @property
    def values(self) -> Array:
        """φ (M, P)."""
        ...

    @property
    def squared_sizes(self) -> Array:
        """|J|² (M,), the squared Frobenius norms."""
        ...

    def pull_back(self, covectors: Array) -> Array:
        """Jᵀc (M, D) of one covector (M, P) a point; one point takes any number of them."""
        ...

    def pull_back_each(self, covectors: Array) -> Array:
        """Jᵀc (M, D, K) of every covector (K, P) at every point."""
        ...

    def push_forward(self, vectors: Array) -> Array:
        """Jv (M, P) of one vector (M, D) a point."""
        ...

    def metric(self, other: "Linearisation") -> Array:
        """J(x_m)ᵀ J(y_k) (M, D, K, D), or the identity (1, D, 1, D) where it is one for all."""
        ...

    def curvature(self, covector: Array) -> Array:
        """Σ_p c_p ∇²φ_p (D, D) at the first point, for a covector (P,)."""
        ...


@runtime_checkable
class FeatureMap(Protocol):
    """A map from coordinates (M, D) to features (M, P), twice differentiable.

    A map of your own needs what stands here and in `Linearisation`, and nothing else.
    """

    @property
    def keeps_distances(self) -> bool:
        """Whether features are as far apart as the points, whatever the points: JᵀK = I.

        Then gradients interact only in the span of the inputs' differences, and thousands of
        coordinates cost little.
        """
        ...

    def linearise(self, x: Array) -> Linearisation:
        """Features and Jacobians at the points `x` (M, D)."""
        ...


@dataclass(frozen=True)
class _Identity:
    values: Array

    @property
    def squared_sizes(self) -> Array:
        return np.full(self.values.shape[0], float(self.values.shape[1]))

    def pull_back(self, covectors: Array) -> Array:
        return covectors

    def pull_back_each(self, covectors: Array) -> Array:
        return np.broadcast_to(covectors.T, (self.values.shape[0], *covectors.T.shape))

    def push_forward(self, vectors: Array) -> Array:
        return vectors

    def metric(self, other: Linearisation) -> Array:
        return np.eye(self.values.shape[1])[None, :, None, :]

    def curvature(self, covector: Array) -> Array:
        return np.zeros((covector.shape[0],) * 2)


@dataclass(frozen=True)
class Coordinates:
    """The coordinates themselves: φ(x) = x.

    Examples
    --------
    >>> Coordinates().linearise(np.array([[1.0, 2.0]])).values
    array([[1., 2.]])
    """

    @property
    def keeps_distances(self) -> bool:
        """Yes."""
        return True

    def linearise(self, x: Array) -> Linearisation:
        """Features and Jacobians at the points `x` (M, D)."""
        return _Identity(x)
