"""All that one run does: several starts, relaxing the minima on the way, seeking segments.

A campaign is a sequence of tasks that share every record. A task wants evaluations until it is
done; the next one is made of what the earlier ones found.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from .._arrays import Array
from ..gaussian_process.model import Model
from ..landscapes.abilities import Abilities
from ..path import SinePath
from .channel import Channel
from .closing import Closing
from .images import Image, image_of
from .judgement import Answer
from .phases import begun, settled, told
from .records import Records
from .relaxation import Relaxation, dips_of
from .ridges import Sideways, pushed
from .starts import bent, part_of
from .state import Aim
from .tasks import Seeking, Task
from .twins import are_twins, resemble


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
    level : float, optional
        A first guess of the height, where one is known.
    """

    def __init__(
        self,
        settings: CampaignSettings,
        path: SinePath,
        records: Records,
        rng: np.random.Generator,
        abilities: Abilities,
        level: float | None = None,
    ) -> None:
        self.records = records
        self.channels: list[Channel] = []
        self.segments: list[Channel | Image] = []
        self._settings = settings
        self._aim = settings.aim
        self._path = path
        self._rng = rng
        self._level = level
        self._abilities = abilities
        self._tasks = self._all_tasks()
        self.task = next(self._tasks)

    @property
    def best(self) -> Channel:
        """The lowest certified channel, else the one that is most surely low, unfinished or not."""
        if isinstance(self.task, Closing):
            return self.task.channel
        channels = list(self.channels)
        if isinstance(self.task, Seeking | Sideways) and self._is_whole(self.task.channel.path):
            channels.append(self.task.channel)
        return _lowest(channels)

    def _is_whole(self, path: SinePath) -> bool:
        """Whether a path joins the ends that are asked for, and not those of a part."""
        same = np.array_equal(path.start, self._path.start)
        return same and np.array_equal(path.end, self._path.end)

    def absorb(self, answers: Sequence[Answer], new: Records) -> None:
        """Take in what was evaluated."""
        self.records = self.records.joined(new)
        self.task = self.task.absorb(answers, self.records)

    def learn(self, records: Records) -> None:
        """Take in what else is known, such as of a landscape beneath."""
        self.records = records
        self.task = self.task.absorb((), records)

    def go_on(self) -> bool:
        """Go on to the next task; False if there is none."""
        try:
            self.task = self._tasks.send(self.task)
        except StopIteration:
            return False
        return True

    def close(self) -> None:
        """End the search, except for finding out how high the best path is."""
        if not isinstance(self.task, Closing):
            self._tasks = self._closed()
            self.task = next(self._tasks)

    def _closed(self) -> Tasks:
        best = self.best
        is_told = len(best.model.data) == len(self.records.known)
        yield Closing(best if is_told else told(best, self.records))

    def _all_tasks(self) -> Tasks:
        yield from self._starts()
        if not self.best.is_done:
            yield from self._handed_over()
        if self._settings.split:
            yield from self._parts(self.best)
        if not self.best.is_done:
            yield from self._closed()

    def _starts(self) -> Tasks:
        """The first path, and as many others as are asked for."""
        first = yield from self._sought(begun(self._aim, self._path, self.records, self._level))
        self.channels.append(first)
        self._aim = replace(self._aim, process=self._aim.process.like(first.model))
        for _ in range(1, self._settings.n_starts):
            yield from self._further_start(bent(self._path, self._rng, self._aim.policy.split))

    def _handed_over(self) -> Tasks:
        """Other starts, where none so far can be certified; then the best one once more."""
        for _ in range(self._aim.policy.stop.handovers):
            yield from self._further_start(bent(self._path, self._rng, self._aim.policy.split))
            if self.best.is_done:
                return
        best = self.best
        found = yield from self._sought(told(best, self.records), to_the_end=True)
        self.channels[self.channels.index(best)] = found

    def _sought(
        self, channel: Channel, *, to_the_end: bool = False
    ) -> Generator[Task, Task, Channel]:
        """Seek one channel, for as long as one start may take or until there is no progress."""
        stop = channel.policy.stop
        most = stop.last_start if to_the_end else stop.one_start
        ended = yield Seeking.begun(channel, self.records, most)
        looked = yield Sideways.begun(ended.channel)
        assert isinstance(looked, Sideways)
        if looked.is_ridge and looked.down is not None:
            return (yield from self._beside(looked.channel, looked.down))
        if looked.as_foreseen:
            return ended.channel
        assert isinstance(ended, Seeking)
        left = max(most - ended.course.n_rounds, stop.after_a_look)
        again = yield Seeking.begun(looked.channel, self.records, left)
        return again.channel

    def _beside(self, ridge: Channel, down: Array) -> Generator[Task, Task, Channel]:
        """Seek the passes on both sides of a ridge, and take the lower one."""
        first, second = (pushed(ridge.path, side * down, ridge.policy.across) for side in (1, -1))
        found = yield from self._sought(self._channel(first, ridge, ridge.model))
        other = self._channel(second, ridge, ridge.model)
        other = yield from self._sought_below(found, other)
        return _lowest([replace(ridge, ridge=down), found, other])

    def _sought_below(self, known: Channel, channel: Channel) -> Generator[Task, Task, Channel]:
        """Seek one channel, until its top is known to be no lower than that of another."""
        if not known.is_certified:
            return (yield from self._sought(channel))
        ended = yield from self._sought(replace(channel, aim=channel.aim.for_top_alone))
        if not ended.is_found or ended.crest > known.height - known.path_tolerance:
            return ended
        return (yield from self._sought(replace(ended, aim=channel.aim)))

    def _further_start(self, path: SinePath) -> Tasks:
        """Seek from another path, unless it surely leads to a channel that is known.

        A path that stopped because the surrogate is unsure may still go elsewhere, whatever it is
        near to now.
        """
        another = settled(self._channel(path, self.best), self.records)
        finished = [one for one in self.channels if one.is_done]
        if another.blocked is None and any(resemble(another, one) for one in finished):
            return
        self._list((yield from self._sought(another)))

    def _list(self, found: Channel) -> None:
        """Add a channel; of twins the lowest is kept."""
        twins = [one for one in self.channels if are_twins(found, one, self._abilities)]
        others = [one for one in self.channels if one not in twins]
        self.channels = [*others, _lowest([*twins, found])]

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
            path = part_of(whole.path, start, end, self._aim.policy.split)
            part = self._channel(path, whole, whole.model)
            self.segments.append((yield from self._sought(part, to_the_end=True)))

    def _stops(self, whole: Channel) -> Generator[Task, Task, list[Array]]:
        """The start, the minima on the way, the end (D,)."""
        near = self._aim.policy.split.same_stop * whole.chord
        stops, end = [whole.path.start], whole.path.end
        for dip in dips_of(whole):
            ended = yield Relaxation.begun(whole, dip, self.records)
            assert isinstance(ended, Relaxation)
            apart = np.linalg.norm(ended.minimum - np.stack([stops[-1], end]), axis=1)
            if ended.is_found and apart.min() > near:
                stops.append(ended.minimum)
        return [*stops, end]

    def _channel(self, path: SinePath, known: Channel, model: Model | None = None) -> Channel:
        """The first state from another path than a known one; it may be as symmetric."""
        symmetric = known.progress.was_symmetric and known.model.features.keeps_distances
        level, records = known.height, self.records
        return begun(self._aim, path, records, level, model, was_symmetric=symmetric)


def _lowest(channels: Sequence[Channel]) -> Channel:
    """The lowest certified channel, else the one that is most surely low."""
    certified = [channel for channel in channels if channel.is_certified]
    if certified:
        return min(certified, key=lambda channel: channel.height)
    return min(channels, key=lambda channel: channel.highest_likely)
