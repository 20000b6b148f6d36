"""One channel, driven by hand: what it asks, when it is sure, and what makes it unsure again."""

import numpy as np
import pytest

from fourierpathfinder.gaussian_process import GaussianProcess
from fourierpathfinder.landscapes.toy import mueller_brown
from fourierpathfinder.path import SinePath
from fourierpathfinder.search.calibration import Calibration
from fourierpathfinder.search.channel import Channel, ChannelSettings
from fourierpathfinder.search.records import Records


class Driven:
    """A channel on Müller-Brown, and all it has asked for."""

    def __init__(self, **settings):
        self.toy = mueller_brown()
        straight = SinePath.straight(self.toy.start, self.toy.end, 8)
        path = straight.with_coefficients(straight.coefficients + 0.01)
        held_to = ChannelSettings(**{"tol": 1e-3, "value_noise": 0.0, "certify": True} | settings)
        self.channel = Channel(held_to, GaussianProcess(nugget=1e-10), path)
        self.records = self.evaluated(np.stack([path.start, path.end, path(0.5)]))
        self.channel.learn(self.records)
        self.asked = []

    def evaluated(self, points):
        return Records.of(points, *self.toy.value_and_grad(points))

    def step(self):
        """Answer one query; whether there was one."""
        query = self.channel.next_query(self.records)
        if query is None:
            return False
        self.asked.append(query)
        new = self.evaluated(query.point[None])
        self.channel.judge(query, new.values[0], new.gradients[0])
        self.records = self.records.joined(new)
        self.channel.learn(self.records)
        return True

    def until(self, reached):
        while not reached(self.channel):
            assert self.step()
        return self


@pytest.fixture
def at_saddle():
    return Driven().until(lambda channel: channel.saddle is not None)


@pytest.fixture
def finished():
    driven = Driven()
    while driven.step():
        pass
    return driven


def test_path_is_pinned_through_the_saddle(at_saddle):
    channel, toy = at_saddle.channel, at_saddle.toy
    np.testing.assert_allclose(channel.path(channel.pin.time), channel.saddle.position, atol=1e-10)
    assert channel.saddle.value == pytest.approx(toy.height, abs=1e-3 * channel.scale)
    assert at_saddle.asked[-1].kind == "saddle"


def test_certified_only_when_checks_were_asked_and_answered(at_saddle):
    channel = at_saddle.channel
    assert not channel.is_certified
    query = channel.next_query(at_saddle.records)
    assert query.kind == "check"
    channel.next_query(at_saddle.records)
    assert not channel.is_certified
    while at_saddle.step():
        pass
    assert channel.is_certified
    assert sum(query.kind == "check" for query in at_saddle.asked) >= 2


def test_without_certification_it_is_done_at_the_saddle():
    driven = Driven(certify=False).until(lambda channel: channel.saddle is not None)
    assert driven.channel.next_query(driven.records) is None
    assert not driven.channel.is_certified


def test_check_that_eats_its_margin_starts_the_count_anew(finished):
    channel = finished.channel
    query = channel.look().query("check", channel.look().deviation)
    margin = channel.saddle.value - query.mean
    channel.judge(query, query.mean + 0.6 * margin, np.zeros(2))
    assert not channel.is_certified
    assert channel.saddle is not None


@pytest.mark.parametrize(("factor", "counts"), [(1.0, False), (1e6, True)])
def test_check_that_was_foreseen_does_not(finished, factor, counts):
    """A calibration that makes the deviation as large as the miss makes it no surprise."""
    channel = finished.channel
    channel.calibration = Calibration((factor,) * 8)
    query = channel.look().query("check", channel.look().deviation)
    margin = channel.saddle.value - query.mean
    before = channel._n_checks
    channel.judge(query, query.mean + 0.6 * margin, np.zeros(2))
    assert channel._n_checks == (before + 1 if counts else 0)
    channel.judge(query, query.mean + 1.001 * margin, np.zeros(2))
    assert channel._n_checks == 0


def test_higher_place_takes_the_pin_out(finished):
    channel = finished.channel
    query = channel.look().query("check", channel.look().deviation)
    channel.judge(query, channel.saddle.value + 0.1 * channel.scale, np.zeros(2))
    assert channel.pin is None
    assert channel.saddle is None
    assert not channel.is_certified


def test_saddle_that_was_lost_is_not_evaluated_again(finished):
    channel, before = finished.channel, finished.channel.saddle
    query = channel.look().query("check", channel.look().deviation)
    channel.judge(query, channel.saddle.value + 0.1 * channel.scale, np.zeros(2))
    channel.learn(finished.records)
    following = channel.next_query(finished.records)
    assert channel.saddle.value == before.value
    np.testing.assert_allclose(channel.path(channel.pin.time), before.position, atol=1e-10)
    assert following is None or following.kind != "saddle"


@pytest.mark.parametrize("end", ["start", "end"])
def test_an_end_is_not_asked_for_as_a_saddle(end, monkeypatch):
    """The search on the surrogate may run into the minimum at an end; that tells nothing."""
    module = "fourierpathfinder.search.channel.surrogate_saddle"
    driven = Driven()
    place = getattr(driven.channel.path, end)
    monkeypatch.setattr(module, lambda *_: place + 1e-6)
    while driven.step():
        assert driven.asked[-1].kind != "saddle"
    assert len(driven.asked) > 3
    assert driven.channel.pin is None
    assert not driven.channel.is_certified


def test_saddle_that_is_steep_is_none():
    driven = Driven().until(lambda channel: channel.saddle is not None)
    query, channel = driven.asked[-1], Driven().channel
    channel.judge(query, query.mean, np.array([channel.scale, 0.0]))
    assert channel.saddle is None


def test_surprise_and_calibration_follow_the_answers(finished):
    channel = finished.channel
    assert Driven().channel.surprise == Driven().channel.scale
    assert channel.surprise < 0.5 * channel.scale
    query = channel.look().query("check", channel.look().deviation)
    channel.judge(query, query.mean + 50 * query.deviation + channel.lookout, np.zeros(2))
    assert channel.calibration.factor > 5


def test_excess_grows_with_deviations_and_counts_from_the_crest(finished):
    channel = finished.channel
    assert channel.excess(0.0) <= channel.excess(2.0) <= channel.excess(6.0)
    truth = finished.toy.value_and_grad(channel.path(np.linspace(0, 1, 4001)))[0].max()
    assert truth - channel.crest <= channel.excess(3.0, 256) + 0.25 * channel.tolerance


def test_expected_view_is_surer_and_no_second_query_lies_next_to_the_first():
    driven = Driven()
    channel = driven.channel
    first, look = channel.next_query(driven.records), channel.look()
    expected = channel.expected(first, look)
    assert (expected.raw_deviation <= look.raw_deviation + 1e-9).all()
    second = channel.next_query(driven.records, expected)
    assert second is None or np.linalg.norm(second.point - first.point) > 0.05


def test_tolerances_keep_above_the_noise():
    channel = Driven(value_noise=5.0).channel
    assert channel.tolerance == channel.lookout == 10.0
    sharp = Driven(tol=1e-6).channel
    assert sharp.tolerance == pytest.approx(1e-6 * sharp.scale)
    assert sharp.lookout == pytest.approx(1e-3 * sharp.scale)
