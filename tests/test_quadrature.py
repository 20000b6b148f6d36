"""Integrals by cubics: exact where they must be, and ever better with more points elsewhere."""

from itertools import pairwise

import numpy as np
import pytest

from fourierpathfinder._arrays import to_numpy
from fourierpathfinder.evaluation import Evaluator
from fourierpathfinder.objectives import MaxFlux, SpeedPenalty
from fourierpathfinder.path import SinePath
from fourierpathfinder.problem import PathProblem
from fourierpathfinder.quadrature import Quadrature

from .tolerances import assert_close

OBJECTIVES = (MaxFlux(beta=3.0), SpeedPenalty(0.5))
START, END = np.array([-1.0, 0.3]), np.array([1.2, -0.2])
UNEVEN = np.array([0.0, 0.1, 0.35, 0.4, 0.8, 1.0])


class Quadratic:
    def value_and_grad(self, points):
        curvature = np.array([[2.0, 0.7], [0.7, -1.0]])
        slope = points @ curvature
        return (points * slope).sum(-1) / 2 + points[:, 0], slope + np.array([1.0, 0.0])


class Waves:
    def value_and_grad(self, points):
        phase = points @ np.array([1.5, 2.0])
        return np.sin(phase), np.cos(phase)[:, None] * np.array([1.5, 2.0])


def by_quadrature(landscape, path, times):
    quadrature = Quadrature.of(path, times)
    return quadrature.gradient(path, *landscape.value_and_grad(path(times)), OBJECTIVES)


def by_points(landscape, path, times):
    """The plain sum over many points, each evaluated."""
    weights = np.full(len(times), 1 / len(times))
    problem = PathProblem(Evaluator(landscape), path, times, weights)
    return problem.evaluate(path.coefficients, OBJECTIVES).gradient


def fine_times(times):
    s = (np.arange(4) + 0.5) / 4
    return (times[:-1, None] + np.diff(times)[:, None] * s).ravel()


def test_weights_of_an_uneven_grid():
    quadrature = Quadrature.of(SinePath.straight(START, END, 3), UNEVEN)
    assert quadrature.weights.sum() == pytest.approx(1)
    assert_close(quadrature.by_line @ UNEVEN, fine_times(UNEVEN))


def test_cubics_are_met_exactly():
    quadrature = Quadrature.of(SinePath.straight(START, END, 3), UNEVEN)
    cubic = np.polynomial.Polynomial([0.3, -1.0, 2.0, 5.0])
    found = quadrature.by_value @ cubic(UNEVEN) + quadrature.by_slope @ cubic.deriv()(UNEVEN)
    assert_close(found, cubic(fine_times(UNEVEN)))


def test_exact_for_a_quadratic_landscape_on_a_straight_path():
    """There the heights are quadratic in t and the gradients linear."""
    path, times = SinePath.straight(START, END, 3), np.linspace(0, 1, 6)
    np.testing.assert_allclose(
        by_quadrature(Quadratic(), path, times),
        by_points(Quadratic(), path, fine_times(times)),
        atol=1e-13,
    )


def test_converges_with_the_number_of_points(rng):
    path = SinePath(START, END, 0.3 * rng.normal(size=(3, 2)))
    exact = by_points(Waves(), path, (np.arange(4000) + 0.5) / 4000)
    errors = [
        abs(by_quadrature(Waves(), path, np.linspace(0, 1, n + 1)) - exact).max()
        for n in (8, 16, 32, 64)
    ]
    assert errors[-1] < 5e-3 * abs(exact).max()
    for coarse, fine in pairwise(errors):
        assert fine < coarse / 2.5


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_library_agrees(make_array, dtype, rng):
    coefficients = 0.3 * rng.normal(size=(3, 2))
    expected = by_quadrature(Waves(), SinePath(START, END, coefficients), UNEVEN)
    path = SinePath(*(make_array(values, dtype) for values in (START, END, coefficients)))
    heights, gradients = Waves().value_and_grad(SinePath(START, END, coefficients)(UNEVEN))
    found = Quadrature.of(path, UNEVEN).gradient(
        path, make_array(heights, dtype), make_array(gradients, dtype), OBJECTIVES
    )
    assert found.dtype == path.start.dtype
    tolerance = 1e-12 if dtype == "float64" else 1e-4
    np.testing.assert_allclose(to_numpy(found), expected, atol=tolerance)


def test_a_path_that_stands_still_has_a_finite_gradient():
    path = SinePath(np.array([0.0]), np.array([1.0]), np.array([[-1 / np.pi]]))
    quadrature = Quadrature.of(path, np.linspace(0, 1, 5))
    flat = np.zeros(5), np.zeros((5, 1))
    assert np.isfinite(quadrature.gradient(path, *flat, OBJECTIVES)).all()


def test_a_barrier_between_two_points_is_seen():
    """Both neighbours lie low, but their slopes betray the hill: it pushes the path away."""

    class Hill:
        def value_and_grad(self, points):
            f = np.exp(-8 * (points**2).sum(-1))
            return f, -16 * f[:, None] * points

    path = SinePath.straight(np.array([-1.0, 0.1]), np.array([1.0, 0.1]), 1)
    times = np.array([0.0, 0.3, 0.7, 1.0])
    push = by_quadrature(Hill(), path, times)[0]
    sums = by_points(Hill(), path, times)[0]
    assert push[1] < 0
    assert abs(push[1]) > 1.3 * abs(sums[1])
