"""The noise that near points allow, held against noise that is known and against single pairs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourierpathfinder.gaussian_process import Observations
from fourierpathfinder.gaussian_process.near_pairs import largest_noise

from ..tolerances import assert_close


def quadratic(x, rng):
    """A form of second degree, for which the trapezoidal rule is exact, and its gradients."""
    matrix = rng.normal(size=(x.shape[1],) * 2)
    symmetric = matrix + matrix.T
    return np.einsum("ni,ij,nj->n", x, symmetric, x) / 2, x @ symmetric


@given(n=st.integers(2, 30), seed=st.integers(0, 1000), size=st.floats(1e-6, 1e6))
def test_exact_values_of_a_quadratic_form_have_none(n, seed, size):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    values, gradients = quadratic(x, rng)
    value, gradient = largest_noise(Observations.of(x, size * values, size * gradients))
    assert value == gradient == np.inf or max(value, gradient) < 1e-11 * size * np.ptp(values)


@pytest.mark.parametrize("size", [1e-6, 1e-2])
@pytest.mark.parametrize("n_dims", [1, 20])
@pytest.mark.parametrize("which", [0, 1])
def test_known_noise_is_allowed(size, n_dims, which):
    ratios = []
    for seed in range(50):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(40, n_dims))
        told = quadratic(x, rng)
        told[which][:] += size * rng.normal(size=told[which].shape)
        ratios.append(largest_noise(Observations.of(x, *told))[which] / size)
    assert 1.6 < np.median(ratios) < 2.5
    assert np.quantile(ratios, 0.05) > 0.7


def test_the_nearest_pairs_by_brute_force():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(12, 2))
    values, gradients = np.sin(x).sum(axis=1), np.cos(x)
    known = np.ones(12, bool)
    known[5] = False
    pairs = set()
    for i in np.flatnonzero(known):
        others = [j for j in np.flatnonzero(known) if j != i]
        nearest = min(others, key=lambda j: np.linalg.norm(x[i] - x[j]))
        pairs.add(frozenset((int(i), int(nearest))))
    left = [
        abs(values[i] - values[j] - (gradients[i] + gradients[j]) @ (x[i] - x[j]) / 2)
        for i, j in map(sorted, pairs)
    ]
    value = largest_noise(Observations.of(x, values, gradients, known))[0]
    assert_close(value, 2 * np.quantile(left, 0.25) / (0.3186 * np.sqrt(2)))


def test_of_few_points_nothing_is_known():
    x = np.zeros((1, 2))
    assert largest_noise(Observations.of(x, np.zeros(1), x)) == (np.inf, np.inf)
    assert largest_noise(Observations.of(x[:0], np.zeros(0), x[:0])) == (np.inf, np.inf)
