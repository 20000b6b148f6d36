r"""Rates of a reaction by harmonic transition-state theory, in both directions.

Eyring's rate with free energies of the structures, the reaction coordinate left out of the
saddle's, and Vineyard's classical prefactor:

.. math:: k(T) = \kappa\, \frac{k_B T}{h}\, e^{-\Delta G^\ddagger / k_B T}, \qquad
   \nu = \frac{\prod_i \nu_i}{\prod_j \nu_j^\ddagger}.

Both are of one structure that becomes another, in 1/s; of two molecules that meet, the start is
their complex. For molecules that are apart see `meeting`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import units
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ..atoms.bonds import bonds
from ..landscapes.protocols import Landscape
from ..result import PathResult
from .modes import NormalModes, normal_modes, told_frequency
from .thermochemistry import Harmonic, IdealGas, Thermochemistry
from .tunnelling import LARGEST, log_eckart, wigner

ROOM = 298.15
"""In K."""

_STATES = ("reactant", "saddle", "product")
_TIGHT = 0.05
"""In eV/Å: with larger forces frequencies are off by more than a few cm⁻¹."""
_CONVERGE = "converge it further, by `--saddle-force 0.01` or `Surrogate(saddle_gradient=0.01)`"
_RELAX = "relax it further, by `--relax-ends` or `relax`"


@dataclass(frozen=True, eq=False)
class ReactionRates:
    """Free energies and rates of a reaction; energies in eV, rates in 1/s, temperatures in K.

    Parameters
    ----------
    temperatures : ndarray (T,)
        In K.
    reactant, saddle, product : NormalModes
        The three structures and their vibrations.
    thermochemistry : tuple of 3
        What gave reactant, saddle and product their free energies.
    free_energies : ndarray (3, T)
        Of reactant, saddle and product, in eV, potential energies included.
    wigner, eckart : ndarray (T,)
        Tunnelling factors, by which the rates of both directions are to be multiplied. Eckart's is
        NaN where the barrier, with zero-point energies, is not above both sides, infinite where no
        number holds it.
    notes : tuple of str
        What makes the numbers less reliable, one sentence each.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> modes = SimpleNamespace(vibrations=np.array([100.0]), frequencies=np.array([-90.0]))
    >>> rates = ReactionRates(
    ...     temperatures=np.array([300.0]), reactant=modes, saddle=modes, product=modes,
    ...     thermochemistry=(), free_energies=np.array([[0.0], [0.5], [-0.2]]),
    ...     wigner=np.ones(1), eckart=np.ones(1), notes=())
    >>> rates.free_energy_barrier, rates.reaction_free_energy
    (array([0.5]), array([-0.2]))
    >>> print(f"{rates.forward[0]:.2e} 1/s")
    2.49e+04 1/s
    """

    temperatures: np.ndarray
    reactant: NormalModes
    saddle: NormalModes
    product: NormalModes
    thermochemistry: tuple[Thermochemistry, Thermochemistry, Thermochemistry]
    free_energies: np.ndarray
    wigner: np.ndarray
    eckart: np.ndarray
    notes: tuple[str, ...]

    @property
    def n_gradients(self) -> int:
        """Evaluations that were asked for in all."""
        return sum(modes.n_gradients for modes in (self.reactant, self.saddle, self.product))

    @property
    def imaginary_frequency(self) -> float:
        """That of the saddle in cm⁻¹, as a negative number."""
        return float(self.saddle.frequencies[0])

    @property
    def free_energy_barrier(self) -> np.ndarray:
        """ΔG‡ of the forward reaction (T,), in eV."""
        return np.asarray(self.free_energies[1] - self.free_energies[0])

    @property
    def reverse_free_energy_barrier(self) -> np.ndarray:
        """ΔG‡ of the reverse reaction (T,), in eV."""
        return np.asarray(self.free_energies[1] - self.free_energies[2])

    @property
    def reaction_free_energy(self) -> np.ndarray:
        """ΔG (T,), in eV."""
        return np.asarray(self.free_energies[2] - self.free_energies[0])

    @property
    def zero_point_barriers(self) -> tuple[float, float]:
        """The barrier with zero-point energies, forward and reverse, in eV."""
        return _zero_point_barriers(self.reactant, self.saddle, self.product)

    @property
    def forward(self) -> np.ndarray:
        """Eyring's rate of the forward reaction (T,) in 1/s, without tunnelling."""
        return self._eyring(self.free_energy_barrier)

    @property
    def reverse(self) -> np.ndarray:
        """Eyring's rate of the reverse reaction (T,) in 1/s, without tunnelling."""
        return self._eyring(self.reverse_free_energy_barrier)

    @property
    def prefactor(self) -> float:
        """Vineyard's prefactor of the forward reaction, in 1/s; NaN where there is none."""
        return vineyard(self.reactant, self.saddle)

    @property
    def reverse_prefactor(self) -> float:
        """Vineyard's prefactor of the reverse reaction, in 1/s; NaN where there is none."""
        return vineyard(self.product, self.saddle)

    def _eyring(self, barrier: np.ndarray) -> np.ndarray:
        thermal = units.kB * self.temperatures
        frequency = units._k * self.temperatures / units._hplanck
        return np.asarray(frequency * np.exp(-barrier / thermal))

    def rows(self) -> list[dict[str, float]]:
        """One row a temperature: for a CSV file or a pandas frame.

        Returns
        -------
        list of dict
            Numbers by names that have their units in them.
        """
        return [
            {
                "temperature_K": float(temperature),
                "free_energy_barrier_eV": float(self.free_energy_barrier[k]),
                "reverse_free_energy_barrier_eV": float(self.reverse_free_energy_barrier[k]),
                "reaction_free_energy_eV": float(self.reaction_free_energy[k]),
                "forward_per_s": float(self.forward[k]),
                "reverse_per_s": float(self.reverse[k]),
                "wigner": float(self.wigner[k]),
                "eckart": float(self.eckart[k]),
            }
            for k, temperature in enumerate(self.temperatures)
        ]

    def __str__(self) -> str:
        """A table for people: a line for each temperature."""
        lines = [f"{'T/K':>8} {'ΔG‡/eV':>8} {'reverse':>8} {'ΔG/eV':>8} {'k/s⁻¹':>10} "
                 f"{'reverse':>10} {'Wigner':>8} {'Eckart':>8}"]  # fmt: skip
        lines += [
            "{temperature_K:8.2f} {free_energy_barrier_eV:8.4f} "
            "{reverse_free_energy_barrier_eV:8.4f} {reaction_free_energy_eV:8.4f} "
            "{forward_per_s:10.3e} {reverse_per_s:10.3e} {wigner:8.4g} {eckart:8.4g}".format(**row)
            for row in self.rows()
        ]
        return "\n".join(lines)


def reaction_rates(
    landscape: Landscape,
    result: PathResult,
    temperatures: Sequence[float] = (ROOM,),
    *,
    thermochemistry: Thermochemistry
    | tuple[Thermochemistry, Thermochemistry, Thermochemistry]
    | None = None,
    region: Sequence[int] | None = None,
    step: float = 0.01,
    known: tuple[np.ndarray, np.ndarray] | None = None,
) -> ReactionRates:
    """Vibrations, free energies and rates of a path that was found.

    Parameters
    ----------
    landscape : MoleculeLandscape
        What the path was found on, or what stands before it.
    result : PathResult
        A path between two minima, with a saddle.
    temperatures : sequence of float
        In K.
    thermochemistry : IdealGas, Harmonic or Hindered, or three of them, optional
        For all, or for reactant, saddle and product. By default `IdealGas` where the whole moves
        freely, otherwise `Harmonic`, symmetry numbers 1 and low modes as they are.
    region : sequence of int, optional
        Only these atoms vibrate.
    step : float
        The displacement of the finite differences, in Å.
    known : (points (n, D), gradients (n, D)), optional
        Evaluations; see `normal_modes`.

    Returns
    -------
    ReactionRates
        Its `notes` say what makes the numbers less reliable.

    Raises
    ------
    ValueError
        If the path has no saddle or a temperature is not positive.

    References
    ----------
    H. Eyring, J. Chem. Phys. 3, 107 (1935), DOI 10.1063/1.1749604. G. H. Vineyard, J. Phys. Chem.
    Solids 3, 121 (1957), DOI 10.1016/0022-3697(57)90059-8.

    Examples
    --------
    >>> from ase.build import add_adsorbate, fcc100
    >>> from ase.calculators.emt import EMT
    >>> from ase.constraints import FixAtoms
    >>> from fourierpathfinder import find_path
    >>> from fourierpathfinder.atoms import MoleculeLandscape
    >>> from fourierpathfinder.rates import reaction_rates
    >>> slab = fcc100("Al", size=(2, 2, 3), vacuum=4)
    >>> add_adsorbate(slab, "Au", 1.7216, "hollow")
    >>> slab.set_constraint(FixAtoms(range(12)))
    >>> hopped = slab.copy()
    >>> hopped.positions[12, 0] += slab.cell[0, 0] / 2
    >>> landscape = MoleculeLandscape(slab, EMT)
    >>> result = find_path(landscape, slab, hopped, rng=0)
    >>> rates = reaction_rates(landscape, result, [300, 500])
    >>> rates.forward.shape
    (2,)
    """
    if result.saddle is None:
        raise ValueError("the path has no saddle, and rates need one; see `result.message`")
    if not (np.ndim(temperatures) == 1 and len(temperatures) and min(temperatures) > 0):
        raise ValueError(f"`temperatures` is {temperatures}; give positive numbers of kelvin")
    points = (result.path.start, result.saddle.position, result.path.end)
    modes = [
        normal_modes(landscape, np.asarray(point), order=k % 2, region=region, step=step,
                     known=known)
        for k, point in enumerate(points)
    ]  # fmt: skip
    if thermochemistry is None:
        free = region is None and modes[0].n_left_out >= 5
        thermochemistry = IdealGas() if free else Harmonic()
    three = thermochemistry if isinstance(thermochemistry, tuple) else (thermochemistry,) * 3
    return _rates(np.asarray(temperatures, dtype=float), modes, three)


def _rates(
    temperatures: np.ndarray, modes: list[NormalModes], thermochemistry: Any
) -> ReactionRates:
    pairs = list(zip(thermochemistry, modes, strict=True))
    free_energies = [[one.free_energy(of, float(t)) for t in temperatures] for one, of in pairs]
    frequency, barriers = (
        float(modes[1].frequencies[0]),
        _zero_point_barriers(modes[0], modes[1], modes[2]),
    )
    tunnels = frequency < 0 and min(barriers) > 0
    logs = np.array(
        [log_eckart(frequency, *barriers, float(t)) if tunnels else np.nan for t in temperatures]
    )
    return ReactionRates(
        temperatures=temperatures,
        reactant=modes[0],
        saddle=modes[1],
        product=modes[2],
        thermochemistry=thermochemistry,
        free_energies=np.array(free_energies),
        wigner=np.array([wigner(frequency, float(t)) for t in temperatures]),
        eckart=np.exp(np.where(logs > LARGEST, np.inf, logs)),
        notes=(*_notes(modes, barriers), *_cold(temperatures, np.array(free_energies), logs)),
    )


def _cold(temperatures: np.ndarray, free_energies: np.ndarray, logs: np.ndarray) -> list[str]:
    """The rates where Eckart's factor, whose logarithm is given (T,), is beyond all numbers."""
    notes = []
    for k in np.flatnonzero(logs > LARGEST):
        kelvin = float(temperatures[k])
        log_rates = (
            np.log(units._k * kelvin / units._hplanck)
            + logs[k]
            - (free_energies[1, k] - free_energies[[0, 2], k]) / (units.kB * kelvin)
        )
        forward, reverse = (f"1e{rate:.1f}" for rate in log_rates / np.log(10))
        notes.append(
            f"at {kelvin:g} K Eckart's factor is 1e{logs[k] / np.log(10):.1f}, more than a number "
            f"holds; k with it is {forward} 1/s, reverse {reverse} 1/s"
        )
    return notes


def vineyard(minimum: NormalModes, saddle: NormalModes) -> float:
    """The prefactor of Vineyard.

    Parameters
    ----------
    minimum, saddle : NormalModes
        With one vibration less at the saddle.

    Returns
    -------
    float
        The product of the minimum's frequencies over that of the saddle's, in 1/s. NaN where the
        minimum has not just one vibration more, such as a linear molecule before a bent saddle:
        then a turn of the whole takes part, and there is no such number.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> minimum = SimpleNamespace(vibrations=np.array([100.0, 200.0]))
    >>> saddle = SimpleNamespace(vibrations=np.array([200.0]))
    >>> print(f"{vineyard(minimum, saddle):.3e}")
    2.998e+12
    """
    if len(minimum.vibrations) != len(saddle.vibrations) + 1:
        return float("nan")
    logarithm = np.log(minimum.vibrations).sum() - np.log(saddle.vibrations).sum()
    return float(np.exp(logarithm) * 100 * units._c)


def told_prefactors(rates: ReactionRates) -> str:
    """Both of Vineyard's prefactors as people write them."""
    both = (rates.prefactor, rates.reverse_prefactor)
    forward, reverse = (f"{one:.3e} 1/s" if np.isfinite(one) else "none" for one in both)
    why = "" if np.isfinite(both).all() else ", as a turn of the linear molecule takes part"
    return f"{forward}, reverse {reverse}{why}"


def _zero_point_barriers(
    reactant: NormalModes, saddle: NormalModes, product: NormalModes
) -> tuple[float, float]:
    top = saddle.energy + saddle.zero_point_energy
    return (
        top - reactant.energy - reactant.zero_point_energy,
        top - product.energy - product.zero_point_energy,
    )


def _notes(modes: list[NormalModes], barriers: tuple[float, float]) -> list[str]:
    notes = []
    for name, one in zip(_STATES, modes, strict=True):
        if one.force > _TIGHT:
            remedy = _CONVERGE if name == "saddle" else _RELAX
            notes.append(
                f"the largest force at the {name} is {one.force:.2g} eV/Å: its frequencies would "
                f"be others where the force vanishes; {remedy}"
            )
        n = _n_molecules(one)
        if n > 1 and name != "saddle":  # whose long bonds are half made, or half broken
            notes.append(
                f"the {name} is {n} separate molecules: its free energy is that of all of them at "
                "this place; for molecules that meet in a gas use `meeting_rates`"
            )
        wrong = [told_frequency(f) for f in one.frequencies[one.order :] if f < 0]
        if wrong:
            notes.append(
                f"the {name} has {len(wrong)} imaginary frequenc{'ies' if len(wrong) > 1 else 'y'} "
                f"too many ({', '.join(wrong)} cm⁻¹), counted as if real"
            )
    if any(0 < one.n_left_out < 5 and not one.atoms.pbc.any() for one in modes):
        notes.append(
            "the molecule turns about what is held of it, and the free energies leave these turns "
            "out: hold nothing"
        )
    if modes[1].frequencies[0] >= 0:
        notes.append(
            "the saddle has no imaginary frequency: it is none, and the rates mean nothing"
        )
    if min(barriers) <= 0:
        notes.append(
            "with zero-point energies there is no barrier from both sides: Eckart's factor is not "
            "given"
        )
    return notes


def _n_molecules(modes: NormalModes) -> int:
    """Of what moves freely as a whole; 1 where something is held."""
    if modes.n_left_out < 5:
        return 1
    pairs, n = bonds(modes.atoms), len(modes.atoms)
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    return int(connected_components(graph, directed=False)[0])
