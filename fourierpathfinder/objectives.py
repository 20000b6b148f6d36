r"""What is minimised over a path, as functions of its heights f_m and speeds s_m alone.

========================  ==========================================================
`TotalHeight(power=p)`    Σ_m f_m^p (Yu and Morozov 2026, Eq. 4, without its λ)
`MaxFlux(beta)`           (1/β) log Σ_m w_m s_m exp(β f_m)
`LogSumExp(beta)`         (1/β) log Σ_m w_m exp(β f_m)
`SpeedPenalty(strength)`  κ (⟨s²⟩/⟨s⟩² - 1), ⟨·⟩ the mean with the weights w_m
========================  ==========================================================

An objective never sees a coordinate, so it costs nothing beside the landscape, whatever D.
The paper's λ is a penalty on the terms themselves: `SinePath.roughness`.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from ._arrays import Array, array_namespace


class Pull(NamedTuple):
    """The value of an objective and its derivatives."""

    value: Array
    """Shape (...,)."""
    heights: Array
    """Derivatives in the heights, (..., M)."""
    speeds: Array | None = None
    """Derivatives in the speeds, (..., M); None where the objective ignores them."""


class Objective(Protocol):
    """A function of the heights (..., M), the speeds (..., M) and the weights (M,) of a path."""

    @property
    def needs_speeds(self) -> bool:
        """Whether `speeds` must be given."""
        ...

    def __call__(self, heights: Array, speeds: Array, weights: Array) -> Pull:
        """Value and derivatives."""
        ...


@dataclass(frozen=True)
class TotalHeight:
    """The sum over the points of the height to a power.

    Parameters
    ----------
    power : int
        1 is the paper's text; 2 is what its toy notebook minimises.

    References
    ----------
    Yu and Morozov, arXiv:2602.21276 (2026), Eq. 4.

    Examples
    --------
    >>> import numpy as np
    >>> TotalHeight(power=2)(np.array([1.0, 3.0]), None, np.ones(2)).value
    np.float64(10.0)
    """

    power: int = 1
    needs_speeds = False

    def __post_init__(self) -> None:
        if self.power not in (1, 2):
            raise ValueError(f"`power` is {self.power}; it must be 1 (the paper) or 2 (squares)")

    def __call__(self, heights: Array, speeds: Array, weights: Array) -> Pull:
        """Value and derivatives."""
        xp = array_namespace(heights)
        if self.power == 1:
            return Pull(xp.sum(heights, axis=-1), xp.ones_like(heights))
        return Pull(xp.sum(heights**2, axis=-1), 2 * heights)


@dataclass(frozen=True)
class LogSumExp:
    """A smooth maximum of the heights, which `beta` (one over energy) makes sharp.

    Examples
    --------
    >>> import numpy as np
    >>> LogSumExp(beta=100.0)(np.array([0.0, 1.0]), None, np.ones(2)).value.round(6)
    np.float64(1.0)
    """

    beta: float
    needs_speeds = False

    def __post_init__(self) -> None:
        _require_positive("beta", self.beta)

    def __call__(self, heights: Array, speeds: Array, weights: Array) -> Pull:
        """Value and derivatives."""
        value, shares = _soft_maximum(heights, weights, self.beta)
        return Pull(value, shares)


@dataclass(frozen=True)
class MaxFlux:
    """The line integral of exp(βf), logarithmised: the resistance of the path to a thermal flux.

    References
    ----------
    Huo and Straub, J. Chem. Phys. 107, 5000 (1997), DOI 10.1063/1.474863.

    Examples
    --------
    >>> import numpy as np
    >>> pull = MaxFlux(beta=1.0)(np.zeros(2), np.full(2, 3.0), np.full(2, 0.5))
    >>> float(pull.value.round(6)), pull.speeds
    (1.098612, array([0.16666667, 0.16666667]))
    """

    beta: float
    needs_speeds = True

    def __post_init__(self) -> None:
        _require_positive("beta", self.beta)

    def __call__(self, heights: Array, speeds: Array, weights: Array) -> Pull:
        """Value and derivatives."""
        value, shares = _soft_maximum(heights, weights * speeds, self.beta)
        return Pull(value, shares, shares / (self.beta * speeds))


@dataclass(frozen=True)
class SpeedPenalty:
    """The relative variance of the speed: keeps points evenly spread, never pulls a path straight.

    Parameters
    ----------
    strength : float
        κ, in the unit of the heights.

    Examples
    --------
    >>> import numpy as np
    >>> float(SpeedPenalty(2.0)(np.zeros(2), np.array([1.0, 3.0]), np.full(2, 0.5)).value)
    0.5
    """

    strength: float
    needs_speeds = True

    def __call__(self, heights: Array, speeds: Array, weights: Array) -> Pull:
        """Value and derivatives."""
        xp = array_namespace(heights)
        mean = xp.sum(weights * speeds, axis=-1)[..., None] / xp.sum(weights)
        mean_square = xp.sum(weights * speeds**2, axis=-1)[..., None] / xp.sum(weights)
        value = self.strength * (mean_square / mean**2 - 1)
        slope = weights / xp.sum(weights) * (speeds / mean**2 - mean_square / mean**3)
        return Pull(value[..., 0], xp.zeros_like(heights), 2 * self.strength * slope)


def _require_positive(name: str, value: float) -> None:
    if not value > 0:
        raise ValueError(f"`{name}` is {value}; it must be positive")


def _soft_maximum(heights: Array, weights: Array, beta: float) -> tuple[Array, Array]:
    """(1/β) log Σ w exp(βf) and its derivatives in f, safe for any size of βf."""
    xp = array_namespace(heights)
    top = xp.max(heights, axis=-1, keepdims=True)
    parts = weights * xp.exp(beta * (heights - top))
    total = xp.sum(parts, axis=-1)[..., None]
    return (top + xp.log(total) / beta)[..., 0], parts / total
