"""Evaluations that a path which is not certified leaves out of account."""

import numpy as np
import pytest

from fourierpathfinder import find_path
from fourierpathfinder.landscapes.toy import mueller_brown, two_channels
from fourierpathfinder.methods.jumps import jumps_beside
from fourierpathfinder.path import SinePath
from fourierpathfinder.search.records import Records

PATH = SinePath.straight(np.array([-1.0, 0]), np.array([1.0, 0]), 4)


def records(*more):
    rows = [((-1.0, 0), 0.0, (0, 0)), ((1.0, 0), 0.0, (0, 0)), *more]
    return Records.of(*(np.array(column, dtype=float) for column in zip(*rows, strict=True)))


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ([((0.2, 0.01), 5.0, (0, 0.02))], "1 evaluation beside the path, the largest 5,"),
        ([((0.2, 0.01), 5.0, (0, 0)), ((0.2, 0.02), 6.0, (0, 0))], "2 evaluations beside the path"),
        ([((0.2, 0.01), 5.0, (0, 500))], ""),
        ([((0.2, 0.5), 5.0, (0, 0))], ""),
        ([((0.2, 0.01), np.inf, (0, 0))], ""),
        ([((0.2, 0.01), 1.05, (0, 0))], ""),
        ([], ""),
    ],
    ids=["a step", "two", "a slope", "far", "failed", "curvature", "none"],
)
def test_what_is_above_the_path_and_not_explained(more, told):
    said = jumps_beside(PATH, records(*more), height=1.0, error=0.1)
    assert said.startswith(told)
    assert bool(said) == bool(told)


def test_a_narrow_wall_that_the_search_has_met_is_told():
    seen = []

    def height(x):
        seen.append(5.0 * (abs(x[0] - 0.2) < 0.01) + x[1] ** 2)
        return seen[-1]

    start, end = np.array([-1.0, 0]), np.array([1.0, 0])
    result = find_path(height, start, end, gradient=lambda x: np.array([0, 2 * x[1]]), rng=0)
    if not result.certified and max(seen) > 1:
        assert f"the largest {max(seen):.6g}" in result.message
        assert "a narrow wall" in result.message


@pytest.mark.parametrize("toy", [two_channels(), mueller_brown()])
@pytest.mark.parametrize("n", [6, 9, 12, 15])
def test_smooth_landscapes_are_not_suspected(toy, n):
    result = find_path(toy, toy.start, toy.end, rng=0, max_gradients=n)
    assert "a narrow wall" not in result.message
