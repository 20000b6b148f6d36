"""What a symmetry lays on what: the path of an image against moving points one by one."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from fourierpathfinder.landscapes.abilities import abilities_of
from fourierpathfinder.path import SinePath
from fourierpathfinder.search.images import Image, image_of
from fourierpathfinder.search.policy import Split

from ..tolerances import assert_close


@pytest.fixture
def channel(rng):
    return SimpleNamespace(path=SinePath(*rng.normal(size=(2, 6)), rng.normal(size=(4, 6))))


@pytest.fixture
def motion(rng):
    turn, shift = Rotation.random(None, rng).as_matrix(), rng.normal(size=3)

    def move(points):
        atoms = points.reshape(*points.shape[:-1], 2, 3)[..., ::-1, :]
        return (atoms @ turn.T + shift).reshape(points.shape)

    return move


class Symmetric:
    """Everything is the same, by one motion only."""

    def __init__(self, motion):
        self.motion = motion

    def same(self, a, b):
        return True

    def placing(self, a, b):
        return self.motion


@pytest.mark.parametrize("is_reversed", [False, True])
def test_image_is_the_moved_path(channel, motion, is_reversed):
    ends = motion(channel.path.start), motion(channel.path.end)
    start, end = ends[::-1] if is_reversed else ends
    found = image_of(abilities_of(Symmetric(motion)), start, end, [channel], Split())
    assert found.is_reversed == is_reversed
    times = np.linspace(0, 1, 9)
    theirs = 1 - times if is_reversed else times
    assert_close(found.path()(times), motion(channel.path(theirs)))


def test_both_ends_must_come_to_lie(channel, motion):
    start, end = motion(channel.path.start), motion(channel.path.end)
    off = end + 0.1 * np.linalg.norm(end - start) / np.sqrt(6)
    assert image_of(abilities_of(Symmetric(motion)), start, off, [channel], Split()) is None
    assert image_of(abilities_of(object()), start, end, [channel], Split()) is None
    assert image_of(abilities_of(Symmetric(motion)), start, end, [], Split()) is None


def test_ends_are_those_asked_for(channel, motion):
    start = motion(channel.path.start) + 1e-3
    image = Image(channel, motion, start, motion(channel.path.end), False)
    np.testing.assert_array_equal(image.path().start, start)
