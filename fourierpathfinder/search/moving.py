"""Moving the path to the lowest on its surrogate, and giving it more terms where it is stuck."""

from dataclasses import replace

import numpy as np

from ..path import SinePath
from .channel import Channel
from .path_search import Moved, PathSearch
from .policy import Move
from .span import Span


def moved(channel: Channel) -> Channel:
    """The channel with its path as low on the surrogate's mean as the surrogate is trusted."""
    after = _lowered(channel)
    return after if after.saddle is None else _lengthened_if_stuck(after)


def _lowered(channel: Channel) -> Channel:
    """The same, with as many terms as the path has."""
    reached = _lowest(channel)
    return replace(channel, path=reached.path, blocked=reached.blocked, is_moving=reached.cut_short)


def _lowest(channel: Channel) -> Moved:
    numbers, known = _sharpened(channel), channel.known
    gain = numbers.rough_gain if channel.saddle is None else numbers.fine_gain
    search = PathSearch(channel.scale, numbers, channel.policy.trust.on_path, gain)
    model, path, pin = known.model, channel.path, channel.pin
    if not Span.pays_for(model):
        mean = known.excluded.raised(model.predict, channel.scale)
        return search(mean, model.deviation, path, pin)
    span = Span.around(model, path.start, path.coefficients)
    small, excluded = span.model(model), known.excluded.within(span.origin, span.basis)
    mean = excluded.raised(small.predict, channel.scale)
    inside = search(mean, small.deviation, span.path_inwards(path), span.pin_inwards(pin))
    return span.moved_outwards(inside, path)


def _sharpened(channel: Channel) -> Move:
    """The numbers of the objective, as sharp as it has become."""
    numbers = channel.policy.move
    factor = numbers.sharper**channel.effort.sharpness
    return replace(numbers, beta=numbers.beta * factor, tension=numbers.tension / factor**2)


def sharpened(channel: Channel) -> Channel:
    """The path moved on under a sharper objective, and with more terms."""
    numbers, effort = channel.policy.move, channel.effort
    longer = channel.path.n_terms < numbers.most_terms
    return moved(
        replace(
            channel,
            path=_with_more_terms(channel) if longer else channel.path,
            progress=replace(channel.progress, n_repeats=0, n_refused=0),
            effort=replace(
                effort, sharpness=effort.sharpness + 1, n_longer=effort.n_longer + longer
            ),
        )
    )


def _lengthened_if_stuck(channel: Channel) -> Channel:
    """The path with more terms, and a sharper objective, where it cannot come down to its saddle.

    Where that did not help the last time, something else is the path's top: it is sought, while
    the path still passes through this saddle.
    """
    numbers, effort = channel.policy.move, channel.effort
    n_stuck = effort.n_stuck + 1 if channel.excess(0.0) > channel.path_tolerance else 0
    if _is_held_up(channel):
        n_stuck = numbers.stuck
    if n_stuck < numbers.stuck or channel.path.n_terms >= numbers.most_terms:
        return replace(channel, effort=replace(effort, n_stuck=n_stuck))
    if effort.was_lengthened:
        channel = channel.with_top(None)
    longer = replace(
        channel,
        path=_with_more_terms(channel),
        progress=replace(channel.progress, n_repeats=0),
        effort=replace(
            effort,
            n_stuck=0,
            was_lengthened=not effort.was_lengthened,
            sharpness=min(effort.sharpness + 1, numbers.sharpened),
            n_longer=effort.n_longer + 1,
        ),
    )
    return _lowered(longer)


def _is_held_up(channel: Channel) -> bool:
    """Whether the path rises above its saddle where that is known, and nothing stopped it."""
    stopped = channel.is_moving or channel.blocked is not None
    surely = channel.excess(-channel.policy.certify.assurance)
    return not stopped and surely > channel.path_tolerance


def _with_more_terms(channel: Channel) -> SinePath:
    c = channel.path.coefficients
    more = np.zeros((len(c) // 2 + 1, c.shape[1]))
    return channel.path.with_coefficients(np.concatenate([c, more]))
