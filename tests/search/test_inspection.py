from dataclasses import replace

import numpy as np
import pytest
from fourierpathfinder.search.inspection import CHECKS, Inspection

from fourierpathfinder.gaussian_process import GaussianProcess
from fourierpathfinder.path import SinePath
from fourierpathfinder.search.excluded import ClosedRegions
from fourierpathfinder.search.prediction import Look

TIMES = np.linspace(0, 1, 12)[1:-1]


def hill(x):
    """A hill of height 1 at the origin, narrow enough that the ends know little of it."""
    values = np.exp(-2 * (x**2).sum(axis=1))
    return values, -4 * x * values[:, None]


@pytest.fixture
def look():
    x = np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, 0.0]])
    model = GaussianProcess().fit(x, *hill(x), length_scale=0.5, optimise=False)
    none = ClosedRegions.around(np.zeros((0, 2)), x, 2.0)
    return Look(model, SinePath.straight(x[0], x[1], 2), TIMES, 1.0, none)


def inspection(look, limit, **others):
    away = np.ones(len(look.times), dtype=bool)
    return Inspection(look, others.pop("away", away), limit, 1e-3, others.pop("blocked", None))


def test_passes_below_the_limit_after_enough_checks(look):
    near, far = look.upper(2.0).max(), look.upper(6.0).max()
    assert not inspection(look, near - 1e-6).passes(99)
    assert inspection(look, near + 1e-6).passes(CHECKS)
    assert not inspection(look, near + 1e-6).passes(CHECKS - 1)
    assert inspection(look, far + 1e-6).passes(CHECKS - 1)
    assert not inspection(look, far + 1e-6).passes(CHECKS - 2)


def test_does_not_pass_what_is_blocked_or_closed(look):
    limit = look.upper(6.0).max() + 1
    assert not inspection(look, limit, blocked=np.array([0.3, 0.2])).passes(99)
    shut = ClosedRegions.around(look.points[4:5], look.model.data.x, 2.0)
    assert not inspection(replace(look, closed=shut), limit).passes(99)


def test_the_pin_is_no_obstacle(look):
    upper = look.upper(2.0)
    away = np.argsort(np.argsort(upper)) < len(upper) - 2  # all but the two next to the top
    limit = upper[away].max() + 1e-9
    assert not inspection(look, limit).passes(CHECKS)
    assert inspection(look, limit, away=away).passes(CHECKS)


def test_asks_where_the_path_may_be_too_high(look):
    query = inspection(look, look.mean.max()).query(1)
    assert query.kind == "check"
    assert query.time == look.times[look.upper(2.0).argmax()]


def test_odd_and_even_checks_take_turns(look):
    below = inspection(look, look.upper(6.0).max() + 1)
    assert below.query(1).time == look.times[look.upper(6.0).argmax()]
    assert below.query(2).time == look.times[look.deviation.argmax()]


def test_what_blocks_the_path_goes_first_while_the_rest_is_nearly_well(look):
    blocked = np.array([0.3, 0.2])
    upper = look.upper(2.0).max()
    np.testing.assert_array_equal(inspection(look, upper, blocked=blocked).query(1).point, blocked)
    assert inspection(look, upper - 0.1, blocked=blocked).query(1).kind == "check"


def test_asks_away_from_closed_regions_first(look):
    shut = ClosedRegions.around(look.points[4:5], look.model.data.x, 2.0)
    query = inspection(replace(look, closed=shut), 10.0).query(1)
    assert query.kind == "unsure"
    assert not shut.contain(query.point[None]).any()


def test_asks_nothing_of_which_the_surrogate_is_sure(look):
    """The hill's top is known and highest; an evaluation next to it would tell nothing."""
    times = np.sort(np.append(TIMES, [0.499, 0.5, 0.501]))
    near_top = replace(look, times=times)
    sure = near_top.deviation <= 5e-3
    assert sure.any()
    for limit in (near_top.mean.max() - 1e-3, near_top.upper(6.0).max() + 1):
        for count in (1, 2):
            time = inspection(near_top, limit).query(count).time
            assert time not in times[sure]
    only_sure = inspection(near_top, 10.0, away=sure)
    assert only_sure.query(1).time in times[sure]
