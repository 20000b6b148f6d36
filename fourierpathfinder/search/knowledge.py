"""The surrogate of all records, warped above the present height."""

import numpy as np

from ..gaussian_process import Model
from ..path import SinePath
from .channel import Channel
from .policy import Trust
from .records import Records
from .state import Aim, Knowledge
from .teaching import taught
from .warp import Warp


def first_knowledge(
    aim: Aim, path: SinePath, records: Records, level: float | None, model: Model | None
) -> Knowledge:
    """What is known before the path has moved.

    Parameters
    ----------
    aim : Aim
    path : SinePath
        Its ends are among the records.
    records : Records
    level : float or None
        A first guess of the height, where one is known.
    model : Model or None
        What another search made of the first of the records, to go on from.
    """
    higher = _higher_end(path, records)
    if level is None:
        warp = _first_warp(aim, path, records)
    else:
        warp = _warp_above(aim, path, max(min(level, records.highest), higher), records)
    return _told(aim, path, records, warp, model)


def updated(channel: Channel, records: Records) -> Knowledge:
    """What is known with all `records`."""
    warp = _warp_above(channel.aim, channel.path, _level(channel, records), records)
    return _told(channel.aim, channel.path, records, warp, channel.model)


def rise(top: float, known: Knowledge, numbers: Trust) -> float:
    """E: how far a path's `top` lies above the lowest value; at least a part of how far any must.

    Others than the least above the ends may lie as high as you like, where atoms meet.
    """
    least = least_difference(known.higher_end, known.lowest)
    return max(_least_rise(known.least_above, known.lowest, numbers), top - known.lowest, least)


def least_difference(*values: float) -> float:
    """Below this a difference of such values is rounding; never 0, nor is its square."""
    least = np.sqrt(np.sqrt(np.finfo(float).tiny))
    return float(1e-12 * max(least, *map(abs, values)))


def _level(channel: Channel, records: Records) -> float:
    """Where the warp begins: at the height, which is never above all that was evaluated."""
    if channel.saddle is not None:
        above = channel.policy.trust.above_saddle * channel.path_tolerance
        return channel.saddle.value + above
    expected = min(float(channel.prediction.mean.max()), records.highest)
    return max(expected, channel.known.higher_end)


def _first_warp(aim: Aim, path: SinePath, records: Records) -> Warp:
    ends = [records.value_at(end) for end in (path.start, path.end)]
    higher = max(ends)
    level = higher + aim.policy.trust.first_level * max(records.highest - higher, 0.0)
    return Warp.with_scale(level, max(higher - min(ends), level - higher))


def _warp_above(aim: Aim, path: SinePath, level: float, records: Records) -> Warp:
    """The warp with a scale in units of E: where a path seems flat, what is higher still counts."""
    numbers, lowest = aim.policy.trust, records.lowest
    least = _least_rise(_least_above(_higher_end(path, records), records), lowest, numbers)
    return Warp.with_scale(level, numbers.warp_width * max(level - lowest, least))


def _least_rise(least_above: float, lowest: float, numbers: Trust) -> float:
    return numbers.least_rise * (least_above - lowest)


def _told(aim: Aim, path: SinePath, records: Records, warp: Warp, model: Model | None) -> Knowledge:
    chord = float(np.linalg.norm(path.end - path.start))
    higher_end = _higher_end(path, records)
    return Knowledge(
        model=taught(records, aim.process, model, warp, aim.policy.beneath),
        warp=warp,
        excluded=records.excluded(chord, aim.policy.exclude),
        lowest=records.lowest,
        highest=records.highest,
        higher_end=higher_end,
        least_above=_least_above(higher_end, records),
    )


def _least_above(level: float, records: Records) -> float:
    return float(min(records.values[records.values > level], default=level))


def _higher_end(path: SinePath, records: Records) -> float:
    return max(records.value_at(end) for end in (path.start, path.end))
