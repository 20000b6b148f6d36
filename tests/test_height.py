"""The continuous height against dense sampling, on smooth paths and on paths that jump."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fourierpathfinder.evaluation import Evaluator
from fourierpathfinder.height import Profile, evaluate_profile, refine_height
from fourierpathfinder.path import SinePath


class Waves:
    """A sum of random plane waves."""

    def __init__(self, seed, n=4, stiffness=3.0):
        rng = np.random.default_rng(seed)
        self.k, self.phase = rng.normal(size=(n, 2)) * stiffness, rng.uniform(0, 6, n)

    def value_and_grad(self, x):
        angle = x @ self.k.T + self.phase
        return np.sin(angle).sum(-1), np.cos(angle) @ self.k


def refined(landscape, path, n_points, **options):
    evaluator = Evaluator(landscape)
    profile = evaluate_profile(evaluator, path, np.linspace(0, 1, n_points))
    return refine_height(evaluator, path, profile, **options), evaluator


@settings(deadline=None, max_examples=100)
@given(
    seed=st.integers(0, 100_000),
    scale=st.floats(1e-3, 1e3),
    shift=st.floats(-1e3, 1e3),
    n_points=st.integers(12, 40),
)
def test_against_dense_sampling(seed, scale, shift, n_points):
    waves = Waves(seed)

    class Scaled:
        def value_and_grad(self, x):
            f, g = waves.value_and_grad(x)
            return scale * f + shift, scale * g

    rng = np.random.default_rng(seed + 1)
    path = SinePath(rng.normal(size=2), rng.normal(size=2), 0.3 * rng.normal(size=(4, 2)))
    result, _ = refined(Scaled(), path, n_points)
    truth = Scaled().value_and_grad(path(np.linspace(0, 1, 20_001)))[0]
    span = np.ptp(truth)
    assert result.profile.height <= truth.max() + 1e-6 * span
    assert truth.max() - result.profile.height <= max(result.error, 1e-4 * span)


def test_a_smooth_top_costs_a_handful():
    path = SinePath(np.array([-1.0, 0.0]), np.array([1.0, 0.2]), np.array([[0.0, 0.1]]))
    result, evaluator = refined(Waves(3, stiffness=1.0), path, 16)
    assert evaluator.n_gradients <= 16 + 6
    assert result.error < 1e-4


def test_a_peak_between_two_points_is_found():
    class Wall:
        def value_and_grad(self, x):
            f = np.exp(-0.5 * (x[:, 0] / 0.05) ** 2)
            return f, np.stack([-f * x[:, 0] / 0.05**2, 0 * f], 1)

    path = SinePath(np.array([-1.05, 0.0]), np.array([1.0, 0.0]), np.zeros((3, 2)))
    result, _ = refined(Wall(), path, 12)
    assert result.profile.height == pytest.approx(1.0, abs=1e-5)


def test_keeps_to_both_budgets_and_says_so_in_the_error():
    waves = Waves(5, stiffness=8.0)
    path = SinePath(np.zeros(2), np.ones(2), np.array([[1.0, -1.0]]))
    result, evaluator = refined(waves, path, 6, max_gradients=2)
    assert evaluator.n_gradients == 8
    truth = waves.value_and_grad(path(np.linspace(0, 1, 5001)))[0].max()
    assert result.error >= truth - result.profile.height


def test_the_top_may_be_an_end():
    class Slope:
        def value_and_grad(self, x):
            return x[:, 0], np.ones_like(x)

    result, _ = refined(Slope(), SinePath(np.zeros(1), np.ones(1), np.zeros((2, 1))), 5)
    assert result.profile.height == 1.0
    assert result.profile.height_time == 1.0
    assert result.error < 1e-9


def test_profile_from_two_points_only():
    path = SinePath(np.array([-1.0, 0.0]), np.array([1.0, 0.3]), np.zeros((1, 2)))
    result, _ = refined(Waves(3), path, 2)
    truth = Waves(3).value_and_grad(path(np.linspace(0, 1, 5001)))[0].max()
    assert result.profile.height == pytest.approx(truth, abs=1e-3)


def test_profile_scale_of_a_flat_landscape_is_no_division():
    flat = Profile(np.array([0.0, 0.5, 1.0]), np.zeros(3), np.zeros(3))
    assert flat.scale == 0.0


def test_single_precision_and_noise_do_not_make_times_meet():
    """Noisy values ask for ever finer intervals; in float32 their middles would be their ends."""

    class Rough:
        def value_and_grad(self, x):
            noise = np.random.default_rng(0).normal(size=len(x)).astype("f4")
            return -(x**2).sum(axis=1) + 0.1 * noise, -2 * x

    ends = np.float32([[-1.0, 0.0], [1.0, 0.2]])
    path = SinePath(ends[0], ends[1], np.float32([[0.0, 0.1]]))
    result, _ = refined(Rough(), path, 16, max_gradients=3000)
    assert (np.diff(result.profile.times) > 0).all()
    assert np.isfinite(result.profile.height)
