"""Structures that nothing can be calculated of, told before anything is spent."""

import lzma
import zlib
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io.formats import get_compression, open_with_compression

from .exits import InputError

_FARTHEST = 1e5
"""In Å: coordinates beyond this are no structure."""
_FLATTEST = 1e-6
"""The volume of a cell in units of the product of its edges, below which these lie in a plane."""


_LONGEST_LINE = 16
"""In MiB: a longer one is no line of a structure, but a file of zeros, or of something else."""
_LARGEST_UNPACKED = 1024
"""In MiB: what a packed file may hold."""
_WITHOUT_LINES = (b"- of Ulm", b"SQLite format", b"CDF", b"\x89HDF")
"""How files of structures begin that are no text."""


def require_readable(file: Path) -> None:
    """Raise an InputError where a reader would wait for ever, or take all the memory there is.

    So it would before a pipe that nobody writes to, looking for more atoms than a file can hold,
    and for the end of a line where there is none.
    """
    if file.exists() and not file.is_file() and not file.is_dir():
        raise InputError(
            f"{file} is neither a file nor a folder; write what comes out of it to a file, and "
            "give that"
        )
    if not file.is_file():
        return
    with file.open("rb") as content:
        first = content.readline(20).strip()
    if first.isdigit() and int(first) > file.stat().st_size:
        raise InputError(
            f"{file} begins with {first.decode()}, but has {file.stat().st_size} bytes: it cannot "
            "contain so many atoms"
        )

    _require_lines(file)


def _require_lines(file: Path) -> None:
    packed = get_compression(file.name)[1] is not None
    if not packed and file.stat().st_size <= _LONGEST_LINE * 2**20:
        return
    size = without_end = 0
    try:
        with open_with_compression(str(file), "rb") as content:
            while chunk := content.read(2**20):
                if not size and chunk.startswith(_WITHOUT_LINES):
                    return
                size += 1
                without_end = 0 if b"\n" in chunk else without_end + 1
                if without_end >= _LONGEST_LINE:
                    raise InputError(
                        f"{file} has a line of more than {_LONGEST_LINE} MiB; it is no file of "
                        "structures"
                    )
                if packed and size > _LARGEST_UNPACKED:
                    raise InputError(
                        f"{file} holds more than {_LARGEST_UNPACKED} MiB once it is unpacked; if "
                        "that is meant, unpack it, and give the file that comes out"
                    )
    except (OSError, EOFError, zlib.error, lzma.LZMAError):
        return  # the reader says what is wrong with it


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
