import numpy as np
import pytest
from scipy.stats import ttest_ind

from examples.nn_experiments.claims import compare, verdict


def test_comparison_agrees_with_the_t_test(rng):
    a, b = rng.normal(1, 1, 200), rng.normal(0, 2, 150)
    found = compare(a, b)
    expected = ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    np.testing.assert_allclose(found.interval, [expected.low, expected.high], atol=0.05)
    assert found.difference == pytest.approx(a.mean() - b.mean())
    assert found.p_value < 1e-3
    assert found.n == (200, 150)


def test_constant_samples_have_an_interval_of_no_width():
    assert compare([2.0, 2.0], [1.0, 1.0]).interval == (1.0, 1.0)


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
def test_verdict_follows_from_the_interval(low, expected, said):
    found = compare(np.linspace(low, low + 1, 12), np.zeros(12))
    assert verdict(found, expected) == said


def test_few_values_decide_nothing():
    """Two against two: the interval is clear of zero, but the ranks may well be chance."""
    found = compare([1.0, 1.1], [0.0, 0.1])
    assert found.interval[0] > 0
    assert verdict(found, "higher") == "undecided"
