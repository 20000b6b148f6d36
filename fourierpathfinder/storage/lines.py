"""Append-only files of JSON lines, each sealed.

Every line is an object whose last entry is a `checksum`: SHA-256 (the first 32 digits) of the
checksum of the line before and of the line's own text up to there. So no line can be changed, left
out, doubled or moved unnoticed. A line that was cut short by a crash is at the end of the file, and
counts as not written.
"""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import CheckpointError, OtherProblemError, damaged, earlier
from .files import open_appending, read_objects, write_file

_SEAL = re.compile(rb', "checksum": "([0-9a-f]{32})"\}')
_SEAL_SIZE = len(', "checksum": ""}') + 32


@dataclass
class Sealer:
    """Seals line after line, each with a checksum over all before it."""

    checksum: str = ""

    def seal(self, entry: Mapping[str, Any]) -> bytes:
        """An entry as a line of the file."""
        text = json.dumps(entry, allow_nan=False)[:-1].encode()
        self.checksum = _checksum(self.checksum, text)
        return text + f', "checksum": "{self.checksum}"}}\n'.encode()


@dataclass(frozen=True)
class Lines:
    """What a file of lines holds."""

    head: Mapping[str, Any]
    """The first line, which says what the file is."""
    entries: list[dict[str, Any]]
    """The others."""
    size: int
    """Bytes up to the end of the last whole line."""
    checksum: str
    """That of the last line."""


class GrowingFile:
    """A file of lines to which more are added; once `add` returns they survive the machine.

    Parameters
    ----------
    place : path-like
        A file that is there is gone on with.
    head : mapping
        The first line of a new file. `format` and `identity` must agree with what is there.

    Attributes
    ----------
    path : Path
    read : Lines or None
        What was there.
    """

    def __init__(self, place: str | os.PathLike[str], head: Mapping[str, Any]) -> None:
        self.path = Path(place)
        self.read = read_lines(self.path, head["format"]) if _has_content(self.path) else None
        self._sealer = Sealer("" if self.read is None else self.read.checksum)
        if self.read is None:
            line = self._sealer.seal(head)
            write_file(self.path, lambda file: file.write(line))
        else:
            found = self.read.head.get("identity")
            check_identity(self.path, found if isinstance(found, dict) else {}, head["identity"])
        self._handle = open_appending(self.path)
        if self.read is not None:
            self._handle.truncate(self.read.size)

    def add(self, *entries: Mapping[str, Any]) -> None:
        """Write lines, all in one go.

        Raises
        ------
        OSError
            If they cannot be written (a full disk, say); what was there stays readable.
        """
        sealer = Sealer(self._sealer.checksum)
        whole = memoryview(b"".join(sealer.seal(entry) for entry in entries))
        began = os.fstat(self._handle.fileno()).st_size
        try:
            while whole:
                whole = whole[self._handle.write(whole) :]
            os.fsync(self._handle.fileno())
        except OSError as error:
            self._handle.truncate(began)
            error.filename = str(self.path)  # which a full disk does not tell
            error.add_note(f"{self.path} could not be written, and is as it was before.")
            raise
        self._sealer = sealer

    def close(self) -> None:
        """Close the file."""
        self._handle.close()


def write_lines(
    place: str | os.PathLike[str], head: Mapping[str, Any], *entries: Mapping[str, Any]
) -> None:
    """Write a whole file of lines in one step; its head says how many there must be."""
    sealer = Sealer()
    lines = [sealer.seal({**head, "lines": len(entries)}), *map(sealer.seal, entries)]
    write_file(Path(place), lambda file: file.write(b"".join(lines)))


def read_lines(place: Path, expected: str) -> Lines:
    """Read a file of lines of the format `expected`.

    Raises
    ------
    CheckpointError
        If it is damaged (the message says where), empty, or something else.
    """
    content = read_objects(place)
    if not content:
        raise CheckpointError(f"{place} is empty; it holds nothing to go on from")
    *whole, tail = content.split(b"\n")
    if _SEAL.search(tail[:-1]):  # a line that is cut short has no checksum yet
        raise damaged(place, f"line {len(whole) + 1} is not as it was written")
    sealed, checksum = _unsealed(place, whole, expected)
    if not sealed:
        raise damaged(place, "its first line is cut short")
    head, *entries = sealed
    if head.get("format") != expected:
        raise CheckpointError(f"{place} is {head.get('format')!r}, not {expected!r}")
    if len(entries) != head.get("lines", len(entries)):
        raise damaged(place, f"it holds {len(entries)} of {head['lines']} lines")
    return Lines(head, entries, sum(len(line) + 1 for line in whole), checksum)


def check_identity(place: object, found: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Raise an error that names the first part by which two problems differ."""
    for key in [*expected, *(key for key in found if key not in expected)]:
        if found.get(key) != expected.get(key):
            raise OtherProblemError(
                f"{place} belongs to another problem: its {key} is {_told(found, key)}, this "
                f"run's {_told(expected, key)}; use another place, or delete it to start afresh"
            )


def _told(identity: Mapping[str, Any], key: str) -> str:
    return repr(identity[key]) if key in identity else "not given"


def _has_content(path: Path) -> bool:
    return path.exists() and (not path.is_file() or path.stat().st_size > 0)


def _unsealed(place: Path, lines: list[bytes], expected: str) -> tuple[list[Any], str]:
    entries: list[Any] = []
    checksum = ""
    for number, line in enumerate(lines, start=1):
        text, seal = line[:-_SEAL_SIZE], _SEAL.fullmatch(line[-_SEAL_SIZE:])
        if number == 1 and seal is None:
            raise _unknown(place, line, expected)
        checksum = _checksum(checksum, text)
        if seal is None or seal[1].decode() != checksum:
            raise damaged(place, f"line {number} is not as it was written")
        try:
            entries.append(json.loads(text + b"}"))
        except (ValueError, RecursionError) as error:
            raise damaged(place, f"line {number} is no JSON object: {error}") from error
    return entries, checksum


def _unknown(place: Path, line: bytes, expected: str) -> CheckpointError:
    """The error of a first line without a seal."""
    kind = expected.rpartition("/")[0]
    if line.startswith(f'{{"format": "{kind}/'.encode()) and b'"checksum"' not in line:
        return earlier(place)
    return damaged(place, f"it is not a file of {kind}, or its line 1 is not as it was written")


def _checksum(before: str, text: bytes) -> str:
    return hashlib.sha256(before.encode() + text).hexdigest()[:32]
