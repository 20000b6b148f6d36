import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones
from ase.calculators.singlepoint import SinglePointCalculator

from fourierpathfinder import Surrogate, find_path
from fourierpathfinder.atoms import CalculatorError
from fourierpathfinder.atoms.calculation import Calculation, energy_and_gradient
from fourierpathfinder.landscapes import MoleculeLandscape
from fourierpathfinder.storage.checkpoint import CheckpointError

from ..tolerances import assert_close


class Smeared(Calculator):
    """A harmonic calculator whose energy and free energy differ, as with smeared occupations."""

    implemented_properties = ("energy", "free_energy", "forces")
    n_calculations = 0

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        self.n_calculations += 1
        free_energy = float((atoms.positions**2).sum())
        self.results = {
            "free_energy": free_energy, "energy": free_energy + 0.5, "forces": -2 * atoms.positions
        }  # fmt: skip


class Touching(Smeared):
    """One that moves what it was given, as one does that relaxes it."""

    by = 0.0
    stretch = 1.0

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        atoms.positions += self.by
        atoms.set_cell(atoms.cell * self.stretch)


@pytest.mark.parametrize(("by", "stretch"), [(0.01, 1.0), (0.0, 1.1)])
def test_a_calculator_that_changes_the_structure_is_refused(by, stretch):
    calculator = Touching()
    calculator.by, calculator.stretch = by, stretch
    atoms = Atoms("H2", [(0, 0, 0), (0, 0, 0.74)], cell=[8, 8, 8], pbc=True)
    landscape = MoleculeLandscape(atoms, calculator)
    with pytest.raises(CalculatorError, match="has changed the structure"):
        landscape.value_and_grad(landscape.coordinates(atoms)[None])


def test_a_calculator_that_puts_atoms_back_into_the_cell_is_none_that_moves_them():
    calculator = Touching()
    calculator.by = np.array([0.0, 8.0, -16.0])
    atoms = Atoms("H2", [(0, 0, 0), (0, 0, 0.74)], cell=[8, 8, 8], pbc=True)
    landscape = MoleculeLandscape(atoms, calculator)
    assert np.isfinite(landscape.value_and_grad(landscape.coordinates(atoms)[None])[0]).all()


class WithoutFreeEnergy(Smeared):
    implemented_properties = ("energy", "forces")


class Unpicklable(EMT):
    def __init__(self):
        super().__init__()
        self.handle = threading.Lock()


class FailsOnce(EMT):
    n_resets = 0

    def calculate(self, *args):
        if not self.n_resets:
            raise ValueError("no convergence")
        super().calculate(*args)

    def reset(self):
        self.n_resets += 1
        super().reset()


@pytest.fixture
def copper():
    atoms = bulk("Cu", cubic=True)
    atoms.rattle(0.1, seed=1)
    return atoms


@pytest.mark.parametrize(("kind", "extra"), [(Smeared, 0.0), (WithoutFreeEnergy, 0.5)])
def test_the_energy_is_the_one_that_belongs_to_the_forces(copper, kind, extra):
    copper.calc = kind()
    energy, gradient = energy_and_gradient(copper)
    assert energy == pytest.approx((copper.positions**2).sum() + extra)
    assert_close(gradient, 2 * copper.positions)
    assert copper.calc.n_calculations == 1


@pytest.mark.parametrize(
    "calculator", [EMT(), EMT, partial(EMT)], ids=["instance", "class", "partial"]
)
def test_instance_and_factories_agree_before_and_after_pickling(copper, calculator):
    calculation = Calculation(copper, calculator)
    copper.calc = EMT()
    for each in (calculation, pickle.loads(pickle.dumps(calculation))):
        energy, gradient = each(copper.positions)
        assert energy == pytest.approx(copper.get_potential_energy(), abs=1e-12)
        assert_close(gradient, -copper.get_forces())
        assert each.name == "EMT"


def gfn2_xtb(**settings):
    tblite = pytest.importorskip("tblite.ase", reason="tblite has no wheel for this machine")
    return partial(tblite.TBLite, method="GFN2-xTB", verbosity=0, **settings)


def energy_of(atoms, calculator):
    landscape = MoleculeLandscape(atoms, calculator)
    values, _ = landscape.value_and_grad(landscape.coordinates(atoms)[None])
    return float(values[0])


def test_charge_and_spin_of_a_calculator_are_left_alone():
    water = molecule("H2O")
    ion = gfn2_xtb(charge=1, multiplicity=2)
    water.calc = ion()
    expected = water.get_potential_energy()
    assert energy_of(water, ion) == pytest.approx(expected, abs=1e-9)
    assert energy_of(water, gfn2_xtb()) < expected - 10
    assert energy_of(water, gfn2_xtb(charge=1, multiplicity=4)) > expected + 10


def test_charges_and_moments_of_atoms_reach_the_calculator():
    water = molecule("H2O")
    water.set_initial_charges([0, 0, 1.0])
    water.set_initial_magnetic_moments([1.0, 0, 0])
    expected = energy_of(molecule("H2O"), gfn2_xtb(charge=1, multiplicity=2))
    assert energy_of(water, gfn2_xtb()) == pytest.approx(expected, abs=1e-6)


def test_triplet_oxygen_stays_a_triplet_along_a_path():
    pytest.importorskip("tblite.ase", reason="tblite has no wheel for this machine")
    oxygen = molecule("O2")  # ASE's own has its two moments
    landscape = MoleculeLandscape(oxygen, gfn2_xtb())
    points = landscape.coordinates(oxygen) * np.array([[1.0], [1.1], [1.2]])
    values, _ = landscape.value_and_grad(points)
    for point, value in zip(points, values, strict=True):
        atoms = landscape.atoms(point)
        assert atoms.get_initial_magnetic_moments().sum() == pytest.approx(2)
        atoms.calc = gfn2_xtb(multiplicity=3)()
        assert value == pytest.approx(atoms.get_potential_energy(), abs=1e-6)


@pytest.mark.parametrize("calculator", [EMT, Smeared, WithoutFreeEnergy])
def test_structures_carry_the_energy_as_ase_would_ask_for_it(copper, calculator):
    landscape = MoleculeLandscape(copper, calculator)
    point = landscape.coordinates(copper)
    values, gradients = landscape.value_and_grad(point[None])
    image = landscape.atoms(point, values[0], gradients[0])
    for consistent in (False, True):
        assert image.get_potential_energy(force_consistent=consistent) == values[0]


def test_a_landscape_says_by_what_it_is_calculated(copper):
    assert (
        MoleculeLandscape(copper, EMT()).description == MoleculeLandscape(copper, EMT).description
    )
    assert (
        "ase.calculators.emt.EMT(asap_cutoff=False)" in MoleculeLandscape(copper, EMT).description
    )
    other = MoleculeLandscape(copper, partial(EMT, asap_cutoff=True))
    assert "EMT(asap_cutoff=True)" in other.description


def test_a_checkpoint_of_another_calculator_is_refused_by_name(tmp_path):
    start = Atoms("Cu4", [(0, 0, 0), (2.3, 0, 0), (1.2, 2, 0), (1.2, 0.7, 1.9)])
    end = start.copy()
    end.positions[3, 2] *= -1
    file = tmp_path / "run.npz"

    def find(calculator, **options):
        landscape = MoleculeLandscape(start, calculator)
        return find_path(landscape, start, end, rng=0, checkpoint=file, **options)

    result = find(EMT, max_gradients=6)
    with pytest.raises(
        CheckpointError, match=r"its calculator is '.*EMT\(asap_cutoff=False\)', this"
    ):
        find(partial(EMT, asap_cutoff=True))
    with pytest.raises(CheckpointError, match=r"this run's '.*LennardJones\("):
        find(LennardJones)
    with pytest.raises(
        CheckpointError, match=r"its method is .*tol=0.001.*, this run's .*tol=0.01"
    ):
        find(EMT, method=Surrogate(tol=0.01))
    assert find(EMT, max_gradients=6).height == result.height


def test_what_cannot_be_pickled_asks_for_a_factory(copper):
    with pytest.raises(TypeError, match=r"Unpicklable\) cannot be sent .* give .* a function"):
        pickle.dumps(Calculation(copper, Unpicklable()))
    pickle.loads(pickle.dumps(Calculation(copper, Unpicklable)))(copper.positions)


def test_a_used_calculation_pickles(copper):
    calculation = Calculation(copper, Unpicklable)
    calculation(copper.positions)
    pickle.loads(pickle.dumps(calculation))(copper.positions)


def test_every_thread_has_its_own_calculator(copper):
    made = []

    def factory():
        made.append(threading.get_ident())
        return EMT()

    calculation = Calculation(copper, factory)
    barrier = threading.Barrier(3)

    def work(_):
        barrier.wait()
        return [calculation(copper.positions)[0] for _ in range(5)]

    with ThreadPoolExecutor(3) as pool:
        energies = [energy for batch in pool.map(work, range(3)) for energy in batch]
    assert len(made) == len(set(made)) == 3
    assert len(set(energies)) == 1


def test_threads_take_turns_with_one_instance(copper):
    calculation = Calculation(copper, EMT())
    stretched = [copper.positions * (1 + 0.01 * k) for k in range(8)]
    alone = [calculation(positions)[0] for positions in stretched]
    with ThreadPoolExecutor(4) as pool:
        together = [energy for energy, _ in pool.map(calculation, stretched)]
    assert_close(together, alone)


def test_a_failed_calculator_is_reset(copper):
    calculation = Calculation(copper, FailsOnce())
    with pytest.raises(ValueError, match="no convergence"):
        calculation(copper.positions)
    assert np.isfinite(calculation(copper.positions)[0])


def test_a_failed_calculator_of_a_factory_is_replaced(copper):
    made = []

    def factory():
        made.append(FailsOnce())
        made[-1].n_resets = len(made) - 1
        return made[-1]

    calculation = Calculation(copper, factory)
    with pytest.raises(ValueError, match="no convergence"):
        calculation(copper.positions)
    assert np.isfinite(calculation(copper.positions)[0])
    assert len(made) == 2


def test_other_things_are_refused(copper):
    with pytest.raises(TypeError, match="`calculator` is a str; it must be an ASE calculator"):
        Calculation(copper, "emt")
    with pytest.raises(TypeError, match="`calculator` returned a dict when called"):
        Calculation(copper, dict).prepare()


def test_the_error_survives_pickling():
    error = pickle.loads(pickle.dumps(CalculatorError("EMT failed", np.arange(3.0))))
    assert str(error) == "EMT failed"
    np.testing.assert_array_equal(error.point, np.arange(3.0))


def test_energies_read_from_a_file_are_no_calculator(hcn):
    remembered = SinglePointCalculator(hcn, energy=1.0)
    with pytest.raises(TypeError, match="only remembers the energy"):
        Calculation(hcn, remembered)
