"""The measured height: its error is an upper estimate, also on profiles with kinks."""

import numpy as np
import pytest

from fourierpathfinder.height import refine_values

FINE = np.linspace(0, 1, 20001)


def random_profile(seed):
    """A sum of sines and of rectifiers, of one of three kinds."""
    rng = np.random.default_rng(seed)
    n = rng.integers(5, 60)
    places, slopes = rng.random(n), rng.normal(size=n) / n**0.5
    weights = rng.normal(size=6) / np.arange(1, 7) ** 1.5

    def kinks(t):
        return np.maximum(t[:, None] - places, 0) @ slopes

    def smooth(t):
        return np.sin(np.pi * np.outer(t, np.arange(1, 7))) @ weights

    return [
        lambda t: np.log1p(np.exp(4 * (kinks(t) + smooth(t)))),
        lambda t: np.maximum(4 * kinks(t), smooth(t)),
        lambda t: smooth(t) + 0.3 * kinks(t),
    ][seed % 3]


@pytest.mark.parametrize("n_first", [21, 99])
def test_the_error_is_an_upper_estimate(n_first):
    n_profiles, exceeded = 300, 0
    for seed in range(n_profiles):
        profile = random_profile(seed)
        found = refine_values(
            profile, np.linspace(0, 1, n_first), tol=1e-2, max_points=n_first + 100
        )
        missed = profile(FINE).max() - found.profile.height
        exceeded += missed > found.error
        if missed > found.error:
            assert missed < 0.02 * found.profile.scale
    assert exceeded <= 0.01 * n_profiles


def test_a_kink_between_points_is_found():
    def roof(t):
        return 1 - 3 * np.abs(t - 0.487)

    found = refine_values(roof, np.linspace(0, 1, 11), tol=1e-3)
    assert found.profile.height == pytest.approx(1, abs=2e-3)
    assert 1 - found.profile.height <= found.error
    assert len(found.profile.times) < 40


def test_a_level_profile_asks_for_no_more():
    found = refine_values(np.zeros_like, np.linspace(0, 1, 11))
    assert len(found.profile.times) == 11
    assert found.error == 0
