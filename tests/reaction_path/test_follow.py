"""Minimum-energy paths against small-step descents on the landscape itself."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.interpolate import PchipInterpolator

from fourierpathfinder import Direct, Surrogate, find_path, minimum_energy_path
from fourierpathfinder.landscapes import FunctionLandscape
from fourierpathfinder.landscapes.toy import lennard_jones, mueller_brown, two_channels


def descent(landscape, x, masses, span):
    """A small-step descent (K, D) from beside a saddle."""

    def velocity(_, y):
        return -landscape.value_and_grad(y[None])[1][0] / masses

    return solve_ivp(velocity, (0, span), x, method="RK45", rtol=1e-8, atol=1e-8).y.T


def hessian(landscape, x, step=1e-4):
    shifts = step * np.eye(len(x))
    gradients = landscape.value_and_grad(np.concatenate([x + shifts, x - shifts]))[1]
    return (gradients[: len(x)] - gradients[len(x) :]) / (2 * step)


def reference(landscape, saddle, tangent, masses, span, first=1e-3):
    """Both branches of the descent, from the saddle on."""
    root = 1 / np.sqrt(masses)
    _, modes = np.linalg.eigh(root[:, None] * hessian(landscape, saddle) * root)
    mode = root * modes[:, 0]
    mode *= np.sign(mode @ tangent) / np.linalg.norm(mode)
    return [descent(landscape, saddle + side * first * mode, masses, span) for side in (-1, 1)]


def distances(followed, points):
    """From each point to the path."""
    lengths = np.linspace(followed.lengths[0], followed.lengths[-1], 3001)
    line = PchipInterpolator(followed.lengths, followed.points)(lengths)
    return np.array([np.linalg.norm(line - x, axis=1).min() for x in points])


class Weighted:
    """A landscape with masses."""

    def __init__(self, landscape, masses):
        self.landscape, self.masses = landscape, np.asarray(masses)

    def value_and_grad(self, points):
        return self.landscape.value_and_grad(points)

    def mass_matrix(self):
        return np.diag(self.masses)


@pytest.mark.parametrize(
    ("toy", "span", "within"),
    [(mueller_brown(), 0.05, 0.02), (two_channels(), 12.0, 0.02)],
    ids=["mueller_brown", "two_channels"],
)
@pytest.mark.parametrize("masses", [(1.0, 1.0), (1.0, 6.0)], ids=["plain", "weighted"])
def test_the_valleys_of_toys(toy, span, within, masses):
    landscape = Weighted(toy, masses)
    result = find_path(landscape, toy.start, toy.end, method=Surrogate(), rng=0)
    followed = minimum_energy_path(landscape, result)
    assert followed.success
    assert followed.mass_weighted
    assert followed.n_gradients <= 25
    tangent = result.path.velocity(result.saddle.time)
    branches = reference(toy, followed.points[followed.top], tangent, np.array(masses), span)
    for points in branches:
        assert np.sqrt(np.mean(distances(followed, points) ** 2)) < within
    values, gradients = toy.value_and_grad(followed.points)
    size = result.height - values.min()
    assert np.abs(values - followed.values).max() < 5e-3 * size
    assert (np.abs(values - followed.values) <= followed.errors + 1e-3 * size).all()
    slopes = np.linalg.norm(gradients, axis=1).max()
    assert np.linalg.norm(gradients - followed.gradients, axis=1).max() < 0.1 * slopes


def test_its_ends_and_its_top():
    toy = mueller_brown()
    result = find_path(toy, toy.start, toy.end, method=Surrogate(), rng=0)
    followed = minimum_energy_path(toy, result, n_points=31)
    assert followed.points.shape == (31, 2)
    assert followed.lengths[followed.top] == 0
    assert (np.diff(followed.lengths) > 0).all()
    assert followed.values.argmax() == followed.top
    assert (np.diff(followed.values[: followed.top + 1]) > 0).all()
    assert (np.diff(followed.values[followed.top :]) < 0).all()
    assert followed.neighbours[0].is_end == "start"
    # the way down from the highest saddle ends at the minimum between, which is new
    new = followed.neighbours[1]
    assert new.is_end == ""
    assert not new.problem
    assert np.linalg.norm(toy.minima - new.position, axis=1).min() < 0.01
    assert not followed.connects_the_ends


def test_a_cluster_of_atoms():
    toy = lennard_jones(7)
    result = find_path(toy, toy.start, toy.end, method=Surrogate(), rng=0)
    followed = minimum_energy_path(toy, result)
    assert followed.success
    values, gradients = toy.value_and_grad(followed.points)
    assert np.abs(values - followed.values).max() < 0.02 * (result.height - values.min())
    ends = np.linalg.norm(gradients[[0, -1]], axis=1)
    assert ends.max() < 0.05 * np.linalg.norm(gradients, axis=1).max()


def test_after_a_method_that_keeps_no_evaluations():
    toy = two_channels()
    result = find_path(toy, toy.start, toy.end, method=Surrogate(), rng=0)
    other = find_path(toy, toy.start, toy.end, method=Direct(), rng=0)
    with pytest.raises(ValueError, match="no saddle"):
        minimum_energy_path(toy, other)
    from dataclasses import replace

    bare = minimum_energy_path(toy, replace(result, evaluations=None))
    full = minimum_energy_path(toy, result)
    assert bare.success
    assert bare.n_gradients > full.n_gradients
    assert np.abs(distances(full, bare.points)).max() < 0.03


def test_the_budget_is_kept():
    toy = mueller_brown()
    result = find_path(toy, toy.start, toy.end, method=Surrogate(), rng=0)
    followed = minimum_energy_path(toy, result, max_gradients=2)
    assert not followed.success
    assert "budget" in followed.message
    assert followed.n_gradients <= 2
    assert followed.errors.max() > 0


def test_a_landscape_that_fails_on_the_way():
    toy = mueller_brown()
    result = find_path(toy, toy.start, toy.end, method=Surrogate(), rng=0)

    class Failing:
        def value_and_grad(self, points):
            values, gradients = toy.value_and_grad(points)
            return np.full_like(values, np.nan), gradients

    followed = minimum_energy_path(Failing(), result)
    assert not followed.success
    assert "could not be evaluated" in followed.message


def test_what_makes_no_sense():
    toy = two_channels()
    result = find_path(toy, toy.start, toy.end, method=Surrogate(), rng=0)
    for wrong in ({"tol": 0}, {"n_points": 2}, {"max_gradients": 0}, {"mass_weighted": True}):
        with pytest.raises(ValueError, match=f"`{next(iter(wrong))}`"):
            minimum_energy_path(toy, result, **wrong)
    with pytest.raises(TypeError, match="find_path"):
        minimum_energy_path(toy, toy.saddle)


def test_a_plain_function():
    """f = (x² - 1)² + 4 (y - x²)²: two minima, and a bent valley between them."""

    def gradient(x):
        bend = x[1] - x[0] ** 2
        return np.array([4 * x[0] * (x[0] ** 2 - 1) - 16 * x[0] * bend, 8 * bend])

    def function(x):
        return (x[0] ** 2 - 1) ** 2 + 4 * (x[1] - x[0] ** 2) ** 2

    landscape = FunctionLandscape(function, gradient)
    result = find_path(
        landscape, np.array([-1.0, 1]), np.array([1.0, 1]), method=Surrogate(), rng=0
    )
    followed = minimum_energy_path(landscape, result)
    assert followed.connects_the_ends
    assert np.abs(followed.points[followed.top]).max() < 0.02
