"""Whether a path's top is a pass, or a ridge that goes down across the path as well.

A path that begins in a plane of symmetry may stay there, on top of a ridge: nothing that was
evaluated tells of what lies beside. The surrogate says whether it knows; where it is not sure that
the landscape rises beside the top, one evaluation there makes it so, as a gradient tells of all
directions. What moves along the path is what may move across it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .._arrays import Array
from .._lazy import cached_property
from ..path import SinePath
from .bend import Bend
from .beside import lower_side, unknown_side
from .channel import Channel
from .judgement import Answer
from .phases import told
from .policy import Across
from .prediction import Candidate
from .records import Records
from .softest import Looks, Softest


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
    farther : array (D,) or None
        The direction in which it was looked at farther out.
    """

    channel: Channel
    bend: Bend | None = None
    is_ridge: bool = False
    as_foreseen: bool = True
    doubt: float = 1.0
    looks: Looks | None = None
    n_answers: int = 0
    farther: Array | None = None

    @classmethod
    def begun(cls, channel: Channel) -> "Sideways":
        """The first state."""
        may_be = channel.is_certified and channel.saddle is not None
        return cls(channel, Bend.of(channel) if may_be else None)

    @property
    def down(self) -> Array | None:
        """The direction (D,) across the path in which its top is expected to go down as well."""
        if self.bend is None:
            return None
        if self.farther is not None:
            return self.farther
        expected, softest = self.bend.second_way_down, self.softest
        if expected is not None or softest is None:
            return expected
        return softest.direction if softest.curvature < self.bend.least_way_seen else None

    @cached_property
    def softest(self) -> Softest | None:
        """The softest direction across the path of those that were looked at.

        Where the surrogate sees distances between atoms it tells that itself.
        """
        saddle, is_told = self.channel.saddle, self.channel.model.features.keeps_distances
        if self.bend is None or self.looks is None or saddle is None or not is_told:
            return None
        velocity = np.asarray(self.channel.path.velocity(saddle.time))
        return Softest.of(self.bend, velocity / np.linalg.norm(velocity), self.looks)

    def propose(self, records: Records, pending: Sequence[Candidate] = ()) -> Candidate | None:
        """A point beside the top, while it is not known whether the landscape rises there."""
        if pending or self.is_ridge or self.bend is None or self.farther is not None:
            return None
        near = self._near(self.bend, records)
        return self._farther_out() if near is None else near

    def _near(self, bend: Bend, records: Records) -> Candidate | None:
        """The same, as near to the top as a curvature shows."""
        channel, down = self.channel, self.down
        if self.n_answers >= channel.policy.across.looks:
            return None
        if down is None:
            point = unknown_side(channel, bend, records, self.doubt, self.n_answers, self.softest)
        else:
            point = lower_side(channel, down)
        if point is None or not channel.is_open(point):
            return None
        if records.distance_to(point) < channel.policy.ask.same * channel.chord:
            return None
        return channel.prediction.candidate_at("side", point)

    def _farther_out(self) -> Candidate | None:
        """A point where a fall would show that is too slight near the top, or None."""
        softest, channel = self.softest, self.channel
        if softest is None or softest.curvature >= 0:
            return None
        point = lower_side(channel, softest.direction, channel.policy.across.farther)
        return channel.prediction.candidate_at("far", point) if channel.is_open(point) else None

    def absorb(self, answers: Sequence[Answer], records: Records) -> "Sideways":
        """The path as it was, with what is known now."""
        farther, channel = self._looked_at_farther(answers), told(self.channel, records)
        expected = self.down is not None or farther is not None
        is_lower = expected and any(map(self._is_lower, answers))
        after = Sideways(
            channel,
            Bend.of(channel),
            as_foreseen=self.as_foreseen and all(map(self._is_foreseen, answers)),
            doubt=max([self.doubt, *map(self._deviations_below, answers)]),
            looks=self._looked(answers, records),
            n_answers=self.n_answers + len(answers),
            farther=farther,
        )
        # What was lower may belong to the path's own way down.
        return replace(after, is_ridge=is_lower and after.down is not None)

    def _looked_at_farther(self, answers: Sequence[Answer]) -> Array | None:
        """The direction of a look farther out, if one of the answers is of that."""
        softest, is_far = self.softest, any(one.candidate.kind == "far" for one in answers)
        return softest.direction if is_far and softest is not None else None

    def _looked(self, answers: Sequence[Answer], records: Records) -> Looks | None:
        """What was seen beside the top so far."""
        saddle = self.channel.saddle
        told = [one for one in answers if not one.failed]
        if saddle is None or not told:
            return self.looks
        gradient = records.gradient_at(saddle.position)
        steps = np.stack([one.candidate.point - saddle.position for one in told])
        looks = Looks(steps, np.stack([one.gradient - gradient for one in told]))
        return looks if self.looks is None else self.looks.joined(looks)

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
        left = self.channel.policy.certify.stationary * self.channel.path_tolerance
        return not answer.failed and below > left


def pushed(path: SinePath, aside: Array, numbers: Across) -> SinePath:
    """The path beside a ridge, to the side of a direction `aside` (D,) of length 1."""
    coefficients = path.coefficients.copy()
    coefficients[0] += numbers.push * float(np.linalg.norm(path.end - path.start)) * aside
    return path.with_coefficients(coefficients)
