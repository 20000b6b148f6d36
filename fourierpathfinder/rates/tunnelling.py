r"""How much faster a reaction is because nuclei tunnel: Wigner's and Eckart's factors.

Wigner's is the first term in ħ, good where it is below about 2:

.. math:: \kappa = 1 + \frac{1}{24} \left(\frac{h\nu}{k_B T}\right)^2.

Eckart's is the thermal average of the transmission P(E) through the barrier that has the two
heights V1 (forward) and V2 (reverse) and the curvature of the saddle, for which P is known exactly:

.. math:: \kappa = \frac{e^{V_1/k_BT}}{k_BT} \int P(E)\, e^{-E/k_BT}\, dE, \qquad
   P = \frac{\cosh(a + b) - \cosh(a - b)}{\cosh(a + b) + \cosh d}.

Of the integrand the logarithm is computed, which has one maximum: in the cold the factor is beyond
what a computer's number holds, and its logarithm is not.
"""

from collections.abc import Callable

import numpy as np
from ase import units
from scipy.integrate import quad
from scipy.optimize import brentq, minimize_scalar

_BEYOND = 60.0
"""In k_B T above the top: nothing of the integral lies further up."""
_NOTHING = 45.0
"""Where the logarithm of the integrand is so far below its maximum nothing of it is left."""
LARGEST = float(np.log(np.finfo(float).max))
"""The largest logarithm of a number."""
_SEEN = 400
"""Places at which the maximum is looked for at first."""


def wigner(frequency: float, temperature: float) -> float:
    """The tunnelling factor of Wigner.

    Parameters
    ----------
    frequency : float
        The imaginary frequency in cm⁻¹, with whatever sign.
    temperature : float
        In K.

    Returns
    -------
    float
        By which a rate is multiplied.

    References
    ----------
    E. Wigner, Z. Phys. Chem. B 19, 203 (1932).

    Examples
    --------
    >>> round(wigner(-1000, 300), 3)
    1.958
    """
    quanta = abs(frequency) * units.invcm / (units.kB * temperature)
    return float(1 + quanta**2 / 24)


def eckart(frequency: float, forward: float, reverse: float, temperature: float) -> float:
    """The tunnelling factor of Eckart, the same for both directions.

    Parameters
    ----------
    frequency : float
        The imaginary frequency in cm⁻¹, with whatever sign.
    forward, reverse : float
        Heights of the barrier from both sides in eV, with their zero-point energies.
    temperature : float
        In K.

    Returns
    -------
    float
        By which a rate is multiplied; infinite beyond 1.8e308, where `log_eckart` goes on.

    Raises
    ------
    ValueError
        If a height is not positive: there is nothing to tunnel through.

    References
    ----------
    C. Eckart, Phys. Rev. 35, 1303 (1930), DOI 10.1103/PhysRev.35.1303. H. S. Johnston and
    J. Heicklen, J. Phys. Chem. 66, 532 (1962), DOI 10.1021/j100809a040.

    Examples
    --------
    >>> round(eckart(-1000, 0.5, 0.5, 300), 2)
    3.06
    """
    logarithm = log_eckart(frequency, forward, reverse, temperature)
    return float(np.exp(logarithm)) if logarithm < LARGEST else float("inf")


def log_eckart(frequency: float, forward: float, reverse: float, temperature: float) -> float:
    """The natural logarithm of the factor of Eckart, a number at every temperature.

    Parameters
    ----------
    frequency, forward, reverse, temperature
        As for `eckart`.

    Returns
    -------
    float
        Its logarithm.

    Raises
    ------
    ValueError
        If a height is not positive: there is nothing to tunnel through.

    Examples
    --------
    >>> print(f"1e{log_eckart(-1000, 0.5, 0.5, 5) / np.log(10):.1f}")
    1e482.5
    """
    if not (forward > 0 and reverse > 0):
        raise ValueError(
            f"the barrier is {forward:.4g} eV high from one side and {reverse:.4g} eV from the "
            "other; both must be positive"
        )
    thermal = units.kB * temperature
    quantum = abs(frequency) * units.invcm
    lowest = max(0.0, forward - reverse)

    def logarithm(s: float) -> float:
        # E = lowest + s², as P begins like a square root
        if s <= 0:
            return -np.inf
        passed = log_transmission(lowest + s**2, quantum, forward, reverse)
        return float(np.log(2 * s / thermal) + passed - s**2 / thermal)

    end = np.sqrt(forward - lowest + _BEYOND * thermal)
    return float((forward - lowest) / thermal + _log_integral(logarithm, float(end)))


def _log_integral(logarithm: Callable[[float], float], end: float) -> float:
    """The logarithm of the integral from 0 to `end` of a function with one maximum."""
    places = end * np.linspace(0, 1, _SEEN + 1)[1:] ** 2
    seen = [logarithm(s) for s in places]
    k = int(np.argmax(seen))
    sides = (places[k - 1] if k else 0.0, places[min(k + 1, _SEEN - 1)])
    found = minimize_scalar(lambda s: -logarithm(s), bounds=sides, method="bounded")
    highest, top = max((seen[k], float(places[k])), (-float(found.fun), float(found.x)))

    def below(s: float) -> float:
        return max(float(logarithm(s) - highest), -2 * _NOTHING) + _NOTHING

    first = brentq(below, 0, top)
    last = brentq(below, top, end) if below(end) < 0 else end
    halves = [
        quad(lambda s: np.exp(logarithm(s) - highest), *part, epsrel=1e-10, limit=400)[0]
        for part in ((first, top), (top, last))
    ]
    return float(highest + np.log(sum(halves)))


def log_transmission(energy: float, quantum: float, forward: float, reverse: float) -> float:
    """The logarithm of Eckart's P(E); all in eV, `energy` from the foot of the forward side.

    Written with a, b, d of the module's formula, and nothing that overflows.
    """
    first, second = 2 * np.pi * forward / quantum, 2 * np.pi * reverse / quantum
    share = 2 / (1 / np.sqrt(first) + 1 / np.sqrt(second))
    a = share * np.sqrt(max(2 * np.pi * energy / quantum, 0.0))
    b = share * np.sqrt(max(2 * np.pi * (energy - forward + reverse) / quantum, 0.0))
    if a <= 0 or b <= 0:
        return -np.inf
    log_sinhs = a + b + np.log1p(-np.exp(-2 * a)) + np.log1p(-np.exp(-2 * b)) - np.log(2)
    log_cosh = np.logaddexp(a + b, -a - b) - np.log(2)
    wall = first * second - np.pi**2 / 4
    if wall < 0:  # so thin a barrier that cosh d is a cosine
        return float(
            log_sinhs - log_cosh - np.log1p(np.cos(2 * np.sqrt(-wall)) * np.exp(-log_cosh))
        )
    d = 2 * np.sqrt(wall)
    return float(log_sinhs - np.logaddexp(log_cosh, np.logaddexp(d, -d) - np.log(2)))
