"""The end of a run without a certificate: the path's likely top is evaluated, not guessed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .channel import Channel
from .judgement import Answer
from .phases import told
from .prediction import Candidate
from .records import Records


@dataclass(frozen=True, eq=False)
class Closing:
    """The task of finding out how high a path is, without moving it any more.

    Attributes
    ----------
    channel : Channel
    n_answers : int
    """

    channel: Channel
    n_answers: int = 0

    def propose(self, records: Records, pending: tuple[Candidate, ...] = ()) -> Candidate | None:
        """The place where the path may be highest, or where that is known, least is known.

        The latter only where the whole path was to be known, and not its top alone.
        """
        channel, numbers = self.channel, self.channel.policy.certify
        if pending or self.n_answers >= channel.policy.stop.closing:
            return None
        seen = channel.predicted(numbers.fine_times)
        places = [seen.candidate("top", seen.upper(numbers.assurance))]
        if channel.aim.certify:
            places.append(seen.candidate("unsure", seen.deviation))
        return next((one for one in places if self._tells(one, seen.factor, records)), None)

    def _tells(self, candidate: Candidate, factor: float, records: Records) -> bool:
        """Whether something new would be learnt there."""
        channel = self.channel
        near = records.distance_to(candidate.point) < channel.policy.ask.same * channel.chord
        return factor * candidate.deviation >= channel.path_tolerance and not near

    def absorb(self, answers: Sequence[Answer], records: Records) -> "Closing":
        """The path as it was, with what is known now."""
        return replace(
            self, channel=told(self.channel, records), n_answers=self.n_answers + len(answers)
        )
