"""Which pairs `find-many` is about: from a table, a folder, or a file with many structures."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from ase.io import read

from ..atoms.band import band_folders, is_band
from .exits import InputError
from .sanity import require_readable
from .structures import digest_of

_LONGEST = 200
"""Bytes of a name: file systems allow 255 for a folder."""
_TABLES, _BETWEEN = (".csv", ".tsv"), ",;\t"
_REACTANT, _PRODUCT = ("reactant", "start", "initial"), ("product", "end", "final")


@dataclass(frozen=True)
class Pair:
    """Two structures and what is known of them.

    Parameters
    ----------
    name : str
        Names its folder and its row.
    reactant, product : str
        As `find` takes them: `file` or `file@index`.
    notes : dict
        Other columns of the table, or notes of the structure's file.
    problem : str
        Why it cannot be run, if so.
    initial : str
        A first path that comes with it, as `--initial` takes it.
    """

    name: str
    reactant: str
    product: str
    notes: dict[str, Any] = field(default_factory=dict)
    problem: str = ""
    initial: str = ""

    def settings(self, keys: Sequence[str]) -> list[str]:
        """Those notes that are settings of the calculator, as options `--set key=value`.

        Raises
        ------
        InputError
            If one is missing.
        """
        missing = [key for key in keys if self.notes.get(key) in (None, "")]
        if missing:
            raise InputError(f"the pair {self.name} has no {missing[0]!r}, which --each asks for")
        return [word for key in keys for word in ("--set", f"{key}={self.notes[key]}")]

    def content(self) -> list[str]:
        """Hashes of its files, by which a changed one is noticed."""
        return [digest_of(one) for one in (self.reactant, self.product, self.initial)]


def read_pairs(source: str) -> list[Pair]:
    """All pairs of a CSV table, a folder, or a file of structures.

    A table has the columns `reactant` and `product`, files beside the table, and may have `name`
    and others; commas, semicolons or tabs are between them. A folder holds a folder for each pair,
    with files `reactant.*` and `product.*` or a band as VASP has it, or a file for each, whose
    first two structures they are; or it is itself a band, which is one pair. A file of structures
    holds pair after pair.

    Raises
    ------
    InputError
        If there is no pair.
    """
    place = Path(source)
    if not place.exists():
        raise InputError(f"there is no file or folder {source}")
    if place.is_dir():
        pairs = _in_folder(place)
    else:
        pairs = _in_table(place) if place.suffix.lower() in _TABLES else _in_file(place)
    if not pairs:
        raise InputError(
            f"{source} holds no pairs; give a CSV table with columns reactant, product"
        )
    names = [pair.name for pair in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"{source} has two pairs named {twice[0]!r}; names must differ")
    return pairs


def _in_table(place: Path) -> list[Pair]:
    require_readable(place)
    try:
        with place.open(encoding="utf-8-sig", newline="") as file:
            columns, rows = _read(file)
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{place} is no table of text in UTF-8 ({error}); save it as one, as "
            "spreadsheets do by `CSV UTF-8`"
        ) from error
    for name in ("reactant", "product"):
        if name not in columns:
            found = ", ".join(columns) or "nothing"
            raise InputError(f"{place} has no column {name!r}; it has {found}")
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise InputError(f"{place} has two columns {twice[0]!r}; names must differ")
    digits = len(str(len(rows)))
    return [_of_row(row, f"{k:0{digits}d}", place.parent) for k, row in enumerate(rows, start=1)]


def _read(file: TextIO) -> tuple[list[str], list[dict[Any, Any]]]:
    """The names of the columns, and the rows in which there is anything."""
    head = file.readline()
    file.seek(0)
    between = max(_BETWEEN, key=head.count)
    reader = csv.reader(file, delimiter=between)
    columns = [_column(name) for name in next(reader, [])]
    rows = []
    for entries in reader:
        row: dict[Any, Any] = dict(zip_longest(columns, map(str.strip, entries[: len(columns)])))
        if len(entries) > len(columns):
            row[None] = entries[len(columns) :]
        if any(row.values()):
            rows.append(row)
    return columns, rows


def _column(name: str) -> str:
    """A column's name; those that are asked for in whatever case."""
    name = name.strip()
    return name.lower() if name.lower() in ("reactant", "product", "name") else name


def _of_row(row: dict[str, Any], number: str, folder: Path) -> Pair:
    name = (row.pop("name", "") or number).strip()
    is_folder = "/" not in name and not name.startswith(".") and 0 < len(name.encode()) <= _LONGEST
    if not is_folder or not name.isprintable():
        shown = name if len(name) <= _LONGEST else f"{name[:40]}..."
        raise InputError(f"the name {shown!r} cannot be that of a folder")
    reactant, product = (str(row.pop(key) or "") for key in ("reactant", "product"))
    if None in row:
        raise InputError(f"the row {name} of the table has more entries than there are columns")
    for text in (reactant, product, *(str(value) for value in row.values())):
        if "\0" in text:
            raise InputError(f"the row {name} of the table has a byte that is zero: {text!r}")
    missing = [key for key, file in (("reactant", reactant), ("product", product)) if not file]
    problem = f"the row {name} of the table has no {missing[0]}" if missing else ""
    return Pair(name, str(folder / reactant), str(folder / product), dict(row), problem)


def _in_folder(place: Path) -> list[Pair]:
    if is_band(place):
        return [_of_band(place)]
    found = []
    for entry in sorted(place.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            found.append(_of_folder(entry))
        elif entry.suffix.lower() not in (".md", ".txt", ".csv", ".json", ".log"):
            found.append(_of_file(entry))
    return found


def _of_folder(entry: Path) -> Pair:
    if is_band(entry):
        return _of_band(entry)
    files = {file.stem.lower(): file for file in sorted(entry.iterdir()) if file.is_file()}
    ends = [
        next((str(files[stem]) for stem in stems if stem in files), "")
        for stems in (_REACTANT, _PRODUCT)
    ]
    problem = (
        f"{entry} has no files named reactant.* and product.*, and is no band with folders 00, 01, "
        "... that hold a POSCAR or CONTCAR each"
    )
    return Pair(entry.name, ends[0], ends[1], problem="" if all(ends) else problem)


def _of_band(entry: Path) -> Pair:
    """The ends of a band, with its images as the first path."""
    name = entry.resolve().name
    try:
        images = band_folders(entry)
    except FileNotFoundError as error:
        return Pair(name, "", "", problem=str(error))
    return Pair(name, str(images[0]), str(images[-1]), initial=str(entry))


def _of_file(entry: Path) -> Pair:
    try:
        require_readable(entry)
        images: Any = read(str(entry), index=":2")
    except Exception as error:  # each of ASE's many readers has its own way to fail
        problem = f"{entry} cannot be read ({type(error).__name__}: {error})"
        return Pair(entry.stem, "", "", problem=problem)
    if len(images) < 2:
        problem = f"{entry} holds one structure; a pair is two"
        return Pair(entry.stem, str(entry), "", problem=problem)
    return Pair(entry.stem, f"{entry}@0", f"{entry}@1", _plain(images[0].info))


def _in_file(place: Path) -> list[Pair]:
    require_readable(place)
    try:
        images: Any = read(str(place), index=":")
    except Exception as error:  # each of ASE's many readers has its own way to fail
        raise InputError(
            f"{place} cannot be read ({type(error).__name__}: {error}); give a CSV table, a folder "
            "of pairs, or a file of structures"
        ) from error
    if len(images) % 2:
        raise InputError(f"{place} holds {len(images)} structures, which are no pairs")
    digits = len(str(len(images) // 2))
    return [
        Pair(f"{k // 2 + 1:0{digits}d}", f"{place}@{k}", f"{place}@{k + 1}", _plain(images[k].info))
        for k in range(0, len(images), 2)
    ]


def _plain(notes: dict[str, Any]) -> dict[str, Any]:
    """Notes that fit a table's cell."""
    plain = {key: value.item() if np.ndim(value) == 0 and hasattr(value, "item") else value
             for key, value in notes.items()}  # fmt: skip
    return {key: value for key, value in plain.items() if isinstance(value, str | int | float)}
