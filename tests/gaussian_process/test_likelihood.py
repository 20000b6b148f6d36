import numpy as np
import pytest

from fourierpathfinder.gaussian_process import (
    Coordinates,
    FitSettings,
    GaussianProcess,
    InverseDistances,
    Matern52,
    SquaredExponential,
)
from fourierpathfinder.gaussian_process.fit import evidence_of
from fourierpathfinder.gaussian_process.length_search import best_log_length
from fourierpathfinder.gaussian_process.likelihood import Likelihood, _Inverse

from ..tolerances import assert_close
from .oracles import springs, wavy


def make(case, kernel, noise=None, *, all_known=False):
    rng = np.random.default_rng(2)
    n_dims = {"plane": 2, "high": 25, "atoms": 9}[case]
    x = rng.normal(size=(6, n_dims)) * 2 / np.sqrt(n_dims)
    features = Coordinates()
    if case == "atoms":
        features = InverseDistances(3)
        x = np.array([0.0, 0, 0, 2, 0, 0, 0, 2, 0]) + 0.3 * x
    known = np.array([True, True, True, all_known, True, True])
    process = GaussianProcess(features, (kernel,), nugget=1e-6, noise=noise)
    observed = springs(x, rng) if case == "atoms" else wavy(x, rng)
    return process, (x, *observed), known


@pytest.mark.parametrize("kernel", [SquaredExponential(), Matern52()])
@pytest.mark.parametrize("case", ["plane", "high", "atoms"])
@pytest.mark.parametrize("noise", [None, (0.01, 0.1)])
@pytest.mark.parametrize("all_known", [True, False])
def test_value_is_the_posteriors_and_slope_its_derivative(case, kernel, noise, all_known):
    process, (x, values, gradients), known = make(case, kernel, noise, all_known=all_known)
    model = process.fit(x, values, gradients, has_gradient=known, length_scale=0.7, optimise=False)
    evidence = evidence_of(model.solver.prior, model.data)
    u, step = np.log(0.7), 1e-4
    assert_close(evidence(u).value, model.log_likelihood, amplification=1e4)
    slope = (evidence(u + step).value - evidence(u - step).value) / (2 * step)
    assert evidence(u).slope == pytest.approx(slope, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("n_rows", [1, 64, 65, 201])
def test_traces_of_inverses_are_those_of_solving(n_rows):
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(2, n_rows, n_rows))
    matrix, other = a @ a.T + n_rows * np.eye(n_rows), b + b.T
    inverse = _Inverse.of(np.linalg.cholesky(matrix))
    assert_close(inverse.trace_times(other), np.trace(np.linalg.solve(matrix, other)))
    assert_close(np.tril(np.linalg.inv(matrix)), inverse.lower)


@pytest.mark.parametrize("case", ["plane", "high", "atoms"])
@pytest.mark.parametrize("factor", [0.6, 1.0, 1.7])
def test_fit_finds_the_best_length_scale(case, factor):
    process, (x, values, gradients), known = make(case, SquaredExponential())
    grid = 0.02 * 1.05 ** np.arange(120)
    fits = [
        process.fit(x, values, gradients, has_gradient=known, length_scale=l, optimise=False)
        for l in grid
    ]
    likelihoods = [fit.log_likelihood for fit in fits]
    best = grid[np.argmax(likelihoods)]
    found = process.fit(x, values, gradients, has_gradient=known, length_scale=best * factor)
    assert found.log_likelihood > max(likelihoods) - 0.2
    assert found.length_scale == pytest.approx(best, rel=0.15)


def test_the_search_stays_within_bounds_and_spends_no_more_than_allowed():
    calls = []

    def uphill(u):
        calls.append(u)
        return Likelihood(u, 1.0)

    found = best_log_length(uphill, 0.0, (-0.7, 0.7), curvature=10.0)
    assert found.log_length == pytest.approx(0.7)
    assert len(calls) <= 6
    assert max(map(abs, calls)) <= 0.7


@pytest.mark.parametrize("centre", [-0.5, -0.01, 0.2, 0.6])
@pytest.mark.parametrize("curvature", [1.0, 30.0])
def test_the_search_finds_lopsided_maxima(centre, curvature):
    def hill(u):
        v = u - centre
        return Likelihood(-10 * (v**2 + 0.5 * v**3 + v**4), -10 * (2 * v + 1.5 * v**2 + 4 * v**3))

    settings = FitSettings(n_evaluations=8)
    found = best_log_length(hill, 0.0, (-0.7, 0.7), curvature=curvature, settings=settings)
    assert found.log_length == pytest.approx(centre, abs=0.05)


def test_few_observations_are_enough_for_the_likelihood():
    process, (x, values, gradients), known = make("plane", SquaredExponential())
    few = GaussianProcess(nugget=1e-6, settings=FitSettings(likelihood_rows=9))
    all_points = process.fit(x, values, gradients, has_gradient=known)
    fewer = few.fit(x, values, gradients, has_gradient=known)
    assert fewer.solver.n_rows == all_points.solver.n_rows
    assert 0.4 < fewer.length_scale / all_points.length_scale < 2.5
