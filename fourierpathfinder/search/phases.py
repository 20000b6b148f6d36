"""How one state of a search follows from another: begin, absorb answers, settle.

`proposals.propose` says what to evaluate in a state; None says that it is done. Each step here
returns a new state and leaves the old one as it was.
"""

from collections.abc import Sequence
from dataclasses import replace

from ..gaussian_process import Model
from ..path import SinePath
from .calibration import Calibration
from .channel import Channel
from .judgement import Answer, judged, objection_to
from .knowledge import first_knowledge, rise, updated
from .moving import moved, sharpened
from .policy import WARY
from .prediction import Candidate
from .proposals import climbed, is_near_top, propose
from .records import Records
from .state import Aim, Progress


def begun(
    aim: Aim,
    path: SinePath,
    records: Records,
    level: float | None = None,
    model: Model | None = None,
    *,
    was_symmetric: bool = False,
) -> Channel:
    """The first state of a search from `path`, whose ends are among the records.

    Parameters
    ----------
    aim : Aim
    path : SinePath
    records : Records
    level : float, optional
        A first guess of the height, where one is known.
    model : Model, optional
        What another search made of the first of the records, to go on from.
    was_symmetric : bool
        Whether nothing was known beside the path that this one comes from.
    """
    known = first_knowledge(aim, path, records, level, model)
    scale = rise(known.highest, known, aim.policy.trust)
    calibration = Calibration(remembered=aim.policy.trust.remembered)
    progress = Progress(calibration, was_symmetric=was_symmetric)
    return moved(_scaled(Channel(aim, path, known, scale, progress=progress)))


def absorbed(channel: Channel, answers: Sequence[Answer], records: Records) -> Channel:
    """The state after `answers`, which are among `records`."""
    for answer in answers:
        channel = judged(channel, answer)
    after = _with_highest_pass(_learned(channel, records))
    recalled = _with_left_pass(after, records)
    return after if recalled is after else _learned(recalled, records)


def resolved(channel: Channel, records: Records) -> tuple[Channel, Candidate | None]:
    """The state and its candidate, after everything was tried that needs no evaluation.

    Where nothing is worth an evaluation and yet nothing is certified, the smoothness of the
    objective holds the path back: it is sharpened, a few times.
    """
    candidate = propose(channel, records)
    for _ in range(channel.effort.sharpness, channel.policy.move.sharpened):
        if candidate is not None or channel.is_done:
            break
        channel = _scaled(sharpened(channel))
        candidate = propose(channel, records)
    return channel, candidate


def settled(channel: Channel, records: Records) -> Channel:
    """The state with its path moved as far as the surrogate is trusted, without an evaluation."""
    wary = replace(channel, aim=replace(channel.aim, policy=WARY))
    for _ in range(channel.policy.move.settling):
        if wary.blocked is not None or not wary.is_moving:
            break
        wary = _learned(wary, records)
    return replace(wary, aim=channel.aim)


def told(channel: Channel, records: Records) -> Channel:
    """The state whose surrogate has observed all records; its path stays where it is."""
    return _scaled(replace(channel, known=updated(channel, records)))


def _learned(channel: Channel, records: Records) -> Channel:
    return moved(told(channel, records))


def _scaled(channel: Channel) -> Channel:
    top = float(channel.prediction.mean.max())
    return replace(channel, scale=rise(top, channel.known, channel.policy.trust))


def _with_highest_pass(channel: Channel) -> Channel:
    """The state with the highest saddle on its path for its top, where nothing lies above that."""
    if not channel.known_saddles:
        return channel
    highest = max(channel.known_saddles, key=lambda one: one.value)
    top = float(channel.prediction.mean.max())
    is_sought = channel.saddle is None and top > highest.value + channel.path_tolerance
    return channel if is_sought or highest is channel.saddle else channel.with_top(highest)


def _with_left_pass(channel: Channel, records: Records) -> Channel:
    """The state with a pass that was left for its top, where that is what would be asked for."""
    left = next((one.saddle for one in channel.passes if not one.is_held), None)
    prediction = channel.prediction
    if left is None or channel.is_found or not is_near_top(channel, prediction):
        return channel
    summit = climbed(channel, prediction).position
    if ((summit - left.position) ** 2).sum() > (channel.policy.climb.reach * channel.chord) ** 2:
        return channel
    gradient = records.gradient_at(left.position)
    if objection_to(channel, channel.model, left.position, gradient) is not None:
        return channel
    time = float(prediction.times[prediction.top])
    held = tuple(one for one in channel.passes if one.is_held)
    return replace(channel, saddle=replace(left, time=time), passes=held)
