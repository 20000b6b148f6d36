"""What a campaign has found as the outcome of a run: its best path, channels and segments."""

from dataclasses import dataclass, replace

import numpy as np

from ..result import History, PathResult, Saddle, Status
from ..search.campaign import Campaign
from ..search.channel import Channel
from ..search.images import Image
from ..search.records import Records
from .base import Outcome
from .channel_outcome import channel_outcome, image_outcome
from .jumps import jumps_beside

_DISAGREE = (
    "Its gradients are not those of its values, or it has kinks, so nothing is certified: see what "
    "`fourierpathfinder.landscapes.check_landscape` says of it."
)


@dataclass(frozen=True, eq=False)
class Bookkeeping:
    """What the results of all parts of a run share.

    Attributes
    ----------
    records : Records
        The campaign's.
    agrees : bool
        Whether the gradients may be those of the values; otherwise nothing is certified.
    method : object
        The method's settings with the features that were chosen.
    landscape : object
    n_gradients, n_iterations : int
        Of the whole run.
    """

    records: Records
    agrees: bool
    method: object
    landscape: object
    n_gradients: int
    n_iterations: int

    def outcome(self, part: Channel | Image) -> Outcome:
        """A channel, or the image of one, as an outcome."""
        if isinstance(part, Image):
            return image_outcome(part, self.outcome(part.of))
        outcome = channel_outcome(part, self.records)
        return replace(outcome, certified=outcome.certified and self.agrees)

    def jumps(self, outcome: Outcome) -> str:
        """What a path that is not certified leaves out of account."""
        if outcome.certified:
            return ""
        return jumps_beside(outcome.path, self.records, outcome.height, outcome.height_error)

    def result(self, part: Channel | Image) -> PathResult:
        """A channel or segment as a result of its own."""
        outcome = self.outcome(part)
        return outcome.result(
            Status.CERTIFIED if outcome.certified else Status.STALLED,
            n_gradients=self.n_gradients,
            n_iterations=self.n_iterations,
            history=History(np.array([self.n_gradients]), np.array([outcome.height])),
            method=self.method,
            landscape=self.landscape,
        )


def campaign_outcome(
    campaign: Campaign, shared: Bookkeeping, limit: float | None, prior_note: str
) -> Outcome:
    """The best path of a campaign, its height, and how far to trust it; its channels and segments.

    Parameters
    ----------
    campaign : Campaign
    shared : Bookkeeping
    limit : float or None
        What the largest force at the saddle was to be at most.
    prior_note : str
        What has become of the prior.
    """
    outcome = shared.outcome(campaign.best)
    doubt = "" if shared.agrees else _DISAGREE
    loose = _loose(outcome.saddle, limit)
    channels = tuple(sorted(map(shared.result, campaign.channels), key=_order))
    lower = _lower(outcome, channels)
    jumps = shared.jumps(outcome)
    return replace(
        outcome,
        method=shared.method,
        note=" ".join(filter(None, (doubt, jumps, lower, prior_note, loose))),
        channels=channels,
        segments=tuple(map(shared.result, campaign.segments)),
    )


def _order(channel: PathResult) -> tuple[float, bool]:
    """The lowest first, by the height that is stated of each; of equal ones the certified first."""
    return channel.height, not channel.certified


def _lower(outcome: Outcome, channels: tuple[PathResult, ...]) -> str:
    """What is to be said where a certified path is not the lowest of those that were found."""
    lowest = channels[0] if channels else None
    if lowest is None or lowest.certified or not outcome.certified:
        return ""
    below = outcome.height - lowest.height
    if below <= outcome.height_error + lowest.height_error:
        return ""
    return (
        f"Another path was found, {below:.2g} ± {lowest.height_error:.1g} lower, which could not "
        "be certified: the first of the channels. Look for more of them, or search again from it."
    )


def _loose(saddle: Saddle | None, limit: float | None) -> str:
    """What is to be said where the force at the saddle is not as small as was asked for."""
    if saddle is None or limit is None or saddle.largest_force <= limit:
        return ""
    return f"The force at the saddle is still {saddle.largest_force:.2g}, not {limit:g}."
