from itertools import combinations

import numpy as np
import pytest
from scipy.stats import ttest_ind

from examples.nn_experiments.claims import Claim, compare, decided, verdict
from examples.nn_experiments.samples import Sample


def claim_of(sample, reference, expected="higher"):
    found = compare(Sample.of_members(sample), Sample.of_members(reference))
    return Claim("key", "text", "fcp", "measured", "undecided", found, expected)


def alone(sample, reference, expected):
    (claim,) = decided([claim_of(sample, reference, expected)], confidence=0.95, power=0.8)
    return claim


def pairs_of(rng, n_members, n_pairs, shift=0.0):
    """Heights that depend on the members of each pair, and on the pair."""
    pairs = np.array(list(combinations(range(n_members), 2)))
    pairs = pairs[rng.permutation(len(pairs))[:n_pairs]]
    heights = rng.normal(size=n_members)[pairs].sum(1) + rng.normal(size=n_pairs) + shift
    return Sample.of_pairs(np.exp(heights), pairs)


def test_comparison_agrees_with_the_t_test(rng):
    a, b = rng.normal(1, 1, 200), rng.normal(0, 2, 150)
    found = compare(Sample.of_members(a), Sample.of_members(b))
    expected = ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    np.testing.assert_allclose(found.interval, [expected.low, expected.high])
    assert found.difference == pytest.approx(a.mean() - b.mean())
    assert found.p_value < 1e-3
    assert found.n == (200, 150)


def test_rank_difference_is_how_much_oftener_a_value_is_the_higher_one(rng):
    a, b = rng.integers(0, 6, 30), rng.integers(0, 6, 20)
    signs = np.sign(a[:, None] - b)
    assert compare(Sample.of_members(a), Sample.of_members(b)).rank_difference == pytest.approx(
        signs.mean()
    )


def test_constant_samples_differ_for_sure():
    found = compare(Sample.of_members([2.0, 2.0]), Sample.of_members([1.0, 1.0]))
    assert found.interval == (1.0, 1.0)
    assert found.p_value == 0
    same = compare(Sample.of_members([1.0, 1.0]), Sample.of_members([1.0, 1.0]))
    assert same.p_value == 1


@pytest.mark.parametrize(
    ("low", "expected", "said"),
    [
        (-2, "lower", "confirmed"),
        (-2, "higher", "contradicted"),
        (-2, "not lower", "contradicted"),
        (-2, "not higher", "confirmed"),
        (-0.5, "lower", "undecided"),
        (-0.5, "not lower", "undecided"),
        (1, "higher", "confirmed"),
        (1, "not higher", "contradicted"),
    ],
)
def test_verdict_follows_from_the_ranks(low, expected, said):
    assert (
        alone(np.linspace(low, low + 1, 12), np.linspace(-0.5, 0.5, 12), expected).verdict == said
    )


def test_few_values_decide_nothing():
    assert alone([1.0, 1.3], [0.0, 0.4], "higher").verdict == "undecided"


def test_a_mean_that_lies_the_other_way_decides_nothing():
    """Nearly all values are lower, and one is so high that their mean is."""
    sample = np.append(np.linspace(-2, -1, 30), 1e3)
    found = alone(sample, np.linspace(0, 1, 31), "lower")
    assert found.comparison.corrected < 0.05
    assert found.verdict == "undecided"


@pytest.mark.statistical
@pytest.mark.parametrize(("n_members", "n_pairs"), [(16, 40), (48, 300), (6, 6)])
def test_samples_of_one_kind_are_seldom_told_apart(rng, n_members, n_pairs):
    """Where a rank test that takes pairs for independent errs in up to half of the cases."""
    p_values = [
        compare(pairs_of(rng, n_members, n_pairs), pairs_of(rng, n_members, n_pairs)).p_value
        for _ in range(300)
    ]
    assert np.mean(np.array(p_values) < 0.05) < 0.08


@pytest.mark.statistical
def test_a_visible_difference_is_seen_as_often_as_it_says(rng):
    def claim(difference):
        return alone(rng.normal(difference, 1, 16), rng.normal(0, 1, 16), "higher")

    visible = np.mean([claim(0.0).comparison.visible for _ in range(200)])
    seen = np.mean([claim(visible).verdict == "confirmed" for _ in range(400)])
    assert 0.72 < seen < 0.88


@pytest.mark.statistical
def test_so_many_members_as_needed_decide(rng):
    needed = alone(rng.normal(0.5, 1, 2000), rng.normal(0, 1, 2000), "higher").comparison.needed
    # Two-sided at 5 %, power 80 %: (1.96 + 0.84)² · 2 / 0.5² = 63, over the ranks' 0.955.
    assert needed == pytest.approx(66, rel=0.2)
    seen = [
        alone(rng.normal(0.5, 1, needed), rng.normal(0, 1, needed), "higher").verdict == "confirmed"
        for _ in range(300)
    ]
    assert 0.7 < np.mean(seen) < 0.9


def test_many_comparisons_are_corrected_together(rng):
    claims = [claim_of(rng.normal(size=10), rng.normal(size=10)) for _ in range(92)]
    real = claim_of(rng.normal(5, 1, 10), rng.normal(size=10))
    found = decided([*claims, real], confidence=0.95, power=0.8)
    assert [claim.verdict for claim in found[:-1]] == ["undecided"] * 92
    assert any(claim.comparison.p_value < 0.05 for claim in found[:-1])  # as chance has it
    assert found[-1].verdict == "confirmed"
    # The largest factor by which Benjamini and Yekutieli raise a p value: m (1 + 1/2 + ... + 1/m).
    most = 93 * np.sum(1 / np.arange(1, 94))
    assert found[-1].comparison.corrected == pytest.approx(most * real.comparison.p_value)


def test_claims_of_one_number_are_left_as_they_are():
    claim = Claim("key", "text", "toy", "measured", "confirmed", value=0.05)
    assert decided([claim], confidence=0.95, power=0.8) == [claim]


def test_no_verdict_without_a_correction():
    found = compare(Sample.of_members(np.arange(9.0)), Sample.of_members(np.arange(9.0) + 20))
    assert verdict(found, "lower") == "undecided"
