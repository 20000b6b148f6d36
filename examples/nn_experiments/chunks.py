"""Work in chunks, each with one file that is named after all that its content depends on.

The hash in a chunk's file name is that of its settings and, through the chunks that it needs, of
everything upstream. So a stage skips what is done, a changed setting reruns only what depends on
it, files of several folders merge by being copied together, and a file is never out of date.
"""

import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Chunk:
    """One piece of work.

    Parameters
    ----------
    stage, name : str
        Folder and first part of the file's name.
    work : callable (settings, place, *arrays of the needed chunks) -> arrays
        A function of a module, so that workers can be sent it; `place` says where it works.
    settings : frozen dataclass
        All that the work depends on beside the chunks that it needs.
    needs : tuple of Chunk
        What must be done before.
    cost : float
        How long it takes, in any unit, for the progress.
    """

    stage: str
    name: str
    work: Callable[..., Arrays]
    settings: Any
    needs: "tuple[Chunk, ...]" = field(default=(), repr=False)
    cost: float = 1.0

    @cached_property
    def hash(self) -> str:
        """Of everything that the content depends on."""
        parts = [self.stage, self.name, as_json(self.settings), *(n.hash for n in self.needs)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]

    @property
    def file(self) -> str:
        """Path within the output folder."""
        return f"{self.stage}/{self.name}-{self.hash}.npz"


def as_json(settings: Any) -> str:
    """Settings as text, the same for the same values."""
    tree = asdict(settings) if is_dataclass(settings) else settings
    return json.dumps(tree, sort_keys=True, default=list)


def share_file(partial: Path) -> Path:
    """Where it stands how much of some unfinished work is done."""
    return partial.with_suffix(".share")


class Store:
    """The folder with the files of all chunks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def has(self, chunk: Chunk) -> bool:
        """Whether a chunk is done."""
        return self._path(chunk).is_file()

    def load(self, chunk: Chunk) -> Arrays:
        """What a finished chunk holds."""
        path = self._path(chunk)
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return {name: arrays[name] for name in arrays.files}
        except (ValueError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path} is damaged ({error}); delete it and run again") from error

    def save(self, chunk: Chunk, arrays: Arrays) -> None:
        """Keep what a chunk came to, whole or not at all."""
        write_whole(self._path(chunk), lambda file: np.savez(file, **arrays))

    def partial(self, chunk: Chunk) -> Path:
        """Where unfinished work may be kept."""
        path = self.folder / "partial" / chunk.file.replace("/", "-")
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def share(self, chunk: Chunk) -> float:
        """How much of a chunk is done, as far as it has told."""
        if self.has(chunk):
            return 1.0
        try:
            return min(1.0, float(share_file(self.partial(chunk)).read_text()))
        except (OSError, ValueError):  # not begun, or being written at this moment
            return 0.0

    def merge(self, other: Path) -> int:
        """Take over the chunks of another folder; return how many were new."""
        new = 0
        for source in sorted(other.glob("*/*.npz")):
            target = self.folder / source.relative_to(other)
            if source.parent.name != "partial" and not target.exists():
                with source.open("rb") as file:
                    write_whole(target, lambda out, file=file: shutil.copyfileobj(file, out))
                new += 1
        return new

    def _path(self, chunk: Chunk) -> Path:
        return self.folder / chunk.file


def write_whole(path: Path, write: Callable[[Any], object]) -> None:
    """Write a file so that, whatever happens, the old or the whole new one is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
        Path(name).chmod(0o644)  # as any file; temporary ones are for their owner alone
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
