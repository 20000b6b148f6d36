"""Structures that nothing can be calculated of, told before anything is spent."""

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.io import iread

from .exits import InputError

_FARTHEST = 1e6
"""In Å: no structure is so large, and distances within it would have no digits left."""
_FLATTEST = 1e-6
"""The volume of a cell in units of the product of its edges, below which these lie in a plane."""


def require_one(source: str) -> None:
    """Raise an InputError where a file has several structures and none is named."""
    if Path(source.rpartition("@")[0] or source).is_dir():
        raise InputError(f"{source} is a folder; give a structure file in it")
    require_as_long_as_it_says(Path(source.rpartition("@")[0] or source))
    if "@" in source:
        return
    try:
        found = list(islice(iread(source, index=":"), 2))
    except Exception:  # what is wrong with it is told where it is read
        return
    if len(found) > 1:
        raise InputError(
            f"{source} contains several structures; name one of them: {source}@0 for the first, "
            f"{source}@-1 for the last"
        )


def require_as_long_as_it_says(file: Path) -> None:
    """Raise an InputError where a file begins with a number of atoms that it cannot hold.

    A reader would look for them for hours.
    """
    if not file.is_file():
        return
    with file.open("rb") as content:
        first = content.readline(20).strip()
    if first.isdigit() and int(first) > file.stat().st_size:
        raise InputError(
            f"{file} begins with {first.decode()}, but has {file.stat().st_size} bytes: it cannot "
            "contain so many atoms"
        )


def require_sane(source: str, atoms: Any) -> None:
    """Raise an InputError where numbers of a structure make no sense."""
    for name, array in (("positions", atoms.positions), ("cell", np.asarray(atoms.cell))):
        if not np.isfinite(array).all():
            raise InputError(f"the {name} in {source} are not all finite numbers")
        if np.abs(array).max(initial=0.0) > _FARTHEST:
            raise InputError(
                f"the {name} in {source} reach {np.abs(array).max():.3g} Å; they must be in Å, and "
                f"below {_FARTHEST:.0e}"
            )
    _require_a_cell(source, atoms)


def _require_a_cell(source: str, atoms: Atoms) -> None:
    """The vectors of periodic directions must span a space."""
    vectors = np.asarray(atoms.cell)[atoms.pbc]
    if not len(vectors):
        return
    lengths = np.linalg.norm(vectors, axis=1)
    spanned = float(np.sqrt(max(np.linalg.det(vectors @ vectors.T), 0.0)))
    if spanned <= _FLATTEST * float(np.prod(lengths)):
        raise InputError(
            f"the cell in {source} is singular: its periodic vectors {vectors.tolist()} lie in one "
            "line or plane, or are zero; correct the cell, or turn periodicity off"
        )
