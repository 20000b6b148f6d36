"""Free energies and rates against ASE's thermochemistry, brute force and the classical limit."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import molecule
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms
from ase.optimize import BFGS
from ase.thermochemistry import HarmonicThermo, HinderedThermo, IdealGasThermo

from fourierpathfinder import find_path
from fourierpathfinder.atoms import MoleculeLandscape
from fourierpathfinder.rates import (
    Grimme,
    Harmonic,
    Hindered,
    IdealGas,
    Raised,
    normal_modes,
    reaction_rates,
    vineyard,
)
from fourierpathfinder.rates.tunnelling import log_eckart


@pytest.fixture(scope="module")
def rates(hop):
    return reaction_rates(*hop, [100, 300, 1500])


def brute_frequencies(atoms, free):
    """In Hz, imaginary ones negative: all second differences of the energy itself."""
    h, free = 0.005, [3 * a + k for a in free for k in range(3)]
    atoms = atoms.copy()
    atoms.set_constraint()
    atoms.calc = EMT()
    origin = atoms.positions.copy()

    def energy(*moves):
        positions = origin.copy().ravel()
        for place, by in moves:
            positions[place] += by
        atoms.positions = positions.reshape(-1, 3)
        return atoms.get_potential_energy()

    size = len(free)
    hessian = np.empty((size, size))
    for i in range(size):
        for j in range(i + 1):
            four = [(s, t, energy((free[i], s * h), (free[j], t * h)))
                    for s in (-1, 1) for t in (-1, 1)]  # fmt: skip
            hessian[i, j] = hessian[j, i] = sum(s * t * e for s, t, e in four) / (4 * h**2)
    masses = atoms.get_masses().repeat(3)[free]
    roots = np.linalg.eigvalsh(hessian / np.sqrt(np.outer(masses, masses)))
    return np.sign(roots) * np.sqrt(abs(roots) * units._e / units._amu) * 1e10 / (2 * np.pi)


def test_the_prefactor_of_a_hop_is_vineyards_product(hop, rates):
    landscape, result = hop
    points = (result.path.start, result.saddle.position)
    minimum, saddle = (
        brute_frequencies(landscape.atoms(np.asarray(x)), landscape.free) for x in points
    )
    assert saddle[0] < 0 < saddle[1]
    expected = np.exp(np.log(minimum).sum() - np.log(saddle[1:]).sum())
    assert rates.prefactor == pytest.approx(expected, rel=5e-3)
    assert 1e11 < rates.prefactor < 1e14


def test_turns_about_a_held_atom_are_spoken_of():
    start = Atoms("Cu4", [(0, 0, 0), (2.3, 0, 0), (1.2, 2, 0), (1.2, 0.7, 1.9)])
    start.set_constraint(FixAtoms([0]))
    end = start.copy()
    end.positions[3, 2] *= -1
    landscape = MoleculeLandscape(start, EMT)
    result = find_path(landscape, start, end, rng=0)
    notes = reaction_rates(landscape, result, [300]).notes
    assert any("turns about what is held" in note for note in notes)


def test_there_is_no_prefactor_where_a_turn_takes_part():
    """Of HCN, four vibrations, and its bent saddle, two: the quotient is no frequency."""
    linear = SimpleNamespace(vibrations=np.array([712.0, 712.0, 2100.0, 3300.0]))
    bent = SimpleNamespace(vibrations=np.array([2000.0, 2600.0]))
    assert np.isnan(vineyard(linear, bent))
    three = SimpleNamespace(vibrations=np.array([700.0, 2000.0, 2600.0]))
    assert vineyard(three, bent) == pytest.approx(700 * 100 * units._c)


def test_rates_where_eckarts_factor_is_beyond_all_numbers(hop):
    """A rate times a factor is a number again, as the logarithms say."""
    landscape, result = hop
    cold = reaction_rates(landscape, result, [0.3, 300])
    assert cold.eckart[0] == np.inf > cold.eckart[1]
    (note,) = (note for note in cold.notes if "Eckart" in note)
    told = float(note.partition("k with it is 1e")[2].partition(" 1/s")[0])
    factor = log_eckart(cold.imaginary_frequency, *cold.zero_point_barriers, 0.3)
    rate = np.log(units._k * 0.3 / units._hplanck) - cold.free_energy_barrier[0] / (units.kB * 0.3)
    assert told == pytest.approx((rate + factor) / np.log(10), abs=0.06)


def test_hot_rates_are_vineyards(hop, rates):
    """Above all quanta Eyring's rate is the prefactor times Arrhenius' factor."""
    barrier = rates.saddle.energy - rates.reactant.energy
    classical = rates.prefactor * np.exp(-barrier / (units.kB * 1500))
    assert rates.forward[2] == pytest.approx(classical, rel=2e-3)


def test_rates_balance(rates):
    ratio = rates.forward / rates.reverse
    constant = np.exp(-rates.reaction_free_energy / (units.kB * rates.temperatures))
    np.testing.assert_allclose(ratio, constant, rtol=1e-9)


def test_free_energies_are_those_of_ase(rates):
    for k, modes in enumerate((rates.reactant, rates.saddle, rates.product)):
        energies = modes.frequencies[modes.order :] * units.invcm
        for column, temperature in enumerate(rates.temperatures):
            free = HarmonicThermo(energies, modes.energy).get_helmholtz_energy(temperature, False)
            assert rates.free_energies[k, column] == pytest.approx(free, abs=1e-10)


@pytest.mark.parametrize(
    ("name", "geometry", "symmetry", "spin"),
    [("N2", "linear", 2, 0), ("NO2", "nonlinear", 2, 0.5), ("H2O", "nonlinear", 2, 0)],
)
def test_a_gas_is_that_of_ase(name, geometry, symmetry, spin):
    atoms = molecule(name)
    atoms.calc = EMT()
    BFGS(atoms, logfile=None).run(fmax=1e-4, steps=500)
    atoms.calc = None
    modes = normal_modes(MoleculeLandscape(atoms, EMT, contact=0), atoms)
    expected = IdealGasThermo(
        modes.vibrations * units.invcm, geometry, modes.energy, atoms, symmetry, spin
    ).get_gibbs_energy(400, 2e5, verbose=False)
    found = IdealGas(symmetry, spin, pressure=2e5).free_energy(modes, 400)
    assert found == pytest.approx(expected, abs=1e-10)


def test_a_saddle_in_the_gas_is_one_vibration_short():
    atoms = molecule("H2O")
    atoms.calc = EMT()
    BFGS(atoms, logfile=None).run(fmax=1e-4, steps=500)
    atoms.calc = None
    minimum = normal_modes(MoleculeLandscape(atoms, EMT, contact=0), atoms)
    saddle = replace(minimum, order=1)
    lost = HarmonicThermo(minimum.vibrations[:1] * units.invcm).get_helmholtz_energy(300, False)
    difference = IdealGas().free_energy(minimum, 300) - IdealGas().free_energy(saddle, 300)
    assert difference == pytest.approx(lost, abs=1e-10)


def test_a_hindered_adsorbate_is_that_of_ase(hop):
    landscape, result = hop
    modes = normal_modes(landscape, result.path.start, region=[8, 12])
    adsorbate = modes.atoms[[8, 12]]
    adsorbate.pbc = False
    adsorbate.set_constraint()
    expected = HinderedThermo(
        modes.vibrations * units.invcm, 0.05, 0.02, 1.5e15, 6, modes.energy,
        atoms=adsorbate, symmetrynumber=2,
    ).get_helmholtz_energy(300, verbose=False)  # fmt: skip
    found = Hindered(0.05, 0.02, 1.5e15, 6, symmetry_number=2).free_energy(modes, 300)
    assert found == pytest.approx(expected, abs=1e-10)


def test_low_modes_are_raised(rates):
    modes = rates.reactant
    raised = np.maximum(modes.vibrations, 120) * units.invcm
    expected = HarmonicThermo(raised, modes.energy).get_helmholtz_energy(300, verbose=False)
    assert Harmonic(Raised(120)).free_energy(modes, 300) == pytest.approx(expected, abs=1e-10)


def test_low_modes_go_over_to_rotors_as_in_ase():
    thermochemistry = pytest.importorskip("ase.thermochemistry")
    if not hasattr(thermochemistry, "RRHOMode"):
        pytest.skip("this ASE has no rotors among its modes")
    inertia = 1e-44 * units.kg * units.m**2
    low = np.array([8.0, 60.0, 100.0, 400.0])
    expected = sum(
        thermochemistry.RRHOMode(f * units.invcm, inertia, tau=100).get_entropy(300, False)
        - thermochemistry.HarmonicMode(f * units.invcm).get_entropy(300, False)
        for f in low
    )
    assert Grimme(100).more_entropy(low, 300) == pytest.approx(expected, rel=1e-6)


def test_rows_are_numbers_with_units_in_their_names(rates):
    rows = rates.rows()
    assert [row["temperature_K"] for row in rows] == [100, 300, 1500]
    assert json.loads(json.dumps(rows)) == rows
    assert len(str(rates).splitlines()) == 4


def test_notes_say_what_is_unreliable(hop):
    landscape, result = hop
    shaken = result.path.start + 0.05 * np.random.default_rng(0).normal(size=len(result.path.start))
    path = replace(result.path, start=shaken)
    rates = reaction_rates(landscape, replace(result, path=path))
    assert any("largest force at the reactant" in note for note in rates.notes)
    assert any("`--relax-ends`" in note for note in rates.notes)
    assert reaction_rates(landscape, result).notes == ()


def test_bad_temperatures_and_paths_without_a_saddle_are_refused(hop):
    landscape, result = hop
    with pytest.raises(ValueError, match="positive numbers of kelvin"):
        reaction_rates(landscape, result, [0])
    with pytest.raises(ValueError, match="no saddle"):
        reaction_rates(landscape, replace(result, saddle=None))
