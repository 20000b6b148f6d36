r"""How much faster a reaction is because nuclei tunnel: Wigner's and Eckart's factors.

Wigner's is the first term in ħ, good where it is below about 2:

.. math:: \kappa = 1 + \frac{1}{24} \left(\frac{h\nu}{k_B T}\right)^2.

Eckart's is the thermal average of the transmission P(E) through the barrier that has the two
heights V1 (forward) and V2 (reverse) and the curvature of the saddle, for which P is known exactly:

.. math:: \kappa = \frac{e^{V_1/k_BT}}{k_BT} \int P(E)\, e^{-E/k_BT}\, dE, \qquad
   P = \frac{\cosh(a + b) - \cosh(a - b)}{\cosh(a + b) + \cosh d}.
"""

import numpy as np
from ase import units
from scipy.integrate import quad

_BEYOND = 60.0
"""In k_B T above the top: nothing of the integral lies further up."""


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
        By which a rate is multiplied.

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
    if not (forward > 0 and reverse > 0):
        raise ValueError(
            f"the barrier is {forward:.4g} eV high from one side and {reverse:.4g} eV from the "
            "other; both must be positive"
        )
    thermal = units.kB * temperature
    quantum = abs(frequency) * units.invcm
    lowest = max(0.0, forward - reverse)

    def integrand(s: float) -> float:
        # E = lowest + s², as P begins like a square root
        energy = lowest + s**2
        weight = (forward - energy) / thermal
        return float(2 * s * np.exp(log_transmission(energy, quantum, forward, reverse) + weight))

    top = np.sqrt(forward - lowest)
    end = np.sqrt(forward - lowest + _BEYOND * thermal)
    parts = [quad(integrand, 0, top, limit=400)[0], quad(integrand, top, end, limit=400)[0]]
    return float(sum(parts) / thermal)


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
