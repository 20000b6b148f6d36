"""Where known saddles lead, and what is said where that cannot be found out."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import add_adsorbate, fcc100
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms
from ase.optimize import BFGS

from fourierpathfinder import Direct, Surrogate, find_path
from fourierpathfinder.landscapes import FunctionLandscape, MoleculeLandscape, as_landscape
from fourierpathfinder.landscapes.toy import lennard_jones, mueller_brown, two_channels
from fourierpathfinder.saddle import verify_saddle

from .landscapes import Counting, DoubleWell, Failing, Quadratic


@pytest.mark.parametrize("toy", [two_channels(), lennard_jones(7)], ids=["two channels", "LJ7"])
def test_a_right_saddle_is_confirmed_and_every_gradient_counted(toy):
    landscape = Counting(toy)
    result = find_path(landscape, toy.start, toy.end, method=Surrogate(), rng=0)
    landscape.n_gradients = 0
    report = verify_saddle(landscape, result, rng=0)
    assert report.connects_the_ends
    assert report.n_negative == 1
    assert report.n_gradients == landscape.n_gradients
    assert "a first-order saddle" in str(report)
    assert f"{report.n_gradients} gradients" in str(report)


def test_a_landscape_that_answers_in_the_same_memory_is_verified_like_any_other():
    toy = two_channels()
    result = find_path(toy, toy.start, toy.end, rng=0)

    class Reusing:
        gradients = np.empty((64, 2))

        def value_and_grad(self, points):
            values, gradients = toy.value_and_grad(points)
            self.gradients[: len(points)] = gradients
            return values, self.gradients[: len(points)]

    reports = [verify_saddle(landscape, result, rng=0) for landscape in (toy, Reusing())]
    assert reports[1].connects_the_ends
    assert reports[0].n_gradients == reports[1].n_gradients


def test_a_minimum_between_saddle_and_end_is_reported():
    """Müller-Brown's path has a third minimum on its way."""
    toy = mueller_brown()
    result = find_path(toy, toy.start, toy.end, method=Direct(), rng=0)
    report = verify_saddle(toy, result, rng=0)
    assert not report.connects_the_ends
    new = [neighbour for neighbour in report.neighbours if not neighbour.is_end]
    assert [neighbour.value for neighbour in new] == pytest.approx([-80.768], abs=1e-3)
    assert "a minimum that is neither end, at -80.76" in str(report)


@pytest.mark.parametrize("length", [1e-6, 1e3, 1e6])
@pytest.mark.parametrize("height", [1e-8, 1.0, 1e8])
def test_the_verdict_is_the_same_in_all_units(length, height):
    toy = two_channels()

    def scaled(points):
        values, gradients = toy.value_and_grad(points / length)
        return height * values, height / length * gradients

    landscape = FunctionLandscape(scaled, gradient=True, batched=True)
    result = find_path(landscape, length * toy.start, length * toy.end, method=Surrogate(), rng=0)
    report = verify_saddle(landscape, result, rng=0)
    assert report.connects_the_ends
    assert report.n_negative == 1


def test_without_a_saddle_the_top_of_the_path_is_looked_at():
    toy = two_channels()
    result = find_path(toy, toy.start, toy.end, method=Direct(), rng=0)
    assert result.saddle is None
    assert verify_saddle(toy, result, rng=0).connects_the_ends


def test_a_minimum_is_no_saddle():
    landscape = Quadratic(np.diag([1.0, 3.0]))
    result = find_path(landscape, np.array([-1.0, 0.3]), np.array([1.0, 0.0]), method=Direct())
    report = verify_saddle(landscape, result, rng=0)
    assert report.n_negative == 0
    assert report.neighbours == ()
    assert "no saddle but a minimum" in str(report)


def test_one_coordinate_is_enough():
    landscape = DoubleWell(1.0)
    result = find_path(landscape, np.array([-0.7]), np.array([1.3]), rng=0)
    report = verify_saddle(landscape, result, rng=0)
    assert report.connects_the_ends
    assert "lowest curvatures -4" in str(report)


@pytest.fixture(scope="module")
def hop():
    """H from hollow to hollow on Cu(100): 0.04 eV high, curving down by 0.06 eV/Å² only."""

    def end(k):
        slab = fcc100("Cu", size=(3, 3, 2), vacuum=6)
        add_adsorbate(slab, "H", 0.9, "hollow", offset=(k, 0))
        slab.set_constraint(FixAtoms(range(18)))
        slab.calc = EMT()
        BFGS(slab, logfile=None).run(fmax=1e-3)
        slab.calc = None
        return slab

    start, finish = end(0), end(1)
    landscape = MoleculeLandscape(start, EMT)
    return landscape, find_path(landscape, start, finish, rng=0)


@pytest.mark.parametrize("tolerance", [0.03, 0.01, 1e-3])
def test_a_flat_saddle_joins_its_ends_at_any_tolerance(hop, tolerance):
    landscape, result = hop
    report = verify_saddle(landscape, result, gradient_tolerance=tolerance, rng=0)
    assert report.curvatures.values[0] == pytest.approx(-0.06, abs=0.01)
    assert report.connects_the_ends


@pytest.fixture(scope="module")
def flip():
    pyramid = Atoms("Cu4", [(0, 0, 0), (2.3, 0, 0), (1.2, 2, 0), (1.2, 0.7, 1.9)])
    turned = pyramid.copy()
    turned.positions[3, 2] *= -1
    landscape = MoleculeLandscape(pyramid, EMT)
    return landscape, find_path(landscape, pyramid, turned, rng=0)


@pytest.mark.parametrize("how", ["error", "nan"])
@pytest.mark.parametrize("n_good", [0, 2, 5])
def test_a_calculator_that_fails_beside_the_saddle_is_told(flip, how, n_good):
    landscape, result = flip
    report = verify_saddle(Failing(landscape, n_good, how), result, rng=0)
    assert not report.connects_the_ends
    assert report.neighbours == ()
    assert str(report).startswith("Not verified: the calculator failed beside the saddle")


@pytest.mark.parametrize("how", ["error", "nan"])
def test_wherever_the_calculator_fails_there_is_a_report(flip, how):
    landscape, result = flip
    whole = verify_saddle(landscape, result, rng=0)
    for n_good in range(0, whole.n_gradients, 3):
        report = verify_saddle(Failing(landscape, n_good, how), result, rng=0)
        assert not report.connects_the_ends
        assert report.n_gradients <= whole.n_gradients
        assert "the calculator failed" in str(report)
        known = [neighbour for neighbour in report.neighbours if not neighbour.problem]
        assert all(np.isfinite(neighbour.value) for neighbour in known)


def test_a_descent_that_is_given_up_is_no_minimum():
    toy = lennard_jones(7)
    result = find_path(toy, toy.start, toy.end, method=Surrogate(), rng=0)
    whole = verify_saddle(toy, result, rng=0)
    report = verify_saddle(toy, result, max_gradients=whole.curvatures.n_gradients // 2 * 2, rng=0)
    for neighbour in report.neighbours:
        assert neighbour.is_end or neighbour.problem


@pytest.mark.parametrize("length", [1e-9, 1e-3, 1e8])
def test_the_unit_of_length_of_a_function_does_not_matter(length):
    def at(x):
        """The landscape in units of `length`, and its gradient and Hessian there."""
        x, y = np.asarray(x) / length
        aside = y - 0.4 * np.sin(2 * x)
        value = (x**2 - 1) ** 2 + 3 * aside**2
        slope = [4 * x * (x**2 - 1) - 4.8 * aside * np.cos(2 * x), 6 * aside]
        return float(value), np.array(slope) / length

    end = length * np.array([1.0, 0.4 * np.sin(2.0)])
    landscape = as_landscape(at, True)
    result = find_path(landscape, -end, end, rng=0)
    report = verify_saddle(landscape, result, rng=0)
    assert report.connects_the_ends, str(report)
    helped = verify_saddle(landscape, result, prior=landscape, rng=0)
    assert helped.connects_the_ends, str(helped)
    assert helped.n_gradients < report.n_gradients
    assert [neighbour.is_end for neighbour in report.neighbours] == ["start", "end"]
    hessian = [[-4 + 6 * 0.8**2, -6 * 0.8], [-6 * 0.8, 6.0]]
    expected = np.linalg.eigvalsh(hessian) / length**2
    np.testing.assert_allclose(report.curvatures.values, expected, rtol=0.02)


@pytest.mark.parametrize("offset", [0.3, 0.5, -0.4])
def test_an_end_in_a_soft_valley_is_reached(offset):
    """Where the descent enters it the force is 0.009, within the tolerance."""
    stiffness = 0.009 / abs(offset)

    def value(x):
        return 0.5 * (x[0] ** 2 - 1) ** 2 + stiffness / 2 * (x[1] - offset * x[0] ** 2) ** 2

    def gradient(x):
        gap = stiffness * (x[1] - offset * x[0] ** 2)
        return np.array([2 * x[0] * (x[0] ** 2 - 1) - 2 * gap * offset * x[0], gap])

    landscape = FunctionLandscape(value, gradient)
    ends = np.array([[-1, offset], [1, offset]])
    result = find_path(landscape, *ends, method=Surrogate(saddle_gradient=1e-4), rng=0)
    report = verify_saddle(landscape, result, rng=0)
    assert report.connects_the_ends
    assert report.n_gradients < 60
