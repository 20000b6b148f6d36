"""What an answer makes of the state: calibration, saddles found, checks counted.

A saddle counts when the true gradient there leaves less than the tolerance to the value of the
stationary point nearby. A check that uses up half of its margin without having been foreseen
starts the count again; where a place turns out to be higher, the saddle is not the path's top.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.linalg import LinAlgError

from .._arrays import Array
from ..gaussian_process import Kernel, Model, Pinned
from ..result import Saddle
from .channel import Channel
from .prediction import Candidate
from .records import Records
from .saddle_search import newton_decrement
from .state import Pass, Progress


@dataclass(frozen=True, eq=False)
class Answer:
    """What came back for a candidate.

    Attributes
    ----------
    candidate : Candidate
    value : float
    gradient : array (D,)
    failed : bool
        Whether it could not be evaluated.
    """

    candidate: Candidate
    value: float
    gradient: Array
    failed: bool = False


def answers_to(candidates: Sequence[Candidate], records: Records) -> list[Answer]:
    """The answers to candidates, of which `records` are the evaluations, in the same order."""
    rows = zip(candidates, records.values, records.gradients, records.failed, strict=True)
    return [Answer(one, float(value), slope, bool(failed)) for one, value, slope, failed in rows]


def judged(channel: Channel, answer: Answer) -> Channel:
    """The state after one answer was compared with what was expected."""
    asked = answer.candidate
    if answer.failed:
        return replace(channel, progress=_after(channel.progress, asked))
    told = float(channel.known.warp.value(np.array(answer.value)))
    miss = told - asked.mean
    after = replace(channel, progress=_progressed(channel, asked, told))
    if asked.kind == "tight":
        return _tightened(after, asked, answer)
    foreseen = after.progress.calibration.factor * asked.deviation
    if asked.kind == "saddle" and abs(miss) < channel.path_tolerance:
        return with_saddle_if_stationary(after, asked, answer)
    if after.is_found:
        counted = _counted(after, asked, miss, foreseen, after.crest - asked.mean)
        return _without_saddle(counted) if _is_higher(after, answer, miss) else counted
    if asked.kind == "check":
        margin = float(channel.prediction.mean.max()) - asked.mean
        return _counted(after, asked, miss, foreseen, margin)
    return after


def with_saddle_if_stationary(channel: Channel, asked: Candidate, answer: Answer) -> Channel:
    """The state with its path through a point, if the true gradient says that it is a saddle."""
    model = _informed(channel, asked.point, answer.value, answer.gradient)
    objection = objection_to(channel, model, asked.point, answer.gradient)
    if objection is None:
        return replace(channel, saddle=_saddle(channel, asked, answer))
    n_refused = channel.progress.n_refused + 1
    refused = replace(channel.progress, objection=objection, n_refused=n_refused)
    return replace(channel, progress=refused)


def _saddle(channel: Channel, asked: Candidate, answer: Answer) -> Saddle:
    norm = float(np.linalg.norm(answer.gradient))
    force = channel.aim.tightness.measure(answer.gradient)
    return Saddle(asked.point, answer.value, norm, asked.time, force)


def _tightened(channel: Channel, asked: Candidate, answer: Answer) -> Channel:
    """The state with its saddle where the force is smaller."""
    before = channel.progress
    after = replace(channel, progress=replace(before, n_tightened=before.n_tightened + 1))
    found = _saddle(channel, asked, answer)
    if channel.saddle is None or found.largest_force >= channel.saddle.largest_force:
        return after
    return replace(after, saddle=found)


def objection_to(channel: Channel, model: Model, point: Array, gradient: Array) -> Kernel | None:
    """The kernel whose curvature objects most to a point as a saddle; None if it is one.

    A saddle's true gradient leaves less than the tolerance, by every curvature in question.
    """
    numbers = channel.policy.certify
    most, kernel = max(_left(channel, model, point, gradient), key=lambda one: one[0])
    is_level = float(np.linalg.norm(gradient)) * channel.chord < numbers.flat * channel.scale
    is_saddle = is_level and most < numbers.stationary * channel.tolerance
    return None if is_saddle else kernel


def _left(
    channel: Channel, model: Model, point: Array, gradient: Array
) -> Iterator[tuple[float, Kernel]]:
    """What the gradient leaves by each curvature in question, and whose it is."""
    noise = channel.policy.certify.noise_deviations * channel.noise[1]
    for kernel in dict.fromkeys((model.kernel, *channel.aim.process.kernels)):
        one = model.under(kernel)
        yield newton_decrement(one, point, gradient, channel.policy.climb.flat, noise), kernel


def _progressed(channel: Channel, asked: Candidate, told: float) -> Progress:
    before = channel.progress
    floor = channel.policy.trust.least_miss * channel.path_tolerance
    calibration = before.calibration
    if not _is_guess(channel):
        calibration = calibration.seen(told, asked.mean, asked.deviation, floor)
    return replace(
        _after(before, asked),
        calibration=calibration,
        surprises=(*before.surprises, abs(told - asked.mean))[-2:],
    )


def _is_guess(channel: Channel) -> bool:
    """Whether the difference from a prior mean is known at too few points for a length scale."""
    model = channel.model
    return isinstance(model, Pinned) and len(model.data) < channel.policy.beneath.calibrated


def _after(before: Progress, asked: Candidate) -> Progress:
    n_repeats = before.n_repeats + (asked.kind == "unsure")
    return replace(
        before,
        n_repeats=n_repeats,
        was_symmetric=before.was_symmetric or asked.kind == "aside",
        last=asked.kind,
        objection=None,
    )


def _informed(channel: Channel, point: Array, value: float, gradient: Array) -> Model:
    """The surrogate with one more point, if it can take it: its Hessian is better there."""
    told = channel.known.warp(np.array([value]), gradient[None])
    try:
        return channel.model.add(point[None], *told)
    except LinAlgError:
        return channel.model


def _counted(
    channel: Channel, asked: Candidate, miss: float, foreseen: float, margin: float
) -> Channel:
    """One more check passed; none, after one that used up too much of its margin unforeseen."""
    allowed = channel.policy.certify.half_margin * margin
    too_near = miss > max(allowed, min(foreseen, margin), 0.0)
    if too_near:
        return replace(channel, progress=replace(channel.progress, n_checks=0, n_low=0, n_early=0))
    if asked.kind == "blocked":  # which lies beside the path, and tells nothing of it
        return channel
    before, needs_none = channel.progress, channel.saddle is None and channel.is_found
    is_low = needs_none and channel.inspection(channel.prediction).is_low
    progress = replace(
        before,
        n_checks=before.n_checks + 1,
        n_low=before.n_low + is_low,
        n_early=before.n_early + (needs_none and not is_low and not _is_shown(channel)),
    )
    return replace(channel, progress=progress)


def _is_shown(channel: Channel) -> bool:
    """Whether a landscape beneath, asked wherever the path went, has shown its hills."""
    return isinstance(channel.model, Pinned)


def _is_higher(channel: Channel, answer: Answer, miss: float) -> bool:
    """Whether a check was truly and unexpectedly higher than the crest."""
    allowed = channel.policy.certify.higher * channel.path_tolerance
    higher = answer.value - channel.crest > allowed and abs(miss) > channel.path_tolerance
    return answer.candidate.kind == "check" and higher


def _without_saddle(channel: Channel) -> Channel:
    left = () if channel.saddle is None else (Pass(channel.saddle, is_held=False),)
    return replace(channel, saddle=None, passes=left)
