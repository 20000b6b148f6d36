"""What may rise on a path between two records, by slopes alone."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fourierpathfinder.gaussian_process import GaussianProcess
from fourierpathfinder.gaussian_process.corrected import corrected
from fourierpathfinder.path import SinePath
from fourierpathfinder.search.certification import Inspection
from fourierpathfinder.search.excluded import ExcludedRegions
from fourierpathfinder.search.policy import BOLD
from fourierpathfinder.search.prediction import Prediction
from fourierpathfinder.search.unseen import is_behind_a_dip, unseen_rise

from ..tolerances import assert_close

heights = arrays(float, st.integers(2, 12), elements=st.floats(-5, 5))


@given(heights, st.integers(0, 11), st.floats(0, 2))
def test_behind_a_dip_is_what_has_risen_again_since_the_top(mean, top, depth):
    top = top % len(mean)
    for i, behind in enumerate(is_behind_a_dip(mean, top, depth)):
        between = mean[min(i, top) : max(i, top) + 1]
        assert behind == (mean[i] - between.min() > depth)


def hills(p):
    """A high hill, a dip, and a lower hill: values and gradients."""
    x = p[:, 0]
    first, second = np.exp(-(((x + 0.4) / 0.2) ** 2)), 0.7 * np.exp(-(((x - 0.5) / 0.2) ** 2))
    slope = -2 * (x + 0.4) / 0.04 * first - 2 * (x - 0.5) / 0.04 * second
    return first + second + p[:, 1] ** 2, np.stack([slope, 2 * p[:, 1]], axis=1)


def over(records):
    """The straight path on a surrogate of those records."""
    x = np.array([[-1.0, 0.0], [1.0, 0.0], [-0.4, 0.0], *([at, 0.0] for at in records)])
    model = GaussianProcess().fit(x, *hills(x), length_scale=0.3, optimise=False)
    none = ExcludedRegions.around(np.zeros((0, 2)), x, 2.0)
    path = SinePath.straight(x[0], x[1], 2)
    return Prediction(model, path, np.linspace(0.01, 0.99, 50), 1.0, none)


def test_unseen_rise_is_the_largest_slope_times_the_way_from_the_nearest_record():
    prediction = over([0.45, 0.7])
    rise = unseen_rise(prediction, reach=0.1)
    step = np.linalg.norm(prediction.points[1] - prediction.points[0])
    along = np.abs(np.diff(prediction.mean)).max() / step
    for point, found in zip(prediction.points, rise, strict=True):
        away = np.linalg.norm(prediction.model.data.x - point, axis=1)
        slope = np.linalg.norm(prediction.model.data.gradients[away.argmin()])
        expected = max(slope, along) * away.min() * min(away.min() / 0.1, 1)
        assert found == pytest.approx(expected, rel=1e-6)


def test_upon_a_landscape_beneath_each_rises_unseen_between_its_own_records():
    prediction = over([0.45, 0.7])
    x = prediction.model.data.x
    dense = np.stack([np.linspace(-1, 1, 41), np.zeros(41)], axis=1)
    beneath = GaussianProcess().fit(dense, *hills(dense))
    upon = replace(prediction, model=corrected(GaussianProcess(), beneath, x, *hills(x)))
    known, difference = (
        unseen_rise(replace(prediction, model=model), reach=0.1)
        for model in (beneath, upon.model.difference)
    )
    assert_close(unseen_rise(upon, reach=0.1), known + difference)
    assert unseen_rise(upon, reach=0.1).max() < 0.2 * unseen_rise(prediction, reach=0.1).max()


def test_a_hill_behind_a_dip_is_checked_before_a_certificate():
    prediction = over([0.15, 0.85])
    sure = replace(BOLD.certify, assurance=0.0, far_assurance=0.0, behind_dips=0.0)
    seen = Inspection(prediction, prediction.points[:, 0] > 0, 0.5, 1e-3, None, sure, 2.0, 1.0)
    assert not seen.passes(99)
    assert 0.2 < seen.candidate(1).point[0] < 0.8
    assert not is_behind_a_dip(over([]).mean[:10], 9, 1e-3).any()  # on the way up to the first
    careless = replace(seen, numbers=replace(sure, slope=0.0, behind_dips=0.0))
    assert careless.passes(99)
