"""What an earlier run leaves for a search on another landscape, though it cannot be asked."""

from dataclasses import replace

from .._arrays import Array
from ..path import SinePath
from ..prior import Prior
from ..search.channel import Channel
from ..search.phases import begun, settled
from ..search.proposals import climbed
from ..search.records import Records
from ..search.state import Aim
from .beneath import Ground


def remembered(aim: Aim, prior: Prior, path: SinePath) -> Ground:
    """What an earlier run leaves: the lowest path on the surrogate of its evaluations.

    It is sought from the path that the run had found, too, where that is of use; then once more,
    on a surrogate that was made for the height found so: walls far above it would choose length
    scales and features that do not suit the rest.

    Parameters
    ----------
    aim : Aim
    prior : Prior
        With what is known of that run.
    path : SinePath
        Between the ends that are asked for.
    """
    assert prior.known is not None
    records = Records.of(prior.known.points, prior.known.values, prior.known.gradients)
    found = prior.path_between(path)
    channels = [
        settled(begun(aim, one, records, records.highest), records)
        for one in (path, found)
        if one is not None
    ]
    first = min(channels, key=lambda one: one.highest_likely)
    level = float(first.prediction.mean.max())
    best = settled(begun(aim, first.path, records, level), records)
    return replace(Ground.of(best, records, is_asked=False), top=_summit(best))


def _summit(channel: Channel) -> Array:
    """The saddle of a surrogate next to its path's top where that is sure, else the top."""
    seen = channel.prediction
    summit = climbed(channel, seen)
    allowed = channel.policy.trust.at_saddle * channel.scale
    sure = float(channel.model.deviation(summit.position[None])[0]) < allowed
    return summit.position if summit.is_stationary and sure else seen.points[seen.top]
