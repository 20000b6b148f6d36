"""A landscape beneath that cannot be asked any more: against one large Gaussian of everything."""

from decimal import Decimal, localcontext

import numpy as np
import pytest

from fourierpathfinder.gaussian_process import GaussianProcess, InverseDistances
from fourierpathfinder.gaussian_process.cokriged import cokriged

from .oracles import block, central_difference, springs, squared_exponential, wavy


def beneath_and_above(x, rng, function):
    """Two landscapes that resemble each other, at the same points."""
    seed = int(rng.integers(1000))
    values, gradients = function(x, np.random.default_rng(seed))
    tilt = 0.1 * rng.standard_normal(x.shape[1])
    bend = 0.1 * np.cos(x @ tilt)
    return (values, gradients), (
        values + bend + x @ tilt,
        gradients + tilt - 0.1 * np.sin(x @ tilt)[:, None] * tilt,
    )


def model_on(n_dims, seed, n_cheap=6, n_expensive=3):
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (n_cheap + n_expensive, n_dims))
    cheap, expensive = beneath_and_above(x, rng, wavy)
    told = x[:n_cheap], *(part[:n_cheap] for part in cheap)
    mean = GaussianProcess(nugget=1e-10).fit(*told)
    few = x[n_cheap:], *(part[n_cheap:] for part in expensive)
    return cokriged(GaussianProcess(nugget=1e-10), mean, *few), mean, told, few


def covariances(x, y, length):
    """Of values and gradients, by differentiation."""

    def covariance(a, b):
        return squared_exponential(a, b, length)

    return np.block([[block(covariance, a, b) for b in y] for a in x])


def stacked(values, gradients):
    return np.concatenate([values[:, None], gradients], axis=1).ravel()


def conditional(matrix, y, n):
    """The log density of all but the first `n` given these, up to a constant, by elimination.

    In 50 digits: a matrix of condition 1e10 leaves double precision no second digit.
    """
    with localcontext(prec=50):
        rows = [[Decimal(float(v)) for v in row] for row in np.column_stack([matrix, y])]
        total = Decimal(0)
        for k, pivot in enumerate(rows):
            if k >= n:
                total -= pivot[k].ln() + pivot[-1] ** 2 / pivot[k]
            for row in rows[k + 1 :]:
                factor = row[k] / pivot[k]
                row[k + 1 :] = [
                    a - factor * b for a, b in zip(row[k + 1 :], pivot[k + 1 :], strict=True)
                ]
        return float(total / 2)


@pytest.fixture(params=[(2, 0), (2, 1), (3, 2), (12, 3), (12, 4)], ids=str)
def case(request):
    """What comes out, and one large Gaussian of all that was told, in 2, 3 and 12 coordinates.

    In twelve the points span only eight.
    """
    n_dims, seed = request.param
    model, mean, told, few = model_on(n_dims, seed)
    joint = model.joint
    ours, theirs = mean.signal_variance, joint.variance
    x = np.concatenate([told[0], few[0]])
    whole = ours * covariances(x, x, mean.length_scale)
    n = len(told[0]) * (1 + n_dims)
    whole[n:, n:] += theirs * covariances(few[0], few[0], joint.length)
    whole += 1e-10 * (ours + theirs) * np.eye(len(whole))
    y = np.concatenate(
        [stacked(told[1] - mean.constant, told[2]),
         stacked(few[1] - mean.constant - joint.level, few[2])]
    )  # fmt: skip
    return model, whole, y, n, x, len(told[0])


def test_mean_and_deviation_are_those_of_one_large_gaussian(case):
    model, whole, y, _, x, n_cheap = case
    ours, theirs = model.joint.mean.signal_variance, model.joint.variance
    rng = np.random.default_rng(7)
    for place in x[[0, -1]] + 0.5 * rng.standard_normal((2, x.shape[1])):
        cross = ours * covariances(place[None], x, model.joint.mean.length_scale)
        beside = theirs * covariances(place[None], x[n_cheap:], model.joint.length)
        cross[:, -beside.shape[1] :] += beside
        expected = cross @ np.linalg.solve(whole, y)
        expected[0] += model.joint.mean.constant + model.joint.level
        mean, gradient = model.predict(place[None])
        scale = np.sqrt(ours + theirs)
        assert mean[0] == pytest.approx(expected[0], abs=1e-4 * scale)
        assert np.allclose(gradient[0], expected[1:], atol=1e-3 * scale)
        variance = ours + theirs - cross[0] @ np.linalg.solve(whole, cross[0])
        assert model.deviation(place[None])[0] == pytest.approx(np.sqrt(variance), abs=1e-3 * scale)


def test_the_likelihood_is_that_of_what_is_above_given_what_is_beneath(case):
    """Up to a constant, which is the same at another variance of the difference."""
    model, whole, y, n, x, n_cheap = case
    joint = model.joint
    other = joint.at(joint.length, 3 * joint.variance)
    wider = whole.copy()
    more = covariances(x[n_cheap:], x[n_cheap:], joint.length)
    wider[n:, n:] += 2 * joint.variance * more
    expected = conditional(wider, y, n) - conditional(whole, y, n)
    change = other.log_likelihood - joint.log_likelihood
    assert change == pytest.approx(expected, rel=1e-2, abs=0.05)


@pytest.mark.parametrize("seed", range(3))
def test_on_distances_it_passes_through_what_was_observed_and_bends_as_its_derivatives_say(seed):
    rng = np.random.default_rng(seed)
    base = np.array([0.0, 0, 0, 1.5, 0, 0, 0, 1.2, 0.3])
    x = base + 0.2 * rng.standard_normal((9, 9))
    cheap, expensive = beneath_and_above(x, rng, springs)
    features = InverseDistances(3)
    mean = GaussianProcess(features, nugget=1e-10).fit(x[:6], cheap[0][:6], cheap[1][:6])
    told = x[5:8], expensive[0][5:8], expensive[1][5:8]  # one of them is known beneath
    model = cokriged(GaussianProcess(features, nugget=1e-10), mean, *told)
    values, _ = model.predict(x[5:8])
    assert np.allclose(values, expensive[0][5:8], atol=1e-5)
    assert model.deviation(x[5:8]).max() < 1e-3 * model.deviation(x[8:] + 5)[0]
    here = x[8]
    slope = central_difference(lambda z: model.predict(z[None])[0][0], here)
    assert np.allclose(model.predict(here[None])[1][0], slope, atol=1e-5)
    bend = central_difference(lambda z: model.predict(z[None])[1][0], here)
    assert np.allclose(model.hessian(here), bend, atol=1e-3)


def test_what_was_never_told_beneath_stays_uncertain():
    """The same difference, and twice as far from all that is known beneath."""
    model, *_ = model_on(3, 0)
    far = np.full((1, 3), 8.0)
    whole = model.joint.mean.signal_variance + model.joint.variance
    assert model.deviation(far)[0] == pytest.approx(np.sqrt(whole), rel=1e-2)


@pytest.mark.parametrize("n_dims", [3, 12])
def test_a_point_added_is_a_point_told(n_dims):
    model, mean, _, (x, values, gradients) = model_on(n_dims, 1, n_expensive=4)
    first = cokriged(GaussianProcess(nugget=1e-10), mean, x[:3], values[:3], gradients[:3])
    wider = first.add(x[3:], values[3:], gradients[3:])
    assert np.allclose(wider.predict(x)[0], values, atol=1e-4)
    assert wider.deviation(x[3:])[0] < 1e-2 * first.deviation(x[3:])[0]
    assert len(wider.data) == len(model.data) == 4


@pytest.mark.parametrize("seed", range(4))
def test_one_that_says_something_else_makes_all_less_likely(seed):
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (18, 3))
    cheap, expensive = beneath_and_above(x, rng, wavy)
    few = x[12:], expensive[0][12:], expensive[1][12:]
    gains = []
    for sign in (1.0, -3.0):
        mean = GaussianProcess(nugget=1e-10).fit(x[:12], sign * cheap[0][:12], sign * cheap[1][:12])
        gains.append(cokriged(GaussianProcess(nugget=1e-10), mean, *few).gain)
    assert gains[1] < 0 < gains[0]
