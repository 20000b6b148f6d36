"""Where a profile dips, against brute force; parts of a path, against the path itself."""

import numpy as np
import pytest

from fourierpathfinder.path import SinePath
from fourierpathfinder.splitting import dips, piece

from .tolerances import assert_close


def zigzag(heights, depth):
    """The turning points of a profile from which every turn below `depth` is taken out.

    Fall by more than that, then rise by more than that: between the two lies a dip.
    """
    found, start = [], 0
    while True:
        falling = np.maximum.accumulate(heights[start:]) - heights[start:]
        if not (falling > depth).any():
            return found
        fallen = start + int((falling > depth).argmax())
        rising = heights[fallen:] - np.minimum.accumulate(heights[fallen:])
        if not (rising > depth).any():
            return found
        start = fallen + int((rising > depth).argmax())
        found.append(fallen + int(heights[fallen : start + 1].argmin()))


@pytest.mark.parametrize("depth", [0.1, 0.5, 1.0, 3.0])
def test_dips_are_the_turns_that_are_deep_enough(rng, depth):
    for n_times in (3, 10, 100):
        for heights in rng.normal(size=(30, n_times)).cumsum(axis=1):
            assert dips(heights, depth).tolist() == zigzag(heights, depth)


@pytest.mark.parametrize(
    ("heights", "expected"),
    [
        ([], []),
        ([1.0], []),
        ([2.0, 1.0], []),
        ([1.0, 1.0, 1.0], []),
        ([0.0, 1.0, 2.0], []),
        ([0.0, 1.0, 0.0], []),  # ends are no dips, however low
        ([1.0, 0.0, 1.0], [1]),  # but may be the tops beside one
        ([2.0, 0.0, 0.0, 0.0, 2.0], [2]),  # a flat one is one, in its middle
        ([2.0, 0.0, 0.0, 2.0], [1]),
        ([0.0, 0.0, 2.0], []),
        ([2.0, 0.0, 0.0], []),
        ([0.0, 3.0, 1.0, 2.0, 0.0], [2]),
        ([0.0, 3.0, 1.9, 2.0, 0.0], []),
    ],
)
def test_ends_plateaus_and_shallow_dips(heights, expected):
    assert dips(heights, 0.5).tolist() == expected


def test_part_runs_along_the_path(rng):
    """Sine terms of what bends at its ends fall off as 2|x''|/(nπ)³; the whole is met exactly."""
    bends = np.concatenate([rng.normal(size=(3, 4)), np.zeros((9, 4))])
    path = SinePath(*rng.normal(size=(2, 4)), bends)
    times = 0.2, 0.7
    part = piece(path, times, (path(0.2), path(0.7)), n_points=64)
    assert (part.n_terms, part.n_coordinates) == (12, 4)
    inner = np.linspace(0, 1, 33)
    off = np.linalg.norm(part(inner) - path(0.2 + 0.5 * inner), axis=1)
    bend = np.linalg.norm(path.acceleration(np.linspace(*times, 33)), axis=1).max()
    assert off.max() < 2 * 0.5**2 * bend / (np.pi**3 * 12**2)
    whole = piece(path, (0.0, 1.0), (path.start, path.end), n_points=64)
    assert_close(whole.coefficients, path.coefficients, scale=10.0)


def test_part_joins_the_stops_that_are_asked_for(rng):
    path = SinePath(*rng.normal(size=(2, 4)), rng.normal(size=(3, 4)))
    stops = path(0.3) + 0.01, path(0.6) - 0.01
    part = piece(path, (0.3, 0.6), stops, n_points=20)
    assert_close(part(np.array([0.0, 1.0])), np.stack(stops))


def test_part_backwards(rng):
    path = SinePath(*rng.normal(size=(2, 4)), rng.normal(size=(3, 4)))
    part = piece(path, (1.0, 0.0), (path.end, path.start), n_points=20)
    times = np.linspace(0, 1, 9)
    assert_close(part(times), path(1 - times), scale=10.0)
