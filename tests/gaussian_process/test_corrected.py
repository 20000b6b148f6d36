"""A prior mean and the process of the difference: derivatives, deviations, likelihood, factor."""

import numpy as np
import pytest

from fourierpathfinder.gaussian_process import GaussianProcess, InverseDistances
from fourierpathfinder.gaussian_process.corrected import best_factor, corrected


def cheap(x):
    return np.sin(x).sum(axis=1), np.cos(x)


def expensive(x, factor=1.0):
    values, gradients = cheap(x)
    bend = 0.1 * np.cos(0.5 * x).sum(axis=1)
    return factor * values + bend + 2.0, factor * gradients - 0.05 * np.sin(0.5 * x)


def models(n_dims=3, factor=1.0, n_cheap=25, n_expensive=6, seed=0):
    rng = np.random.default_rng(seed)
    many, few = rng.uniform(-2, 2, (n_cheap, n_dims)), rng.uniform(-2, 2, (n_expensive, n_dims))
    below = GaussianProcess().fit(many, *cheap(many))
    return corrected(GaussianProcess(), below, few, *expensive(few, factor)), few


def test_the_gradient_is_that_of_the_mean():
    model, _ = models()
    x, step = np.array([[0.3, -0.8, 1.1]]), 1e-5
    gradient = model.predict(x)[1][0]
    for i, direction in enumerate(np.eye(3)):
        up, down = (model.predict(x + sign * step * direction)[0][0] for sign in (1, -1))
        assert gradient[i] == pytest.approx((up - down) / (2 * step), abs=1e-6)


def test_the_hessian_is_that_of_the_mean():
    features = InverseDistances(3)
    rng = np.random.default_rng(1)
    base = np.array([0.0, 0, 0, 1.5, 0, 0, 0, 1.2, 0.3])
    x = base + 0.2 * rng.standard_normal((8, 9))
    below = GaussianProcess(features).fit(x, *cheap(x))
    model = corrected(GaussianProcess(features), below, x[:4], *expensive(x[:4]))
    step, here = 1e-5, base + 0.05
    rows = [
        (model.predict((here + step * e)[None])[1] - model.predict((here - step * e)[None])[1])[0]
        for e in np.eye(9)
    ]
    assert np.allclose(model.hessian(here), np.array(rows) / (2 * step), atol=1e-4)


def test_deviations_add_in_squares_away_from_what_was_observed():
    model, _ = models(n_expensive=2)
    far = 20 + np.random.default_rng(2).uniform(-2, 2, (5, 3))
    squares = model.mean.deviation(far) ** 2 + model.difference.deviation(far) ** 2
    assert np.allclose(model.deviation(far) ** 2, squares)


def test_an_uncertain_prior_mean_leaves_no_uncertainty_where_something_was_observed():
    rng = np.random.default_rng(3)
    many, few = rng.uniform(-2, 2, (25, 3)), rng.uniform(-2, 2, (6, 3))
    values, gradients = cheap(many)
    noisy = GaussianProcess(noise=(0.3, 0.3)).fit(
        many, values + 0.3 * rng.standard_normal(25), gradients + 0.3 * rng.standard_normal((25, 3))
    )
    model = corrected(GaussianProcess(), noisy, few, *expensive(few))
    assert model.mean.deviation(few).min() > 0.05
    assert model.deviation(few).max() < 1e-3
    between = 0.5 * (few[:1] + few[1:2])
    assert model.deviation(between)[0] > 0.5 * model.difference.deviation(between)[0]


def test_what_was_observed_is_what_is_predicted_there():
    model, few = models()
    values, gradients = model.predict(few)
    assert np.allclose(values, model.data.values, atol=1e-5)
    assert np.allclose(gradients, model.data.gradients, atol=1e-4)


def test_the_likelihood_is_that_of_the_differences():
    model, few = models()
    below, slope = model.mean.predict(few)
    alone = GaussianProcess().fit(few, model.data.values - below, model.data.gradients - slope)
    assert model.log_likelihood == pytest.approx(alone.log_likelihood)


@pytest.mark.parametrize("seed", range(4))
def test_a_good_prior_mean_is_likelier_than_none_and_its_negative_less_likely(seed):
    model, few = models(seed=seed)
    assert model.gain > 10
    x = np.random.default_rng(seed).uniform(-2, 2, (25, 3))
    values, gradients = cheap(x)
    wrong = GaussianProcess().fit(x, -values, -gradients)
    turned = corrected(GaussianProcess(), wrong, few, *expensive(few))
    assert turned.gain < model.gain - 10
    assert turned.gain < 0


def test_points_that_are_added_are_known():
    model, _ = models()
    x = np.array([[0.1, 0.2, -1.9]])
    values, gradients = expensive(x)
    after = model.add(x, values, gradients)
    assert after.predict(x)[0][0] == pytest.approx(values[0], abs=1e-5)
    assert len(after.data) == len(model.data) + 1
    assert after.difference.deviation(x)[0] < 0.1 * model.difference.deviation(x)[0]


@pytest.mark.parametrize("factor", [0.4, 1.0, 2.5])
def test_the_best_factor_is_found(factor):
    model, few = models(factor=factor, n_expensive=8)
    found = best_factor(model, float(model.data.values[0]))
    assert found == pytest.approx(factor, rel=0.1)
    tried = np.array([0.8, 1.0, 1.25]) * found
    below, slope = model.mean.predict(few)
    solver = model.difference.solver

    def misfit(rho):  # by brute force: the constant that goes with each factor
        values = model.data.values - rho * below
        gradients = model.data.gradients - rho * slope
        shifts = np.linspace(-3, 8, 1101)
        return min(solver.solve(values - shift, gradients).quadratic for shift in shifts)

    misfits = [misfit(rho) for rho in tried]
    assert misfits[1] < misfits[0]
    assert misfits[1] < misfits[2]


def test_another_kernel_is_the_differences():
    from fourierpathfinder.gaussian_process import Matern52

    model, few = models()
    other = model.under(Matern52())
    assert other.kernel == Matern52()
    assert other.mean is model.mean
    assert np.allclose(other.predict(few)[0], model.data.values, atol=1e-5)
