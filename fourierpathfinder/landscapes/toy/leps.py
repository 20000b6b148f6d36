r"""Transfer of an atom B between A and C, coupled to an oscillator: LEPS plus a harmonic term.

.. math:: f(r, x) = V(r,\; R - r) + 2 k \left(r - R/2 + x/c\right)^2, \qquad r = r_{AB}

V is the London-Eyring-Polanyi-Sato energy of three atoms on a line, A and C fixed at distance R:

.. math:: V = \sum_i \frac{Q_i}{1 + s_i}
   - \sqrt{j_1^2 + j_2^2 + j_3^2 - j_1 j_2 - j_2 j_3 - j_1 j_3},
   \qquad j_i = \frac{J_i}{1 + s_i}

over the pairs AB, BC, AC, with Q = (3e² - 2e)d/4, J = (e² - 6e)d/4 and e = exp(-α(r - r₀)).
"""

from functools import cache
from math import exp, sqrt

import numpy as np

from ..compiled import CompiledLandscape
from .known import Rearrangement, Toy, constant

_DEPTHS = (4.746, 4.746, 3.445)
_OVERLAPS = (0.05, 0.80, 0.05)
_ALPHA, _BOND = 1.942, 0.742
_APART = 3.742
_SPRING, _COUPLING = 0.2025, 1.154


def value_and_gradient(x: np.ndarray, gradient: np.ndarray) -> float:
    """The energy at x = (r_AB, oscillator) and its gradient, for `CompiledLandscape`."""
    coulomb, coulomb_slope = 0.0, 0.0
    exchange, slope = np.empty(3), np.empty(3)
    for i in range(3):
        # r_BC falls as r_AB grows, and r_AC stays
        r, direction = (x[0], _APART - x[0], _APART)[i], (1.0, -1.0, 0.0)[i]
        e = exp(-_ALPHA * (r - _BOND))
        scale = _DEPTHS[i] / (4.0 * (1.0 + _OVERLAPS[i]))
        coulomb += scale * (3.0 * e * e - 2.0 * e)
        coulomb_slope -= direction * scale * _ALPHA * (6.0 * e * e - 2.0 * e)
        exchange[i] = scale * (e * e - 6.0 * e)
        slope[i] = -direction * scale * _ALPHA * (2.0 * e * e - 6.0 * e)
    a, b, c = exchange[0], exchange[1], exchange[2]
    root = sqrt(a * a + b * b + c * c - a * b - b * c - a * c)
    root_slope = (slope[0] * (2 * a - b - c) + slope[1] * (2 * b - a - c)) / (2.0 * root)
    stretch = x[0] - _APART / 2.0 + x[1] / _COUPLING
    gradient[0] = coulomb_slope - root_slope + 4.0 * _SPRING * stretch
    gradient[1] = 4.0 * _SPRING * stretch / _COUPLING
    value: float = coulomb - root + 2.0 * _SPRING * stretch * stretch
    return value


@cache
def leps_harmonic() -> Toy:
    """A model of a transfer in a solvent: LEPS potential with a harmonic oscillator.

    The path turns sharply at both ends, and is not where a straight line looks for it. The
    overlap of the pair BC is 0.80, the chapter's model II (its model I, without oscillator,
    has 0.30).

    Returns
    -------
    Toy
        D = 2: the distance r_AB and the oscillator, in Å; values in eV.

    References
    ----------
    Jónsson, Mills and Jacobsen, in Classical and Quantum Dynamics in Condensed Phase Simulations
    (World Scientific, 1998), p. 385, model II, doi:10.1142/9789812839664_0016.
    Henkelman, Jóhannesson and Jónsson, in Theoretical Methods in Condensed Phase Chemistry
    (Kluwer, 2002), p. 269, doi:10.1007/0-306-46949-9_10.

    Examples
    --------
    >>> toy = leps_harmonic()
    >>> toy.height, toy.minimum_values
    (-0.875224679101, array([-4.509176  , -2.62028711]))
    """
    minima = constant([[0.741520660120, 1.303419158222], [3.001275805357, -1.304338279382]])
    saddles = constant([[2.020827734366, -0.172901205459]])
    return Toy(
        name="LEPS with harmonic oscillator",
        compiled=CompiledLandscape(value_and_gradient, 2),
        minima=minima,
        minimum_values=constant([-4.509175995660, -2.620287106830]),
        saddles=saddles,
        saddle_values=constant([-0.875224679101]),
        rearrangements=(Rearrangement(minima[0], minima[1], saddles[0], -0.875224679101),),
    )
