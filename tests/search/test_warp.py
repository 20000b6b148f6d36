import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourierpathfinder.search.warp import Warp

numbers = st.floats(-50, 50)


@given(numbers, st.floats(0.01, 10), st.lists(numbers, min_size=2, max_size=8))
def test_monotone_and_invertible(level, scale, values):
    warp = Warp(level, scale)
    values = np.sort(values)
    warped = warp.value(values)
    assert (np.diff(warped) >= 0).all()
    np.testing.assert_allclose(warp.inverse(warped), values, rtol=1e-9, atol=1e-9)


def test_values_up_to_the_level_and_their_gradients_are_untouched():
    values, gradients = np.array([-3.0, 0.5, 1.0]), np.arange(6.0).reshape(3, 2)
    warped, warped_gradients = Warp(1.0, 0.3)(values, gradients)
    np.testing.assert_array_equal(warped, values)
    np.testing.assert_array_equal(warped_gradients, gradients)


def test_slope_is_the_derivative_and_continuous_at_the_level():
    warp, values, step = Warp(1.0, 0.3), np.array([0.5, 0.999, 1.001, 1.7, 40.0]), 1e-6
    slopes = (warp.value(values + step) - warp.value(values - step)) / (2 * step)
    np.testing.assert_allclose(warp.slope(values), slopes, rtol=1e-6)
    assert warp.slope(np.array([1.0 + 1e-12])) == pytest.approx(1.0)


def test_above_measures_its_scale_by_the_range_below():
    assert Warp.above(3.0, -1.0, 4.0) == Warp(3.0, 16.0)


def test_above_nothing_is_a_step():
    assert Warp.above(1.0, 1.0, 4.0) == Warp(1.0, 1e-12)


def test_says_what_is_wrong():
    with pytest.raises(ValueError, match=r"`scale` is 0\.0"):
        Warp(1.0, 0.0)
