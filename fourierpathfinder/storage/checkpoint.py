"""Arrays by name and what JSON can hold, in one file that is written in one step and sealed.

The file is NumPy's npz format without pickles, with the SHA-256 of all that comes before as its
last line; programs that read npz files ignore it.
"""

import hashlib
import json
import math
import os
import time
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from io import BufferedRandom
from itertools import count, takewhile
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.lib import format as npy

from .._arrays import Array, array_namespace, is_array, like, to_numpy
from .arrays import checked_dtype
from .content import fingerprint
from .errors import CheckpointError, damaged, earlier
from .files import open_reading, write_file
from .lines import check_identity

__all__ = [
    "CheckpointError",
    "CheckpointFile",
    "Saved",
    "Snapshots",
    "as_json",
    "fingerprint",
    "flatten",
    "restore",
]

_FORMAT = 3
_SEAL = b"\nfourierpathfinder sha256 "
_SEAL_SIZE = len(_SEAL) + 64 + 1


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
        check_folder(self.path)

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
            arrays, notes = _read(self.path)
        except CheckpointError:
            raise
        except (OSError, ValueError, TypeError, KeyError, EOFError, RecursionError,
                NotImplementedError, zipfile.BadZipFile) as error:  # fmt: skip
            raise damaged(self.path, error) from error
        identity = notes.pop("identity", None)
        if not isinstance(identity, dict):
            raise damaged(self.path, "it does not say what it is of")
        if identity.get("format") != _FORMAT:
            raise earlier(self.path)
        check_identity(self.path, identity, self._identity)
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

        def write(file: BufferedRandom) -> None:
            np.savez(file, notes=np.array(text), **plain)  # type: ignore[arg-type]
            _seal(file)

        try:
            write_file(self.path, write)
        except OSError as error:
            error.add_note(
                f"The checkpoint {self.path} could not be written, and is as it was before."
            )
            raise


def check_folder(path: str | os.PathLike[str]) -> None:
    """Raise a ValueError where the folder of a file does not exist, or the file is a folder."""
    if Path(path).is_dir():
        raise ValueError(f"`checkpoint` is {path}, a folder; name a file in it")
    if not Path(path).parent.is_dir():
        raise ValueError(f"`checkpoint` is {path}, but its folder does not exist; make it first")


def _seal(file: BufferedRandom) -> None:
    """Add the checksum of all that a file holds."""
    file.seek(0)
    checksum = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0, os.SEEK_END)
    file.write(_SEAL + checksum.encode() + b"\n")


def _read(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays and notes, after the checksum has been seen to fit."""
    with open_reading(path) as file:
        if file.read(1) == b"{":
            raise CheckpointError(
                f"{path} holds lines of JSON, not the state of this method; it is of another "
                "method or command, so pass another file"
            )
        size = _check_seal(path, file)
        with zipfile.ZipFile(file) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            if any(info.compress_type or info.file_size > size for info in members.values()):
                raise ValueError("it holds packed arrays, which this program does not write")
            arrays = {name: _array(archive, info) for name, info in members.items()}
    notes: Any = json.loads(str(arrays.pop("notes")))
    if not isinstance(notes, dict):
        raise ValueError("its notes are no JSON object")
    return arrays, notes


def _check_seal(path: Path, file: BinaryIO) -> int:
    """The size of a file's content, if it is as its checksum says."""
    size = file.seek(0, os.SEEK_END) - _SEAL_SIZE
    file.seek(max(size, 0))
    seal = file.read()
    if not (seal.startswith(_SEAL) and seal.endswith(b"\n")):
        raise _not_sealed(path, file)
    content, left = hashlib.sha256(), size
    file.seek(0)
    while left and (chunk := file.read(min(left, 2**20))):
        content.update(chunk)
        left -= len(chunk)
    if seal[len(_SEAL) : -1].decode("ascii", "replace") != content.hexdigest():
        raise ValueError("its checksum does not fit")
    file.seek(0)
    return size


def _not_sealed(path: Path, file: BinaryIO) -> ValueError:
    """The error of a file without a checksum: whole ones are those of an earlier release."""
    file.seek(0)
    with zipfile.ZipFile(file) as archive:
        if "notes.npy" in archive.namelist() and archive.testzip() is None:
            return earlier(path)
    return ValueError("it has no checksum")


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    """One array, for which no more memory is taken than it has bytes in the file."""
    with archive.open(info) as member:
        version = npy.read_magic(member)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, in_columns, dtype = read(member)
        if dtype.kind != "U" or shape:
            checked_dtype(dtype.str)
        content = member.read()
    if len(content) != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{info.filename} has {len(content)} bytes for the shape {shape}")
    numbers: np.ndarray = np.frombuffer(content, dtype=dtype)
    array = numbers.reshape(shape[::-1]).T if in_columns else numbers.reshape(shape)
    return array.copy()


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

    def save(
        self, state: object, notes: Mapping[str, Any], more: Mapping[str, Array] | None = None
    ) -> None:
        """Keep a state, notes, and arrays of other names beside it."""
        began = time.monotonic()
        self._file.save({**flatten(state), **(more or {})}, notes)
        self._last = time.monotonic()
        self._pause = max(self._interval, 20 * (self._last - began))


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


def as_json(state: Mapping[str, Any]) -> dict[str, Any]:
    """The state of a random generator, as JSON can hold it."""
    return json.loads(json.dumps(state, default=lambda array: array.tolist()))  # type: ignore[no-any-return]
