"""Hydrogen exchange, H + H2, against partition functions that are written out here."""

import numpy as np
import pytest
from ase import Atoms
from scipy import constants

from fourierpathfinder import Surrogate, find_path
from fourierpathfinder.atoms import MoleculeLandscape
from fourierpathfinder.atoms.bonds import bonds
from fourierpathfinder.rates import (
    IdealGas,
    Species,
    eckart,
    meeting_rates,
    normal_modes,
    reaction_rates,
    wigner,
)
from fourierpathfinder.rates.kinetics import _notes

from .hydrogen import DEPTH, LENGTH, STIFFNESS, Hydrogen, surface

TEMPERATURES = [300.0, 1000.0]
KG, H, K = constants.atomic_mass * 1.008, constants.h, constants.k


@pytest.fixture(scope="module")
def exchange():
    """The landscape, and the path from H + H2 to H2 + H."""
    here = Atoms("H3", [(0, 0, 0), (0, 0, LENGTH), (0, 0, 3.2)])
    there = Atoms("H3", [(0, 0, 0), (0, 0, 3.2 - LENGTH), (0, 0, 3.2)])
    landscape = MoleculeLandscape(here, Hydrogen)
    method = Surrogate(saddle_gradient=1e-3)
    return landscape, find_path(landscape, here, there, method=method, rng=0)


@pytest.fixture(scope="module")
def species(exchange):
    """An atom, the molecule, the saddle; of labelled atoms there are two saddles, hence σ = 1."""
    landscape, result = exchange
    atom, pair = Atoms("H", [(0, 0, 0)]), Atoms("H2", [(0, 0, 0), (0, 0, LENGTH)])
    modes = [normal_modes(MoleculeLandscape(one, Hydrogen), one) for one in (atom, pair)]
    saddle = normal_modes(landscape, result.saddle.position, order=1, step=0.002)
    return (
        Species(modes[0], IdealGas(spin=0.5)),
        Species(modes[1], IdealGas(symmetry_number=2)),
        Species(saddle, IdealGas(spin=0.5)),
    )


def hertz(curvature, mass):
    """Of a curvature in eV/Å² and a mass in kg."""
    return np.sqrt(curvature * constants.e / constants.angstrom**2 / mass) / (2 * np.pi)


def by_hand(temperature):
    """The rate in cm³/s, from the surface's own second differences in valence coordinates."""
    top = min(
        np.linspace(0.8, 1.1, 3001),
        key=lambda r: abs(surface(np.array([r, r, 2 * r]))[1] @ [1, 1, 2]),
    )

    def energy(a, b, half_turn=0.0):
        return surface(np.array([a, b, 2 * top * np.cos(half_turn) if half_turn else a + b]))[0]

    h = 1e-3
    even = (energy(top + h, top + h) + energy(top - h, top - h) - 2 * energy(top, top)) / h**2 / 2
    odd = (energy(top + h, top - h) + energy(top - h, top + h) - 2 * energy(top, top)) / h**2 / 2
    bent = 2 * (energy(top, top, h) - energy(top, top)) / h**2  # by half of the angle of the bend
    stretch, lost = hertz(even, KG), hertz(abs(odd), KG / 3)
    # where the bonds turn by 1 the atoms move by (top/3) (1, -2, 1) across
    bend = hertz(bent / top**2, KG * 2 / 3)
    molecule = hertz(2 * DEPTH * STIFFNESS**2, KG / 2)
    barrier = (energy(top, top) + DEPTH) * constants.e
    quantum = H * np.array([stretch, bend, bend, molecule])
    shrunk = quantum / (2 * K * temperature)
    vibrations = np.prod(0.5 / np.sinh(shrunk[:3])) / (0.5 / np.sinh(shrunk[3]))
    turns = (2 * KG * top**2) / (KG * LENGTH**2 / 2) * 2  # I‡ / I, and σ of H2
    moved = (2 * np.pi * (KG * 2 / 3) * K * temperature / H**2) ** -1.5
    rate = K * temperature / H * vibrations * turns * moved * np.exp(-barrier / (K * temperature))
    return 1e6 * rate, lost / (100 * constants.c)


@pytest.mark.parametrize("k", [0, 1])
def test_the_rate_is_that_of_its_partition_functions(species, k):
    atom, pair, saddle = species
    rates = meeting_rates([atom, pair], saddle, TEMPERATURES, products=[pair, atom])
    expected, lost = by_hand(TEMPERATURES[k])
    assert rates.unit == "cm^3/s"
    assert rates.forward[k] == pytest.approx(expected, rel=0.01)
    assert saddle.modes.frequencies[0] == pytest.approx(-lost, abs=2)


def test_the_tunnelling_factors_are_those_of_the_barrier(species):
    atom, pair, saddle = species
    rates = meeting_rates([atom, pair], saddle, [300.0], products=[pair, atom])
    height = saddle.modes.energy + saddle.modes.zero_point_energy
    height -= sum(one.modes.energy + one.modes.zero_point_energy for one in (atom, pair))
    imaginary = saddle.modes.frequencies[0]
    assert rates.wigner[0] == pytest.approx(wigner(imaginary, 300))
    assert rates.eckart[0] == pytest.approx(eckart(imaginary, height, height, 300))
    assert np.isnan(meeting_rates([atom, pair], saddle, [300.0]).eckart[0])


def test_the_pressure_cancels(species):
    given = [Species(one.modes, IdealGas(one.gas.symmetry_number, one.gas.spin, 5e3))
             for one in species]  # fmt: skip
    one, other = (meeting_rates(three[:2], three[2], [300.0]) for three in (species, given))
    assert other.free_energy_barrier[0] != pytest.approx(one.free_energy_barrier[0], abs=0.01)
    assert other.forward[0] == pytest.approx(one.forward[0], rel=1e-9)


def test_one_molecule_is_eyrings_rate(species):
    _, pair, _ = species
    saddle = Species(normal_modes(MoleculeLandscape(pair.modes.atoms, Hydrogen), pair.modes.atoms,
                                  order=1))  # fmt: skip
    rates = meeting_rates([Species(pair.modes)], saddle, [300.0])
    thermal = constants.k * 300 / constants.e
    expected = constants.k * 300 / constants.h * np.exp(-rates.free_energy_barrier[0] / thermal)
    assert rates.unit == "1/s"
    assert rates.forward[0] == pytest.approx(expected, rel=1e-5)


def test_ends_that_are_several_molecules_are_told(exchange):
    notes = reaction_rates(*exchange).notes
    assert any("reactant is 2 separate molecules" in note for note in notes)
    assert any("product is 2 separate molecules" in note for note in notes)


def test_a_saddle_with_long_bonds_is_not_called_several_molecules(exchange):
    """Of H3, half of whose bonds are half made."""
    landscape, result = exchange
    wide = landscape.atoms(result.saddle.position)
    wide.positions *= 1.3
    assert len(bonds(wide)) < 2
    modes = [normal_modes(landscape, one) for one in (result.path.start, wide, result.path.end)]
    notes = _notes(modes, (1.0, 1.0))
    assert not any("saddle" in note and "molecules" in note for note in notes)
    assert sum("separate molecules" in note for note in notes) == 2


def test_what_is_no_reaction_is_refused(species):
    atom, pair, saddle = species
    with pytest.raises(ValueError, match="have 2 atoms"):
        meeting_rates([pair], saddle, [300.0])
    with pytest.raises(ValueError, match="order"):
        meeting_rates([atom, pair], pair, [300.0])
    with pytest.raises(ValueError, match="pressures"):
        meeting_rates([Species(atom.modes, IdealGas(pressure=1.0)), pair], saddle, [300.0])
    with pytest.raises(ValueError, match="kelvin"):
        meeting_rates([atom, pair], saddle, [0.0])
    with pytest.raises(ValueError, match="empty"):
        meeting_rates([], saddle, [300.0])
