import numpy as np
import pytest

from fourierpathfinder.gaussian_process import GaussianProcess
from fourierpathfinder.search.policy import BOLD
from fourierpathfinder.search.records import Records
from fourierpathfinder.search.warp import Warp


@pytest.fixture
def records(rng):
    x = rng.normal(size=(6, 2))
    return Records.of(x, (x**2).sum(axis=1), 2 * x)


def spoilt(records, *, value=(), gradient=()):
    values, gradients = records.values.copy(), records.gradients.copy()
    for index, bad in value:
        values[index] = bad
    for index, bad in gradient:
        gradients[index, 1] = bad
    return Records.of(records.x, values, gradients)


def test_what_is_not_finite_has_failed(records):
    bad = spoilt(records, value=[(1, np.nan), (2, np.inf)], gradient=[(4, np.nan), (5, -np.inf)])
    np.testing.assert_array_equal(bad.failed, [False, True, True, False, True, True])
    assert np.isnan(bad.values[bad.failed]).all()
    assert (bad.gradients[bad.failed] == 0).all()
    np.testing.assert_array_equal(bad.values[[0, 3]], records.values[[0, 3]])


def test_extremes_are_those_of_good_points(records):
    order = records.values.argsort()
    bad = spoilt(records, value=[(order[0], np.nan), (order[-1], np.nan)])
    assert (bad.lowest, bad.highest) == tuple(records.values[order[[1, -2]]])


def test_joined_keeps_order_and_failures(records):
    bad = spoilt(records, value=[(0, np.nan)])
    both = records.joined(bad)
    assert len(both) == 12
    np.testing.assert_array_equal(both.x, np.concatenate([records.x, bad.x]))
    np.testing.assert_array_equal(np.flatnonzero(both.failed), [6])


def test_distance_and_value(records):
    point = records.x[3] + [0.0, 1e-3]
    assert records.distance_to(point) == pytest.approx(1e-3)
    assert records.value_at(point) == records.values[3]


def test_points_in_single_precision_become_double(records):
    assert Records.of(records.x.astype("f4"), records.values, records.gradients).x.dtype == "f8"


def test_surrogate_is_told_the_warped_landscape(records):
    level = float(np.median(records.values))
    warp = Warp(level, 0.3)
    model = records.told_to(GaussianProcess(nugget=1e-12), None, warp)
    mean, gradient = model.predict(records.x)
    values, gradients = warp(records.values, records.gradients)
    np.testing.assert_allclose(mean, values, atol=1e-4)
    np.testing.assert_allclose(gradient, gradients, atol=1e-3)
    again = records.told_to(GaussianProcess(nugget=1e-12), model, Warp(level + 10, 0.3))
    np.testing.assert_allclose(again.predict(records.x)[0], records.values, atol=1e-4)


def test_failed_points_are_not_told_and_exclude_their_surroundings(records):
    bad = spoilt(records, value=[(2, np.nan)])
    model = bad.told_to(GaussianProcess(), None, Warp(records.highest, 1.0))
    np.testing.assert_array_equal(model.data.x, np.delete(records.x, 2, axis=0))
    excluded = bad.excluded(1.0, BOLD.exclude)
    np.testing.assert_array_equal(excluded.contain(records.x), np.arange(6) == 2)
    assert not records.excluded(1.0, BOLD.exclude).contain(records.x).any()


def test_a_value_whose_square_is_no_number_counts_as_failed():
    x, slope = np.zeros((4, 2)), np.zeros((4, 2))
    slope[1] = 1e200
    records = Records.of(x, np.array([1.0, 1.0, -1e200, np.nan]), slope)
    assert records.failed.tolist() == [False, True, True, True]
    assert np.isnan(records.values[1:]).all()
    assert not records.gradients[1:].any()
