import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourierpathfinder.search.calibration import Calibration


def after(*misses):
    calibration = Calibration()
    for miss in misses:
        calibration = calibration.seen(miss, 0.0, 1.0, 0.0)
    return calibration


def test_nothing_seen_changes_nothing():
    assert Calibration().factor == 1.0


@given(st.lists(st.floats(-20, 20), min_size=1, max_size=20))
def test_factor_is_the_rms_of_the_last_eight_underpredictions(misses):
    under = np.maximum(misses, 0)[-8:]
    assert after(*misses).factor == pytest.approx(max(1.0, np.sqrt((under**2).mean())))


@given(st.lists(st.floats(0, 1), max_size=8))
def test_never_below_one(misses):
    assert after(*misses).factor == 1.0


def test_predictions_that_were_too_high_count_as_none():
    assert after(-7.0, -9.0).misses == (0.0, 0.0)


def test_floor_joins_the_deviation():
    assert Calibration().seen(3.0, 1.0, 0.5, 0.5).misses == (2.0,)


def test_forgets():
    assert after(50.0, *[0.0] * 7).factor > 10
    assert after(50.0, *[0.0] * 8).factor == 1.0


def test_one_that_remembers_nothing_changes_nothing():
    assert Calibration(remembered=0).seen(50.0, 0.0, 1.0, 0.0).factor == 1.0


def test_the_old_one_stays_as_it_was():
    first = after(4.0)
    first.seen(9.0, 0.0, 1.0, 0.0)
    assert first.misses == (4.0,)
