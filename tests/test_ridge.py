"""Both sides of a ridge are searched, and the lower pass is what comes of it."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from fourierpathfinder import Saddle, SinePath, Status, Surrogate, find_path, leave_ridge
from fourierpathfinder.ridge import second_way_down
from fourierpathfinder.saddle import verify_saddle
from fourierpathfinder.search.policy import BOLD

ENDS = np.array([[-1.0, 0.0], [1.0, 0.0]])


class Ridge:
    """Two wells, a hill between them, and a pass on either side of it; one of them is lower."""

    def __init__(self, tilt):
        self.tilt = tilt

    def value_and_grad(self, points):
        x, y = np.asarray(points).T
        near, bump = np.exp(-3 * x**2), np.exp(-4 * y**2)
        over = 1.5 * bump + self.tilt * np.tanh(2 * y)
        values = (x**2 - 1) ** 2 + near * over + 0.2 * y**2
        slope = -12 * y * bump + 2 * self.tilt / np.cosh(2 * y) ** 2
        return values, np.stack(
            [4 * x * (x**2 - 1) - 6 * x * near * over, near * slope + 0.4 * y], axis=1
        )

    def lowest_pass(self):
        """By scalar minimisation along x = 0, which both passes lie on."""
        found = [
            minimize_scalar(lambda y: float(self.value_and_grad([[0.0, y]])[0][0]), bounds=side)
            for side in ((-2.5, 0), (0, 2.5))
        ]
        return min(one.fun for one in found)


def upon_the_ridge(landscape):
    """A path straight over the hill, as a search would return it that never looked aside."""
    found = find_path(landscape, *ENDS, method=Surrogate(), rng=0)
    on_top = np.linspace(-0.2, 0.2, 4001)
    values, _ = landscape.value_and_grad(np.stack([0 * on_top, on_top], axis=1))
    top = np.array([0.0, on_top[values.argmax()]])
    path = SinePath.straight(*ENDS, 8)
    path.coefficients[0] = top
    saddle = Saddle(top, float(values.max()), 0.0, 0.5, 0.0)
    return replace(found, path=path, saddle=saddle, height=saddle.value, height_time=0.5)


@pytest.mark.parametrize("tilt", [-0.15, 0.0, 0.15])
def test_the_lower_pass_is_found_from_the_top_of_the_hill(tilt):
    landscape = Ridge(tilt)
    above = upon_the_ridge(landscape)
    report = verify_saddle(landscape, above, rng=0)
    assert report.n_negative == 2
    assert abs(second_way_down(above, report)) == pytest.approx([0, 1], abs=1e-3)
    below = leave_ridge(landscape, above, report)
    assert below.certified
    assert below.height == pytest.approx(landscape.lowest_pass(), abs=2e-3)
    assert below.n_gradients > above.n_gradients
    assert verify_saddle(landscape, below, rng=0).n_negative == 1


def test_a_path_that_follows_both_ways_down_leaves_across():
    landscape = Ridge(0.0)
    above = upon_the_ridge(landscape)
    report = verify_saddle(landscape, above, rng=0)
    slanting = replace(
        above, path=SinePath(ENDS[0] + [0, 0.5], ENDS[1] - [0, 0.5], np.zeros((8, 2)))
    )
    way = second_way_down(slanting, report)
    assert way @ slanting.path.velocity(0.5) == pytest.approx(0, abs=1e-9)
    assert np.linalg.norm(way) == pytest.approx(1)


def test_a_pass_is_no_ridge():
    landscape = Ridge(0.15)
    found = find_path(landscape, *ENDS, method=Surrogate(), rng=0)
    report = verify_saddle(landscape, found, rng=0)
    assert second_way_down(found, report) is None
    with pytest.raises(ValueError, match="no ridge"):
        leave_ridge(landscape, found, report)


def test_further_starts_and_another_push_are_those_of_the_settings():
    """Each side has its own first path, so that further starts would only cost."""
    landscape = Ridge(0.15)
    above = upon_the_ridge(landscape)
    report = verify_saddle(landscape, above, rng=0)
    once = leave_ridge(landscape, above, report, rng=0)
    many = replace(above, method=Surrogate(n_starts=3))
    assert leave_ridge(landscape, many, report, rng=0).n_gradients == once.n_gradients
    seen = []
    policy = replace(BOLD, across=replace(BOLD.across, push=0.5 * BOLD.across.push))

    def first(now):
        seen.append(now.path.coefficients[0])
        raise StopIteration

    for method in (Surrogate(), Surrogate(policy=policy)):
        leave_ridge(landscape, replace(above, method=method), report, rng=0, callback=first)
    assert not np.allclose(*seen)


def test_where_neither_side_is_lower_the_path_stays():
    landscape = Ridge(0.0)
    above = upon_the_ridge(landscape)
    report = verify_saddle(landscape, above, rng=0)
    low = replace(above, height=landscape.lowest_pass())
    kept = leave_ridge(landscape, low, report)
    assert kept.path is low.path
    assert kept.n_gradients > low.n_gradients


def test_a_callback_that_stops_ends_both_sides():
    landscape = Ridge(0.15)
    above = upon_the_ridge(landscape)
    report = verify_saddle(landscape, above, rng=0)

    def stop(_):
        raise StopIteration

    left = leave_ridge(landscape, above, report, callback=stop)
    assert left.n_gradients - above.n_gradients < 5
    assert left.status in (above.status, Status.STOPPED)
