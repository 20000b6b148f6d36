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
from .features import FeatureMap, Linearisation
from .kernels import Kernel


@dataclass(frozen=True)
class Geometry:
    """What covariances between M and K points need that no length scale changes.

    Parameters
    ----------
    squared : array (M, K)
        |d|² in feature space.
    left : array (M, K, D)
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
    def between(cls, features: FeatureMap, x: Array, y: Array) -> "Geometry":
        """The geometry of the points `x` (M, D) and `y` (K, D)."""
        at = features.linearise(y)
        return _joined([_from_one(features.linearise(row[None]), at) for row in x])


def _from_one(here: Linearisation, there: Linearisation) -> Geometry:
    d = here.values - there.values
    squared = (d * d).sum(axis=1)
    left, right = here.pull_back(d), there.pull_back(d)
    return Geometry(squared[None], left[None], right[None], here.metric(there))


def _joined(rows: list[Geometry]) -> Geometry:
    metric = [row.metric for row in rows]
    return Geometry(
        np.concatenate([row.squared for row in rows]),
        np.concatenate([row.left for row in rows]),
        np.concatenate([row.right for row in rows]),
        metric[0] if metric[0].shape[2] == 1 else np.concatenate(metric),
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
    m, k, d = geometry.left.shape
    mixed = (mixed / unit)[:, :, None]
    full = np.empty((m, 1 + d, k, 1 + d))
    full[:, 0, :, 0] = value
    full[:, 0, :, 1:] = mixed * geometry.right
    full[:, 1:, :, 0] = np.swapaxes(-mixed * geometry.left, 1, 2)
    bent = np.swapaxes((outer / unit**2)[:, :, None] * geometry.left, 1, 2)
    block = full[:, 1:, :, 1:]
    np.multiply(bent[:, :, :, None], geometry.right[:, None], out=block)
    block += (metric / scaling.gradient**2)[:, None, :, None] * geometry.metric
    return full
