"""From tables of heights: when a search that still wants evaluations is given up."""

from dataclasses import replace

import numpy as np
import pytest

from fourierpathfinder.result import Saddle
from fourierpathfinder.search.policy import Stop
from fourierpathfinder.search.stopping import Course
from fourierpathfinder.search.tasks import Seeking


def course(heights, without_progress=4):
    seen = Course(Stop(without_progress=without_progress))
    for height in heights:
        seen = seen.seen(height)
    return seen


@pytest.mark.parametrize(
    ("heights", "is_stalled"),
    [
        ([], False),
        ([1.0] * 3, False),
        ([1.0] * 4, True),
        ([9.0, 1.0, 1.0, 1.0], False),
        ([9.0, 1.0, 1.0, 1.0, 1.0], True),
        ([1.0, 1.0, 1.0, 1.0, 0.8], False),
        ([1.0, 1.09, 1.0, 1.09], True),
        ([1.0, 1.04, 1.08, 1.12], False),
        ([1.0, 1.2, 1.0, 1.2], False),
        ([np.inf, 1.0, 1.0, 1.0], False),
    ],
)
def test_stalled_where_the_last_heights_lie_within_the_tolerance(heights, is_stalled):
    assert course(heights).is_stalled(0.1) == is_stalled


def test_only_as_many_heights_are_kept_as_matter():
    assert course(range(10), without_progress=3).heights == (7, 8, 9)


@pytest.mark.parametrize(
    ("most", "n_rounds", "is_over"), [(None, 99, False), (3, 2, False), (3, 3, True), (3, 4, True)]
)
def test_over_after_so_many_rounds(most, n_rounds, is_over):
    seen = Course(Stop(), most=most)
    for height in range(n_rounds):
        seen = seen.seen(height)
    assert seen.is_over == is_over


def test_the_old_one_stays_as_it_was():
    before = course([1.0, 2.0])
    before.seen(3.0)
    assert before.heights == (1.0, 2.0)


def test_stalled_task_asks_for_nothing(first):
    numbers = Stop(without_progress=2)
    height, records = first.channel.height, first.records
    assert (
        Seeking(first.channel, first.wanted, Course(numbers, (height,))).propose(records)
        is not None
    )
    assert (
        Seeking(first.channel, first.wanted, Course(numbers, (height, height))).propose(records)
        is None
    )


class TestLate:
    """A task that has taken all of its rounds."""

    @staticmethod
    def asked(first, n_rounds, *, is_found):
        saddle = Saddle(first.channel.path(0.5), first.channel.height, 0.0, 0.5)
        channel = replace(first.channel, saddle=saddle if is_found else None)
        assert channel.is_found == is_found
        course = Course(channel.policy.stop, most=1, n_rounds=n_rounds)
        return Seeking(channel, first.wanted, course).propose(first.records)

    def test_another_is_begun_where_its_top_is_not_found(self, first):
        assert self.asked(first, 0, is_found=False) is not None
        assert self.asked(first, 1, is_found=False) is None

    def test_once_the_top_is_found_it_goes_on_for_as_long_as_the_last_one(self, first):
        most = first.channel.policy.stop.last_start
        assert self.asked(first, 1, is_found=True) is not None
        assert self.asked(first, most, is_found=True) is None
