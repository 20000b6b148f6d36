"""One run at a time in a folder or on a file: a lock that ends with the process that holds it.

The lock is a record lock of the operating system (`fcntl`), which network file systems pass on to
their server, on a hidden file beside what is locked; the file says who holds it. The system gives
the lock up when its process ends, however that happens; a file that is left over means nothing.
"""

import fcntl
import json
import logging
import os
import platform
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import CheckpointError
from .files import remove_drafts

_log = logging.getLogger(__name__)

_held: dict[Path, int] = {}
"""Record locks do not tell the threads of a process apart: which process's are held here."""
_holding = threading.Lock()
os.register_at_fork(before=_holding.acquire, after_in_parent=_holding.release)
os.register_at_fork(after_in_child=_holding.release)


class InUseError(CheckpointError):
    """A folder or file that another run is using."""


@contextmanager
def locked(place: str | os.PathLike[str]) -> Iterator[None]:
    """Hold a folder, or a file that need not exist, for this run alone.

    Parameters
    ----------
    place : path-like
        The folder or file.

    Raises
    ------
    InUseError
        If another run holds it; the message names the process and its machine.
    """
    path = Path(place).absolute()
    note = path / ".lock" if path.is_dir() else path.with_name(f".{path.name}.lock")
    known = _by_its_own_name(path)
    _enter(known, path)
    try:
        handle = _lock(note, path)
        try:
            remove_drafts(path)
            yield
        finally:
            if handle is not None:
                note.unlink(missing_ok=True)
                os.close(handle)
    finally:
        with _holding:
            _held.pop(known, None)


def _by_its_own_name(path: Path) -> Path:
    """The same place, however it is reached: a file's own name may be a link that is replaced."""
    return path.resolve() if path.is_dir() else path.parent.resolve() / path.name


def _enter(known: Path, path: Path) -> None:
    with _holding:
        if _held.get(known) == os.getpid():
            raise InUseError(f"{path} is in use by another run in this very process; wait for it")
        _held[known] = os.getpid()


def _lock(note: Path, path: Path) -> int | None:
    """An open file under lock; None where the file system knows no locks."""
    while True:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(note, flags, 0o666)
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError) as error:
            try:
                raise InUseError(f"{path} is in use by {_holder(handle)}") from error
            finally:
                os.close(handle)
        except OSError as error:
            os.close(handle)
            _log.warning("%s cannot be locked (%s): start no second run there", path, error)
            note.unlink(missing_ok=True)
            return None
        if _is_still(note, handle):
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps(_myself()).encode(), 0)
            return handle
        os.close(handle)  # who held it has removed the file meanwhile


def _is_still(note: Path, handle: int) -> bool:
    try:
        return os.path.samestat(note.stat(follow_symlinks=False), os.fstat(handle))
    except FileNotFoundError:
        return False


def _myself() -> dict[str, object]:
    return {
        "pid": os.getpid(),
        "host": platform.node(),
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
        "command": " ".join(sys.argv)[:200],
    }


def _holder(handle: int) -> str:
    try:
        note = json.loads(os.pread(handle, 4096, 0))
        return (
            f"process {note['pid']} on {note['host']} (`{note['command']}`, since "
            f"{note['since']}); wait until it has ended, or end it, or use another place"
        )
    except (ValueError, KeyError, TypeError, OSError):
        return "another process; wait until it has ended, or use another place"
