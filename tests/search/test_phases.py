"""One channel on its way: what it asks, when it is sure, and what makes it unsure again."""

from dataclasses import replace

import numpy as np

from fourierpathfinder.search.judgement import Answer
from fourierpathfinder.search.phases import absorbed, begun, resolved, settled, told
from fourierpathfinder.search.policy import BOLD
from fourierpathfinder.search.proposals import propose
from fourierpathfinder.search.state import Progress

from ..tolerances import assert_close


def test_certified_only_when_checks_were_asked_and_answered(at_saddle, finished):
    channel = at_saddle.channel
    assert not channel.is_certified
    assert at_saddle.wanted.kind == "check"
    assert not channel.is_certified
    assert finished.channel.is_certified
    assert sum(asked.kind == "check" for asked in finished.asked) >= 2


def test_saddle_was_asked_for_as_one(at_saddle):
    assert at_saddle.asked[-1].kind == "saddle"


def test_without_certification_it_is_done_at_the_saddle(drive):
    state = drive(certify=False).until(lambda channel: channel.saddle is not None)
    assert state.wanted is None
    assert not state.channel.is_certified


def test_saddle_that_was_lost_is_not_evaluated_again(finished):
    before = finished.channel.saddle
    prediction = finished.channel.prediction
    check = prediction.candidate("check", prediction.deviation)
    higher = Answer(check, before.value + 0.1 * finished.channel.scale, np.zeros(2))
    after = absorbed(finished.channel, [higher], finished.records)
    assert after.saddle.value == before.value
    assert_close(after.path(after.saddle.time), before.position)
    following = propose(after, finished.records)
    assert following is None or following.kind != "saddle"


def test_first_state_knows_the_ends_and_nothing_of_progress(first):
    channel = first.channel
    assert channel.progress == Progress()
    assert (channel.saddle, channel.passes) == (None, ())
    np.testing.assert_array_equal(channel.model.data.x, first.records.x)


def test_first_state_remembers_as_much_as_its_policy_says(drive):
    trust = replace(BOLD.trust, remembered=3)
    state = drive(policy=replace(BOLD, trust=trust)).to_the_end()
    assert len(state.asked) > 3
    assert len(state.channel.progress.calibration.misses) == 3


def test_the_one_surrogate_serves_another_start(finished):
    """Begun from the model of a finished channel, all records are told at once."""
    level, model = finished.channel.height, finished.channel.model
    path = finished.channel.path
    again = begun(finished.channel.aim, path, finished.records, level, model)
    np.testing.assert_array_equal(again.model.data.x, finished.records.x)
    assert abs(again.height - level) < 0.01 * again.scale


class TestResolved:
    """All is tried that needs no evaluation, before a search ends without what was asked for."""

    def test_what_is_done_is_left_alone(self, finished):
        after, candidate = resolved(finished.channel, finished.records)
        assert candidate is None
        assert after is finished.channel

    def test_where_something_is_to_be_asked_that_is_all(self, first, content):
        after, candidate = resolved(first.channel, first.records)
        assert after is first.channel
        assert content(candidate) == content(first.wanted)

    def test_else_the_objective_is_sharpened_some_times(self, finished):
        """Never to be certified, as every check has failed, and none may be asked for."""
        policy = finished.channel.policy
        silent = replace(policy, ask=replace(policy.ask, repeats=0, same=9.0))
        stuck = replace(
            finished.channel,
            aim=replace(finished.channel.aim, policy=silent),
            progress=Progress(),
        )
        assert propose(stuck, finished.records) is None
        after, candidate = resolved(stuck, finished.records)
        assert candidate is None
        assert after.effort.sharpness == policy.move.sharpened
        assert after.path.n_terms > stuck.path.n_terms
        assert stuck.effort.sharpness == 0


def test_settling_moves_without_an_evaluation_and_keeps_the_aim(first):
    after = settled(first.channel, first.records)
    assert after.aim is first.channel.aim
    assert len(after.model.data.x) == len(first.records)
    assert after.blocked is not None or not after.is_moving


def test_telling_leaves_the_path_where_it_is(at_saddle, finished):
    after = told(at_saddle.channel, finished.records)
    assert after.path is at_saddle.channel.path
    np.testing.assert_array_equal(after.model.data.x, finished.records.x)
