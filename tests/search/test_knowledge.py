"""What the surrogate is told: all good records, and a warp that begins among their values."""

from dataclasses import replace

import numpy as np
import pytest

from fourierpathfinder.gaussian_process import GaussianProcess, InverseDistances
from fourierpathfinder.landscapes.toy import lennard_jones, leps_harmonic, two_channels
from fourierpathfinder.result import Saddle
from fourierpathfinder.search.knowledge import first_knowledge, rise, updated
from fourierpathfinder.search.policy import Trust
from fourierpathfinder.search.records import Records

TOYS = {
    "fig3": (two_channels, {}),
    "leps": (leps_harmonic, {}),
    "lj7": (
        lambda: lennard_jones(7),
        {"process": GaussianProcess(InverseDistances(7), nugget=1e-10)},
    ),
}


def steps(driven):
    """Pairs of a state and the one before it."""
    yield driven, driven
    while driven.wanted is not None:
        before, driven = driven, driven.answered()
        yield before, driven


@pytest.mark.parametrize("name", TOYS)
def test_warp_begins_no_higher_than_what_was_evaluated(drive, name):
    make, aims = TOYS[name]
    for before, state in steps(drive(make(), **aims)):
        channel, allowed = state.channel, state.records.highest
        if channel.saddle is not None:
            tolerance = max(before.channel.path_tolerance, channel.path_tolerance)
            allowed = channel.saddle.value + channel.policy.trust.above_saddle * tolerance
        assert channel.known.higher_end <= channel.known.warp.level <= allowed


@pytest.mark.parametrize("guess", [-1e6, 0.0, 1e6])
def test_nor_does_that_of_a_guessed_height(first, guess):
    channel, records = first.channel, first.records
    known = first_knowledge(channel.aim, channel.path, records, guess, None)
    assert known.higher_end <= known.warp.level <= records.highest


def test_the_warp_has_a_unit_where_the_path_seems_flat(first):
    channel, records = first.channel, first.records
    flat = replace(records, values=np.where(np.arange(len(records)) < 2, 0.0, 1.0))
    known = first_knowledge(channel.aim, channel.path, flat, 0.0, None)
    numbers = channel.policy.trust
    assert known.warp.level == 0
    assert known.warp.scale == pytest.approx(numbers.warp_width * rise(0.0, known, numbers))
    assert known.warp.value(np.array(1.0)) > 10 * rise(0.0, known, numbers)


def test_warp_follows_the_expected_height_down_and_stops_at_the_higher_end(by_hand):
    channel, records = by_hand(0.1, evaluated=((0.1, 1.0),))
    real = replace(channel, known=replace(channel.known, higher_end=0.0))
    assert records.highest > 2
    warp = updated_warp(real, records)
    assert warp.level == pytest.approx(real.prediction.mean.max())
    low = replace(real, known=replace(real.known, higher_end=1.5))
    assert updated_warp(low, records).level == 1.5


def test_saddle_is_left_alone_and_what_lies_well_above_is_not(by_hand):
    saddle = Saddle(np.zeros(2), 1.0, 0.0, 0.5)
    channel, records = by_hand(saddle=saddle)
    warp = updated_warp(channel, records)
    assert warp.value(np.array(1.0)) == 1.0
    assert warp.level == 1.0 + channel.policy.trust.above_saddle * channel.path_tolerance


def updated_warp(channel, records):
    """From a surrogate made anew, as that of a state made by hand can be told nothing."""
    aim = replace(channel.aim, process=Fresh())
    return updated(replace(channel, aim=aim), records).warp


class Fresh(GaussianProcess):
    """A process that does not go on from what it is given."""

    def update(self, posterior, x, values, gradients):
        return self.fit(x, values, gradients)


@pytest.mark.parametrize(
    ("values", "expected"),
    [((0, 1), 1), ((0, 1, 3), 3), ((0, 1, 1e50, 3, 5), 3), ((0, 1, 0.5, -2), 1)],
)
def test_the_least_above_the_ends_does_not_hang_on_points_far_up(first, values, expected):
    x = np.array([first.channel.path.start, first.channel.path.end, [0.3, 0], [0.4, 0], [0.5, 0]])
    values = np.array(values, dtype=float)
    records = Records.of(x[: len(values)], values, np.zeros((len(values), 2)))
    known = first_knowledge(first.channel.aim, first.channel.path, records, None, None)
    assert known.least_above == expected


@pytest.mark.parametrize(
    ("top", "lowest", "least", "expected"),
    [
        (3.0, 1.0, 5.0, 2.0),
        (3.0, 1.0, 3.0, 2.0),
        (1.0, 1.0, 5.0, 4e-3),
        (0.0, 1.0, 5.0, 4e-3),
        (7.0, 7.0, 7.0, 7e-12),
        (0.0, 0.0, 0.0, 0.0),
    ],
)
def test_rise_is_never_nothing(by_hand, top, lowest, least, expected):
    known = replace(by_hand()[0].known, lowest=lowest, higher_end=lowest, least_above=least)
    assert rise(top, known, Trust()) ** 2 > np.finfo(float).tiny  # variances are squares of it
    assert rise(top, known, Trust()) == pytest.approx(expected, abs=1e-80)
