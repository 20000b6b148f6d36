"""Which of a checkpoint's two ways a run uses, in one object that may also do nothing at all.

A method whose gradients are many and cheap has its state kept after an iteration, at most every
few seconds; one whose gradients are few and expensive has all of them kept, runs again from the
beginning on a restart, and finds its gradients in the store.
"""

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from .._arrays import Array
from ..evaluation import Evaluator
from ..landscapes.protocols import Landscape
from ..methods.base import Run
from ..storage.checkpoint import CheckpointFile, Snapshots, as_json, check_folder, restore
from ..storage.evaluations import EvaluationStore
from .recheck import Witnessing, as_arrays, from_arrays, recheck
from .recorded import RecordedLandscape

HistoryRows = list[tuple[int, int, float]]
"""Gradients, gradients of single samples, and the height, after each iteration."""

_COUNTS = ("n_gradients", "n_sample_gradients")
"""What an evaluator counts."""


class Keeper:
    """Keeps a run in a file and sets it going again from there.

    Parameters
    ----------
    place : path-like or None
        Where; None keeps nothing.
    identity : mapping
        What the run is of; a file of another identity is refused.
    rng : numpy.random.Generator
        The run's generator, set back to its saved state where the file holds one.
    replays : bool
        Whether the method keeps its evaluations (and runs again from the beginning) or snapshots.
    rechecks : bool
        Whether one recorded point is evaluated again before the run goes on.
    """

    def __init__(
        self,
        place: str | os.PathLike[str] | None,
        identity: Mapping[str, Any],
        rng: np.random.Generator,
        *,
        replays: bool,
        rechecks: bool = True,
    ) -> None:
        self._rng = rng
        self._rechecks = rechecks
        self._store: EvaluationStore | None = None
        self._file: CheckpointFile | None = None
        self._snapshots: Snapshots | None = None
        self._witnessing: Witnessing | None = None
        self._latest: _Standing | None = None
        if place is None:
            return
        if replays:
            check_folder(place)
            notes = {"rng": as_json(rng.bit_generator.state)}
            self._store = EvaluationStore(place, identity, notes)
        else:
            self._file = CheckpointFile(place, identity)
            self._snapshots = Snapshots(self._file)

    def guard(self, landscape: Landscape, batch: int) -> Landscape:
        """The landscape with its evaluations kept, where that is the way."""
        if self._file is not None:
            self._witnessing = Witnessing(landscape)
            return self._witnessing
        if self._store is None:
            return landscape
        recorded = RecordedLandscape(landscape, self._store, batch=batch, repeats=True)
        if self._rechecks and recorded.witness is not None:
            recheck(landscape, recorded.witness, self._store.path)
        self._rng.bit_generator.state = self._store.notes["rng"]
        return recorded

    def resume(self, run: Run, evaluator: Evaluator, reference: Array) -> HistoryRows:
        """Set a run to its last snapshot; returns the history up to there."""
        saved = self._file.load() if self._file else None
        if saved is None or self._file is None or self._witnessing is None:
            return []
        witness = from_arrays(saved.arrays, reference)
        if self._rechecks and witness is not None:
            recheck(self._witnessing, witness, self._file.path)
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
        witness = None if self._witnessing is None else self._witnessing.last
        self._snapshots.save(self._latest.state, notes, as_arrays(witness))

    def close(self) -> None:
        """Close the files."""
        if self._store is not None:
            self._store.close()


class _Standing(NamedTuple):
    """Where a run stands between two iterations."""

    run: Run
    state: object
    rng: Mapping[str, Any]
    counts: dict[str, int]
    history: HistoryRows
    """Of which later iterations append to the end."""
    n_iterations: int
