"""Which of a checkpoint's two ways a run uses, in one object that may also do nothing at all."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ._arrays import Array
from .checkpoint import CheckpointFile, JournaledLandscape, Snapshots, restore, rng_state
from .evaluation import Evaluator
from .landscapes.base import Landscape
from .methods.base import Run

HistoryRows = list[tuple[int, float]]


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

    def guard(self, landscape: Landscape, batch: int) -> Landscape:
        """The landscape with a journal before it, where that is the way."""
        if self._file is None or not self._replays:
            return landscape
        notes = {"rng": rng_state(self._rng)}
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
        evaluator.n_gradients = saved.notes["n_gradients"]
        return [(int(n), float(height)) for n, height in saved.notes["history"]]

    def save(
        self, run: Run, evaluator: Evaluator, history: Sequence[Any], *, force: bool = False
    ) -> None:
        """Keep a snapshot, unless the last one was kept a moment ago."""
        if self._snapshots is None or not self._snapshots.due(force):
            return
        notes = {
            "rng": rng_state(self._rng),
            "n_gradients": evaluator.n_gradients,
            "history": [list(row) for row in history],
        }
        self._snapshots.save(run.state, notes)
