"""From one problem to all that is asked of it: channels, minima on the way, segments.

A campaign is a sequence of tasks that share every record. A task wants evaluations until it is
done; the next one is made of what the earlier ones found.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

import numpy as np

from .._arrays import Array
from ..gaussian_process.posterior import Posterior
from ..landscapes.abilities import Abilities
from ..path import SinePath
from .channel import Channel
from .images import Image, image_of
from .judgement import Answer
from .phases import absorbed, begun, resolved, settled
from .policy import Split
from .prediction import Candidate
from .proposals import propose
from .records import Records
from .relaxation import Relaxation, dips
from .state import Aim
from .stopping import Course


class Task(Protocol):
    """A state of something that wants evaluations."""

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
    def begun(cls, channel: Channel, records: Records) -> "Seeking":
        """The first state."""
        return cls(*resolved(channel, records), Course(channel.policy.stop))

    def propose(self, records: Records, pending: tuple[Candidate, ...] = ()) -> Candidate | None:
        """What to evaluate next; None when done, or when no progress is made."""
        if self.is_stalled or self.wanted is None:
            return None
        return propose(self.channel, records, pending) if pending else self.wanted

    def absorb(self, answers: Sequence[Answer], records: Records) -> "Seeking":
        """The state after some answers."""
        channel, wanted = resolved(absorbed(self.channel, answers, records), records)
        return Seeking(channel, wanted, self.course.seen(channel.height))

    @property
    def is_stalled(self) -> bool:
        """Whether the height no longer moves, yet cannot be certified."""
        return self.course.is_stalled(self.channel.path_tolerance)


@dataclass(frozen=True)
class CampaignSettings:
    """How many starts, whether to split paths at minima, and what channels are held to."""

    n_starts: int
    split: bool
    aim: Aim


Tasks = Generator[Task, Task, None]
"""Yields tasks, and is sent the states in which they end."""


class Campaign:
    """The tasks, and what they have found.

    Parameters
    ----------
    settings : CampaignSettings
        What is asked.
    path : SinePath
        The first start.
    records : Records
        What is known of it: both ends at least.
    rng : numpy.random.Generator
        Source of the further starts.
    abilities : Abilities
        What the landscape offers: its symmetries spare segments that are images of others.
    """

    def __init__(
        self,
        settings: CampaignSettings,
        path: SinePath,
        records: Records,
        rng: np.random.Generator,
        abilities: Abilities,
    ) -> None:
        self.records = records
        self.channels: list[Channel] = []
        self.segments: list[Channel | Image] = []
        self._settings = settings
        self._aim = settings.aim
        self._path = path
        self._rng = rng
        self._abilities = abilities
        self._tasks = self._all_tasks()
        self.task = next(self._tasks)

    @property
    def best(self) -> Channel:
        """The channel that surely stays lowest, the one at work among them."""
        channels = list(self.channels)
        if isinstance(self.task, Seeking) and self._is_whole(self.task.channel.path):
            channels.append(self.task.channel)
        return min(channels, key=lambda channel: channel.highest_likely)

    def _is_whole(self, path: SinePath) -> bool:
        """Whether a path joins the ends that are asked for, and not those of a part."""
        same = np.array_equal(path.start, self._path.start)
        return same and np.array_equal(path.end, self._path.end)

    def absorb(self, answers: Sequence[Answer], new: Records) -> None:
        """Take in what was evaluated."""
        self.records = self.records.joined(new)
        self.task = self.task.absorb(answers, self.records)

    def go_on(self) -> bool:
        """Turn to the next task; whether there is one."""
        try:
            self.task = self._tasks.send(self.task)
        except StopIteration:
            return False
        return True

    def _all_tasks(self) -> Tasks:
        first = yield from self._sought(begun(self._aim, self._path, self.records))
        self.channels.append(first)
        self._aim = replace(self._aim, process=self._aim.process.like(first.model))
        for _ in range(1, self._settings.n_starts):
            yield from self._further_start(self._bent())
        if self._settings.split:
            yield from self._parts(self.best)

    def _sought(self, channel: Channel) -> Generator[Task, Task, Channel]:
        """Seek one channel to its end."""
        ended = yield Seeking.begun(channel, self.records)
        assert isinstance(ended, Seeking)
        return ended.channel

    def _further_start(self, path: SinePath) -> Tasks:
        """Seek from another path, unless it leads to a channel that is known."""
        another = self._channel(path, self.best.height)
        another = settled(another, self.records)
        if self._is_known(another):
            return
        found = yield from self._sought(another)
        if not self._is_known(found):
            self.channels.append(found)

    def _is_known(self, channel: Channel) -> bool:
        return any(channel.resembles(known) for known in self.channels)

    def _parts(self, whole: Channel) -> Tasks:
        """Relax the minima that a path dips into, and seek the channels from one to the next."""
        if whole.saddle is None:
            return
        stops = yield from self._stops(whole)
        if len(stops) == 2:
            return
        for start, end in pairwise(stops):
            found = [part for part in self.segments if isinstance(part, Channel)]
            image = image_of(self._abilities, start, end, found, self._aim.policy.split)
            if image is not None:
                self.segments.append(image)
                continue
            path = _piece(whole.path, start, end, self._aim.policy.split)
            piece = self._channel(path, whole.height, whole.model)
            self.segments.append((yield from self._sought(piece)))

    def _stops(self, whole: Channel) -> Generator[Task, Task, list[Array]]:
        """The start, the minima on the way, the end (D,)."""
        near = self._aim.policy.split.same_stop * whole.chord
        stops, end = [whole.path.start], whole.path.end
        for dip in dips(whole):
            ended = yield Relaxation.begun(whole, dip, self.records)
            assert isinstance(ended, Relaxation)
            apart = np.linalg.norm(ended.minimum - np.stack([stops[-1], end]), axis=1)
            if ended.is_found and apart.min() > near:
                stops.append(ended.minimum)
        return [*stops, end]

    def _channel(self, path: SinePath, level: float, model: Posterior | None = None) -> Channel:
        return begun(self._aim, path, self.records, level, model)

    def _bent(self) -> SinePath:
        path = self._path
        order = np.arange(1.0, path.n_terms + 1)[:, None]
        chord = np.linalg.norm(path.end - path.start)
        size = self._aim.policy.split.bend * chord / np.sqrt(path.n_coordinates)
        bend = size * self._rng.standard_normal(path.coefficients.shape) / order**2
        return path.with_coefficients(path.coefficients + bend)


def _piece(path: SinePath, start: Array, end: Array, numbers: Split) -> SinePath:
    """The part of a path from next to `start` to next to `end`, as a path between these."""
    times = np.linspace(0, 1, numbers.n_times + 1)
    points = path(times)
    first, last = (((points - stop) ** 2).sum(axis=1).argmin() for stop in (start, end))
    inner = np.linspace(0, 1, numbers.n_fitted + 2)[1:-1]
    points = path(times[first] + inner * (times[last] - times[first]))
    return SinePath.fit(start, end, inner, points, path.n_terms)
