"""From one problem to all that is asked of it: channels, minima on the way, segments.

A campaign is a sequence of tasks that share every record. A task wants evaluations until it is
done; the next one is made of what the earlier ones found.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Protocol

import numpy as np

from .._arrays import Array
from ..gaussian_process.posterior import Posterior
from ..gaussian_process.process import GaussianProcess
from ..path import SinePath
from .channel import Channel, ChannelSettings
from .images import Image, image_of
from .prediction import Look, Query
from .records import Records
from .relaxation import Relaxation, dips

_BEND = 0.35
"""Size of the random bends that further starts have, in chords."""
_SAME_STOP = 0.02
"""Minima nearer than this to a stop before them, or to the end, in chords, are no new stops."""


class Task(Protocol):
    """Something that wants evaluations: a `Channel` or a `Relaxation`."""

    def learn(self, records: Records) -> None:
        """Take in all that is known."""
        ...

    def next_query(self, records: Records, look: Look | None = None) -> Query | None:
        """What to evaluate next; None when done."""
        ...

    def judge(self, query: Query, value: float, gradient: Array) -> None:
        """Take in what came back."""
        ...


@dataclass(frozen=True)
class CampaignSettings:
    """How many starts, whether to split paths at minima, and what channels are held to."""

    n_starts: int
    split: bool
    channel: ChannelSettings


class Campaign:
    """The tasks, and what they have found.

    Parameters
    ----------
    settings : CampaignSettings
        What is asked.
    process : GaussianProcess
        The prior of all surrogates.
    path : SinePath
        The first start.
    rng : numpy.random.Generator
        Source of the further starts.
    landscape : Landscape
        Its symmetries spare segments that are images of others.
    """

    def __init__(
        self,
        settings: CampaignSettings,
        process: GaussianProcess,
        path: SinePath,
        rng: np.random.Generator,
        landscape: Any,
    ) -> None:
        self.channels: list[Channel] = []
        self.segments: list[Channel | Image] = []
        self._landscape = landscape
        self._settings = settings
        self._process = process
        self._path = path
        self._rng = rng
        self._current = Channel(settings.channel, process, path)
        self._records: Records | None = None

    @property
    def best(self) -> Channel:
        """The lowest channel with a saddle, else the one at work."""
        found = [channel for channel in self.channels if channel.saddle is not None]
        return min(found, key=lambda channel: channel.height, default=self._current)

    @property
    def records(self) -> Records:
        """All that is known."""
        assert self._records is not None
        return self._records

    def add(self, new: Records) -> None:
        """Take in new records."""
        self._records = new if self._records is None else self._records.joined(new)

    def tasks(self) -> Iterator[Task]:
        """One task after another, each having learned what is known when it begins."""
        self._current.learn(self.records)
        yield self._current
        self.channels.append(self._current)
        features = self._current.model.features
        self._process = replace(self._process, features=features, alternatives=())
        for _ in range(1, self._settings.n_starts):
            another = self._channel(self._bent(), self.best.height)
            another.settle(self.records)
            if not any(another.resembles(known) for known in self.channels):
                yield another
                if not any(another.resembles(known) for known in self.channels):
                    self.channels.append(another)
        if self._settings.split:
            yield from self._segment_tasks()

    def _segment_tasks(self) -> Iterator[Task]:
        whole = self.best
        if whole.saddle is None:
            return
        start, end = whole.path.start, whole.path.end
        near = _SAME_STOP * float(np.linalg.norm(end - start))
        stops = [start]
        for dip in dips(whole):
            relaxation = Relaxation(whole, dip)
            relaxation.learn(self.records)
            yield relaxation
            apart = np.linalg.norm(relaxation.minimum - np.stack([stops[-1], end]), axis=1)
            if relaxation.is_found and apart.min() > near:
                stops.append(relaxation.minimum)
        if len(stops) == 1:
            return
        for stop, following in pairwise([*stops, end]):
            found = [part for part in self.segments if isinstance(part, Channel)]
            image = image_of(self._landscape, stop, following, found)
            if image is not None:
                self.segments.append(image)
                continue
            piece = _piece(whole.path, stop, following)
            segment = self._channel(piece, whole.height, whole.model)
            segment.learn(self.records)
            yield segment
            self.segments.append(segment)

    def _channel(self, path: SinePath, level: float, model: Posterior | None = None) -> Channel:
        return Channel(self._settings.channel, self._process, path, level, model)

    def _bent(self) -> SinePath:
        path = self._path
        order = np.arange(1.0, path.n_terms + 1)[:, None]
        size = _BEND * np.linalg.norm(path.end - path.start) / np.sqrt(path.n_coordinates)
        bend = size * self._rng.standard_normal(path.coefficients.shape) / order**2
        return path.with_coefficients(path.coefficients + bend)


def _piece(path: SinePath, start: Array, end: Array) -> SinePath:
    """The part of a path from next to `start` to next to `end`, as a path between these."""
    times = np.linspace(0, 1, 1025)
    points = path(times)
    first, last = (((points - stop) ** 2).sum(axis=1).argmin() for stop in (start, end))
    inner = np.linspace(times[first], times[last], 66)[1:-1]
    return SinePath.fit(start, end, np.linspace(0, 1, 66)[1:-1], path(inner), path.n_terms)
