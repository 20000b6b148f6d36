from dataclasses import replace

import numpy as np
import pytest

from fourierpathfinder.gaussian_process import GaussianProcess
from fourierpathfinder.gaussian_process.corrected import corrected
from fourierpathfinder.path import SinePath
from fourierpathfinder.search.certification import Inspection
from fourierpathfinder.search.excluded import ExcludedRegions
from fourierpathfinder.search.policy import Certify
from fourierpathfinder.search.prediction import Prediction

NUMBERS = Certify()
TIMES = np.linspace(0, 1, 12)[1:-1]


def hill(x):
    """A hill of height 1 at the origin, narrow enough that the ends know little of it."""
    values = np.exp(-2 * (x**2).sum(axis=1))
    return values, -4 * x * values[:, None]


@pytest.fixture
def prediction():
    x = np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, 0.0]])
    model = GaussianProcess().fit(x, *hill(x), length_scale=0.5, optimise=False)
    none = ExcludedRegions.around(np.zeros((0, 2)), x, 2.0)
    return Prediction(model, SinePath.straight(x[0], x[1], 2), TIMES, 1.0, none)


def inspection(prediction, limit, **others):
    away = np.ones(len(prediction.times), dtype=bool)
    blocked = others.pop("blocked", None)
    return Inspection(
        prediction, others.pop("away", away), limit, 1e-3, blocked, NUMBERS, chord=2.0, scale=1.0
    )


def test_passes_below_the_limit_after_enough_checks(prediction):
    near, far = prediction.upper(2.0).max(), prediction.upper(6.0).max()
    assert not inspection(prediction, near - 1e-6).passes(99)
    assert inspection(prediction, near + 1e-6).passes(NUMBERS.checks)
    assert not inspection(prediction, near + 1e-6).passes(NUMBERS.checks - 1)
    assert inspection(prediction, far + 1e-6).passes(NUMBERS.checks - 1)
    assert not inspection(prediction, far + 1e-6).passes(NUMBERS.checks - 2)


def test_does_not_pass_what_is_blocked_or_excluded(prediction):
    limit = prediction.upper(6.0).max() + 1
    assert not inspection(prediction, limit, blocked=np.array([0.3, 0.2])).passes(99)
    shut = ExcludedRegions.around(prediction.points[4:5], prediction.model.data.x, 2.0)
    assert not inspection(replace(prediction, excluded=shut), limit).passes(99)


def test_the_saddle_is_no_obstacle(prediction):
    upper = prediction.upper(2.0)
    away = np.argsort(np.argsort(upper)) < len(upper) - 2  # all but the two next to the top
    limit = upper[away].max() + 1e-9
    assert not inspection(prediction, limit).passes(NUMBERS.checks)
    assert inspection(prediction, limit, away=away).passes(NUMBERS.checks)


def test_asks_where_the_path_may_be_too_high(prediction):
    candidate = inspection(prediction, prediction.mean.max()).candidate(1)
    assert candidate.kind == "check"
    assert candidate.time == prediction.times[prediction.upper(2.0).argmax()]


def test_odd_and_even_checks_take_turns(prediction):
    below = inspection(prediction, prediction.upper(6.0).max() + 1)
    assert below.candidate(1).time == prediction.times[prediction.upper(6.0).argmax()]
    assert below.candidate(2).time == prediction.times[prediction.deviation.argmax()]


def test_a_path_far_from_all_evaluations_is_asked_there_first(prediction):
    high = prediction.upper(6.0).max() + 1
    gap = np.abs(prediction.points - [0.4, 0.0]).sum(axis=1).argmin()
    x = np.array([[-1.0, 0.0], [-0.4, 0.0], [1.2, 0.0]])  # ends at the path's, or beyond
    model = GaussianProcess().fit(x, *hill(x), length_scale=0.5, optimise=False)
    bare = replace(prediction, model=model)
    for count in (1, 2):
        assert inspection(bare, high).candidate(count).time == prediction.times[gap]
    assert not inspection(bare, high).passes(99)
    asked = prediction.points[gap : gap + 1]
    seen = replace(prediction, model=model.add(asked, *hill(asked)))
    assert inspection(seen, high).passes(NUMBERS.checks)


def test_what_blocks_the_path_goes_first_while_the_rest_is_nearly_well(prediction):
    blocked = np.array([0.3, 0.2])
    upper = prediction.upper(2.0).max()
    np.testing.assert_array_equal(
        inspection(prediction, upper, blocked=blocked).candidate(1).point, blocked
    )
    assert inspection(prediction, upper - 0.1, blocked=blocked).candidate(1).kind == "check"


def test_asks_away_from_excluded_regions_first(prediction):
    shut = ExcludedRegions.around(prediction.points[4:5], prediction.model.data.x, 2.0)
    candidate = inspection(replace(prediction, excluded=shut), 10.0).candidate(1)
    assert candidate.kind == "detour"
    assert not shut.contain(candidate.point[None]).any()


def test_asks_nothing_of_which_the_surrogate_is_sure(prediction):
    """The hill's top is known and highest; an evaluation next to it would tell nothing."""
    times = np.sort(np.append(TIMES, [0.499, 0.5, 0.501]))
    near_top = replace(prediction, times=times)
    sure = near_top.deviation <= 5e-3
    assert sure.any()
    for limit in (near_top.mean.max() - 1e-3, near_top.upper(6.0).max() + 1):
        for count in (1, 2):
            time = inspection(near_top, limit).candidate(count).time
            assert time not in times[sure]
    only_sure = inspection(near_top, 10.0, away=sure)
    assert only_sure.candidate(1).time in times[sure]


def test_one_check_will_do_where_a_landscape_beneath_shows_the_hills(prediction):
    x = prediction.model.data.x
    beneath = GaussianProcess().fit(prediction.points, *hill(prediction.points))
    upon = replace(prediction, model=corrected(GaussianProcess(), beneath, x, *hill(x)))
    sure = upon.upper(NUMBERS.far_assurance).max() + 1e-9
    assert inspection(upon, sure).passes(NUMBERS.prior_checks)
    assert not inspection(upon, sure).passes(0)
    assert not inspection(upon, upon.upper(2.0).max() + 1e-9).passes(NUMBERS.checks - 1)
    alone = replace(prediction, model=upon.model.alone)
    assert not inspection(alone, alone.upper(6.0).max() + 1).passes(NUMBERS.prior_checks)
