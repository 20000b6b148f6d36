"""What a campaign is a sequence of: states of something that wants evaluations until it is done."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from .channel import Channel
from .judgement import Answer
from .phases import absorbed, resolved
from .prediction import Candidate
from .proposals import propose
from .records import Records
from .stopping import Course


class Task(Protocol):
    """A state of something that wants evaluations."""

    @property
    def channel(self) -> Channel:
        """The path that it is about."""
        ...

    def propose(self, records: Records, pending: tuple[Candidate, ...] = ()) -> Candidate | None:
        """What to evaluate next; None when done."""
        ...

    def absorb(self, answers: Sequence[Answer], records: Records) -> "Task":
        """The state after some answers."""
        ...


@dataclass(frozen=True, eq=False)
class Seeking:
    """The task of bringing one channel to a certified height, or as near as it gets.

    Attributes
    ----------
    channel : Channel
    wanted : Candidate or None
        What it wants evaluated first.
    course : Course
        How its height has moved.
    """

    channel: Channel
    wanted: Candidate | None
    course: Course

    @classmethod
    def begun(cls, channel: Channel, records: Records, most: int) -> "Seeking":
        """The first state, of a search that may take so many rounds."""
        return cls(*resolved(channel, records), Course(channel.policy.stop, most=most))

    def propose(self, records: Records, pending: tuple[Candidate, ...] = ()) -> Candidate | None:
        """What to evaluate next; None when done, or when no progress is made."""
        if self.is_stalled or self._is_over or self.wanted is None:
            return None
        return propose(self.channel, records, pending) if pending else self.wanted

    def absorb(self, answers: Sequence[Answer], records: Records) -> "Seeking":
        """The state after some answers."""
        channel, wanted = resolved(absorbed(self.channel, answers, records), records)
        course = self.course.seen(channel.height) if answers else self.course
        return Seeking(channel, wanted, course)

    @property
    def _is_over(self) -> bool:
        """Whether all its rounds are taken; once the top is found it may go on to be certified."""
        is_late = self.course.n_rounds >= self.channel.policy.stop.last_start
        return self.course.is_over and (is_late or not self.channel.is_found)

    @property
    def is_stalled(self) -> bool:
        """Whether the height no longer moves, yet cannot be certified."""
        return self.course.is_stalled(self.channel.path_tolerance)
