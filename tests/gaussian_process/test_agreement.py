"""Whether gradients are those of the values: the likelihood's parts by brute force, verdicts."""

from dataclasses import replace

import numpy as np
import pytest

from fourierpathfinder.gaussian_process import (
    Coordinates,
    GaussianProcess,
    InverseDistances,
    Observations,
    RationalQuadratic,
    SquaredExponential,
)
from fourierpathfinder.gaussian_process.agreement import agreement
from fourierpathfinder.gaussian_process.fit import evidence_of

from ..tolerances import assert_close
from .oracles import block, springs, squared_exponential, wavy

LENGTH = 0.8


def rows_of(x, part):
    """Which rows of a value and its gradient, point after point, belong to a part."""
    is_value = np.tile(np.arange(x.shape[1] + 1) == 0, len(x))
    return {"values": is_value, "gradients": ~is_value, "all": is_value | True}[part]


@pytest.mark.parametrize("part", ["all", "values", "gradients"])
def test_the_likelihood_of_a_part_is_that_of_its_rows_alone(part, rng):
    x = rng.normal(size=(5, 2))
    values, gradients = wavy(x, rng)
    process = GaussianProcess(kernels=(SquaredExponential(),), nugget=1e-8)
    model = process.fit(x, values, gradients, length_scale=LENGTH, optimise=False)
    evidence = evidence_of(model.solver.prior, model.data)
    parts = {"all": evidence, "values": evidence.of_values, "gradients": evidence.of_gradients}

    def covariance(a, b):
        return squared_exponential(a, b, LENGTH)

    blocks = [np.concatenate([block(covariance, a, b) for b in x], axis=1) for a in x]
    nugget = np.tile([1e-8, *2 * [1e-8 / model.solver.prior.scaling.row**2]], len(x))
    matrix = np.concatenate(blocks) + np.diag(nugget)
    seen = np.concatenate([values[:, None] - values.max(), gradients], axis=1).ravel()
    which = rows_of(x, part)
    y, matrix = seen[which], matrix[np.ix_(which, which)]
    variance = y @ np.linalg.solve(matrix, y) / len(y)
    expected = -0.5 * (len(y) * np.log(variance) + np.linalg.slogdet(matrix)[1])
    assert_close(parts[part](np.log(LENGTH)).value, expected, amplification=1e6)


def observed(case, rng):
    """Twelve points and what is seen there, by a model for them."""
    if case == "molecule":
        at = np.array([0.0, 0, 0, 2, 0, 0, 0, 2, 0]) + 0.3 * rng.normal(size=(12, 9))
        process = GaussianProcess(InverseDistances(3), (RationalQuadratic(),))
        return process, at, *springs(at, rng)
    n_dims = {"plane": 2, "space": 5, "many": 60}[case]
    at = np.linspace(-1, 1, 12)[:, None] * rng.normal(size=n_dims) / np.sqrt(n_dims)
    at = at + 0.05 * rng.normal(size=at.shape)
    return GaussianProcess(Coordinates(), (SquaredExponential(),)), at, *wavy(at, rng)


def verdict(process, x, values, gradients):
    model = process.fit(x, values, gradients)
    return agreement(model, Observations.of(x, values, gradients))


CASES = ["plane", "space", "many", "molecule"]


@pytest.mark.parametrize("case", CASES)
def test_the_true_gradient_agrees_in_any_units_and_with_noise(case, rng):
    process, x, values, gradients = observed(case, rng)
    assert verdict(process, x, values, gradients) > -10
    assert verdict(process, x, 1e3 * values - 1e4, 1e3 * gradients) > -10
    noise = 1e-3 * np.ptp(values) * rng.normal(size=len(x))
    assert verdict(process, x, values + noise, gradients) > -10


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("factor", [-1, 3, 0.2])
def test_another_does_not(case, factor, rng):
    process, x, values, gradients = observed(case, rng)
    assert verdict(process, x, values, factor * gradients) < -10


@pytest.mark.parametrize("case", ["plane", "space"])
def test_nor_does_the_gradient_of_another_point(case, rng):
    process, x, values, gradients = observed(case, rng)
    assert verdict(process, x, values, np.roll(gradients, 5, axis=0)) < -10


@pytest.mark.parametrize("case", CASES)
def test_nor_does_none(case, rng):
    process, x, values, gradients = observed(case, rng)
    assert verdict(process, x, values, np.zeros_like(gradients)) == -np.inf


def test_what_is_constant_agrees(rng):
    process, x, values, gradients = observed("plane", rng)
    model = process.fit(x, values, gradients)
    flat = Observations.of(x, np.ones(len(x)), np.zeros_like(x))
    assert agreement(model, flat) == 0.0
    assert agreement(model, replace(flat, gradients=gradients)) == 0.0
