"""Noise that is found by itself, on data whose noise is known; rates are over many seeds."""

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

from fourierpathfinder.gaussian_process import (
    Coordinates,
    GaussianProcess,
    InverseDistances,
    Matern52,
    Observations,
    SquaredExponential,
)
from fourierpathfinder.gaussian_process.fit import evidence_of, prior_on
from fourierpathfinder.gaussian_process.noise import with_found_noise
from fourierpathfinder.gaussian_process.nugget import Nugget
from fourierpathfinder.gaussian_process.settings import DEFAULTS

from ..tolerances import assert_close
from .oracles import springs, wavy

BOTH = SquaredExponential(), Matern52()
N_SEEDS = 12


def observed(case, rng, n_points=12):
    """Features, points, values and gradients without noise."""
    if case == "atoms":
        corners = 1.5 * np.array(list(np.ndindex(2, 2, 2)), float)[:4].ravel()
        x = corners + 0.2 * rng.normal(size=(n_points, 12))
        return InverseDistances(4), x, *springs(x, rng)
    n_dims = {"plane": 2, "high": 30}[case]
    x = rng.normal(size=(n_points, n_dims)) * 2 / np.sqrt(n_dims)
    return Coordinates(), x, *wavy(x, rng)


def noisy(values, gradients, value_noise, gradient_noise, rng):
    """The same with noise, the gradients' relative to their root mean square."""
    scale = gradient_noise * np.sqrt((gradients**2).mean())
    noise = rng.normal(size=gradients.shape)
    return values + value_noise * rng.normal(size=len(values)), gradients + scale * noise, scale


@pytest.mark.parametrize("kernel", BOTH)
@pytest.mark.parametrize("case", ["plane", "high", "atoms"])
def test_slopes_by_noise_against_finite_differences(kernel, case):
    rng = np.random.default_rng(1)
    features, x, values, gradients = observed(case, rng, 6)
    known = np.array([True, True, False, True, True, True])
    data = Observations.of(x, values, gradients, known)
    noise, step = np.array([1e-4, 1e-3]), 1e-4

    def evidence(factors):
        value, gradient = noise * factors
        prior = prior_on(x, features, kernel, Nugget(1e-6, value, gradient), DEFAULTS)
        return evidence_of(prior, data)(float(np.log(prior.scaling.length)))

    for k, slope in enumerate(evidence(np.ones(2)).noise_slopes):
        more, less = (np.exp(sign * step * np.eye(2)[k]) for sign in (1, -1))
        expected = (evidence(more).value - evidence(less).value) / (2 * step)
        assert slope == pytest.approx(expected, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("case", ["plane", "high", "atoms"])
def test_slopes_by_variance_hold_where_there_is_no_noise(case):
    features, x, values, gradients = observed(case, np.random.default_rng(1), 6)
    data = Observations.of(x, values, gradients)
    exact = prior_on(x, features, SquaredExponential(), Nugget(1e-6), DEFAULTS)
    length, row = float(np.log(exact.scaling.length)), exact.scaling.row
    slopes = evidence_of(exact, data)(length).variance_slopes
    for slope, more in zip(
        slopes, (Nugget(1e-6, 1e-9), Nugget(1e-6, 0, 1e-9 / row**2)), strict=True
    ):
        noisy_one = prior_on(x, features, SquaredExponential(), more, DEFAULTS)
        gained = evidence_of(noisy_one, data)(length).value - evidence_of(exact, data)(length).value
        assert slope == pytest.approx(gained / 1e-9, rel=1e-2)


def test_likelihood_with_noise_is_that_of_scikit_learn():
    """Up to the constant that a profiled variance leaves."""
    rng = np.random.default_rng(0)
    _, x, values, gradients = observed("plane", rng, 15)
    data = Observations.of(x, values, gradients, np.zeros(15, bool))
    prior = prior_on(x, Coordinates(), SquaredExponential(), Nugget(1e-8, 1e-3), DEFAULTS, 1.3)
    ours = evidence_of(prior, data)(np.log(1.3))
    s2 = ours.signal_variance
    kernel = ConstantKernel(s2) * RBF(1.3) + WhiteKernel(s2 * (1e-3 + 1e-8))
    other = GaussianProcessRegressor(kernel, alpha=0.0, optimizer=None)
    other.fit(x, values - values.max())
    constant = 15 / 2 * (1 + np.log(2 * np.pi))
    theirs = other.log_marginal_likelihood_value_
    assert_close(ours.value - constant, theirs, amplification=1e4)


def found(process, case, seed, value_noise, gradient_noise, n_points=12):
    """The noise found, and that of the gradients as it was made."""
    rng = np.random.default_rng(seed)
    features, x, values, gradients = observed(case, rng, n_points)
    scale = np.ptp(values)
    told = noisy(values, gradients, value_noise * scale, gradient_noise, rng)
    model = process(features).fit(x, *told[:2])
    return model.noise, (value_noise * scale, told[2])


def process_on(features):
    return GaussianProcess(features, BOTH, nugget=1e-10)


@pytest.mark.parametrize("case", ["plane", "high", "atoms"])
def test_exact_data_have_no_noise(case):
    noises = [found(process_on, case, seed, 0.0, 0.0)[0] for seed in range(N_SEEDS)]
    assert noises.count((0.0, 0.0)) >= N_SEEDS - 1


@pytest.mark.parametrize(("case", "n_points"), [("plane", 40), ("atoms", 8), ("atoms", 12)])
@pytest.mark.parametrize("relative", [1e-4, 5e-4])
def test_noise_on_gradients_is_recognised(case, n_points, relative):
    """Soon on distances, which know that nothing turns or shifts; on a plane once it is full."""
    pairs = [found(process_on, case, seed, 1e-7, relative, n_points) for seed in range(N_SEEDS)]
    ratios = np.array([noise[1] / made[1] for noise, made in pairs])
    assert np.mean((ratios > 0.4) & (ratios < 2.5)) > 0.8


def test_noise_on_values_is_recognised_where_points_are_near():
    """Of values alone gradients say what they should be, to the third order of the distance."""
    ratios = []
    for seed in range(N_SEEDS):
        rng = np.random.default_rng(seed)
        x = 0.5 * rng.normal(size=(25, 2))
        values, gradients = wavy(x, rng)
        noise = 3e-4 * np.ptp(values)
        told = values + noise * rng.normal(size=25)
        ratios.append(process_on(Coordinates()).fit(x, told, gradients).noise[0] / noise)
    inside = (np.array(ratios) > 0.5) & (np.array(ratios) < 2)
    assert inside.mean() > 0.8


@pytest.mark.parametrize("noise", [0.0, 1e-5])
def test_ripples_are_not_taken_for_noise(noise):
    """A kernel of one length does not suit them; that values are exact, near points tell."""
    found = []
    for seed in range(N_SEEDS):
        rng = np.random.default_rng(seed)
        x = np.concatenate([rng.normal(size=(15, 6)), 0.1 + 0.03 * rng.normal(size=(15, 6))])
        values, gradients = wavy(x, rng)
        phase, along = 40 * x[:, 0], np.eye(6)[0]
        values = values + 3e-3 * np.sin(phase) + noise * rng.normal(size=30)
        gradients = gradients + 40 * 3e-3 * np.cos(phase)[:, None] * along
        found.append(process_on(Coordinates()).fit(x, values, gradients).noise[0])
    assert max(found) < 6e-4  # a fifth of the ripples


def test_predictions_are_better_with_noise_that_was_found():
    gains = []
    for seed in range(N_SEEDS):
        rng = np.random.default_rng(seed)
        features, x, values, gradients = observed("atoms", rng, 24)
        told = noisy(values, gradients, 0.0, 3e-4, rng)[:2]
        errors = [
            np.abs(process.fit(x[:16], *(one[:16] for one in told)).predict(x[16:])[0]
                   - values[16:]).max()
            for process in (
                process_on(features),
                GaussianProcess(features, BOTH, nugget=1e-10, noise=(0.0, 0.0)),
            )
        ]  # fmt: skip
        gains.append(errors[1] / errors[0])
    assert np.median(gains) > 1.5


def test_stated_noise_overrides():
    rng = np.random.default_rng(0)
    features, x, values, gradients = observed("atoms", rng)
    process = GaussianProcess(features, BOTH, nugget=1e-10, noise=(0.01, 0.02))
    assert process.fit(x, values, gradients).noise == pytest.approx((0.01, 0.02), rel=0.1)
    none = GaussianProcess(features, BOTH, nugget=1e-10, noise=(0.0, 0.0))
    told = noisy(values, gradients, 0.01, 0.01, rng)[:2]
    assert none.fit(x, *told).noise == (0.0, 0.0)


def test_noise_is_looked_for_again_as_points_come_in():
    rng = np.random.default_rng(3)
    features, x, values, gradients = observed("atoms", rng, 16)
    told = noisy(values, gradients, 0.0, 2e-4, rng)
    process = process_on(features)
    model = process.fit(x[:3], *(one[:3] for one in told[:2]))
    for n in range(4, 17):
        model = process.update(model, x[:n], *(one[:n] for one in told[:2]))
    assert 0.4 < model.noise[1] / told[2] < 2.5


def test_points_on_top_of_each_other_do_no_harm():
    rng = np.random.default_rng(0)
    features, x, values, gradients = observed("plane", rng, 6)
    again = np.array([0, 1, 2, 3, 4, 5, 0, 1, 2])
    prior = prior_on(x, features, SquaredExponential(), Nugget(1e-18), DEFAULTS)
    data = Observations.of(x[again], values[again], gradients[again])
    assert np.isfinite(with_found_noise(evidence_of(prior, data), data).scaling.length)
