"""The chain rule from the terms to the objective, against definitions, torch and differences."""

import numpy as np
import pytest
import torch

from fourierpathfinder._arrays import array_namespace, to_numpy
from fourierpathfinder.evaluation import Evaluator
from fourierpathfinder.objectives import LogSumExp, MaxFlux, SpeedPenalty, TotalHeight
from fourierpathfinder.path import SinePath
from fourierpathfinder.problem import PathProblem

from .tolerances import assert_close

N_TERMS, N_POINTS, D = 3, 9, 2
TIMES = np.linspace(0, 1, N_POINTS)
OBJECTIVES = {
    "sum": (TotalHeight(),),
    "sum of squares": (TotalHeight(power=2),),
    "smooth maximum": (LogSumExp(beta=4.0),),
    "flux and speed": (MaxFlux(beta=4.0), SpeedPenalty(0.7)),
    "three at once": (TotalHeight(), LogSumExp(beta=2.0), SpeedPenalty(0.3)),
}


class Waves:
    """f = sin(x + 2y) + xy, in any array library."""

    def value_and_grad(self, points):
        xp = array_namespace(points)
        x, y = points[:, 0], points[:, 1]
        slope = xp.cos(x + 2 * y)
        return xp.sin(x + 2 * y) + x * y, xp.stack([slope + y, 2 * slope + x], axis=-1)


@pytest.fixture
def coefficients(rng):
    return 0.4 * rng.normal(size=(N_TERMS, D))


def problem(convert=np.asarray, smoothness=0.0):
    start, end = convert(np.array([-1.0, 0.2])), convert(np.array([1.3, -0.5]))
    path = SinePath.straight(start, end, N_TERMS)
    weights = np.linspace(0.5, 1.5, N_POINTS) / N_POINTS
    return PathProblem(Evaluator(Waves()), path, TIMES, weights, smoothness)


@pytest.mark.parametrize("smoothness", [0.0, 2.5])
@pytest.mark.parametrize("name", OBJECTIVES)
def test_gradient_against_differences(name, smoothness, coefficients):
    here, objectives = problem(smoothness=smoothness), OBJECTIVES[name]
    gradient = here.evaluate(coefficients, objectives).gradient
    step = 1e-6
    for index in np.ndindex(N_TERMS, D):
        move = np.zeros((N_TERMS, D))
        move[index] = step
        up, down = (here.evaluate(coefficients + s * move, objectives).value for s in (1, -1))
        assert gradient[index] == pytest.approx((up - down) / (2 * step), rel=1e-6, abs=1e-7)


def test_the_papers_loss_as_it_is_written(coefficients):
    """L = Σ f(ω(t_m)) + λ Σ |ω(t_{m+1}) - ω(t_m)|², differentiated by torch."""
    smoothness = 2.5
    here = problem(smoothness=smoothness)
    found = here.evaluate(coefficients, (TotalHeight(),))
    c = torch.tensor(coefficients, requires_grad=True)
    t = torch.tensor(TIMES)[:, None]
    a, b = (torch.tensor(end) for end in (here.path.start, here.path.end))
    omega = (1 - t) * a + t * b
    for n in range(N_TERMS):
        omega = omega + c[n] * torch.sin((n + 1) * torch.pi * t)
    heights = torch.sin(omega[:, 0] + 2 * omega[:, 1]) + omega[:, 0] * omega[:, 1]
    loss = heights.sum() + smoothness * ((omega[1:] - omega[:-1]) ** 2).sum()
    loss.backward()
    assert found.value == pytest.approx(loss.item(), rel=1e-12)
    assert_close(found.gradient, c.grad.numpy())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_library_agrees(make_array, dtype, coefficients):
    objectives = OBJECTIVES["flux and speed"]
    expected = problem(smoothness=1.0).evaluate(coefficients, objectives)
    here = problem(lambda values: make_array(values, dtype), smoothness=1.0)
    found = here.evaluate(make_array(coefficients, dtype), objectives)
    tolerance = 1e-12 if dtype == "float64" else 2e-5
    assert found.gradient.dtype == here.path.start.dtype
    assert found.value == pytest.approx(expected.value, rel=tolerance)
    np.testing.assert_allclose(to_numpy(found.gradient), expected.gradient, atol=10 * tolerance)


def test_a_path_that_stands_still_has_a_finite_gradient():
    """x(t) = t + sin(2πt)/2 ... at t = 1/2 the speed of this path is exactly zero."""
    start, end = np.array([0.0]), np.array([1.0])
    path = SinePath(start, end, np.array([[0.0], [1 / (2 * np.pi)]]))

    class Slope:
        def value_and_grad(self, points):
            return points[:, 0], np.ones_like(points)

    here = PathProblem(Evaluator(Slope()), path, TIMES, np.full(N_POINTS, 1 / N_POINTS))
    found = here.evaluate(path.coefficients, OBJECTIVES["flux and speed"])
    assert np.isfinite(found.value)
    assert np.isfinite(found.gradient).all()


def test_too_few_points_for_the_terms():
    path = SinePath.straight(np.zeros(2), np.ones(2), 8)
    with pytest.raises(ValueError, match="`n_terms` is 8 but a grid of `n_points` = 9"):
        PathProblem(Evaluator(Waves()), path, TIMES, np.ones(N_POINTS), smoothness=1.0)
