"""Covariances between values and gradients at two sets of points, in scaled units.

Gradient rows are multiplied by c = l/γ, γ the typical size of the features' Jacobian, so
that every row has variance about 1. With d = φ(x) - φ(y), s = |d|²/l² and the Jacobians J, K
of φ at x and y:

    cov(f, f')  = κ                       cov(f, c∂'f')  = -2κ'/(lγ) dᵀK
    cov(c∂f, f') = 2κ'/(lγ) Jᵀd           cov(c∂f, c∂'f') = -2κ'/γ² JᵀK - 4κ''/(lγ)² (Jᵀd)(dᵀK)
"""

from dataclasses import dataclass

import numpy as np

from .._arrays import Array
from .._lazy import cached_property
from .features import Linearisation
from .kernels import Kernel


@dataclass(frozen=True)
class Sites:
    """Points in feature space, relative to an origin that keeps differences exact.

    Parameters
    ----------
    at : Linearisation
        Features and Jacobians J of M points.
    origin : array (P,)
        Features of some point among the data.
    """

    at: Linearisation
    origin: Array

    @cached_property
    def phi(self) -> Array:
        """Features (M, P) from the origin."""
        return self.at.values - self.origin

    @cached_property
    def _norms(self) -> Array:
        return (self.phi**2).sum(axis=1)

    @cached_property
    def _own(self) -> Array:
        return self.at.pull_back(self.phi)

    def squared_distances(self, phi: Array) -> Array:
        """|φ - φ'|² (M, K) to the features (K, P) from the origin."""
        squared = self._norms[:, None] + (phi**2).sum(axis=1) - 2 * self.phi @ phi.T
        return np.maximum(squared, 0.0)

    def seen(self, phi: Array) -> Array:
        """Jᵀ(φ - φ') (M, D, K) for the features (K, P) from the origin."""
        return self._own[:, :, None] - self.at.pull_back_each(phi)


@dataclass(frozen=True)
class Projected:
    """A linearisation of which only some directions Q (D, R), orthonormal, are looked at."""

    at: Linearisation
    directions: Array

    @property
    def values(self) -> Array:
        """φ (M, P)."""
        return self.at.values

    @property
    def squared_sizes(self) -> Array:
        """|JQ|² (M,)."""
        return (self._jacobians**2).sum(axis=(1, 2))

    def pull_back(self, covectors: Array) -> Array:
        """QᵀJᵀc (M, R)."""
        return self.at.pull_back(covectors) @ self.directions

    def pull_back_each(self, covectors: Array) -> Array:
        """QᵀJᵀc (M, R, K) of every covector at every point."""
        return self.directions.T @ self.at.pull_back_each(covectors)

    def push_forward(self, vectors: Array) -> Array:
        """JQv (M, P)."""
        return self.at.push_forward(vectors @ self.directions.T)

    def metric(self, other: Linearisation) -> Array:
        """QᵀJᵀKQ (M, R, K, R), where `other` looks at the same directions."""
        assert isinstance(other, Projected)
        return np.tensordot(self._jacobians, other._jacobians, axes=(2, 2))

    def curvature(self, covector: Array) -> Array:
        """Qᵀ(Σ_p c_p ∇²φ_p)Q (R, R)."""
        return self.directions.T @ self.at.curvature(covector) @ self.directions

    @cached_property
    def _jacobians(self) -> Array:
        shape = self.at.values.shape[0], self.directions.shape[0]
        columns = [self.at.push_forward(np.broadcast_to(q, shape)) for q in self.directions.T]
        return np.stack(columns, axis=1)  # (M, R, P)


@dataclass(frozen=True)
class Geometry:
    """What covariances between M and K points need that no length scale changes.

    Parameters
    ----------
    squared : array (M, K)
        |d|² in feature space.
    left : array (M, D, K)
        Jᵀd.
    right : array (M, K, D)
        Kᵀd.
    metric : array (M, D, K, D) or (1, D, 1, D)
        JᵀK.
    """

    squared: Array
    left: Array
    right: Array
    metric: Array

    @classmethod
    def between(cls, here: Sites, there: Sites) -> "Geometry":
        """The geometry of two sets of points with a common origin."""
        return cls(
            here.squared_distances(there.phi),
            here.seen(there.phi),
            -there.seen(here.phi).transpose(2, 0, 1),
            here.at.metric(there.at),
        )


@dataclass(frozen=True)
class Scaling:
    """The length scale l in feature space and the size γ of the Jacobians."""

    length: float
    gradient: float

    @property
    def row(self) -> float:
        """C = l/γ, the factor of gradient rows."""
        return self.length / self.gradient


def covariance(kernel: Kernel, geometry: Geometry, scaling: Scaling) -> Array:
    """Covariances (M, 1+D, K, 1+D) of values and scaled gradients."""
    k0, k1, k2 = kernel.derivatives(geometry.squared / scaling.length**2)
    return _assembled(geometry, scaling, (k0, -2 * k1, -2 * k1, -4 * k2))


def value_covariance(kernel: Kernel, here: Sites, there: Sites, scaling: Scaling) -> Array:
    """Covariances (M, K, 1+D) of values alone with values and scaled gradients."""
    squared = here.squared_distances(there.phi)
    k0, k1, _ = kernel.derivatives(squared / scaling.length**2)
    mixed = 2 * k1 / (scaling.length * scaling.gradient)
    right = there.seen(here.phi).transpose(2, 0, 1)
    return np.concatenate([k0[..., None], mixed[..., None] * right], axis=-1)


def covariance_slope(kernel: Kernel, geometry: Geometry, scaling: Scaling) -> Array:
    """The derivative of `covariance` by log l: s falls as l⁻², d/l as l⁻¹."""
    s = geometry.squared / scaling.length**2
    _, k1, k2 = kernel.derivatives(s)
    k3 = kernel.third(s)
    mixed, bend = 4 * s * k2 + 2 * k1, 8 * (s * k3 + k2)
    return _assembled(geometry, scaling, (-2 * s * k1, mixed, 4 * s * k2, bend))


def _assembled(
    geometry: Geometry, scaling: Scaling, factors: tuple[Array, Array, Array, Array]
) -> Array:
    value, mixed, metric, outer = factors
    unit = scaling.length * scaling.gradient
    m, d, k = geometry.left.shape
    mixed = mixed / unit
    full = np.empty((m, 1 + d, k, 1 + d))
    full[:, 0, :, 0] = value
    full[:, 0, :, 1:] = mixed[:, :, None] * geometry.right
    full[:, 1:, :, 0] = -mixed[:, None, :] * geometry.left
    bent = (outer / unit**2)[:, None, :] * geometry.left
    block = full[:, 1:, :, 1:]
    np.multiply(bent[:, :, :, None], geometry.right[:, None], out=block)
    block += (metric / scaling.gradient**2)[:, None, :, None] * geometry.metric
    return full
