"""What a channel of the surrogate method amounts to, in the terms of a result."""

from dataclasses import replace

import numpy as np

from ..search.channel import STATIONARY, Channel
from ..search.images import Image
from ..search.records import Records
from .base import Outcome

_DOWNHILL = "The path was checked and rises nowhere above its higher end; there is no saddle on it."

_IMAGE = "The landscape's symmetry lays this path on another segment of it; nothing was evaluated."

_ERROR_DEVIATIONS = 3.0
"""Deviations above the mean up to which `height_error` reckons with surprises."""


def channel_outcome(channel: Channel, records: Records) -> Outcome:
    """The path of a channel, its height, and an upper estimate of the error of that height."""
    look = channel.look(4 * channel.path.n_terms + 64)
    path, saddle = channel.path, channel.saddle
    start_value, end_value = records.value_at(path.start), records.value_at(path.end)
    heights = np.concatenate([[start_value], channel.warp.inverse(look.mean), [end_value]])
    times = np.concatenate([[0.0], look.times, [1.0]])
    if saddle is not None or channel.is_certified:
        ends = [(start_value, 0.0), (end_value, 1.0)]
        if saddle is not None:
            heights[times == saddle.time] = saddle.value
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
        message=_DOWNHILL if saddle is None and channel.is_certified else "",
    )


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
        saddle=None if saddle is None else replace(saddle, time=1 - saddle.time),
    )


def height_error(channel: Channel, height: float, n_times: int = 64) -> float:
    """How far a channel's path may rise above the `height` stated of it, at `n_times` places."""
    if channel.saddle is not None or channel.is_certified:
        noise = _ERROR_DEVIATIONS * channel.value_noise
        return channel.excess(_ERROR_DEVIATIONS, n_times) + STATIONARY * channel.tolerance + noise
    upper = channel.look(n_times).upper(_ERROR_DEVIATIONS)
    highest = float(channel.warp.inverse(upper).max())
    return max(highest - height, channel.lookout, channel.surprise)
