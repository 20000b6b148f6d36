"""Where a path's top is looked at from beside: a point that may be lower, by what is known.

A direction across the path matters where the surrogate knows nothing of it, where it is not sure
that the landscape rises, or where it expects it to fall.
"""

from dataclasses import dataclass

import numpy as np

from .._arrays import Array
from ..gaussian_process import Pinned
from .across import directions_across, unseen
from .bend import Bend
from .channel import Channel
from .records import Records
from .softest import Softest


@dataclass(frozen=True, eq=False)
class Beside:
    """What is expected beside a path's top.

    Attributes
    ----------
    points : array (k, 2, D)
        One to either side, in each of k directions.
    means : array (k, 2)
        There, above the top.
    deviations : array (k,)
        Calibrated.
    """

    points: Array
    means: Array
    deviations: Array

    @classmethod
    def of(
        cls, channel: Channel, top: Array, directions: Array, aside: float | None = None
    ) -> "Beside":
        """What is expected in `directions` (k, D), of length 1, from the `top` (D,).

        So many chords `aside`, or as far as the policy says.
        """
        aside = channel.policy.across.aside if aside is None else aside
        steps = aside * channel.chord * directions
        points = np.stack([top + steps, top - steps], axis=1)
        flat = points.reshape(-1, len(top))
        means = channel.model.predict(flat)[0] - channel.model.predict(top[None])[0]
        factor = channel.progress.calibration.factor
        deviations = factor * channel.model.deviation(flat).reshape(-1, 2).mean(axis=1)
        return cls(points, means.reshape(-1, 2), deviations)

    @property
    def rises(self) -> Array:
        """How far it rises to either side (k,), on average."""
        return self.means.mean(axis=1)

    def lower(self, index: int) -> Array:
        """The lower point (D,) of a direction."""
        return np.asarray(self.points[index, int(self.means[index].argmin())])


def unknown_side(
    channel: Channel,
    bend: Bend,
    records: Records,
    doubt: float,
    n_answers: int,
    softest: Softest | None,
) -> Array | None:
    """A point (D,) beside the top where it may fall, by more than matters, or None.

    The surrogate takes the directions across the path of which it knows next to nothing to be like
    those that it has seen; so the first look is at one of them whatever it expects, and once it is
    deceived there it is no longer believed.
    """
    symmetric = channel.progress.was_symmetric or _is_upon_coordinates(channel)
    blind = _little_known(channel, records)
    first = None if n_answers > 0 else _first_look(channel, records, blind)
    if first is not None:
        return first
    if not symmetric and doubt <= channel.policy.certify.assurance:
        return _where_it_is_soft(channel, bend, n_answers)
    if channel.model.features.keeps_distances:
        softer = _where_it_may_be_softer(channel, bend, softest)
        if softer is not None:
            return softer
    return _where_little_is_believed(channel, bend, blind, doubt)


def _first_look(channel: Channel, records: Records, blind: Array) -> Array | None:
    """The point in the first of directions `blind` (k, D), or None.

    Of distances between atoms the surrogate knows something in every direction; there a landscape
    beneath that was asked, and rises by far more than is uncertain, spares this look.
    """
    if len(blind) == 0:
        return None
    assert channel.saddle is not None
    beside = Beside.of(channel, channel.saddle.position, blind[:1])
    return None if _is_shown(channel, beside, records) else beside.lower(0)


def _where_it_may_be_softer(channel: Channel, bend: Bend, softest: Softest | None) -> Array | None:
    """The point after a surprise, and always on a path that was in a plane of symmetry.

    What the surrogate expects there is not believed, but what was seen is.
    """
    if softest is None:
        return lower_side(channel, bend.across[0])
    rises = softest.likely > bend.least_way_seen
    return None if rises else lower_side(channel, softest.further)


def _is_upon_coordinates(channel: Channel) -> bool:
    """Whether a landscape beneath foretold the path, and each coordinate is new.

    Then most of what was evaluated are stationary points, whose small gradients tell of nothing.
    """
    model = channel.model
    return isinstance(model, Pinned) and model.features.keeps_distances


def _little_known(channel: Channel, records: Records) -> Array:
    """Directions (k, D) across the path of which the surrogate knows next to nothing."""
    assert channel.saddle is not None
    if _is_upon_coordinates(channel):
        return directions_across(channel)
    numbers = channel.policy.across
    least = numbers.blind_beside if channel.progress.was_symmetric else numbers.blind_to_most
    return unseen(channel, channel.saddle.position, channel.saddle.time, records, least)


def _is_shown(channel: Channel, beside: Beside, records: Records) -> bool:
    """Whether a landscape beneath was asked beside the top, and leaves no doubt of a rise.

    On a path in a plane of symmetry nothing was seen of the difference that there may be across it.
    """
    numbers, saddle = channel.policy.across, channel.saddle
    assert saddle is not None
    if records.beneath is None or not isinstance(channel.model, Pinned):
        return False
    if _is_upon_coordinates(channel):
        return False
    if len(unseen(channel, saddle.position, saddle.time, records, numbers.blind)) > 0:
        return False
    near = channel.policy.beneath.known * channel.chord
    was_asked = records.beneath.records.distance_to(beside.lower(0)) <= near
    doubt = numbers.deviations_shown * beside.deviations[0]
    return bool(was_asked and beside.means[0].min() > doubt)


def _where_little_is_believed(
    channel: Channel, bend: Bend, blind: Array, doubt: float
) -> Array | None:
    """The same where the surrogate sees distances, and where looks at coordinates found no more.

    The softest directions come first: each answer there makes them softer still, until one falls or
    they are known, as in Davidson's method for the lowest eigenvalues (J. Comput. Phys. 17, 87
    (1975), DOI 10.1016/0021-9991(75)90065-0).
    """
    numbers, matters = channel.policy.across, _that_matters(channel, bend)
    softest = bend.across[: numbers.softest]
    point = _where_it_may_fall(channel, softest, numbers.deviations_softest, matters)
    if point is not None:
        return point
    symmetric = channel.progress.was_symmetric
    deviations = doubt * (numbers.deviations_symmetric if symmetric else numbers.deviations)
    others = directions_across(channel)
    return _where_it_may_fall(channel, np.concatenate([others, blind]), deviations, matters)


def _where_it_is_soft(channel: Channel, bend: Bend, n_answers: int) -> Array | None:
    """The point on any other path, where the surrogate is believed.

    Of distances between atoms it knows something in every direction, and so which are soft: a ring
    that turns over has ridges in the middle of its pseudorotation.
    """
    numbers = channel.policy.across
    others, matters = directions_across(channel), _that_matters(channel)
    point = _where_it_may_fall(channel, others, numbers.deviations, matters)
    knows = not channel.model.features.keeps_distances
    if point is not None or not knows or n_answers >= numbers.soft_looks:
        return point
    matters = max(_that_matters(channel, bend), channel.path_tolerance)
    softest = bend.across[: numbers.softest]
    return _where_it_may_fall(channel, softest, numbers.deviations, matters)


def _where_it_may_fall(
    channel: Channel, directions: Array, deviations: float, matters: float
) -> Array | None:
    """The point beside the top, in one of `directions` (k, D), where it may fall most, or None."""
    if len(directions) == 0:
        return None
    assert channel.saddle is not None
    beside = Beside.of(channel, channel.saddle.position, directions)
    likely = beside.rises - deviations * beside.deviations
    least = int(likely.argmin())
    return beside.lower(least) if likely[least] < -matters else None


def _that_matters(channel: Channel, bend: Bend | None = None) -> float:
    """By how much it must fall beside the top, as near as that is looked at, to matter.

    A symmetric ridge that hardly bends there may lie high above the pass all the same, which its
    `bend` tells; what is less than the noise cannot be seen.
    """
    most = channel.policy.certify.largest_error * channel.scale
    if bend is None or bend.least_way_down == 0:
        return most
    aside = channel.policy.across.aside * channel.chord
    return min(most, max(-bend.least_way_down * aside**2 / 2, channel.noise[0]))


def lower_side(channel: Channel, down: Array, aside: float | None = None) -> Array:
    """The point (D,) beside the top that is expected to be lower, in a direction (D,).

    So many chords `aside`, or as far as the policy says.
    """
    assert channel.saddle is not None
    return Beside.of(channel, channel.saddle.position, down[None], aside).lower(0)
