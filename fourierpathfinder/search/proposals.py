"""What to evaluate next. Asking changes nothing: the same state gives the same candidate.

While the path's top is sought: the surrogate's saddle where it is to be trusted, else what
blocks the path, else where the path may be highest. Once it is found: checks of the rest.
"""

import numpy as np
from numpy.linalg import LinAlgError

from .across import off_symmetry
from .channel import Channel
from .prediction import Candidate, Prediction
from .records import Records
from .saddle_search import Summit, surrogate_saddle

Pending = tuple[Candidate, ...]


def propose(channel: Channel, records: Records, pending: Pending = ()) -> Candidate | None:
    """The candidate for the next evaluation.

    Parameters
    ----------
    channel : Channel
    records : Records
        All that is known.
    pending : tuple of Candidate
        What other workers are evaluating.

    Returns
    -------
    Candidate or None
        None where nothing is worth an evaluation: without pending ones, the path is then as good
        as it gets.
    """
    if not pending:
        return _next(channel, channel.prediction, records, pending)
    prediction = _expected(channel, pending)
    if prediction is None:
        return None
    candidate = _next(channel, prediction, records, pending)
    if candidate is not None and _is_worth_a_worker(channel, candidate, prediction, pending):
        return candidate
    return _early_check(channel, prediction, pending)


def climbed(channel: Channel, prediction: Prediction) -> Summit:
    """The surrogate's saddle, from the path's top."""
    tangent = prediction.path.velocity(_top_time(prediction))
    size = max(float(np.linalg.norm(tangent)), np.finfo(float).tiny)
    top, climb = prediction.points[prediction.top], channel.policy.climb
    sure = channel.foreseen / prediction.factor
    objection = channel.progress.objection
    model = prediction.model if objection is None else prediction.model.under(objection)
    return surrogate_saddle(model, top, tangent / size, channel.chord, climb, sure)


def is_near_top(channel: Channel, prediction: Prediction) -> bool:
    """Whether the path's top is known well enough for its saddle to be looked for."""
    gap = float(prediction.upper(channel.policy.ask.optimism).max() - prediction.mean.max())
    inside = 0 < prediction.top < len(prediction.times) - 1
    return inside and gap < channel.policy.ask.near_top * channel.scale


def _next(
    channel: Channel, prediction: Prediction, records: Records, pending: Pending
) -> Candidate | None:
    if not channel.is_found:
        return _sought(channel, prediction, records, pending)
    if channel.is_loose and not any(one.kind == "tight" for one in pending):
        return _tighter(channel, prediction)
    if channel.saddle is not None and not channel.aim.certify:
        return None
    return _checked(channel, prediction, records, pending)


def _tighter(channel: Channel, prediction: Prediction) -> Candidate:
    """The surrogate's saddle beside the one that is known."""
    assert channel.saddle is not None
    known, climb = channel.saddle, channel.policy.climb
    velocity = np.asarray(channel.path.velocity(known.time))
    size = max(float(np.linalg.norm(velocity)), np.finfo(float).tiny)
    summit = surrogate_saddle(
        prediction.model, known.position, velocity / size, channel.chord, climb
    )
    return prediction.candidate_at("tight", summit.position, known.time)


def _sought(
    channel: Channel, prediction: Prediction, records: Records, pending: Pending
) -> Candidate | None:
    ask = channel.policy.ask
    upper = prediction.upper(ask.optimism)
    may_climb = _may_climb(channel, prediction, pending)
    if may_climb and is_near_top(channel, prediction):
        summit = climbed(channel, prediction)
        saddle = prediction.candidate_at("saddle", summit.position, _top_time(prediction))
        if _is_too_blunt(channel, saddle, prediction):
            return None
        if _is_worth_asking(channel, saddle, summit, prediction, records):
            # What is known before the first question is not of this path.
            is_first = channel.progress.last is None and not pending
            return off_symmetry(channel, prediction, records, saddle) if is_first else saddle
    top, obstacle = prediction.candidate("top", upper), channel.obstacle
    is_known = records.distance_to(top.point) < ask.close * channel.chord
    if obstacle is not None and (is_known or not may_climb):
        return prediction.candidate_at("blocked", obstacle)
    if is_known:
        return _instead(channel, prediction, pending)
    return off_symmetry(channel, prediction, records, top)


def _may_climb(channel: Channel, prediction: Prediction, pending: Pending) -> bool:
    """Whether it is a saddle's turn: where they may follow one another, or the top is sure."""
    if channel.policy.trust.saddles_in_a_row:
        return True
    last = pending[-1].kind if pending else channel.progress.last
    gap = float(prediction.upper(channel.policy.ask.optimism).max() - prediction.mean.max())
    return last != "saddle" or gap < channel.policy.ask.sure_top * channel.path_tolerance


def _is_too_blunt(channel: Channel, saddle: Candidate, prediction: Prediction) -> bool:
    """Whether nothing but the smoothness of the objective holds a path above its saddle.

    Then its top is known, and to climb from there leads away from it, and down.
    """
    numbers, blunt = channel.policy.move, channel.policy.climb.blunt * channel.path_tolerance
    is_free = channel.blocked is None and not channel.is_moving
    if not is_free or channel.effort.sharpness >= numbers.sharpened:
        return False
    is_known = float(prediction.deviation[prediction.top]) < channel.path_tolerance
    return is_known and float(prediction.mean[prediction.top]) - saddle.mean > blunt


def _is_worth_asking(
    channel: Channel, saddle: Candidate, summit: Summit, prediction: Prediction, records: Records
) -> bool:
    """Whether a surrogate's saddle is trusted, and neither an end of the path nor known.

    Where the surrogate is unsure although a record is very near, another one would not help; where
    it is sure already, only a saddle of its own that was not evaluated yet is worth it.
    """
    ask = channel.policy.ask
    trust, top = channel.policy.trust, float(prediction.mean.max())
    trusted = saddle.deviation < trust.at_saddle * channel.scale
    astray = saddle.mean > top + trust.above_top * channel.scale
    if not trusted or astray or not channel.is_open(saddle.point):
        return False
    ends = np.stack([channel.path.start, channel.path.end])
    if np.linalg.norm(ends - saddle.point, axis=1).min() < ask.same * channel.chord:
        return False
    nearest = records.distance_to(saddle.point) / channel.chord
    deviation = prediction.factor * saddle.deviation
    if deviation < channel.foreseen:
        return summit.is_stationary and channel.progress.n_refused < ask.refused
    return not (deviation > channel.path_tolerance and nearest < ask.same)


def _checked(
    channel: Channel, prediction: Prediction, records: Records, pending: Pending
) -> Candidate | None:
    inspection = channel.inspection(prediction)
    n_pending = _n_checks(pending)
    if inspection.passes(channel.progress.n_telling(channel.saddle) + n_pending):
        candidate = None if pending else channel.loose_end
    else:
        candidate = inspection.candidate(channel.progress.n_checks + n_pending + 1)
    if candidate is None:
        return None
    if records.distance_to(candidate.point) >= channel.policy.ask.same * channel.chord:
        return candidate
    return _instead(channel, prediction, pending)


def _instead(channel: Channel, prediction: Prediction, pending: Pending) -> Candidate | None:
    """Another point, where the one that was wanted is known already; None after a few."""
    n_repeats = channel.progress.n_repeats + sum(one.kind == "unsure" for one in pending)
    if n_repeats >= channel.policy.ask.repeats:
        return None
    return prediction.candidate("unsure", prediction.deviation)


def _expected(channel: Channel, pending: Pending) -> Prediction | None:
    """The path if pending evaluations turn out as expected; None where that tells nothing."""
    now = channel.prediction
    points = np.stack([one.point for one in pending])
    mean, gradient = now.model.predict(points)
    try:
        model = now.model.add(points, mean, gradient)
    except LinAlgError:
        return None
    return Prediction(model, now.path, now.times, now.factor, now.excluded)


def _is_worth_a_worker(
    channel: Channel, candidate: Candidate, prediction: Prediction, pending: Pending
) -> bool:
    """Whether to evaluate a point before those pending are known: far off and unsure."""
    ask = channel.policy.ask
    apart = min(float(np.linalg.norm(one.point - candidate.point)) for one in pending)
    unsure = prediction.factor * candidate.deviation > ask.worth_a_worker * channel.scale
    return unsure and apart > ask.apart * channel.chord


def _early_check(channel: Channel, prediction: Prediction, pending: Pending) -> Candidate | None:
    """A check of the path beside a step to its saddle; None where it would be too early."""
    ask, certify = channel.policy.ask, channel.policy.certify
    n_checks = channel.progress.n_checks + _n_checks(pending)
    enough = n_checks >= certify.checks or not channel.aim.certify
    too_early = channel.progress.surprise(channel.scale) > ask.early * channel.scale
    if len(pending) > 1 or enough or too_early or channel.is_found:
        return None
    apart = np.linalg.norm(prediction.points - pending[0].point, axis=1)
    far = apart > ask.apart * channel.chord
    merit = np.where(far, prediction.upper(certify.far_assurance), -np.inf)
    check = prediction.candidate("check", merit)
    return check if _is_worth_a_worker(channel, check, prediction, pending) else None


def _top_time(prediction: Prediction) -> float:
    return float(prediction.times[prediction.top])


def _n_checks(pending: Pending) -> int:
    return sum(one.kind == "check" for one in pending)
