"""A channel of the surrogate method as the parts of a result."""

from dataclasses import replace

import numpy as np

from ..search.channel import Channel
from ..search.images import Image
from ..search.records import Records
from .base import Outcome

_BAND = 2.0
"""Calibrated standard deviations that are stated of a profile."""

_ENDS = 2

_DOWNHILL = (
    "The path was checked and rises nowhere above its higher end, which is therefore no minimum, "
    "or one with a barrier below the error of the height; there is no saddle on it."
)

_RIDGE = (
    "The path's top goes down across the path as well: it is a ridge, and no lower pass beside it "
    "was found. Raise `max_gradients`, or start from another path (`initial=`)."
)

_IMAGE = "Obtained by symmetry from another segment of the path; nothing was evaluated."


def channel_outcome(channel: Channel, records: Records) -> Outcome:
    """The path of a channel, its height, and an upper estimate of the error of that height."""
    seen = channel.predicted(4 * channel.path.n_terms + 64)
    path, saddle = channel.path, channel.saddle
    start_value, end_value = records.value_at(path.start), records.value_at(path.end)
    heights = np.concatenate([[start_value], channel.known.warp.inverse(seen.mean), [end_value]])
    times = np.concatenate([[0.0], seen.times, [1.0]])
    upper = channel.known.warp.inverse(seen.upper(_BAND)) - channel.known.warp.inverse(seen.mean)
    errors = np.concatenate([[0.0], np.asarray(upper), [0.0]])
    if saddle is not None or channel.is_certified:
        ends = [(start_value, 0.0), (end_value, 1.0)]
        if saddle is not None:
            heights[times == saddle.time] = saddle.value
            errors[times == saddle.time] = 0.0
            ends.append((saddle.value, saddle.time))
        height, height_time = max(ends)
    else:
        height, height_time = float(heights.max()), float(times[heights.argmax()])
    return Outcome(
        path=path,
        height=height,
        height_time=height_time,
        start_value=start_value,
        end_value=end_value,
        times=times,
        heights=heights,
        height_error=height_error(channel, height, 256),
        saddle=saddle,
        certified=channel.is_certified,
        profile_errors=np.nan_to_num(errors),
        message=_message(channel),
    )


def _message(channel: Channel) -> str:
    """What is to be said of a path besides how its search ended."""
    if channel.ridge is not None:
        return _RIDGE
    return _DOWNHILL if channel.saddle is None and channel.is_certified else ""


def image_outcome(image: Image, of: Outcome) -> Outcome:
    """The outcome `of` a channel, moved and perhaps run backwards."""
    placed = replace(of, path=image.path(), message=_IMAGE)
    if of.saddle is not None:
        saddle = replace(of.saddle, position=image.motion(of.saddle.position))
        placed = replace(placed, saddle=saddle)
    return _backwards(placed) if image.is_reversed else placed


def _backwards(outcome: Outcome) -> Outcome:
    """Everything but the path itself, with t for 1 - t."""
    saddle = outcome.saddle
    return replace(
        outcome,
        height_time=1 - outcome.height_time,
        start_value=outcome.end_value,
        end_value=outcome.start_value,
        times=1 - outcome.times[::-1],
        heights=outcome.heights[::-1],
        profile_errors=None if outcome.profile_errors is None else outcome.profile_errors[::-1],
        saddle=None if saddle is None else replace(saddle, time=1 - saddle.time),
    )


def height_error(channel: Channel, height: float, n_times: int = 64) -> float:
    """How far a channel's path may rise above the `height` stated of it, at `n_times` places.

    Without bound where nothing but the ends could be evaluated.
    """
    if channel.progress.last is not None and len(channel.model.data) <= _ENDS:
        return float(np.inf)
    if channel.saddle is not None or channel.is_certified:
        return channel.error(n_times)
    upper = channel.predicted(n_times).upper(channel.policy.certify.error_deviations)
    highest = float(channel.known.warp.inverse(upper).max())
    surprise = channel.progress.surprise(channel.scale)
    return max(highest - height, channel.path_tolerance, surprise)
