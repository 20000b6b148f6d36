"""What a landscape was asked and what it answered: one append-only file, the store of all runs.

Its first line has the `identity` of the problem and the `notes` of the run that began it; every
other line is an evaluation, with `point`, `value` and `gradient`.
"""

import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .arrays import decoded, encoded
from .errors import CheckpointError, damaged
from .lines import GrowingFile, read_lines

FORMAT = "fourierpathfinder/evaluations/1"


class Evaluation(NamedTuple):
    """One answer of a landscape."""

    point: np.ndarray
    """(D,)"""
    value: float
    """NaN where the evaluation failed."""
    gradient: np.ndarray
    """(D,)"""

    @property
    def is_good(self) -> bool:
        """Whether it did not fail."""
        return math.isfinite(self.value)


class EvaluationStore:
    """A file to which evaluations are added; what is added survives whatever comes.

    Parameters
    ----------
    place : path-like
        A file that is there is gone on with, if it is of the same problem.
    identity : mapping
        What the evaluations are of, as JSON.
    notes : mapping
        Kept beside them, in a new file.

    Attributes
    ----------
    known : list of Evaluation
        All, in their order.
    notes : dict
        Those of the file.

    Raises
    ------
    CheckpointError
        If the file is damaged, of another problem, or something else.
    """

    def __init__(
        self,
        place: str | os.PathLike[str],
        identity: Mapping[str, Any],
        notes: Mapping[str, Any] | None = None,
    ) -> None:
        self.path = Path(place)
        _refuse_archives(self.path)
        head = {"format": FORMAT, "identity": dict(identity), "notes": dict(notes or {})}
        self._file = GrowingFile(self.path, head)
        self.known: list[Evaluation] = []
        self.notes: dict[str, Any] = dict(notes or {})
        if self._file.read is None:
            return
        try:
            self.known = list(_evaluations(self.path, self._file.read.entries))
            self.notes = dict(self._file.read.head.get("notes") or {})
        except BaseException:
            self.close()
            raise

    def add(self, *evaluations: Evaluation) -> None:
        """Keep evaluations; once this returns they are in the file.

        Raises
        ------
        OSError
            If they cannot be written (a full disk, say).
        """
        self._file.add(*map(_entry, evaluations))
        self.known += evaluations

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_evaluations(place: str | os.PathLike[str]) -> list[Evaluation]:
    """All evaluations in a file, whatever problem they are of.

    Raises
    ------
    CheckpointError
        If the file is damaged or something else.
    """
    path = Path(place)
    _refuse_archives(path)
    return list(_evaluations(path, read_lines(path, FORMAT).entries))


def read_identity(place: str | os.PathLike[str]) -> dict[str, Any]:
    """What the evaluations in a file are of.

    Raises
    ------
    CheckpointError
        If the file is damaged or something else.
    """
    return dict(read_lines(Path(place), FORMAT).head.get("identity") or {})


def read_notes(place: str | os.PathLike[str]) -> dict[str, Any]:
    """What is kept beside the evaluations in a file.

    Raises
    ------
    CheckpointError
        If the file is damaged or something else.
    """
    return dict(read_lines(Path(place), FORMAT).head.get("notes") or {})


def _entry(evaluation: Evaluation) -> dict[str, Any]:
    value = evaluation.value
    return {
        "point": encoded(evaluation.point),
        "value": value if math.isfinite(value) else str(value),
        "gradient": encoded(evaluation.gradient),
    }


def _evaluations(path: Path, entries: list[dict[str, Any]]) -> Iterator[Evaluation]:
    for number, entry in enumerate(entries, start=2):
        try:
            point, gradient = decoded(entry["point"]), decoded(entry["gradient"])
            if point.shape != gradient.shape or point.ndim != 1:
                raise ValueError(f"a point of shape {point.shape}, gradient {gradient.shape}")
            yield Evaluation(point, float(entry["value"]), gradient)
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(path, f"line {number} is no evaluation: {error}") from error


def _refuse_archives(path: Path) -> None:
    if path.is_file():
        with path.open("rb") as file:
            if file.read(2) == b"PK":
                raise CheckpointError(
                    f"{path} holds arrays by name, not lines of evaluations: it is of another "
                    "method, or of an earlier release, which did not note what it belongs to; "
                    "pass another file"
                )
