"""Where a cheap landscape beneath the expensive one is to be asked for more.

That is where the path goes and the cheap surrogate is unsure, the more so the nearer to the path's
top, and wherever the expensive landscape is about to be asked: there only the difference is then
left to be found.
"""

from collections.abc import Sequence

import numpy as np
from numpy.linalg import LinAlgError

from .._arrays import Array
from ..gaussian_process import Corrected, Model
from ..prior import Prior
from .channel import Channel
from .judgement import answers_to
from .policy import Beneath
from .prediction import Candidate
from .records import Records
from .tasks import Task


def is_of_use(model: Corrected, numbers: Beneath) -> bool:
    """Whether what is beneath makes the evaluations likelier, or hardly less likely."""
    return model.gain > -numbers.margin


def is_unsure(channel: Channel, records: Records) -> bool:
    """Whether the surrogate beneath does not know the path, for all that it was told."""
    model, numbers = channel.model, channel.policy.beneath
    if records.beneath is None or not isinstance(model, Corrected):
        return False
    return bool(_on_path(channel, model.mean, numbers))


def places_to_ask(channel: Channel, records: Records, wanted: Sequence[Candidate]) -> Array:
    """The points (k, D) at which the landscape beneath would tell most; (0, D) for none."""
    model, numbers = channel.model, channel.policy.beneath
    if records.beneath is None or not isinstance(model, Corrected):
        return np.zeros((0, len(channel.path.start)))
    near = numbers.known * channel.chord
    places: list[Array] = []
    for point in (*(one.point for one in wanted), *_on_path(channel, model.mean, numbers)):
        seen = records.beneath.records.distance_to(point)
        if seen > near and all(np.linalg.norm(point - other) > near for other in places):
            places.append(point)
    return np.array(places).reshape(-1, len(channel.path.start))


def places_ahead(task: Task, records: Records, queue: Sequence[Candidate]) -> Array:
    """The points (k, D) that the landscape beneath will be asked at if `queue` is as foreseen.

    Empty where nothing can be foreseen.
    """
    channel = task.channel
    try:
        new = _foreseen(channel, queue)
        records = records.joined(new)
        after = task.absorb(answers_to(queue, new), records)
        following = after.propose(records)
    except LinAlgError:
        return np.zeros((0, len(channel.path.start)))
    return places_to_ask(after.channel, records, [] if following is None else [following])


def asked(prior: Prior | None, points: Array) -> list[Records]:
    """What a cheap landscape says at `points` (M, D), and what those beneath it, level by level."""
    found: list[Records] = []
    while prior is not None and prior.evaluator is not None:
        found.append(Records.of(points, *prior.evaluator.value_and_grad(points, finite=False)))
        prior = prior.beneath
    return found


def _foreseen(channel: Channel, queue: Sequence[Candidate]) -> Records:
    """What the surrogate expects to be told of candidates, in the landscape's units."""
    points = np.stack([one.point for one in queue])
    return Records.of(points, *channel.known.warp.undone(*channel.model.predict(points)))


def _on_path(channel: Channel, model: Model, numbers: Beneath) -> list[Array]:
    """Places on the path where the surrogate beneath is unsure, each as if the last were known."""
    seen = channel.prediction
    below = np.minimum(seen.mean - seen.mean.max(), 0) / (numbers.below_top * channel.scale)
    weight, points = np.exp(below), seen.points
    found: list[Array] = []
    while len(found) < numbers.at_once:
        unsure = weight * model.deviation(points)
        j = int(unsure.argmax())
        if unsure[j] < numbers.unsure * channel.scale:
            break
        found.append(points[j])
        try:
            model = model.add(points[j : j + 1], *model.predict(points[j : j + 1]))
        except LinAlgError:
            break
    return found
