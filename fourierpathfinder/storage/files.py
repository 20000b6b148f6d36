"""The only two ways in which this package writes a file: as a whole in one step, and appending.

Both refuse to write through a symbolic link at the file's own name, and leave the file's mode to
the umask.
"""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from io import BufferedRandom, FileIO, TextIOWrapper
from pathlib import Path
from typing import BinaryIO, TextIO

from .errors import CheckpointError

_DRAFT = ".part"
_BEGINNING = 4096
"""Bytes by which a file is known for something else, however large it is."""


def write_file(place: Path, write: Callable[[BufferedRandom], object]) -> Path:
    """Replace a file in one step: whatever happens, either the old or the new one is there.

    Parameters
    ----------
    place : Path
        Where; a symbolic link there is replaced, never followed.
    write : callable
        Writes the content into an open binary file, which may also be read and searched.

    Returns
    -------
    Path
        `place`.

    Raises
    ------
    OSError
        If it cannot be written (a full disk, say); the old file stays as it was.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> write_file(Path(mkdtemp()) / "numbers", lambda file: file.write(b"1 2 3")).read_text()
    '1 2 3'
    """
    draft = place.with_name(f".{place.name}-{secrets.token_hex(8)}{_DRAFT}")
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(draft, flags, 0o666), "w+b") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(place)
    except BaseException as error:
        draft.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(place)  # which a full disk does not tell, and a draft is nobody's
        raise
    _sync_folder(place.parent)
    return place


def write_text(place: Path, write: Callable[[TextIO], object]) -> Path:
    """The same for text, in UTF-8."""

    def as_text(file: BufferedRandom) -> None:
        text = TextIOWrapper(file, encoding="utf-8", newline="\n")
        write(text)
        text.flush()
        text.detach()

    return write_file(place, as_text)


def open_appending(place: str | os.PathLike[str]) -> FileIO:
    """A file open for appending, unbuffered, made if it is not there.

    Raises
    ------
    CheckpointError
        If there is a symbolic link or a pipe.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        if Path(place).is_fifo():  # opening it would wait for somebody who reads
            raise CheckpointError(f"{place} is a pipe, and nothing is written into one; delete it")
        return FileIO(os.open(place, flags, 0o666), "ab")
    except OSError as error:
        if Path(place).is_symlink():
            raise CheckpointError(
                f"{place} is a symbolic link, and nothing is written through links; delete it, or "
                "name the file it leads to"
            ) from error
        raise


def open_reading(place: str | os.PathLike[str]) -> BinaryIO:
    """A file open for reading.

    Raises
    ------
    CheckpointError
        If it is a pipe, which would be waited for, or a device, which may never end.
    """
    path = Path(place)
    if path.exists() and not path.is_file() and not path.is_dir():
        raise CheckpointError(f"{place} is no file, but a pipe or a device; delete it")
    return path.open("rb")


def read_objects(place: str | os.PathLike[str]) -> bytes:
    """What a file of JSON objects holds; of one that begins with none, only the beginning."""
    with open_reading(place) as file:
        begins = file.read(_BEGINNING)
        return begins + file.read() if begins.startswith(b"{") else begins


def remove_drafts(place: Path) -> None:
    """Remove what a killed process left unfinished, of one file or of all in a folder.

    Only for who holds the lock of `place`.
    """
    folder, name = (place, "") if place.is_dir() else (place.parent, f"{place.name}-")
    for draft in folder.iterdir():
        if draft.name.startswith(f".{name}") and draft.name.endswith(_DRAFT):
            draft.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make a renaming survive a loss of power, where the file system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
