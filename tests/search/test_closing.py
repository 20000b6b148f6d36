"""The end of a run without a certificate, from states made by hand: what is still evaluated."""

import numpy as np
import pytest

from fourierpathfinder.result import Saddle
from fourierpathfinder.search.closing import Closing
from fourierpathfinder.search.judgement import Answer
from fourierpathfinder.search.policy import BOLD

PASS = np.zeros(2)


def elsewhere(points):
    """Sure around the saddle, with a bump of uncertainty around x = 0.5."""
    return 0.9 * np.exp(-40 * (points[:, 0] - 0.5) ** 2)


@pytest.mark.parametrize(("spread", "expected"), [(0.1, 0.0), (elsewhere, 0.46)])
def test_the_likely_top_is_evaluated(by_hand, spread, expected):
    channel, records = by_hand(spread)
    candidate = Closing(channel).propose(records)
    assert candidate.kind == "top"
    assert candidate.point[0] == pytest.approx(expected, abs=0.05)


def test_not_where_it_is_known(by_hand):
    sure = 0.9 * BOLD.certify.path_tolerance
    channel, records = by_hand(sure)
    assert Closing(channel).propose(records) is None


def far_from_the_top(points):
    """Sure everywhere but near x = 0.8, where a path that dips there is expected to be low."""
    return 0.1 * np.exp(-40 * (points[:, 0] - 0.8) ** 2)


def test_then_where_least_is_known(by_hand):
    known = Saddle(PASS, 1.0, 0.0, 0.5)
    channel, records = by_hand(far_from_the_top, evaluated=((0.0, 0.0),), saddle=known)
    candidate = Closing(channel).propose(records)
    assert candidate.kind == "unsure"
    assert candidate.point[0] == pytest.approx(0.8, abs=0.05)


def test_some_times_only_and_one_at_a_time(by_hand):
    channel, records = by_hand(0.1)
    assert Closing(channel, BOLD.stop.closing - 1).propose(records) is not None
    assert Closing(channel, BOLD.stop.closing).propose(records) is None
    one = Closing(channel).propose(records)
    assert Closing(channel).propose(records, (one,)) is None


def test_the_path_stays_where_it_is(first):
    closing = Closing(first.channel)
    state = first.answered()
    answer = Answer(state.asked[0], float(state.records.values[-1]), state.records.gradients[-1])
    after = closing.absorb([answer], state.records)
    assert after.n_answers == 1
    assert after.channel.path is first.channel.path
    assert len(after.channel.model.data.x) == len(state.records)
    assert closing.n_answers == 0
