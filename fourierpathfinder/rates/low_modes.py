r"""What is done with low frequencies, whose harmonic entropy grows without bound.

Below about 100 cm⁻¹ a vibration is rather a hindered turn. Grimme's entropy goes over to that of a
free rotor with the moment of inertia of the mode, μ = h / (8 π² ν), not above B = 1e-44 kg m²:

.. math:: S = w S_\mathrm{vib} + (1 - w) S_\mathrm{rot}, \qquad w = \frac{1}{1 + (\nu_0/\nu)^4}.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from ase import units

_AVERAGE_INERTIA = 1e-44
"""In kg m², Grimme's value."""


class LowModes(Protocol):
    """A way to treat low frequencies."""

    def frequencies(self, frequencies: np.ndarray) -> np.ndarray:
        """The frequencies that the partition functions are of.

        Parameters
        ----------
        frequencies : ndarray (n,)
            Those measured, in cm⁻¹.

        Returns
        -------
        ndarray (n,)
            In cm⁻¹.
        """
        ...

    def more_entropy(self, frequencies: np.ndarray, temperature: float) -> float:
        """What is added to the harmonic entropy.

        Parameters
        ----------
        frequencies : ndarray (n,)
            Those measured, in cm⁻¹.
        temperature : float
            In K.

        Returns
        -------
        float
            In eV/K.
        """
        ...


@dataclass(frozen=True)
class AsTheyAre:
    """Every mode is a harmonic vibration, however low.

    Examples
    --------
    >>> import numpy as np
    >>> AsTheyAre().more_entropy(np.array([10.0]), 300)
    0.0
    """

    def frequencies(self, frequencies: np.ndarray) -> np.ndarray:
        """The frequencies as they are."""
        return frequencies

    def more_entropy(self, frequencies: np.ndarray, temperature: float) -> float:
        """Nothing."""
        return 0.0


@dataclass(frozen=True)
class Raised:
    """Frequencies below the cut-off are raised to it.

    Parameters
    ----------
    cutoff : float
        In cm⁻¹.

    References
    ----------
    R. F. Ribeiro, A. V. Marenich, C. J. Cramer and D. G. Truhlar, J. Phys. Chem. B 115, 14556
    (2011), DOI 10.1021/jp205508z.

    Examples
    --------
    >>> import numpy as np
    >>> Raised(100).frequencies(np.array([10.0, 500.0])).tolist()
    [100.0, 500.0]
    """

    cutoff: float = 100.0

    def frequencies(self, frequencies: np.ndarray) -> np.ndarray:
        """None below the cut-off."""
        return np.asarray(np.maximum(frequencies, self.cutoff))

    def more_entropy(self, frequencies: np.ndarray, temperature: float) -> float:
        """Nothing."""
        return 0.0


@dataclass(frozen=True)
class Grimme:
    """The entropy of low modes goes over to that of free rotors.

    Parameters
    ----------
    reference : float
        Where both count equally, ν0 in cm⁻¹.

    References
    ----------
    S. Grimme, Chem. Eur. J. 18, 9955 (2012), DOI 10.1002/chem.201200497.

    Examples
    --------
    >>> import numpy as np
    >>> bool(Grimme().more_entropy(np.array([5.0]), 300) < 0)
    True
    """

    reference: float = 100.0

    def frequencies(self, frequencies: np.ndarray) -> np.ndarray:
        """The frequencies as they are."""
        return frequencies

    def more_entropy(self, frequencies: np.ndarray, temperature: float) -> float:
        """How much the rotors' entropy differs from the vibrations', by their weights."""
        weights = 1 / (1 + (self.reference / frequencies) ** 4)
        rotors = _rotor_entropies(frequencies, temperature)
        vibrations = _vibration_entropies(frequencies, temperature)
        return float(((1 - weights) * (rotors - vibrations)).sum())


def _vibration_entropies(frequencies: np.ndarray, temperature: float) -> np.ndarray:
    x = frequencies * units.invcm / (units.kB * temperature)
    return np.asarray(units.kB * (x / np.expm1(x) - np.log1p(-np.exp(-x))))


def _rotor_entropies(frequencies: np.ndarray, temperature: float) -> np.ndarray:
    per_second = frequencies * 100 * units._c
    inertia = units._hplanck / (8 * np.pi**2 * per_second)
    inertia = inertia * _AVERAGE_INERTIA / (inertia + _AVERAGE_INERTIA)
    argument = 8 * np.pi**3 * inertia * units._k * temperature / units._hplanck**2
    return np.asarray(units.kB * (0.5 + np.log(np.sqrt(argument))))
