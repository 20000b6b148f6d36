"""Calculators that take whole batches: the same results, in one call."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT

from fourierpathfinder.atoms import CrystalLandscape, MoleculeLandscape
from fourierpathfinder.atoms.calculation import CalculatorError


class Batches(EMT):
    """EMT that counts its batches, and fails in one that holds a marked structure."""

    def __init__(self):
        super().__init__()
        self.sizes, self.fails, self.gives = [], False, None

    def calculate_batch(self, structures):
        self.sizes.append(len(structures))
        if self.fails:
            raise RuntimeError("out of memory")
        found = []
        for atoms in structures[: self.gives]:
            self.calculate(atoms, ["energy", "forces", "stress"])
            found.append(dict(self.results))
        return found


@pytest.fixture(params=[MoleculeLandscape, CrystalLandscape])
def kind(request):
    return request.param


@pytest.fixture
def points(kind, rng):
    copper = bulk("Cu", cubic=True)
    x = kind(copper, EMT).coordinates(copper)
    return x + 0.05 * rng.normal(size=(3, len(x)))


def test_a_batch_has_the_values_of_single_calls(kind, points):
    calculator = Batches()
    landscape = kind(bulk("Cu", cubic=True), calculator)
    values, gradients = landscape.value_and_grad(points)
    expected, slopes = kind(bulk("Cu", cubic=True), EMT).value_and_grad(points)
    assert calculator.sizes == [3]
    np.testing.assert_allclose(values, expected, atol=1e-10)
    np.testing.assert_allclose(gradients, slopes, atol=1e-10)


def test_one_point_is_no_batch(kind, points):
    calculator = Batches()
    kind(bulk("Cu", cubic=True), calculator).value_and_grad(points[:1])
    assert calculator.sizes == []


def test_overlapping_atoms_are_left_out_of_a_batch(kind, points):
    calculator = Batches()
    landscape = kind(bulk("Cu", cubic=True), calculator)
    points[1, -3:] = points[1, -6:-3]
    values, gradients = landscape.value_and_grad(points)
    assert calculator.sizes == [2]
    expected, slopes = kind(bulk("Cu", cubic=True), EMT).value_and_grad(points)
    np.testing.assert_allclose(values, expected, atol=1e-10)
    np.testing.assert_allclose(gradients, slopes, atol=1e-10)


def test_where_a_batch_fails_each_point_is_calculated(kind, points, caplog):
    calculator = Batches()
    calculator.fails = True
    values, _ = kind(bulk("Cu", cubic=True), calculator).value_and_grad(points)
    np.testing.assert_allclose(
        values, kind(bulk("Cu", cubic=True), EMT).value_and_grad(points)[0], atol=1e-10
    )
    assert "Batches failed in a batch of 3 (RuntimeError: out of memory)" in caplog.text


def test_a_batch_with_too_few_results_is_not_believed(points, kind, caplog):
    calculator = Batches()
    calculator.gives = 2
    values, _ = kind(bulk("Cu", cubic=True), calculator).value_and_grad(points)
    assert np.isfinite(values).all()
    assert "gave 2 results for 3 structures" in caplog.text


def test_a_point_that_fails_by_itself_is_named(points, kind, monkeypatch):
    calculator = Batches()
    calculator.fails = True

    def broken(*arguments):
        raise RuntimeError("broken")

    monkeypatch.setattr(calculator, "calculate", broken)
    with pytest.raises(CalculatorError, match="RuntimeError at point 0 of 3: broken"):
        kind(bulk("Cu", cubic=True), calculator).value_and_grad(points)


def example(name):

    file = Path(__file__).parents[2] / "examples" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_torch_model_agrees_with_finite_differences_and_with_its_batches(rng):
    pytest.importorskip("torch")
    make = example("torch_potential").make
    atoms = bulk("Ar", "fcc", a=5.3, cubic=True)
    for kind in (MoleculeLandscape, CrystalLandscape):
        landscape = kind(atoms, make())
        x = landscape.coordinates(atoms)
        x = x + 0.1 * rng.normal(size=len(x))
        single, gradient = landscape.value_and_grad(x[None])
        steps = np.concatenate([sign * 1e-4 * np.eye(len(x)) for sign in (1, -1)])
        values, _ = landscape.value_and_grad(np.concatenate([x[None], x + steps]))
        assert values[0] == pytest.approx(single[0], abs=1e-10)
        up, down = values[1:].reshape(2, -1)
        np.testing.assert_allclose(gradient[0], (up - down) / 2e-4, atol=1e-6)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_chgnet_gives_in_batches_what_it_gives_alone(rng):
    pytest.importorskip("chgnet", reason="needs chgnet (pip install chgnet), which brings weights")
    salt = bulk("NaCl", "rocksalt", a=5.64, cubic=True)
    for kind in (MoleculeLandscape, CrystalLandscape):
        landscape = kind(salt, example("chgnet_calculator").make)
        x = landscape.coordinates(salt)
        points = x + 0.05 * rng.normal(size=(2, len(x)))
        values, gradients = landscape.value_and_grad(points)
        for point, value, gradient in zip(points, values, gradients, strict=True):
            alone, slope = landscape.value_and_grad(point[None])
            assert value == pytest.approx(alone[0], abs=1e-4)  # single precision
            np.testing.assert_allclose(gradient, slope[0], atol=2e-3)
