"""Which of a checkpoint's two ways a run uses, in one object that may also do nothing at all."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from .._arrays import Array
from ..evaluation import Evaluator
from ..landscapes.protocols import Landscape
from ..methods.base import Run
from .checkpoint import CheckpointFile, JournaledLandscape, Snapshots, as_json, restore

HistoryRows = list[tuple[int, int, float]]
"""Gradients, gradients of single samples, and the height, after each iteration."""

_COUNTS = ("n_gradients", "n_sample_gradients")
"""What an evaluator counts."""


class Keeper:
    """Keeps a run in a file and sets it going again from there.

    Parameters
    ----------
    file : CheckpointFile or None
        Where; None keeps nothing.
    rng : numpy.random.Generator
        The run's generator, set back to its saved state where the file holds one.
    replays : bool
        Whether the method keeps a journal (and runs again from the beginning) or snapshots.
    """

    def __init__(
        self, file: CheckpointFile | None, rng: np.random.Generator, *, replays: bool
    ) -> None:
        self._file = file
        self._rng = rng
        self._replays = replays
        self._snapshots = None if file is None or replays else Snapshots(file)
        self._latest: _Standing | None = None

    def guard(self, landscape: Landscape, batch: int) -> Landscape:
        """The landscape with a journal before it, where that is the way."""
        if self._file is None or not self._replays:
            return landscape
        notes = {"rng": as_json(self._rng.bit_generator.state)}
        journaled = JournaledLandscape(landscape, self._file, notes, batch)
        self._rng.bit_generator.state = journaled.notes["rng"]
        return journaled

    def resume(self, run: Run, evaluator: Evaluator, reference: Array) -> HistoryRows:
        """Set a run to its last snapshot; returns the history up to there."""
        saved = self._file.load() if self._snapshots and self._file else None
        if saved is None:
            return []
        run.state = restore(run.state, saved.arrays, reference)
        self._rng.bit_generator.state = saved.notes["rng"]
        for count in _COUNTS:
            setattr(evaluator, count, saved.notes[count])
        return [(int(n), int(m), float(height)) for n, m, height in saved.notes["history"]]

    def note(self, run: Run, evaluator: Evaluator, history: HistoryRows) -> None:
        """Remember where a run stands between two iterations; keep it, if it is time to."""
        if self._snapshots is None:
            return
        rng = self._rng.bit_generator.state
        counts = {count: getattr(evaluator, count) for count in _COUNTS}
        self._latest = _Standing(run, run.state, rng, counts, history, len(history))
        if self._snapshots.due():
            self.flush()

    def flush(self) -> None:
        """Keep what was noted last: of an iteration that was cut short nothing is kept."""
        if self._snapshots is None or self._latest is None:
            return
        if getattr(self._latest.run, "is_torn", False):  # the file keeps the snapshot before
            return
        notes = {
            "rng": as_json(self._latest.rng),
            **self._latest.counts,
            "history": self._latest.history[: self._latest.n_iterations],
        }
        self._snapshots.save(self._latest.state, notes)


class _Standing(NamedTuple):
    """Where a run stands between two iterations."""

    run: Run
    state: object
    rng: Mapping[str, Any]
    counts: dict[str, int]
    history: HistoryRows
    """Of which later iterations append to the end."""
    n_iterations: int
