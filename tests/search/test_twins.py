"""When two channels are one: by their paths, by their saddles, or by a symmetry."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from fourierpathfinder.landscapes.abilities import abilities_of
from fourierpathfinder.result import Saddle
from fourierpathfinder.search.twins import are_twins, resemble

NOTHING = abilities_of(SimpleNamespace())


def test_one_resembles_what_runs_along_it_or_over_its_saddle(at_saddle, first):
    channel = at_saddle.channel
    assert resemble(channel, channel)
    path = channel.path

    def bent(size):
        return path.with_coefficients(path.coefficients + size * channel.chord)

    assert resemble(channel, replace(channel, path=bent(0.01), saddle=None))
    assert not resemble(channel, replace(channel, path=bent(0.4), saddle=None))
    assert resemble(channel, replace(channel, path=bent(0.4)))  # over the same saddle


@pytest.mark.parametrize("rise", [0.0, 0.01])
def test_saddles_that_are_the_same_by_symmetry_make_twins(rise, at_saddle):
    """Where their values agree too."""
    channel = at_saddle.channel
    path = channel.path.with_coefficients(channel.path.coefficients + 0.4 * channel.chord)
    value = channel.saddle.value + rise * channel.scale
    there = Saddle(channel.saddle.position + channel.chord, value, 0.0, channel.saddle.time)
    other = replace(channel, path=path, saddle=there)
    mirrored = abilities_of(SimpleNamespace(same=lambda a, b: np.ptp(a - b) < 1e-9))
    assert not are_twins(channel, other, NOTHING)
    assert are_twins(channel, other, mirrored) == (rise == 0)
    assert not are_twins(channel, replace(other, saddle=None), mirrored)
