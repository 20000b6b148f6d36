"""Deliberately broken landscapes, and the sentence that each is told."""

import numpy as np
import pytest

from fourierpathfinder._arrays import array_namespace
from fourierpathfinder.landscapes import FunctionLandscape, check_landscape

POINTS = np.random.default_rng(5).normal(size=(4, 3))


class Sound:
    """f = Σ sin x + (Σ x)² / 2, as it should be; the others break one thing each."""

    def __init__(self):
        self.n_points = 0

    def value_and_grad(self, points):
        self.n_points += points.shape[0]
        xp = array_namespace(points)
        total = xp.sum(points, axis=-1)
        return xp.sum(xp.sin(points), axis=-1) + total**2 / 2, xp.cos(points) + total[:, None]


def broken(change):
    """A landscape whose results pass through `change(points, values, gradients, self)`."""

    class Broken(Sound):
        def value_and_grad(self, points):
            return change(points, *super().value_and_grad(points), self)

    return Broken()


def explode(points, values, gradients, landscape):
    raise RuntimeError("SCF not converged")


def in_place(points, values, gradients, landscape):
    points += 1
    return values, gradients


def nan_at_2(points, values, gradients, landscape):
    return np.where(points[:, 0] == POINTS[2, 0], np.nan, values), gradients


def inf_slope_at_1(points, values, gradients, landscape):
    return values, np.where(points == POINTS[1], np.inf, gradients)


def drifting(points, values, gradients, landscape):
    return values + 1e-3 * landscape.n_points, gradients


def of_the_batch(points, values, gradients, landscape):
    return values - values.mean(), gradients


def neighbour(points, values, gradients, landscape):
    return values, np.roll(gradients, 1, axis=0)


def one_coordinate(points, values, gradients, landscape):
    return values, gradients * [1, 1, 1.01]


BROKEN = {
    "raises": (explode, r"raised RuntimeError for points of shape \(4, 3\): SCF not converged"),
    "no pair": (lambda p, v, g, s: v, "returned a ndarray; it must return a pair"),
    "value shape": (
        lambda p, v, g, s: (v[:, None], g),
        r"Values have shape \(4, 1\) for points of shape \(4, 3\); they must have \(4,\)",
    ),
    "gradient shape": (lambda p, v, g, s: (v, g.T), r"Gradients have shape \(3, 4\)"),
    "kind": (lambda p, v, g, s: (v.tolist(), g), "Values are a list; they must be a ndarray"),
    "dtype": (
        lambda p, v, g, s: (v, g.astype("float32")),
        "Gradients are of float32; they must be of float64",
    ),
    "in place": (in_place, "changed the points it was given"),
    "value not finite": (nan_at_2, "The value is not finite at 1 of 4 points: index 2"),
    "gradient not finite": (inf_slope_at_1, "The gradient is not finite at 1 of 4 .* index 1"),
    "drift": (drifting, "Two calls with the same points differ: the value .*stochastic = True"),
    "batch": (of_the_batch, "A batch and its points alone differ: the value at point"),
    "batch gradient": (neighbour, "points alone differ: the gradient at point"),
    "force": (lambda p, v, g, s: (v, -g), "The gradient is wrong .* Its sign is wrong; a force"),
    "unit": (lambda p, v, g, s: (v, 0.529 * g), "The gradient is wrong at point"),
    "one coordinate": (one_coordinate, "The gradient is wrong at point"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_defect_is_told(name):
    change, text = BROKEN[name]
    report = check_landscape(broken(change), POINTS, rng=1)
    assert not report.ok
    assert str(report).startswith("The landscape has ")
    with pytest.raises(AssertionError, match=text):
        assert report.ok, str(report)


def test_a_sound_landscape_passes_everywhere(make_array):
    for dtype in ("float32", "float64"):
        landscape = Sound()
        report = check_landscape(landscape, make_array(POINTS, dtype), rng=1)
        assert report.ok, str(report)
        assert report.problems == ()
        assert report.n_evaluations == landscape.n_points == 3 * 4 + 4 * 4 * 2
        assert report.gradient_error < (1e-9 if dtype == "float64" else 1e-2)
        assert str(report) == "The landscape passed all checks (44 evaluations)."


def test_stochastic_landscapes_are_not_asked_twice():
    rng = np.random.default_rng(0)

    def noisy(x):
        return x @ x + rng.normal()

    said = FunctionLandscape(noisy, lambda x: 2 * x, stochastic=True)
    report = check_landscape(said, POINTS)
    assert report.ok
    assert report.n_evaluations == 4
    assert np.isnan(report.gradient_error)
    unsaid = FunctionLandscape(noisy, lambda x: 2 * x)
    assert "stochastic = True" in check_landscape(unsaid, POINTS).problems[0]


def test_rounding_in_large_values_is_no_defect():
    landscape = FunctionLandscape(lambda x: 1e9 + x @ x, lambda x: 2 * x)
    assert check_landscape(landscape, POINTS, rng=0).ok


def test_curved_landscapes_are_no_defect():
    landscape = FunctionLandscape(lambda x: np.exp(20 * x[0]), lambda x: 20 * np.exp(20 * x))
    assert check_landscape(landscape, np.array([[0.1], [0.5]]), rng=0).ok


def test_the_same_rng_gives_the_same_report():
    landscape = FunctionLandscape(lambda x: x @ x, lambda x: x)
    reports = [check_landscape(landscape, POINTS, rng=3) for _ in range(2)]
    assert reports[0] == reports[1]


@pytest.mark.parametrize(
    ("points", "error", "text"),
    [
        ([[0.0]], TypeError, "got list"),
        (np.zeros((2, 2), int), TypeError, "got int64"),
        (np.zeros(3), ValueError, r"`points` has shape \(3,\); it must be \(M, D\)"),
        (np.zeros((0, 3)), ValueError, r"\(0, 3\)"),
    ],
)
def test_bad_points(points, error, text):
    with pytest.raises(error, match=text):
        check_landscape(Sound(), points)


@pytest.mark.parametrize("length", [1e-10, 1e-6, 1.0, 1e6])
def test_a_wrong_gradient_is_seen_in_all_units_of_length(length):
    def value(x):
        return np.sin(x / length).sum()

    right = FunctionLandscape(value, lambda x: np.cos(x / length) / length)
    wrong = FunctionLandscape(value, lambda x: -np.cos(x / length) / length)
    assert check_landscape(right, length * POINTS, rng=0).ok
    assert "Its sign is wrong" in str(check_landscape(wrong, length * POINTS, rng=0))
