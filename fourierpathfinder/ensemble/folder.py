"""A folder in which an ensemble keeps what is done, and the state of each running path.

Each pair has files of its own, named after a hash of all that its path depends on but the
randomness. So a later call finds its results whatever else it asks for, and in any order.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from .._arrays import Array, like
from ..path import SinePath
from ..result import History, PathResult, Saddle, Status
from ..storage.checkpoint import CheckpointFile, Saved
from .pairs import Pair

_PLAIN = (
    "height", "height_time", "start_value", "end_value", "certified", "height_error", "message",
    "n_gradients", "n_iterations", "n_sample_gradients",
)  # fmt: skip
_ARRAYS = ("times", "heights")
_PARTS = ("channels", "segments")


class Folder:
    """The files of an ensemble.

    Parameters
    ----------
    path : path-like
        Made if it does not exist; the folder that it is in must.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        if self._path.exists() and not self._path.is_dir():
            raise ValueError(f"`checkpoint` is the file {path}; of many paths it must be a folder")
        if not self._path.parent.is_dir():
            raise ValueError(f"`checkpoint` is {path}, but the folder it is in does not exist")
        self._path.mkdir(exist_ok=True)

    def result(self, identity: Mapping[str, Any], pair: Pair) -> PathResult | None:
        """The result that is kept of a pair, if any; without its method and landscape."""
        saved = self._file(identity, "result").load()
        return None if saved is None else unpacked(saved.arrays, saved.notes, pair.start)

    def keep(self, identity: Mapping[str, Any], result: PathResult) -> None:
        """Keep a result, and forget where the path stood."""
        self._file(identity, "result").save(*packed(result))
        self.run_file(identity).unlink(missing_ok=True)

    def run_file(self, identity: Mapping[str, Any]) -> Path:
        """The file in which a single run keeps where it stands."""
        return self._file(identity, "run").path

    def standing(self, identity: Mapping[str, Any]) -> Saved | None:
        """Where a path stood in lockstep with others."""
        return self._file(identity, "run").load()

    def keep_standing(
        self, identity: Mapping[str, Any], arrays: Mapping[str, Array], notes: Mapping[str, Any]
    ) -> None:
        """Keep where a path stands."""
        self._file(identity, "run").save(arrays, notes)

    def _file(self, identity: Mapping[str, Any], kind: str) -> CheckpointFile:
        name = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]
        return CheckpointFile(self._path / f"{name}.{kind}.npz", identity)


def packed(result: PathResult) -> tuple[dict[str, Array], dict[str, Any]]:
    """A result as arrays by name, and what JSON can hold."""
    notes: dict[str, Any] = {name: getattr(result, name) for name in _PLAIN}
    notes["status"] = result.status.name
    arrays: dict[str, Array] = {name: getattr(result, name) for name in _ARRAYS}
    for name in ("path", "history", "saddle"):
        part = getattr(result, name)
        for field in () if part is None else fields(part):
            value = getattr(part, field.name)
            if value is not None:
                arrays[f"{name}.{field.name}"] = np.array(value) if np.isscalar(value) else value
    for name in _PARTS:
        notes[name] = []
        for i, part in enumerate(getattr(result, name)):
            inner, inner_notes = packed(part)
            notes[name].append(inner_notes)
            arrays.update({f"{name}.{i}.{key}": array for key, array in inner.items()})
    return arrays, notes


def unpacked(
    arrays: Mapping[str, np.ndarray], notes: Mapping[str, Any], reference: Array
) -> PathResult:
    """What `packed` took apart, its path in the library of `reference`."""
    history = _within(arrays, "history.")
    saddle = _within(arrays, "saddle.")
    if saddle:
        numbers = {key: float(saddle[key]) for key in ("value", "gradient_norm", "time")}
        top = Saddle(position=like(saddle["position"], reference), **numbers)
    path = {key: like(array, reference) for key, array in _within(arrays, "path.").items()}
    plain: dict[str, Any] = {name: arrays[name] for name in _ARRAYS}
    plain.update({name: notes[name] for name in _PLAIN})
    parts: dict[str, Any] = {
        name: tuple(
            unpacked(_within(arrays, f"{name}.{i}."), inner, reference)
            for i, inner in enumerate(notes[name])
        )
        for name in _PARTS
    }
    return PathResult(
        path=SinePath(**path),
        history=History(**history),
        saddle=top if saddle else None,
        status=Status[notes["status"]],
        method=None,
        **plain,
        **parts,
    )


def completed(result: PathResult, method: object, landscape: Any) -> PathResult:
    """A result with what no file holds."""
    parts: dict[str, Any] = {
        name: tuple(completed(part, method, landscape) for part in getattr(result, name))
        for name in _PARTS
    }
    return replace(result, method=result.method or method, landscape=landscape, **parts)


def _within(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """The arrays whose names begin so, by the rest of these."""
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
