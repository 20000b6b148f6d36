from dataclasses import replace

import numpy as np
import pytest

from fourierpathfinder.gaussian_process import GaussianProcess
from fourierpathfinder.path import SinePath
from fourierpathfinder.search.excluded import ExcludedRegions
from fourierpathfinder.search.prediction import WORDS, Prediction


@pytest.fixture
def prediction():
    x = np.array([[-1.0, 0.0], [1.0, 0.0], [0.2, 0.3]])
    model = GaussianProcess().fit(x, -(x**2).sum(axis=1), -2 * x)
    path = SinePath(x[0], x[1], np.array([[0.0, 0.4]]))
    none = ExcludedRegions.around(np.zeros((0, 2)), x, 2.0)
    return Prediction(model, path, np.linspace(0, 1, 12)[1:-1], 2.5, none)


def test_is_the_surrogate_on_the_path(prediction):
    points = prediction.path(prediction.times)
    np.testing.assert_array_equal(prediction.points, points)
    np.testing.assert_array_equal(prediction.mean, prediction.model.predict(points)[0])
    np.testing.assert_array_equal(prediction.deviation, 2.5 * prediction.model.deviation(points))
    np.testing.assert_allclose(prediction.upper(3.0), prediction.mean + 3.0 * prediction.deviation)
    assert prediction.mean[prediction.top] == prediction.mean.max()


def test_candidate_of_largest_merit_expects_what_the_model_says(prediction):
    merit = np.arange(10.0)[::-1]
    candidate = prediction.candidate("top", merit)
    np.testing.assert_array_equal(candidate.point, prediction.points[0])
    assert candidate.time == prediction.times[0]
    assert (candidate.mean, candidate.deviation) == (
        prediction.mean[0],
        prediction.raw_deviation[0],
    )


def test_candidate_off_the_path(prediction):
    point = np.array([0.1, -0.7])
    candidate = prediction.candidate_at("blocked", point)
    assert np.isnan(candidate.time)
    assert candidate.mean == prediction.model.predict(point[None])[0][0]
    assert candidate.deviation == prediction.model.deviation(point[None])[0]
    assert prediction.candidate_at("saddle", point, 0.3).time == 0.3


def test_every_kind_has_words():
    assert all(words and words[0].islower() for words in WORDS.values())


def test_asks_nothing_in_an_excluded_region(prediction):
    best = prediction.candidate("top", prediction.mean)
    shut = ExcludedRegions.around(best.point[None], prediction.model.data.x, 2.0)
    beside = replace(prediction, excluded=shut).candidate("top", prediction.mean)
    assert not shut.contain(beside.point[None]).any()
    assert beside.mean < best.mean
