"""What chance draws: times where the path is high, and each sample once in each pass."""

import numpy as np
import pytest
from scipy import stats

from fourierpathfinder.methods.drawing import N_DRAWN, by_height, drawn


def test_times_are_stratified():
    times, _ = drawn((3,), 0, 4, 8, 1000)
    assert (np.floor(times * 4) == np.arange(4)).all()
    assert 0.2 < (times * 4 % 1).std() < 0.4


def samples_of(n_blocks, n_samples, batch_size=5, seed=3):
    blocks = [drawn((seed,), block, 2, batch_size, n_samples)[1] for block in range(n_blocks)]
    return np.concatenate([block.ravel() for block in blocks])


def test_each_pass_takes_every_sample_once_in_another_order():
    samples = samples_of(5, 37)
    passes = samples[: len(samples) // 37 * 37].reshape(-1, 37)
    assert (np.sort(passes) == np.arange(37)).all()
    assert len(np.unique(passes, axis=0)) == len(passes)


def test_orders_are_random():
    """Every sample is as often at every place of a pass, by a test of chi square."""
    passes = samples_of(30, 8).reshape(-1, 8)
    counts = np.stack([np.bincount(column, minlength=8) for column in passes.T])
    assert stats.chisquare(counts.ravel()).pvalue > 1e-3


def test_steps_of_one_seed_do_not_hang_on_those_of_another():
    alone = drawn((7,), 1, 2, 5, 100)
    together = drawn((3, 7), 1, 2, 5, 100)
    for one, both in zip(alone, together, strict=True):
        assert (one[0] == both[1]).all()
        assert not (both[0] == both[1]).all()


def test_of_very_many_samples_any_are_drawn():
    _, samples = drawn((3,), 0, 2, 8, 10**12)
    assert samples.shape == (1, N_DRAWN, 2, 8)
    assert samples.max() > 10**11


def test_high_parts_of_a_path_get_more_times():
    """As often as the density says, whatever the unit and zero of the heights."""
    heights = np.array([[1.0, 3.0, 2.0, 1.0]])
    even = np.linspace(0, 1, 40_001)[None]
    times = by_height(even, heights)[0]
    counts = np.histogram(times, bins=4, range=(0, 1))[0] / times.size
    expected = np.array([0.2, 1.2, 0.7, 0.2])
    np.testing.assert_allclose(counts, expected / expected.sum(), atol=1e-3)
    np.testing.assert_allclose(by_height(even, 1e-3 * heights - 5)[0], times)


@pytest.mark.parametrize(
    "heights", [[2.0, 2.0, 2.0], [2.0, 1.0, 3.0], [2.0, np.nan, 3.0], [2.0, np.inf, 3.0]]
)
def test_where_nothing_is_known_above_the_ends_times_stay_even(heights):
    even = np.linspace(0, 1, 11)[None]
    np.testing.assert_allclose(by_height(even, np.array([heights])), even, atol=1e-12)
