"""What a campaign's channels become in its result."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from fourierpathfinder import SinePath
from fourierpathfinder.methods.base import Outcome
from fourierpathfinder.methods.campaign_outcome import Bookkeeping, campaign_outcome


@dataclass(frozen=True, eq=False)
class Told:
    """A channel that tells another height of itself than is stated in the result."""

    height: float
    stated: float
    certified: bool = True


@dataclass(frozen=True, eq=False)
class Stating(Bookkeeping):
    error: float = 0.0

    def jumps(self, outcome):
        return ""

    def outcome(self, part):
        path = SinePath.straight(np.zeros(2), np.ones(2), 1)
        ends = np.array([0.0, 1.0])
        return Outcome(
            path, part.stated, 0.5, 0.0, 0.0, ends, 0 * ends, self.error, certified=part.certified
        )


def bookkeeping(error=0.0):
    return Stating(
        None, agrees=True, method=None, landscape=None, n_gradients=9, n_iterations=7, error=error
    )


def test_channels_are_in_the_order_of_the_heights_that_are_stated_of_them():
    channels = [Told(0.1, 0.3), Told(0.2, 0.25, certified=False), Told(0.4, 0.25), Told(0.3, 0.2)]
    campaign = SimpleNamespace(channels=channels, best=channels[3], segments=())
    found = campaign_outcome(campaign, bookkeeping(), None, "").channels
    stated = [(one.height, one.certified) for one in found]
    assert stated == [(0.2, True), (0.25, True), (0.25, False), (0.3, True)]


@pytest.mark.parametrize(
    ("lower", "certified", "best_certified", "is_told"),
    [(0.2, False, True, True), (0.2, False, False, False), (0.2, True, True, False),
     (0.2995, False, True, False), (0.4, False, True, False)],
)  # fmt: skip
def test_a_lower_path_that_is_not_certified_is_told_of(lower, certified, best_certified, is_told):
    channels = [Told(0.3, 0.3, certified=best_certified), Told(lower, lower, certified=certified)]
    campaign = SimpleNamespace(channels=channels, best=channels[0], segments=())
    note = campaign_outcome(campaign, bookkeeping(error=1e-3), None, "").note
    assert ("0.1 ± 0.001 lower" in note) is is_told
    assert bool(note) is is_told
