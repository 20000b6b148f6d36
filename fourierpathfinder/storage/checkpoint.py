"""Runs that survive being killed: one file, written atomically, from which a run goes on exactly.

Two things can be kept, and a method uses one of them:

- a snapshot of its state (plain arrays) after an iteration, at most every few seconds, for
  methods whose gradients are many and cheap;
- a journal of all evaluations, written after each, for methods whose gradients are few and dear:
  on a restart the method runs again from the beginning and finds its gradients in the journal.

Both are NumPy's npz format without pickles: arrays by name, and one entry of JSON.
"""

import hashlib
import json
import os
import tempfile
import time
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from itertools import count, takewhile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .._arrays import Array, array_namespace, is_array, like, to_numpy
from ..landscapes.abilities import Forwarding
from ..landscapes.protocols import Landscape

_FORMAT = 2


class CheckpointError(ValueError):
    """A checkpoint file that cannot be used: damaged, or of another problem."""


class Saved(NamedTuple):
    """The content of a checkpoint file."""

    arrays: dict[str, np.ndarray]
    notes: dict[str, Any]


class CheckpointFile:
    """One file that holds one run.

    Parameters
    ----------
    path : str or path-like
        Where; the folder must exist.
    identity : mapping
        What the run is of, as JSON; a file of another identity is refused.
    """

    def __init__(self, path: str | os.PathLike[str], identity: Mapping[str, Any]) -> None:
        self.path = Path(path)
        self._identity = {"format": _FORMAT, **identity}
        if not self.path.parent.is_dir():
            raise ValueError(
                f"`checkpoint` is {path}, but its folder does not exist; make it first"
            )

    def load(self) -> Saved | None:
        """What the file holds, or None where there is no file.

        Raises
        ------
        CheckpointError
            If the file is damaged or belongs to another problem.
        """
        if not self.path.exists():
            return None
        try:
            # opened here, as np.load leaves a damaged file open
            with self.path.open("rb") as handle, np.load(handle, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            notes = json.loads(str(arrays.pop("notes")))
            identity = notes.pop("identity")
        except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise CheckpointError(
                f"the checkpoint {self.path} is damaged ({error}); restore a copy of it, or delete "
                "it to start afresh"
            ) from error
        self._check_identity(identity)
        return Saved(arrays, notes)

    def save(self, arrays: Mapping[str, Array], notes: Mapping[str, Any]) -> None:
        """Replace the file in one step: whatever happens, either the old or the new one is there.

        Raises
        ------
        OSError
            If it cannot be written (a full disk, say); the old file stays as it was.
        """
        text = json.dumps({"identity": self._identity, **notes})
        plain = {name: to_numpy(array) for name, array in arrays.items()}
        try:
            self._replace(notes=np.array(text), **plain)
        except OSError as error:
            error.add_note(
                f"The checkpoint {self.path} could not be written, and is as it was before."
            )
            raise

    def _replace(self, **arrays: np.ndarray) -> None:
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}-")
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(file, **arrays)  # type: ignore[arg-type]
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _check_identity(self, found: Mapping[str, Any]) -> None:
        for key, expected in self._identity.items():
            if found.get(key) != expected:
                raise CheckpointError(
                    f"the checkpoint {self.path} belongs to another problem: its {key} is "
                    f"{found.get(key)!r}, this run's {expected!r}; pass another file, or delete it "
                    "to start afresh"
                )


class Snapshots:
    """Snapshots of a method's state, at most one every `interval` seconds.

    Large states take long to write: no more than a twentieth of the time is spent on that.

    Parameters
    ----------
    file : CheckpointFile
        Where to keep them.
    interval : float
        Seconds between two of them, at least.
    """

    def __init__(self, file: CheckpointFile, interval: float = 2.0) -> None:
        self._file = file
        self._interval = self._pause = interval
        self._last = time.monotonic()

    def due(self) -> bool:
        """Whether the last one was kept long enough ago."""
        return time.monotonic() - self._last >= self._pause

    def save(self, state: object, notes: Mapping[str, Any]) -> None:
        """Keep a state."""
        began = time.monotonic()
        self._file.save(flatten(state), notes)
        self._last = time.monotonic()
        self._pause = max(self._interval, 20 * (self._last - began))


class JournaledLandscape(Forwarding):
    """A landscape that remembers, in a file, every point it was ever evaluated at.

    Parameters
    ----------
    landscape : Landscape
        What to evaluate where the journal knows nothing.
    file : CheckpointFile
        The journal.
    notes : mapping
        Kept beside it, from the first evaluation on.
    batch : int
        Points per evaluation, after each of which the journal is written.
    """

    def __init__(
        self, landscape: Landscape, file: CheckpointFile, notes: Mapping[str, Any], batch: int = 1
    ) -> None:
        super().__init__(landscape)
        self._file = file
        self._batch = batch
        self._next = 0
        saved = file.load()
        self.notes = dict(notes) if saved is None else saved.notes
        self._records: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        if saved is not None:
            columns = (saved.arrays[name] for name in ("points", "values", "gradients"))
            self._records = list(zip(*columns, strict=True))

    def value_and_grad(self, points: Array) -> tuple[Array, Array]:
        """Values and gradients, from the journal as long as it lasts."""
        rows = to_numpy(points)
        while len(self._records) < self._next + len(rows):
            self._evaluate(points[len(self._records) - self._next :][: self._batch])
        used = self._records[self._next : self._next + len(rows)]
        for row, (point, _, _) in zip(rows, used, strict=True):
            if not np.array_equal(row, point):
                raise CheckpointError(
                    f"the checkpoint {self._file.path} does not fit this run: its evaluation "
                    f"{self._next} was at another point; the landscape or the settings differ"
                )
        self._next += len(rows)
        xp = array_namespace(points)
        _, values, gradients = (np.array(column) for column in zip(*used, strict=True))
        return (
            xp.asarray(values, device=points.device),
            xp.asarray(gradients, device=points.device),
        )

    def _evaluate(self, points: Array) -> None:
        values, gradients = self.landscape.value_and_grad(points)
        new = (to_numpy(points), to_numpy(values), to_numpy(gradients))
        self._records += list(zip(*new, strict=True))
        names = ("points", "values", "gradients")
        columns = (np.array(column) for column in zip(*self._records, strict=True))
        self._file.save(dict(zip(names, columns, strict=True)), self.notes)


def flatten(state: object, prefix: str = "state") -> dict[str, Array]:
    """The arrays and numbers of nested dataclasses and tuples, by dotted name; None is left out."""
    if is_dataclass(state) or isinstance(state, tuple):
        parts = (flatten(part, f"{prefix}.{name}") for name, part in _named_parts(state))
        return {name: array for part in parts for name, array in part.items()}
    if state is None:
        return {}
    return {prefix: state if is_array(state) else np.array(state)}


def restore(
    template: Any, arrays: Mapping[str, np.ndarray], reference: Array, prefix: str = "state"
) -> Any:
    """What `flatten` took apart, in the structure of `template` and the library of `reference`."""
    if is_dataclass(template):
        parts = {
            f.name: restore(getattr(template, f.name), arrays, reference, f"{prefix}.{f.name}")
            for f in fields(template)
        }
        return type(template)(**parts)  # type: ignore[misc]
    if isinstance(template, tuple):  # of arrays, as many as there were
        names = takewhile(arrays.__contains__, (f"{prefix}.{i}" for i in count()))
        return tuple(restore(None, arrays, reference, name) for name in names)
    return _restored(template, arrays[prefix], reference) if prefix in arrays else None


def _restored(template: Any, array: np.ndarray, reference: Array) -> Any:
    """One array or number, of the kind of `template`, or else of `reference`."""
    if isinstance(template, int | float):
        return type(template)(array)
    if isinstance(template, np.ndarray):
        return array
    if template is not None:
        return like(array, template)
    return array_namespace(reference).asarray(array, device=reference.device)


def _named_parts(state: Any) -> Iterable[tuple[object, object]]:
    if isinstance(state, tuple):
        return enumerate(state)
    return ((f.name, getattr(state, f.name)) for f in fields(state))


def fingerprint(array: Array) -> str:
    """A short hash of an array's numbers."""
    return hashlib.sha256(np.ascontiguousarray(to_numpy(array)).tobytes()).hexdigest()[:16]


def as_json(state: Mapping[str, Any]) -> dict[str, Any]:
    """The state of a random generator, as JSON can hold it."""
    return json.loads(json.dumps(state, default=lambda array: array.tolist()))  # type: ignore[no-any-return]
