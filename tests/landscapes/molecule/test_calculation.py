import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.emt import EMT

from fourierpathfinder.landscapes.molecule import CalculatorError
from fourierpathfinder.landscapes.molecule.calculation import Calculation, energy_and_gradient


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
    np.testing.assert_allclose(gradient, 2 * copper.positions)
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
        np.testing.assert_allclose(gradient, -copper.get_forces(), atol=1e-12)
        assert each.name == "EMT"


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
    np.testing.assert_allclose(together, alone, rtol=1e-12)


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
