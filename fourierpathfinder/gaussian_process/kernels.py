"""Isotropic kernels as functions of the squared scaled distance s = |φ - φ'|²/l².

Everything that a Gaussian process with gradients needs follows from κ(s) and its
derivatives: with δ = (φ - φ')/l,

    cov(f, f')    = κ
    cov(f, ∂'f')  = -2κ' δ / l
    cov(∂f, ∂'f') = (-2κ' I - 4κ'' δδᵀ) / l²
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from .._arrays import Array

_SQRT5 = float(np.sqrt(5.0))

_UNRESOLVED = float(np.sqrt(np.finfo(float).eps))
"""Distances below this are what rounding leaves of nothing."""


@runtime_checkable
class Kernel(Protocol):
    """A correlation function of the squared scaled distance."""

    def derivatives(self, squared: Array) -> tuple[Array, Array, Array]:
        """κ, κ' and κ'' at the squared scaled distances."""
        ...

    def third(self, squared: Array) -> Array:
        """κ''', for Hessians of the mean and the slope of the likelihood."""
        ...


@dataclass(frozen=True)
class SquaredExponential:
    """κ(s) = exp(-s/2): infinitely smooth functions.

    Source: Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), eq. 4.9.

    Examples
    --------
    >>> SquaredExponential().derivatives(np.zeros(1))
    (array([1.]), array([-0.5]), array([0.25]))
    """

    def derivatives(self, squared: Array) -> tuple[Array, Array, Array]:
        """κ, κ' and κ'' at the squared scaled distances, of any shape."""
        value = np.exp(-0.5 * squared)
        return value, -0.5 * value, 0.25 * value

    def third(self, squared: Array) -> Array:
        """κ''' at the squared scaled distances."""
        return -0.125 * np.exp(-0.5 * squared)


@dataclass(frozen=True)
class Matern52:
    """κ(s) = (1 + √5 r + 5 s/3) exp(-√5 r) with r = √s: functions with two derivatives.

    Source: Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), eq. 4.17.

    Examples
    --------
    >>> value, *_ = Matern52().derivatives(np.array([0.0, 1.0]))
    >>> value.round(4)
    array([1.   , 0.524])
    """

    def derivatives(self, squared: Array) -> tuple[Array, Array, Array]:
        """κ, κ' and κ'' at the squared scaled distances, of any shape."""
        root = _SQRT5 * np.sqrt(squared)
        decay = np.exp(-root)
        return (
            (1 + root + root * root / 3) * decay,
            -5 / 6 * (1 + root) * decay,
            25 / 12 * decay,
        )

    def third(self, squared: Array) -> Array:
        """κ''', kept finite near s = 0, where it only ever multiplies what vanishes faster."""
        root = _SQRT5 * np.sqrt(squared)
        return -125 / 24 * np.exp(-root) / np.maximum(root, _UNRESOLVED)


@dataclass(frozen=True)
class RationalQuadratic:
    """κ(s) = (1 + s/2α)^-α: infinitely smooth functions with features of many sizes.

    A mixture of squared exponentials over length scales; the smaller α, the wider the mixture.

    Source: Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), eq. 4.19.

    Parameters
    ----------
    alpha : float
        α, positive.

    Examples
    --------
    >>> RationalQuadratic(2.0).derivatives(np.zeros(1))
    (array([1.]), array([-0.5]), array([0.375]))
    """

    alpha: float = 1.0

    def derivatives(self, squared: Array) -> tuple[Array, Array, Array]:
        """κ, κ' and κ'' at the squared scaled distances, of any shape."""
        base = 1 / (1 + squared / (2 * self.alpha))
        value = base**self.alpha
        slope = -0.5 * value * base
        return value, slope, -0.5 * (1 + 1 / self.alpha) * slope * base

    def third(self, squared: Array) -> Array:
        """κ''' at the squared scaled distances."""
        base = 1 / (1 + squared / (2 * self.alpha))
        factor = (1 + 1 / self.alpha) * (1 + 2 / self.alpha)
        return -0.125 * factor * base ** (self.alpha + 3)
