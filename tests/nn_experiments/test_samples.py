from itertools import combinations

import numpy as np
import pytest
from scipy.stats import sem

from examples.nn_experiments.samples import Sample


def test_one_value_a_member_has_the_ordinary_standard_error(rng):
    values = rng.normal(size=12)
    sample = Sample.of_members(values)
    assert sample.n_members == 12
    assert sample.mean == pytest.approx(values.mean())
    assert np.sqrt(sample.variance) == pytest.approx(sem(values))


def test_left_out_means_are_those_of_the_pairs_without_a_member(rng):
    pairs = list(combinations(range(6), 2))[::2]
    values = rng.normal(size=len(pairs))
    means = np.array(
        [np.mean([v for v, p in zip(values, pairs, strict=True) if k not in p]) for k in range(6)]
    )
    expected = 5 / 6 * np.sum((means - means.mean()) ** 2)
    assert Sample.of_pairs(values, pairs).variance == pytest.approx(expected)


@pytest.mark.statistical
def test_variance_of_pairs_is_that_of_their_mean(rng):
    """Heights that are sums over two members: the mean's variance is 4 σ²/K, not 2 σ²/n."""
    pairs = np.array(list(combinations(range(16), 2)))
    samples = [Sample.of_pairs(rng.normal(size=16)[pairs].sum(1), pairs) for _ in range(600)]
    expected = np.var([sample.mean for sample in samples])
    assert expected == pytest.approx(4 / 16, rel=0.2)
    assert np.mean([sample.variance for sample in samples]) == pytest.approx(expected, rel=0.2)


def test_pairs_that_all_share_a_member_tell_nothing_about_it():
    assert Sample.of_pairs([1.0, 2.0], [(0, 1), (0, 2)]).variance == np.inf
