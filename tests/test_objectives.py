"""Every objective against its formula and against finite differences, in every library."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp

from fourierpathfinder._arrays import to_numpy
from fourierpathfinder.objectives import LogSumExp, MaxFlux, SpeedPenalty, TotalHeight

from .tolerances import assert_close

OBJECTIVES = [TotalHeight(1), TotalHeight(2), LogSumExp(3.0), MaxFlux(3.0), SpeedPenalty(0.7)]
F = np.array([[0.3, -1.2, 2.0, 0.4], [1.0, 1.1, 0.9, 1.0]])
S = np.array([[0.5, 2.0, 1.0, 0.1], [1.0, 1.0, 1.0, 1.0]])
W = np.array([0.2, 0.3, 0.1, 0.4])


def value_of(objective, f, s):
    return to_numpy(objective(f, s, W).value)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=repr)
def test_derivatives(objective, make_array):
    pull = objective(make_array(F), make_array(S), make_array(W))
    assert to_numpy(pull.value).shape == (2,)
    h = 1e-6
    for m in range(4):
        step = h * (np.arange(4) == m)
        slope = (value_of(objective, F + step, S) - value_of(objective, F - step, S)) / (2 * h)
        np.testing.assert_allclose(to_numpy(pull.heights)[:, m], slope, atol=1e-8)
        if pull.speeds is not None:
            slope = (value_of(objective, F, S + step) - value_of(objective, F, S - step)) / (2 * h)
            np.testing.assert_allclose(to_numpy(pull.speeds)[:, m], slope, atol=1e-7)
    assert objective.needs_speeds == (pull.speeds is not None)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=repr)
def test_float32_is_kept(objective, make_array):
    arrays = [make_array(x, "float32") for x in (F, S, W)]
    for part in objective(*arrays):
        assert part is None or part.dtype == arrays[0].dtype


def test_values_against_scipy():
    assert_close(value_of(LogSumExp(3.0), F, S), logsumexp(3 * F, b=W, axis=-1) / 3)
    assert_close(value_of(MaxFlux(3.0), F, S), logsumexp(3 * F, b=W * S, axis=-1) / 3)


def test_speed_penalty_vanishes_at_constant_speed():
    assert abs(value_of(SpeedPenalty(5.0), F, S)[1]) < 1e-15


@settings(deadline=None)
@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e3))
def test_soft_maxima_shift_and_never_overflow(shift, beta):
    value = LogSumExp(beta)(F + shift, None, W).value
    np.testing.assert_allclose(
        value, LogSumExp(beta)(F, None, W).value + shift, rtol=1e-9, atol=1e-9
    )
    assert np.all(value <= F.max(axis=-1) + shift + 1e-6)


@pytest.mark.parametrize("make", [LogSumExp, MaxFlux])
@pytest.mark.parametrize("beta", [0.0, -1.0, float("nan")])
def test_beta_must_be_positive(make, beta):
    with pytest.raises(ValueError, match=r"`beta` is .*; it must be positive"):
        make(beta)


def test_power_is_one_or_two():
    with pytest.raises(ValueError, match="`power` is 3"):
        TotalHeight(3)
