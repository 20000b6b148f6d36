"""Structures that nothing can be calculated of, told before anything is spent."""

from pathlib import Path

import numpy as np
from ase import Atoms

from .exits import InputError

_FARTHEST = 1e5
"""In Å: coordinates beyond this are no structure."""
_FLATTEST = 1e-6
"""The volume of a cell in units of the product of its edges, below which these lie in a plane."""


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


def sound(source: str, atoms: Atoms) -> Atoms:
    """A copy of a structure whose numbers can be calculated with; InputError for any other."""
    if not len(atoms):
        raise InputError(f"{source} holds no atoms")
    positions = atoms.positions
    wrong = np.flatnonzero(~(np.abs(positions) < _FARTHEST).all(axis=1))  # NaN too
    if len(wrong):
        raise InputError(
            f"{source} has atom {wrong[0]} at {positions[wrong[0]].tolist()}; coordinates must be "
            f"finite and below {_FARTHEST:g} Å"
        )
    cell = np.asarray(atoms.cell)
    if not (np.abs(cell) < _FARTHEST).all() or _is_flat(cell[atoms.pbc]):
        raise InputError(
            f"{source} has the cell {cell.tolist()}, which spans no lattice in its periodic "
            "directions; mend the cell, or switch periodicity off"
        )
    return Atoms.copy(atoms)


def _is_flat(vectors: np.ndarray) -> bool:
    """Whether the vectors of periodic directions lie in one line or plane, or are zero."""
    lengths = np.linalg.norm(vectors, axis=1)
    spanned = float(np.sqrt(max(np.linalg.det(vectors @ vectors.T), 0.0)))
    return bool(len(vectors)) and spanned <= _FLATTEST * float(np.prod(lengths))
