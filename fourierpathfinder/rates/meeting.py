r"""Rates at which separate molecules meet and react, by transition-state theory in an ideal gas.

Each molecule has a free energy of its own, at the pressure p of its model, and so has the saddle:

.. math:: k(T) = \kappa\, \frac{k_B T}{h} \left(\frac{k_B T}{p}\right)^{n-1}
   e^{-(G^\ddagger - \sum_i G_i) / k_B T},

for n molecules in cm³⁽ⁿ⁻¹⁾/s; p cancels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from ase import units

from .modes import NormalModes
from .thermochemistry import IdealGas
from .tunnelling import eckart, wigner


class Species(NamedTuple):
    """A molecule, or a saddle, alone in the gas.

    Parameters
    ----------
    modes : NormalModes
        Its vibrations.
    gas : IdealGas
        What gives it its free energy: symmetry number, spin, pressure.

    Examples
    --------
    >>> from ase import Atoms
    >>> from ase.calculators.emt import EMT
    >>> from fourierpathfinder.atoms import MoleculeLandscape
    >>> from fourierpathfinder.rates import IdealGas, Species, normal_modes
    >>> nitrogen = Atoms("N2", [(0, 0, 0), (0, 0, 0.998)])
    >>> modes = normal_modes(MoleculeLandscape(nitrogen, EMT), nitrogen)
    >>> Species(modes, IdealGas(symmetry_number=2)).gas.spin
    0.0
    """

    modes: NormalModes
    gas: IdealGas = IdealGas()


@dataclass(frozen=True, eq=False)
class MeetingRates:
    """Rates of molecules that meet; temperatures in K, free energies in eV.

    Parameters
    ----------
    temperatures : ndarray (T,)
        In K.
    n_molecules : int
        How many meet.
    free_energy_barrier : ndarray (T,)
        The saddle's free energy less those of the molecules, at the pressure of their models.
    forward : ndarray (T,)
        Without tunnelling: in cm³/s for two molecules, 1/s for one.
    wigner, eckart : ndarray (T,)
        Tunnelling factors, by which the rates are to be multiplied. Eckart's is NaN where the
        products are not given, or the barrier with zero-point energies is not above both sides,
        infinite where no number holds it.

    Examples
    --------
    >>> import numpy as np
    >>> one = np.ones(1)
    >>> MeetingRates(300 * one, 2, 0.4 * one, 1e-14 * one, one, one).unit
    'cm^3/s'
    """

    temperatures: np.ndarray
    n_molecules: int
    free_energy_barrier: np.ndarray
    forward: np.ndarray
    wigner: np.ndarray
    eckart: np.ndarray

    @property
    def unit(self) -> str:
        """Of the rates, for each molecule."""
        return "1/s" if self.n_molecules == 1 else f"cm^{3 * (self.n_molecules - 1)}/s"


def meeting_rates(
    molecules: Sequence[Species],
    saddle: Species,
    temperatures: Sequence[float],
    *,
    products: Sequence[Species] = (),
) -> MeetingRates:
    """Give the rates at which separate molecules meet and react.

    Parameters
    ----------
    molecules : sequence of Species
        Each with its vibrations, from a calculation of its own (`normal_modes`), its symmetry
        number and its spin.
    saddle : Species
        Its vibrations with ``order=1``.
    temperatures : sequence of float
        In K.
    products : sequence of Species
        What comes out, for Eckart's factor. For the reverse rates exchange the two.

    Returns
    -------
    MeetingRates
        The product of symmetry numbers counts the equivalent ways in.

    Raises
    ------
    ValueError
        If there is no molecule, one is a saddle, atoms are missing, a pressure differs from the
        others or a temperature is not positive.

    References
    ----------
    H. Eyring, J. Chem. Phys. 3, 107 (1935), DOI 10.1063/1.1749604.

    Examples
    --------
    >>> from ase import Atoms
    >>> from ase.calculators.emt import EMT
    >>> from fourierpathfinder.atoms import MoleculeLandscape
    >>> from fourierpathfinder.rates import normal_modes
    >>> def modes(atoms, order=0):
    ...     return normal_modes(MoleculeLandscape(atoms, EMT), atoms, order=order)
    >>> nitrogen = modes(Atoms("N2", [(0, 0, 0), (0, 0, 0.998)]))
    >>> pair = modes(Atoms("N4", [(0, 0, 0), (0, 0, 1), (1.3, 0, 0), (1.3, 0, 1)]), order=1)
    >>> rates = meeting_rates([Species(nitrogen), Species(nitrogen)], Species(pair), [300.0])
    >>> rates.unit, rates.forward.shape
    ('cm^3/s', (1,))
    """
    _check(molecules, saddle, temperatures)
    kelvin = np.asarray(temperatures, dtype=float)
    thermal = units.kB * kelvin
    barrier = _free_energies([saddle], kelvin) - _free_energies(molecules, kelvin)
    volume = 1e6 * units._k * kelvin / saddle.gas.pressure  # of a molecule, in cm³
    frequency = units._k * kelvin / units._hplanck
    imaginary = float(saddle.modes.frequencies[0])
    sides = [_zero_point(saddle) - _zero_point(*side) for side in (molecules, products) if side]
    tunnels = imaginary < 0 and len(sides) == 2 and min(sides) > 0
    return MeetingRates(
        temperatures=kelvin,
        n_molecules=len(molecules),
        free_energy_barrier=barrier,
        forward=frequency * volume ** (len(molecules) - 1) * np.exp(-barrier / thermal),
        wigner=np.array([wigner(imaginary, t) for t in kelvin]),
        eckart=np.array(
            [eckart(imaginary, sides[0], sides[1], t) if tunnels else np.nan for t in kelvin]
        ),
    )


def _free_energies(species: Sequence[Species], temperatures: np.ndarray) -> np.ndarray:
    """Their sum (T,), in eV."""
    return np.array([
        sum(one.gas.free_energy(one.modes, float(t)) for one in species) for t in temperatures
    ])  # fmt: skip


def _zero_point(*species: Species) -> float:
    return sum(one.modes.energy + one.modes.zero_point_energy for one in species)


def _check(molecules: Sequence[Species], saddle: Species, temperatures: Sequence[float]) -> None:
    if not molecules:
        raise ValueError("`molecules` is empty; give each molecule that takes part")
    if saddle.modes.order != 1 or any(one.modes.order for one in molecules):
        raise ValueError(
            "vibrations of a saddle are those of `normal_modes(..., order=1)`, and those of a "
            "molecule have order 0"
        )
    parts = sorted(np.concatenate([one.modes.atoms.numbers for one in molecules]))
    if parts != sorted(saddle.modes.atoms.numbers):
        raise ValueError(
            f"the molecules have {len(parts)} atoms, the saddle {len(saddle.modes.atoms)}, or they "
            "are of other elements; give all molecules of the reaction"
        )
    pressures = {one.gas.pressure for one in (*molecules, saddle)}
    if len(pressures) > 1:
        raise ValueError(f"pressures are {sorted(pressures)} Pa; they must be the same")
    if not (np.ndim(temperatures) == 1 and len(temperatures) and min(temperatures) > 0):
        raise ValueError(f"`temperatures` is {temperatures}; give positive numbers of kelvin")
