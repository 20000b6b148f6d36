"""Functions drawn from one kernel or another by random Fourier features, which know their own.

The spectral density of the squared exponential is a normal distribution, that of Matérn 5/2 a t
distribution with five degrees of freedom (Rasmussen and Williams 2006, section 4.2.1).
"""

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

from ..tolerances import assert_close
from .oracles import springs, wavy

BOTH = SquaredExponential(), Matern52()
N_SEEDS = 20


def drawn(kernel, x, rng, n_waves=4000):
    """A random function (n,) and its gradients (n, D) at the points `x` (n, D), l = 1."""
    n_dims = x.shape[1]
    waves = rng.normal(size=(n_waves, n_dims))
    if kernel == Matern52():
        waves /= np.sqrt(rng.chisquare(5, size=(n_waves, 1)) / 5)
    phase = x @ waves.T + rng.uniform(0, 2 * np.pi, n_waves)
    weights = rng.normal(size=n_waves) * np.sqrt(2 / n_waves)
    return np.cos(phase) @ weights, -(np.sin(phase) * weights) @ waves


def grown(process, x, values, gradients, first=3):
    """The process told one point after another."""
    model = process.fit(x[:first], values[:first], gradients[:first])
    for n in range(first + 1, len(x) + 1):
        model = process.update(model, x[:n], values[:n], gradients[:n])
    return model


@pytest.mark.parametrize("truth", BOTH)
def test_the_kernel_that_made_the_data_leads(truth):
    found = []
    for seed in range(N_SEEDS):
        rng = np.random.default_rng(seed)
        x = 1.5 * rng.normal(size=(25, 2))
        process = GaussianProcess(kernels=BOTH, nugget=1e-10)
        found.append(grown(process, x, *drawn(truth, x, rng)).kernel)
    assert found.count(truth) >= 0.9 * N_SEEDS


def test_a_lead_that_is_not_clear_changes_nothing():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(15, 2))
    data = drawn(Matern52(), x, rng)
    stubborn = FitSettings(margin=1e9)
    for first in BOTH:
        kernels = (first, *[kernel for kernel in BOTH if kernel != first])
        process = GaussianProcess(kernels=kernels, settings=stubborn)
        assert grown(process, x, *data).kernel == first


def test_a_process_like_a_model_keeps_its_kernel_and_features():
    rng = np.random.default_rng(0)
    x = 1.5 * np.array(list(np.ndindex(2, 2, 2)), float)[:4].ravel() + 0.15 * rng.normal(
        size=(8, 12)
    )
    maps = tuple(InverseDistances(4, power=power) for power in (1.0, 3.0))
    process = GaussianProcess(maps[0], BOTH, alternatives=maps)
    model = process.fit(x, *springs(x, rng))
    follower = process.like(model)
    assert follower.features is model.features
    assert follower.kernels[0] == model.kernel
    assert set(follower.kernels) == set(BOTH)
    assert follower.alternatives == ()


@pytest.mark.parametrize("case", ["plane", "high", "atoms"])
@pytest.mark.parametrize("kernel", BOTH)
def test_under_another_kernel_at_its_own_best_length(case, kernel):
    rng = np.random.default_rng(2)
    n_dims = {"plane": 2, "high": 25, "atoms": 9}[case]
    x = rng.normal(size=(7, n_dims)) * 3 / np.sqrt(n_dims)
    features = Coordinates()
    if case == "atoms":
        features = InverseDistances(3)
        x = np.array([0.0, 0, 0, 2, 0, 0, 0, 2, 0]) + 0.2 * x
    data = (x, *(springs(x, rng) if case == "atoms" else wavy(x, rng)))
    other = next(one for one in BOTH if one != kernel)
    model = GaussianProcess(features, (kernel,)).fit(*data)
    rival = model.under(other)
    assert rival.kernel == other
    assert model.under(other) is rival
    assert model.under(kernel) is model
    process = GaussianProcess(features, (other,))
    lengths = rival.length_scale * 1.1 ** np.arange(-4, 5)
    near = [process.fit(*data, length_scale=l, optimise=False).log_likelihood for l in lengths]
    assert rival.log_likelihood > max(near) - 0.2
    fitted = process.fit(*data, length_scale=rival.length_scale, optimise=False)
    assert_close(rival.predict(x + 0.1)[0], fitted.predict(x + 0.1)[0], amplification=1e5)
