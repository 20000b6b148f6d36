"""Moves on the surrogate, pinned and not; more terms where a path is stuck."""

from dataclasses import replace

import numpy as np
import pytest

from fourierpathfinder.path import SinePath
from fourierpathfinder.result import Saddle
from fourierpathfinder.search.moving import moved
from fourierpathfinder.search.state import Effort, Progress

from ..tolerances import assert_close

TIMES = np.linspace(0, 1, 500)
STRAIGHT = np.array([[-1.0, 0.0], [1.0, 0.0]])
BENT = SinePath(*STRAIGHT, np.array([[0.0, 0.1], [0.0, 0.05], [0.0, 0.0]]))
ABOVE = SinePath(*STRAIGHT, np.array([[0.0, 0.1]]))


def test_path_comes_down_to_the_valley(by_hand):
    channel, _ = by_hand(path=BENT)
    for _ in range(10):
        channel = moved(channel)
    assert not channel.is_moving
    assert channel.blocked is None
    assert np.abs(channel.path(np.linspace(0, 1, 50))[:, 1]).max() < 1e-2


def test_pinned_path_keeps_to_its_saddle(by_hand):
    saddle = Saddle(np.array([0.0, 0.03]), 1.0, 0.0, 0.4)
    channel, _ = by_hand(path=BENT, saddle=saddle)
    assert_close(moved(channel).path(0.4), saddle.position)


def test_what_is_unsure_blocks(by_hand):
    """Sure about the path only: it stays near by, and what lies below it blocks."""
    height = ABOVE(TIMES)[:, 1]

    def off_the_path(points):
        return 20 * np.abs(points[:, 1] - np.interp(points[:, 0], ABOVE(TIMES)[:, 0], height))

    channel, _ = by_hand(off_the_path, path=ABOVE)
    after = moved(channel)
    limit = channel.policy.trust.on_path * channel.scale
    assert after.is_moving
    assert channel.model.deviation(after.blocked[None])[0] > limit


class TestMoreTerms:
    """A path that goes over a place higher than its saddle, with but one term to avoid it."""

    BESIDE = Saddle(np.array([0.3, 0.4]), 0.8, 0.0, 0.6)  # said to be lower than it is

    @pytest.fixture
    def stuck(self, by_hand):
        n_stuck = by_hand()[0].policy.move.stuck - 1
        return by_hand(path=ABOVE, saddle=self.BESIDE, effort=Effort(n_stuck=n_stuck))[0]

    @staticmethod
    def shorter(stuck):
        """The same, moved, where no more terms are allowed."""
        policy = stuck.policy
        most = replace(policy, move=replace(policy.move, most_terms=stuck.path.n_terms))
        return moved(replace(stuck, aim=replace(stuck.aim, policy=most)))

    def test_given_where_it_does_not_come_down(self, stuck):
        after = moved(replace(stuck, progress=Progress(n_repeats=2)))
        assert after.path.n_terms > stuck.path.n_terms
        assert after.prediction.mean.max() < self.shorter(stuck).prediction.mean.max()
        assert after.saddle is stuck.saddle
        assert after.effort == Effort(n_stuck=0, was_lengthened=True, sharpness=1, n_longer=1)
        assert after.progress.n_repeats == 0

    def test_patience_comes_first_where_it_may_yet_come_down(self, by_hand):
        value = by_hand()[0].model.predict(ABOVE(0.3)[None])[0][0]
        below_the_top = Saddle(ABOVE(0.3), float(value), 0.0, 0.3)
        unsure = by_hand(0.4, path=ABOVE, saddle=below_the_top)[0]
        after = moved(unsure)
        assert after.path.n_terms == unsure.path.n_terms
        assert after.effort.n_stuck == 1

    def test_there_is_none_where_its_rise_is_known(self, stuck):
        after = moved(replace(stuck, effort=Effort(n_stuck=0)))
        assert after.path.n_terms > stuck.path.n_terms

    def test_another_time_it_is_the_saddle_that_goes(self, stuck):
        after = moved(replace(stuck, effort=replace(stuck.effort, was_lengthened=True)))
        assert after.saddle is None
        assert after.effort == Effort(sharpness=1, n_longer=1)

    def test_no_more_than_most(self, stuck):
        after = self.shorter(stuck)
        assert after.path.n_terms == stuck.path.n_terms
        assert after.effort.n_stuck == stuck.policy.move.stuck

    def test_patience_is_renewed_where_it_does_come_down(self, stuck):
        low = replace(stuck, saddle=Saddle(np.zeros(2), 1.0, 0.0, 0.5))
        assert moved(low).effort.n_stuck == 0
