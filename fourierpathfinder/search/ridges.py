"""Whether a path's top is a pass, or a ridge that goes down across the path as well.

A path that begins in a plane of symmetry may stay there, on top of a ridge: nothing that was
evaluated tells of what lies beside. The surrogate says whether it knows; where it is not sure that
the landscape rises beside the top, one evaluation there makes it so, as a gradient tells of all
directions. What moves along the path is what may move across it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .._arrays import Array
from ..path import SinePath
from .across import directions_across, unseen
from .bend import Bend
from .channel import Channel
from .judgement import Answer
from .phases import told
from .prediction import Candidate
from .records import Records


@dataclass(frozen=True, eq=False)
class Sideways:
    """The task of looking at a certified path's top from beside.

    Attributes
    ----------
    channel : Channel
    bend : Bend or None
        How the surrogate curves at the top of a path that may be certified.
    is_ridge : bool
        Whether it does: a point there has turned out to be lower, and still it is expected.
    as_foreseen : bool
        Whether none was lower than the surrogate reckons with: what rises more steeply beside
        the path is no reason to look at the path again.
    doubt : float
        By how many calibrated deviations an answer was lower than expected, at most; at least 1.
    n_answers : int
    """

    channel: Channel
    bend: Bend | None = None
    is_ridge: bool = False
    as_foreseen: bool = True
    doubt: float = 1.0
    n_answers: int = 0

    @classmethod
    def begun(cls, channel: Channel) -> "Sideways":
        """The first state."""
        may_be = channel.is_certified and channel.saddle is not None
        return cls(channel, Bend.of(channel) if may_be else None)

    @property
    def down(self) -> Array | None:
        """The direction (D,) across the path in which its top is expected to go down as well."""
        return None if self.bend is None else self.bend.second_way_down

    def propose(self, records: Records, pending: Sequence[Candidate] = ()) -> Candidate | None:
        """A point beside the top, while it is not known whether the landscape rises there."""
        channel = self.channel
        enough = self.is_ridge or self.n_answers >= channel.policy.across.looks
        if pending or enough or self.bend is None:
            return None
        down = self.down
        if down is None:
            point = unknown_side(
                channel, self.bend, records, self.doubt, is_first=self.n_answers == 0
            )
        else:
            point = lower_side(channel, down)
        if point is None or not channel.is_open(point):
            return None
        if records.distance_to(point) < channel.policy.ask.same * channel.chord:
            return None
        return channel.prediction.candidate_at("side", point)

    def absorb(self, answers: Sequence[Answer], records: Records) -> "Sideways":
        """The path as it was, with what is known now."""
        is_lower = self.down is not None and any(self._is_lower(answer) for answer in answers)
        channel = told(self.channel, records)
        bend = Bend.of(channel)
        # What was lower may belong to the path's own way down.
        return Sideways(
            channel,
            bend,
            is_ridge=is_lower and bend.second_way_down is not None,
            as_foreseen=self.as_foreseen and all(map(self._is_foreseen, answers)),
            doubt=max([self.doubt, *map(self._deviations_below, answers)]),
            n_answers=self.n_answers + len(answers),
        )

    def _is_foreseen(self, answer: Answer) -> bool:
        reckoned = self.channel.policy.certify.assurance
        return not answer.failed and self._deviations_below(answer) <= reckoned

    def _deviations_below(self, answer: Answer) -> float:
        """By how many calibrated deviations an answer is below what was expected."""
        asked, known = answer.candidate, self.channel.known
        if answer.failed or asked.deviation <= 0:
            return 0.0
        below = asked.mean - float(known.warp.value(np.array(answer.value)))
        return below / (self.channel.progress.calibration.factor * asked.deviation)

    def _is_lower(self, answer: Answer) -> bool:
        below = self.channel.crest - answer.value
        return not answer.failed and below > self.channel.path_tolerance


@dataclass(frozen=True, eq=False)
class _Beside:
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
    def of(cls, channel: Channel, top: Array, directions: Array) -> "_Beside":
        """What is expected in `directions` (k, D), of length 1, from the `top` (D,)."""
        aside = channel.policy.across.aside * channel.chord * directions
        points = np.stack([top + aside, top - aside], axis=1)
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
    channel: Channel, bend: Bend, records: Records, doubt: float, *, is_first: bool
) -> Array | None:
    """A point (D,) beside the top where it may fall, by more than matters, or None.

    The surrogate takes the directions across the path of which it knows next to nothing to be like
    those that it has seen; so the first look is at one of them whatever it expects, and the more it
    is deceived there, the less it is believed of the others. Then, and always on a path that was in
    a plane of symmetry, the softest directions come before these: each answer there makes them
    softer still, until one falls or they are known, as in Davidson's method for the lowest
    eigenvalues (J. Comput. Phys. 17, 87 (1975), DOI 10.1016/0021-9991(75)90065-0).
    """
    assert channel.saddle is not None
    symmetric, across = channel.progress.was_symmetric, channel.policy.across
    least = across.blind_beside if symmetric else across.blind_to_most
    top, time = channel.saddle.position, channel.saddle.time
    blind = unseen(channel, top, time, records, least)
    if is_first and len(blind) > 0:
        return _Beside.of(channel, top, blind[:1]).lower(0)
    others = directions_across(channel, channel.saddle)
    if not symmetric and doubt <= channel.policy.certify.assurance:
        return _where_it_may_fall(channel, others, across.deviations, _that_matters(channel))
    matters = _that_matters(channel, bend)
    softest = bend.across[: across.softest]
    point = _where_it_may_fall(channel, softest, across.deviations_softest, matters)
    if point is not None:
        return point
    deviations = doubt * (across.deviations_symmetric if symmetric else across.deviations)
    return _where_it_may_fall(channel, np.concatenate([others, blind]), deviations, matters)


def _where_it_may_fall(
    channel: Channel, directions: Array, deviations: float, matters: float
) -> Array | None:
    """The point beside the top, in one of `directions` (k, D), where it may fall most, or None."""
    if len(directions) == 0:
        return None
    assert channel.saddle is not None
    beside = _Beside.of(channel, channel.saddle.position, directions)
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


def lower_side(channel: Channel, down: Array) -> Array:
    """The point (D,) beside the top that is expected to be lower, in a direction (D,)."""
    assert channel.saddle is not None
    return _Beside.of(channel, channel.saddle.position, down[None]).lower(0)


def pushed(channel: Channel, down: Array, side: int) -> SinePath:
    """The path beside a ridge, on one `side` (1 or -1) of it."""
    aside = side * channel.policy.across.push * channel.chord * down
    coefficients = channel.path.coefficients.copy()
    coefficients[0] += aside
    return channel.path.with_coefficients(coefficients)
