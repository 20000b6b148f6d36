"""Runs of a benchmark in a table of comma-separated values, to go on from another time."""

import csv
from collections.abc import Sequence
from dataclasses import asdict, astuple, fields
from pathlib import Path
from typing import TypeVar

Row = TypeVar("Row")

_READ = {bool: lambda text: text == "True", int: int, float: float, str: str}


def read_runs(kind: type[Row], file: Path | None) -> list[Row]:
    """What a file holds: data of class `kind`, whose fields are numbers, words or truths."""
    if file is None or not file.exists():
        return []
    kinds = {field.name: field.type for field in fields(kind)}
    with file.open(newline="") as rows:
        return [
            kind(**{name: _READ[kinds[name]](text) for name, text in row.items()})
            for row in csv.DictReader(rows)
        ]


def write_runs(runs: Sequence[object], file: Path | None) -> None:
    """Write all runs down, at least one; without a file do nothing."""
    if file is None:
        return
    with file.open("w", newline="") as rows:
        names = [field.name for field in fields(runs[0])]
        writer = csv.DictWriter(rows, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(map(asdict, runs))


def add_run(run: object, file: Path | None) -> None:
    """Add one run to those in a file, in the order of its columns; without a file do nothing.

    A file whose columns are not those of the run, as one of an earlier version, is written anew.
    """
    if file is None:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    if _columns(file) != [field.name for field in fields(run)]:
        write_runs([*read_runs(type(run), file), run], file)
        return
    with file.open("a", newline="") as rows:
        csv.writer(rows, lineterminator="\n").writerow(astuple(run))


def _columns(file: Path) -> list[str]:
    """The names in a file's first line; none where there is no file."""
    if not file.exists():
        return []
    with file.open(newline="") as rows:
        return next(csv.reader(rows), [])
