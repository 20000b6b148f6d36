"""Free energies by ASE's thermochemistry, from normal modes.

The potential energy is in them, so that differences of two are differences of free energy.
"""

import warnings
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from ase import Atoms, units
from ase.thermochemistry import HarmonicThermo, HinderedThermo, IdealGasThermo

from .low_modes import AsTheyAre, LowModes
from .modes import NormalModes


class Thermochemistry(Protocol):
    """Gives structures their free energies."""

    def free_energy(self, modes: NormalModes, temperature: float) -> float:
        """Free energy of a structure.

        Parameters
        ----------
        modes : NormalModes
            The structure and its vibrations.
        temperature : float
            In K.

        Returns
        -------
        float
            In eV, the potential energy included.
        """
        ...


@dataclass(frozen=True)
class Harmonic:
    """All that moves vibrates: adsorbates and defects. Helmholtz' free energy.

    Parameters
    ----------
    low_modes : AsTheyAre, Raised or Grimme
        What is done with low frequencies.

    Examples
    --------
    >>> from ase import Atoms
    >>> from ase.calculators.emt import EMT
    >>> from fourierpathfinder.atoms import MoleculeLandscape
    >>> from fourierpathfinder.rates import Harmonic, normal_modes
    >>> nitrogen = Atoms("N2", [(0, 0, 0), (0, 0, 0.99799)])
    >>> modes = normal_modes(MoleculeLandscape(nitrogen, EMT), nitrogen)
    >>> round(Harmonic().free_energy(modes, 0.01) - modes.energy - modes.zero_point_energy, 6)
    0.0
    """

    low_modes: LowModes = field(default_factory=AsTheyAre)

    def free_energy(self, modes: NormalModes, temperature: float) -> float:
        """ASE's `HarmonicThermo`."""
        thermo = HarmonicThermo(list(_energies(modes, self.low_modes)), modes.energy)
        with np.errstate(over="ignore"):  # of quanta far above k_B T, which then count nothing
            free = thermo.get_helmholtz_energy(temperature, verbose=False)
        return float(free) - _correction(modes, self.low_modes, temperature)


@dataclass(frozen=True)
class IdealGas:
    """A molecule that shifts and turns freely as a rigid body, and vibrates. Gibbs' free energy.

    Parameters
    ----------
    symmetry_number : int
        Turns that map the molecule onto itself, such as 2 of water.
    spin : float
        The total spin: 0 where all electrons are paired, 0.5 of a radical.
    pressure : float
        In Pa.
    low_modes : AsTheyAre, Raised or Grimme
        What is done with low frequencies.

    Examples
    --------
    >>> from ase import Atoms
    >>> from ase.calculators.emt import EMT
    >>> from fourierpathfinder.atoms import MoleculeLandscape
    >>> from fourierpathfinder.rates import IdealGas, normal_modes
    >>> nitrogen = Atoms("N2", [(0, 0, 0), (0, 0, 0.99799)])
    >>> modes = normal_modes(MoleculeLandscape(nitrogen, EMT), nitrogen)
    >>> IdealGas(symmetry_number=2).free_energy(modes, 300) < modes.energy
    True
    """

    symmetry_number: int = 1
    spin: float = 0.0
    pressure: float = 101325.0
    low_modes: LowModes = field(default_factory=AsTheyAre)

    def free_energy(self, modes: NormalModes, temperature: float) -> float:
        """ASE's `IdealGasThermo`."""
        # ASE counts 3 n - 6 modes: the reaction coordinate is among them, and passed over
        energies: list[complex] = [1j] * modes.order
        energies += list(_energies(modes, self.low_modes))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that the mode was passed over
            thermo = IdealGasThermo(
                energies,
                geometry=_geometry(modes),
                potentialenergy=modes.energy,
                atoms=modes.atoms,
                symmetrynumber=self.symmetry_number,
                spin=self.spin,
                ignore_imag_modes=True,
            )
        with np.errstate(over="ignore"):  # of quanta far above k_B T, which then count nothing
            free = thermo.get_gibbs_energy(temperature, self.pressure, verbose=False)
        return float(free) - _correction(modes, self.low_modes, temperature)


@dataclass(frozen=True)
class Hindered:
    """An adsorbate that slides and turns over low barriers, its three lowest modes. Helmholtz'.

    The adsorbate is all atoms that were displaced: pass the `region` of its atoms. It turns with
    its largest moment of inertia.

    Parameters
    ----------
    trans_barrier, rot_barrier : float
        What sliding to the next site and turning about the surface's normal cost, in eV.
    site_density : float
        Sites per cm².
    rotational_minima : int
        Equivalent orientations in a full turn.
    symmetry_number : int
        Of the adsorbate, about the normal.
    low_modes : AsTheyAre, Raised or Grimme
        What is done with low frequencies, of the modes that are left.

    References
    ----------
    L. H. Sprowl, C. T. Campbell and L. Árnadóttir, J. Phys. Chem. C 120, 9719 (2016),
    DOI 10.1021/acs.jpcc.5b11616.

    Examples
    --------
    >>> Hindered(0.05, 0.02, site_density=1.5e15, rotational_minima=6).symmetry_number
    1
    """

    trans_barrier: float
    rot_barrier: float
    site_density: float
    rotational_minima: int
    symmetry_number: int = 1
    low_modes: LowModes = field(default_factory=AsTheyAre)

    def free_energy(self, modes: NormalModes, temperature: float) -> float:
        """ASE's `HinderedThermo` of the atoms that were displaced."""
        adsorbate = Atoms(
            modes.atoms.numbers[modes.atoms_moved],
            modes.atoms.positions[modes.atoms_moved],
            masses=modes.atoms.get_masses()[modes.atoms_moved],
        )
        thermo = HinderedThermo(
            list(np.sort(_energies(modes, self.low_modes))),
            self.trans_barrier,
            self.rot_barrier,
            self.site_density,
            self.rotational_minima,
            potentialenergy=modes.energy,
            mass=float(adsorbate.get_masses().sum()),
            inertia=float(adsorbate.get_moments_of_inertia()[2]),
            symmetrynumber=self.symmetry_number,
        )
        left = np.sort(modes.vibrations)[3:]
        with np.errstate(over="ignore"):  # of quanta far above k_B T, which then count nothing
            free = thermo.get_helmholtz_energy(temperature, verbose=False)
        return float(free) - temperature * self.low_modes.more_entropy(left, temperature)


def _energies(modes: NormalModes, low_modes: LowModes) -> np.ndarray:
    return np.asarray(low_modes.frequencies(modes.vibrations) * units.invcm)


def _correction(modes: NormalModes, low_modes: LowModes, temperature: float) -> float:
    """T ΔS of the low modes, in eV."""
    return temperature * low_modes.more_entropy(modes.vibrations, temperature)


def _geometry(modes: NormalModes) -> str:
    if len(modes.atoms) == 1:
        return "monatomic"
    return "linear" if modes.n_left_out == 5 else "nonlinear"
