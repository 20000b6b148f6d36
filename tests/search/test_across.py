"""A path in a plane of symmetry is moved aside, as nothing that is known tells what lies beside."""

import numpy as np
import pytest

from fourierpathfinder.gaussian_process import GaussianProcess
from fourierpathfinder.path import SinePath
from fourierpathfinder.search.across import off_symmetry
from fourierpathfinder.search.phases import begun
from fourierpathfinder.search.policy import BOLD
from fourierpathfinder.search.records import Records
from fourierpathfinder.search.state import Aim, Sides

X, Y, STIFF = 0, 1, 2
START, END = np.array([-1.0, 0, 0, 0]), np.array([1.0, 0, 0, 0])
ON_THE_WAY = [[-0.5, 0, 0.1, 0], [0.4, 0, 0, 0.1]]


def symmetric_in_y(points):
    """A double well in x, what bends with it, and y, of which only even powers occur."""
    x, y, rest = points[:, X], points[:, Y], points[:, STIFF:]
    bend = rest - 0.2 * (1 - x**2)[:, None]
    values = (x**2 - 1) ** 2 - 0.3 * y**2 + y**4 + (bend**2).sum(axis=1)
    gradients = np.empty_like(points)
    gradients[:, X] = 4 * x * (x**2 - 1) + 0.8 * x * bend.sum(axis=1)
    gradients[:, Y] = -0.6 * y + 4 * y**3
    gradients[:, STIFF:] = 2 * bend
    return values, gradients


def asked(*others, mobility=(1, 1, 0.1, 0.1), failed=()):
    """The path's top, and what is asked for instead, where the ends and `others` are known."""
    points = np.array([START, END, *others], dtype=float)
    records = Records.of(points, *symmetric_in_y(points))
    if failed:
        spoilt = np.array(failed, dtype=float)
        nothing = np.full(len(spoilt), np.nan)
        records = records.joined(Records.of(spoilt, nothing, np.full(spoilt.shape, np.nan)))
    sides = Sides(mobility=lambda velocities: np.array(mobility))
    aim = Aim(GaussianProcess(nugget=1e-10), tol=1e-3, sides=sides)
    channel = begun(aim, SinePath.straight(START, END, 8), records)
    top = channel.prediction.candidate("top", channel.prediction.mean)
    return top, off_symmetry(channel, channel.prediction, records, top), channel


def test_it_goes_where_no_gradient_and_no_step_has_a_part():
    top, instead, channel = asked(*ON_THE_WAY)
    moved = instead.point - top.point
    assert instead.kind == "aside"
    assert np.linalg.norm(moved) == pytest.approx(BOLD.across.aside * channel.chord)
    assert abs(moved[Y]) > 0.999 * np.linalg.norm(moved)
    expected = channel.model.predict(instead.point[None])[0][0]
    assert instead.mean == pytest.approx(expected)


def test_a_point_beside_the_plane_tells_enough():
    top, instead, _ = asked(*ON_THE_WAY, [0.2, 0.1, 0.1, 0])
    assert instead is top


def test_what_little_loosely_relaxed_points_tell_is_not_enough():
    """The plane is y = 0, and they lie beside it by a part of what would tell."""
    points = np.array(ON_THE_WAY) + 1e-3 * np.array([[0, 1, 0, 0], [0, -1, 0, 0]])
    top, instead, _ = asked(*points)
    moved = instead.point - top.point
    assert instead.kind == "aside"
    assert abs(moved[Y]) > 0.99 * np.linalg.norm(moved)


def test_it_waits_until_a_direction_could_have_been_seen():
    top, instead, _ = asked(ON_THE_WAY[0])
    assert instead is top


def test_what_hardly_moves_along_the_path_is_no_reason():
    top, instead, _ = asked(*ON_THE_WAY, mobility=(1, 0.03, 1, 1))
    assert instead is top


def test_a_region_where_nothing_could_be_evaluated_is_kept_out_of():
    _, free, _ = asked(*ON_THE_WAY)
    top, instead, _ = asked(*ON_THE_WAY, failed=[free.point])
    assert instead is top
