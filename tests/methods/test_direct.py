"""The direct method: the known heights within few gradients, judged by sampling its paths."""

from dataclasses import replace

import numpy as np
import pytest

from fourierpathfinder import Direct, SinePath, Status, find_path
from fourierpathfinder.evaluation import Evaluator
from fourierpathfinder.landscapes.toy import (
    lennard_jones,
    leps_harmonic,
    mueller_brown,
    two_channels,
)

LJ7 = lennard_jones(7)
CROSSING = {3, 6, 7, 9, 10}
"""Rearrangements of seven atoms whose straight line leads atoms through each other."""

PROBLEMS = [
    pytest.param(two_channels(), 0, 160, id="two channels"),
    pytest.param(mueller_brown(), 0, 224, id="mueller-brown"),
    pytest.param(mueller_brown(), 1, 224, id="mueller-brown, short"),
    pytest.param(leps_harmonic(), 0, 160, id="leps"),
    *(
        pytest.param(LJ7, k, 350 if k in CROSSING else 110 if k == 8 else 96, id=f"lj7, {k}")
        for k in range(len(LJ7.rearrangements))
    ),
]


def dense_height(landscape, path, n=2001):
    return landscape.value_and_grad(path(np.linspace(0, 1, n)))[0].max()


def error(landscape, known, result):
    """How far a path's true height lies above the known one, in units of the rise."""
    rise = known.height - min(result.start_value, result.end_value)
    return (dense_height(landscape, result.path) - known.height) / rise


@pytest.mark.statistical
@pytest.mark.parametrize(("toy", "which", "max_gradients"), PROBLEMS)
def test_known_heights_within_few_gradients(toy, which, max_gradients, last_bits):
    known = toy.rearrangements[which]
    ends = known.start, known.end
    for seed, changed in enumerate(last_bits(toy, 5)):
        result = find_path(changed, *ends, method=Direct(), rng=seed, max_gradients=max_gradients)
        assert -1e-6 < error(toy, known, result) < 2e-3
        assert result.n_gradients <= max_gradients
        rise = known.height - min(result.start_value, result.end_value)
        missed = dense_height(toy, result.path) - result.height
        assert -1e-5 * rise < missed <= result.height_error + 1e-9 * rise


@pytest.mark.statistical
@pytest.mark.parametrize(
    "toy", [two_channels(), mueller_brown(), LJ7], ids=["channels", "mb", "lj"]
)
def test_it_sees_by_itself_when_it_is_done(toy, last_bits):
    for seed, changed in enumerate(last_bits(toy, 5)):
        result = find_path(changed, toy.start, toy.end, method=Direct(), rng=seed)
        assert result.status is Status.CONVERGED
        assert result.success
        assert result.n_gradients < 260
        assert error(toy, toy.rearrangements[0], result) < 2e-3


@pytest.mark.statistical
@pytest.mark.parametrize("n_terms", [8, 10])
@pytest.mark.parametrize("toy", [two_channels(), mueller_brown()], ids=["channels", "mb"])
def test_longer_runs_do_not_slip_over_the_barrier(toy, n_terms, last_bits):
    """The points could be spread so that the barrier falls between two of them."""
    settings, ends = Direct(n_terms=n_terms, tol=1e-6), (toy.start, toy.end)
    for seed, changed in enumerate(last_bits(toy, 3)):
        result = find_path(changed, *ends, method=settings, rng=seed, max_gradients=800)
        assert error(toy, toy.rearrangements[0], result) < 4e-3


class Pass:
    """A wall across the way, lowest at |y| = π/4: the straight line is a ridge by symmetry."""

    def __init__(self, depth):
        self.depth = depth

    def value_and_grad(self, points):
        x, y = points.T
        wall, cut = np.exp(-4 * x**2), 1 - self.depth * np.sin(2 * y) ** 2
        slopes = -8 * x * wall * cut, -2 * self.depth * wall * np.sin(4 * y) + 0.04 * y
        return wall * cut + 0.02 * y**2, np.stack(slopes, axis=-1)


@pytest.mark.statistical
@pytest.mark.parametrize("depth", [0.1, 0.2, 0.3, 0.5])
def test_a_symmetric_start_is_left(depth, last_bits):
    start, end = np.array([-1.5, 0.0]), np.array([1.5, 0.0])
    known = 1 - depth + 0.02 * (np.pi / 4) ** 2
    exact = Pass(depth)
    for seed, landscape in enumerate([exact, exact, *last_bits(exact, 5)]):
        result = find_path(landscape, start, end, method=Direct(), rng=seed)
        assert result.height == pytest.approx(known, abs=2e-3)


@pytest.mark.statistical
@pytest.mark.parametrize("n_coordinates", [2, 30])
def test_a_valley_without_a_barrier(n_coordinates, last_bits):
    """f = (|x|² - 1)²: the rise goes to zero, and with it the unit of the tolerance."""

    class Ring:
        def value_and_grad(self, points):
            excess = (points**2).sum(-1) - 1
            return excess**2, 4 * excess[:, None] * points

    start = np.eye(n_coordinates)[0]
    for seed, changed in enumerate(last_bits(Ring(), 2)):
        result = find_path(changed, -start, start, method=Direct(), rng=seed)
        assert result.status is Status.CONVERGED
        assert result.height < 1e-3


@pytest.mark.statistical
def test_a_path_that_only_falls(last_bits):
    class Slope:
        def value_and_grad(self, points):
            return points[:, 0], np.array([[1.0, 0.0]]) + 0 * points

    ends = np.array([1.0, 0.0]), np.array([-1.0, 0.5])
    for seed, changed in enumerate(last_bits(Slope(), 5)):
        result = find_path(changed, *ends, method=Direct(), rng=seed)
        assert result.status is Status.CONVERGED
        assert result.height == pytest.approx(1.0, abs=1e-9)
        assert result.barrier == pytest.approx(0.0, abs=1e-9)


def test_a_flat_landscape():
    class Flat:
        def value_and_grad(self, points):
            return 0 * points[:, 0] + 2.0, 0 * points

    result = find_path(Flat(), np.zeros(3), np.ones(3), method=Direct(), rng=0)
    assert result.height == 2.0
    assert result.status is Status.CONVERGED


def test_the_unstraight_path_given_is_where_it_begins(rng):
    toy = mueller_brown()
    path = SinePath(toy.start, toy.end, 0.1 * rng.normal(size=(8, 2)))
    run = Direct().start(Evaluator(toy), path, rng)
    assert (run.state.coefficients == path.coefficients).all()


def test_the_ends_are_evaluated_once():
    toy, seen = mueller_brown(), []

    class Recording:
        def value_and_grad(self, points):
            seen.extend(points)
            return toy.value_and_grad(points)

    find_path(Recording(), toy.start, toy.end, method=Direct(), rng=0)
    for end in (toy.start, toy.end):
        assert sum(np.abs(point - end).max() < 1e-12 for point in seen) == 1


def test_an_iteration_limit_is_told(monkeypatch):
    monkeypatch.setattr("fourierpathfinder.methods.direct._MAX_ITERATIONS", 6)
    toy = mueller_brown()
    result = find_path(toy, toy.start, toy.end, method=Direct(), rng=0)
    assert result.status is Status.MAX_ITERATIONS
    assert result.n_iterations == 6
    assert "allow more" in result.message


@pytest.mark.statistical
def test_more_terms_and_points_serve_as_well(last_bits):
    toy = mueller_brown()
    for settings in (Direct(n_terms=12, n_points=24), Direct(n_terms=6, n_points=16, beta=100)):
        for seed, changed in enumerate(last_bits(toy, 5)):
            result = find_path(changed, toy.start, toy.end, method=settings, rng=seed)
            assert error(toy, toy.rearrangements[0], result) < 3e-3


@pytest.mark.parametrize("name", ["n_terms", "n_points", "beta", "speed_penalty", "tol"])
@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_settings_that_make_no_sense(name, value):
    kind = TypeError if name.startswith("n_") and value != value else ValueError
    with pytest.raises(kind, match=f"`{name}` is {value}; it must be"):
        replace(Direct(), **{name: value})
