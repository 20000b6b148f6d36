r"""Two-dimensional toys that are sums of Gaussians: the paper's Fig. 3 and Müller-Brown.

.. math:: f(x, y) = c + \sum_i A_i \exp(a_i u_i^2 + b_i u_i v_i + d_i v_i^2),
   \qquad u_i = x - x_i, \quad v_i = y - y_i
"""

from functools import cache
from math import exp

import numpy as np

from ..compiled import CompiledLandscape, inlinable
from .known import Rearrangement, Toy, constant

_Terms = tuple[tuple[float, float, float, float, float, float], ...]
"""(A, a, b, d, x, y) of every Gaussian."""

_TWO_CHANNELS: _Terms = (
    (-1.0, -3.0, 0.0, -3.0, -0.5, -0.5),
    (-1.0, -3.0, 0.0, -3.0, 0.5, 0.0),
    (1.0, -15.0, 0.0, -15.0, -0.2, -0.4),
    (1.0, -15.0, 0.0, -15.0, 0.0, 0.3),
)

_MUELLER_BROWN: _Terms = (
    (-200.0, -1.0, 0.0, -10.0, 1.0, 0.0),
    (-100.0, -1.0, 0.0, -10.0, 0.0, 0.5),
    (-170.0, -6.5, 11.0, -6.5, -0.5, 1.5),
    (15.0, 0.7, 0.6, 0.7, -1.0, 1.0),
)


@inlinable
def gaussian_sum(terms: _Terms, shift: float, x: np.ndarray, gradient: np.ndarray) -> float:
    """The sum at x (2,); its gradient is written into `gradient`."""
    value, slope_x, slope_y = shift, 0.0, 0.0
    for height, a, b, d, x_i, y_i in terms:
        u, v = x[0] - x_i, x[1] - y_i
        bump = height * exp(a * u * u + b * u * v + d * v * v)
        value += bump
        slope_x += bump * (2.0 * a * u + b * v)
        slope_y += bump * (b * u + 2.0 * d * v)
    gradient[0], gradient[1] = slope_x, slope_y
    return value


def _two_channels(x: np.ndarray, gradient: np.ndarray) -> float:
    return gaussian_sum(_TWO_CHANNELS, 1.019, x, gradient)


def _mueller_brown(x: np.ndarray, gradient: np.ndarray) -> float:
    return gaussian_sum(_MUELLER_BROWN, 0.0, x, gradient)


@cache
def two_channels() -> Toy:
    """The paper's toy: two wells, and two channels of nearly the same height between them.

    The best path goes over the first of `saddles`; the second is the other channel's.

    Returns
    -------
    Toy
        D = 2; no units.

    References
    ----------
    Yu and Morozov, arXiv:2602.21276 (2026), Fig. 3.

    Examples
    --------
    >>> toy = two_channels()
    >>> toy.height, toy.saddle_values[1]
    (0.624387817556, np.float64(0.637251708025))
    """
    saddles = constant(
        [
            [-0.164726548540, -0.069917182062],
            [0.052889530254, -0.688158207771],
            [-0.292709599859, 0.743623930164],
        ]
    )
    start, end = constant([-0.62, -0.54]), constant([0.49, -0.02])
    return Toy(
        name="the two-channel toy",
        compiled=CompiledLandscape(_two_channels, 2),
        minima=constant([[0.488100218007, -0.022255460632], [-0.613801612515, -0.535415525054]]),
        minimum_values=constant([-0.000036433861, 0.108701638256]),
        saddles=saddles,
        saddle_values=constant([0.624387817556, 0.637251708025, 0.996061666049]),
        rearrangements=(
            Rearrangement(start, end, saddles[0], 0.624387817556),
            Rearrangement(start, end, saddles[1], 0.637251708025),
        ),
    )


@cache
def mueller_brown() -> Toy:
    """The Müller-Brown surface: three minima in a row, the standard path from first to last.

    Returns
    -------
    Toy
        D = 2; no units.

    References
    ----------
    Müller and Brown, Theoret. Chim. Acta 53, 75 (1979), doi:10.1007/BF00547608.

    Examples
    --------
    >>> toy = mueller_brown()
    >>> toy.height
    -40.664843508657
    """
    minima = constant(
        [
            [-0.558223634633, 1.441725841805],
            [0.623499404931, 0.028037758529],
            [-0.050010822998, 0.466694104872],
        ]
    )
    saddles = constant([[0.212486582001, 0.292988325107], [-0.822001558733, 0.624312802815]])
    return Toy(
        name="Müller-Brown",
        compiled=CompiledLandscape(_mueller_brown, 2),
        minima=minima,
        minimum_values=constant([-146.699517209954, -108.166724116852, -80.767818129659]),
        saddles=saddles,
        saddle_values=constant([-72.248940112325, -40.664843508657]),
        rearrangements=(
            Rearrangement(minima[0], minima[1], saddles[1], -40.664843508657),
            Rearrangement(minima[2], minima[1], saddles[0], -72.248940112325),
        ),
    )
