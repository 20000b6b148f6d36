"""The state of a channel: what it says of tolerances, heights, and what is known of its path."""

from dataclasses import replace

import numpy as np
import pytest

from fourierpathfinder.result import Saddle
from fourierpathfinder.search.state import Pass, Progress

from ..tolerances import assert_close


def test_path_is_pinned_through_the_saddle(at_saddle):
    channel, saddle = at_saddle.channel, at_saddle.channel.saddle
    assert_close(channel.path(saddle.time), saddle.position)
    assert saddle.value == pytest.approx(at_saddle.toy.height, abs=1e-3 * channel.scale)
    assert channel.height == channel.crest == channel.saddle.value


def test_before_the_saddle_the_crest_is_the_higher_end(first):
    channel, toy = first.channel, first.toy
    assert channel.pin is None
    assert channel.crest == max(toy.value_and_grad(np.stack([toy.start, toy.end]))[0])
    assert channel.height == channel.known.warp.inverse(channel.prediction.mean.max())


def test_without_a_saddle_a_path_is_checked_more(finished):
    channel = finished.channel
    without = replace(channel, saddle=None)
    more = without.inspection(channel.prediction).n_more
    assert more > channel.inspection(channel.prediction).n_more


def test_a_surprise_is_as_large_as_may_be_until_two_evaluations_are_in():
    assert Progress().surprise(3.0) == 3.0
    assert Progress(surprises=(1e-3,)).surprise(3.0) == 3.0
    assert Progress(surprises=(1e-3, 2e-3)).surprise(3.0) == 2e-3


def test_excess_grows_with_deviations_and_counts_from_the_crest(finished):
    channel = finished.channel
    assert channel.excess(0.0) <= channel.excess(2.0) <= channel.excess(6.0)
    truth = finished.toy.value_and_grad(channel.path(np.linspace(0, 1, 4001)))[0].max()
    assert truth - channel.crest <= channel.excess(3.0, 256) + 0.25 * channel.tolerance


def test_tolerances_keep_above_the_noise(drive):
    channel = drive(noise=(5.0, 0.0)).channel
    assert channel.tolerance == channel.path_tolerance == 10.0
    sharp = drive(tol=1e-6).channel
    assert sharp.tolerance == pytest.approx(1e-6 * sharp.scale)
    assert sharp.path_tolerance == pytest.approx(1e-3 * sharp.scale)


@pytest.mark.parametrize("found", [(0.0, 0.0), (1e-5, 1e-4), (200.0, 2e3)])
def test_found_noise_is_believed_as_far_as_a_certificate_may_err(first, monkeypatch, found):
    channel = first.channel
    monkeypatch.setattr(type(channel.model), "noise", property(lambda model: found))
    of_values, of_gradients = channel.noise
    assert of_values == pytest.approx(min(found[0], channel.scale / 700))
    assert of_gradients == pytest.approx(min(found[1], channel.scale / 30 / channel.chord))
    assert (3 + 2 + 2) * of_values <= 0.0100001 * channel.scale


def test_saddle_is_among_the_times_of_a_prediction(at_saddle, first):
    channel = at_saddle.channel
    assert channel.saddle.time in channel.predicted(10).times
    assert len(channel.predicted(10).times) == 11
    assert len(first.channel.predicted(10).times) == 10
    away = channel.away_from_saddle(channel.prediction)
    assert not away.all()
    np.testing.assert_allclose(channel.prediction.times[~away], channel.saddle.time)


class TestLooseEnd:
    """A place where a path that is certain otherwise may rise too far for a certificate."""

    SADDLE = Saddle(np.zeros(2), 1.0, 0.0, 0.5)

    @staticmethod
    def gap(size):
        return lambda points: size * np.exp(-((points[:, 0] - 0.15) ** 2) / 0.002)

    @pytest.mark.parametrize(("size", "is_loose"), [(1e-4, False), (0.01, False), (0.3, True)])
    def test_is_where_the_error_would_exceed_what_a_certificate_may_state(
        self, by_hand, size, is_loose
    ):
        channel, _ = by_hand(self.gap(size), saddle=self.SADDLE, progress=Progress(n_checks=9))
        loose = channel.loose_end
        assert (loose is not None) == is_loose
        if is_loose:
            assert loose.kind == "check"
            assert loose.point[0] == pytest.approx(0.15, abs=0.1)
            assert not channel.is_certified

    def test_error_of_what_has_none_is_small(self, by_hand):
        channel, _ = by_hand(self.gap(0.01), saddle=self.SADDLE)
        numbers = channel.policy.certify
        error = channel.excess(numbers.error_deviations, numbers.fine_times)
        assert error <= numbers.largest_error * channel.scale


def test_path_goes_through_its_passes_and_its_saddle(by_hand):
    lower = Saddle(np.array([-0.4, 0.1]), 0.7, 0.0, 0.3)
    left = Pass(Saddle(np.array([0.0, 0.4]), 0.9, 0.0, 0.4), is_held=False)
    passes = left, Pass(lower, is_held=True)
    channel, _ = by_hand(saddle=Saddle(np.zeros(2), 1.0, 0.0, 0.5), passes=passes)
    assert channel.known_saddles == (lower, channel.saddle)
    held = channel.pin.held(channel.path)
    assert_close(held(0.3), lower.position)
    assert_close(held(0.5), np.zeros(2), scale=1.0)
    assert {0.3, 0.5} <= set(channel.predicted(10).times)
    assert channel.crest == 1.0


def test_path_stays_held_where_another_saddle_is_its_top_or_none(by_hand):
    one, other = (Saddle(np.array([x, 0.1]), 0.7, 0.0, 0.5 + x) for x in (-0.2, 0.2))
    left = Pass(Saddle(np.array([0.0, 0.4]), 0.9, 0.0, 0.4), is_held=False)
    channel, _ = by_hand(saddle=one, passes=(left, Pass(other, is_held=True)))
    for top, held in ((None, (other, one)), (other, (one,)), (one, (other,))):
        after = channel.with_top(top)
        assert after.saddle is top
        assert set(after.known_saddles) == {one, other}
        assert after.passes[0] is left
        assert tuple(each.saddle for each in after.passes[1:]) == held
        assert all(each.is_held for each in after.passes[1:])
