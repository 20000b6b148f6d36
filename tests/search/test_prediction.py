from dataclasses import replace

import numpy as np
import pytest

from fourierpathfinder.gaussian_process import GaussianProcess
from fourierpathfinder.path import SinePath
from fourierpathfinder.search.excluded import ClosedRegions
from fourierpathfinder.search.prediction import WORDS, Look


@pytest.fixture
def look():
    x = np.array([[-1.0, 0.0], [1.0, 0.0], [0.2, 0.3]])
    model = GaussianProcess().fit(x, -(x**2).sum(axis=1), -2 * x)
    path = SinePath(x[0], x[1], np.array([[0.0, 0.4]]))
    none = ClosedRegions.around(np.zeros((0, 2)), x, 2.0)
    return Look(model, path, np.linspace(0, 1, 12)[1:-1], 2.5, none)


def test_is_the_surrogate_on_the_path(look):
    points = look.path(look.times)
    np.testing.assert_array_equal(look.points, points)
    np.testing.assert_array_equal(look.mean, look.model.predict(points)[0])
    np.testing.assert_array_equal(look.deviation, 2.5 * look.model.deviation(points))
    np.testing.assert_allclose(look.upper(3.0), look.mean + 3.0 * look.deviation)
    assert look.mean[look.top] == look.mean.max()


def test_query_of_largest_merit_expects_what_the_model_says(look):
    merit = np.arange(10.0)[::-1]
    query = look.query("top", merit)
    np.testing.assert_array_equal(query.point, look.points[0])
    assert query.time == look.times[0]
    assert (query.mean, query.deviation) == (look.mean[0], look.raw_deviation[0])


def test_query_off_the_path(look):
    point = np.array([0.1, -0.7])
    query = look.query_at("blocked", point)
    assert np.isnan(query.time)
    assert query.mean == look.model.predict(point[None])[0][0]
    assert query.deviation == look.model.deviation(point[None])[0]
    assert look.query_at("saddle", point, 0.3).time == 0.3


def test_every_kind_has_words():
    assert all(words and words[0].islower() for words in WORDS.values())


def test_asks_nothing_in_a_closed_region(look):
    best = look.query("top", look.mean)
    shut = ClosedRegions.around(best.point[None], look.model.data.x, 2.0)
    beside = replace(look, closed=shut).query("top", look.mean)
    assert not shut.contain(beside.point[None]).any()
    assert beside.mean < best.mean
