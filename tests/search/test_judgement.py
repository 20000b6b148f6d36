"""What an answer makes of a finished or unfinished state."""

from dataclasses import replace

import numpy as np
import pytest

from fourierpathfinder.gaussian_process import GaussianProcess
from fourierpathfinder.gaussian_process.corrected import corrected
from fourierpathfinder.search.calibration import Calibration
from fourierpathfinder.search.judgement import Answer, judged, objection_to


@pytest.fixture
def check(finished):
    """A check of the path where least is known of it."""
    return finished.channel.prediction.candidate("check", finished.channel.prediction.deviation)


@pytest.fixture
def margin(finished, check):
    return finished.channel.saddle.value - check.mean


def calibrated(channel, *misses):
    return replace(channel, progress=replace(channel.progress, calibration=Calibration(misses)))


def test_check_that_turns_out_well_counts(finished, check):
    after = judged(finished.channel, Answer(check, check.mean, np.zeros(2)))
    assert after.progress.n_checks == finished.channel.progress.n_checks + 1
    assert after.is_certified


def test_what_blocked_the_path_is_no_check_of_it(finished, check, margin):
    blocked = replace(check, kind="blocked")
    after = judged(finished.channel, Answer(blocked, check.mean, np.zeros(2)))
    assert after.progress.n_checks == finished.channel.progress.n_checks
    after = judged(finished.channel, Answer(blocked, check.mean + 0.6 * margin, np.zeros(2)))
    assert after.progress.n_checks == 0


def test_check_that_eats_its_margin_starts_the_count_anew(finished, check, margin):
    after = judged(finished.channel, Answer(check, check.mean + 0.6 * margin, np.zeros(2)))
    assert after.progress.n_checks == 0
    assert not after.is_certified
    assert after.saddle is not None


@pytest.mark.parametrize(("factor", "counts"), [(1.0, True), (1e6, False)])
def test_a_path_without_a_saddle_is_checked_once_it_is_low(finished, factor, counts):
    """What is asked while it may yet be too high moves it on."""
    known = replace(finished.channel.known, higher_end=finished.channel.saddle.value + 1.0)
    low = calibrated(replace(finished.channel, saddle=None, known=known), *(factor,) * 8)
    check = low.prediction.candidate("check", low.prediction.deviation)
    after = judged(low, Answer(check, check.mean, np.zeros(2)))
    assert low.is_found
    assert after.progress.n_checks == low.progress.n_checks + 1
    assert after.progress.n_telling(None) == low.progress.n_telling(None) + counts


def test_what_ends_and_cheap_saddle_miss_is_no_measure_of_deviations(finished, check):
    """Three points upon a prior mean tell no length scale yet; of a fourth on a miss counts."""
    x = finished.channel.model.data.x
    values, gradients = finished.channel.model.predict(x)
    beneath = GaussianProcess().fit(x, values, gradients)
    surprising = check.mean + 5 * check.deviation
    for n_points, n_misses in ((3, 0), (4, 1)):
        few = slice(n_points)
        model = corrected(GaussianProcess(), beneath, x[few], values[few] + 0.1, gradients[few])
        progress = replace(finished.channel.progress, calibration=Calibration())
        known = replace(finished.channel.known, model=model)
        channel = replace(finished.channel, known=known, progress=progress)
        after = judged(channel, Answer(check, surprising, np.zeros(2)))
        assert len(after.progress.calibration.misses) == n_misses


@pytest.mark.parametrize(("factor", "counts"), [(1.0, False), (1e6, True)])
def test_check_that_was_foreseen_does_not(finished, check, margin, factor, counts):
    """A calibration that makes the deviation as large as the miss makes it no surprise."""
    channel = calibrated(finished.channel, *(factor,) * 8)
    after = judged(channel, Answer(check, check.mean + 0.6 * margin, np.zeros(2)))
    assert after.progress.n_checks == (channel.progress.n_checks + 1 if counts else 0)
    after = judged(after, Answer(check, check.mean + 1.001 * margin, np.zeros(2)))
    assert after.progress.n_checks == 0


def test_higher_place_takes_the_saddle_out(finished, check):
    channel = finished.channel
    after = judged(channel, Answer(check, channel.crest + 0.1 * channel.scale, np.zeros(2)))
    assert after.pin is None
    assert after.saddle is None
    assert [(one.saddle, one.is_held) for one in after.passes] == [(channel.saddle, False)]
    assert not after.is_certified


def test_saddle_that_is_steep_is_none(at_saddle, first):
    asked, channel = at_saddle.asked[-1], first.channel
    assert asked.kind == "saddle"
    steep = Answer(asked, asked.mean, np.array([channel.scale, 0.0]))
    assert judged(channel, steep).saddle is None


def test_saddle_that_turns_out_otherwise_is_none(at_saddle):
    before = at_saddle.channel
    asked = replace(at_saddle.asked[-1], mean=before.saddle.value)
    unpinned = replace(before, saddle=None)
    for miss, counts in ((0.9, True), (-0.9, True), (1.1, False), (-1.1, False)):
        value = asked.mean + miss * unpinned.path_tolerance
        after = judged(unpinned, Answer(asked, value, np.zeros(2)))
        assert (after.saddle is not None) == counts


def test_stationary_is_what_leaves_a_part_of_the_tolerance(at_saddle):
    """½ g H⁻¹ g for a gradient along one eigenvector, with the model's own Hessian."""
    channel, point = at_saddle.channel, at_saddle.channel.saddle.position
    curvatures, modes = np.linalg.eigh(channel.model.hessian(point))
    allowed = channel.policy.certify.stationary * channel.tolerance
    for curvature, mode in zip(curvatures, modes.T, strict=True):
        size = np.sqrt(2 * abs(curvature) * allowed)
        assert objection_to(channel, channel.model, point, 0.99 * size * mode) is None
        assert objection_to(channel, channel.model, point, 1.01 * size * mode) is not None


def test_surprises_and_calibration_follow_the_answers(finished, check):
    channel = finished.channel
    assert channel.progress.surprise(channel.scale) < 0.5 * channel.scale
    miss = 50 * check.deviation + channel.path_tolerance
    after = judged(channel, Answer(check, check.mean + miss, np.zeros(2)))
    assert after.progress.calibration.factor > 5
    assert after.progress.surprises[0] == channel.progress.surprises[1]
    told = channel.known.warp.value(np.array(check.mean + miss))
    assert after.progress.surprises[1] == pytest.approx(told - check.mean)


def test_failure_teaches_nothing_but_that_it_was_asked(finished):
    channel = finished.channel
    asked = channel.prediction.candidate("unsure", channel.prediction.deviation)
    after = judged(channel, Answer(asked, np.nan, np.zeros(2), failed=True))
    expected = replace(channel.progress, last="unsure", n_repeats=channel.progress.n_repeats + 1)
    assert after.progress == expected
    assert after.saddle is channel.saddle
