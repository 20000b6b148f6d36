r"""The same lattice written with other vectors, or turned in space.

With lattice vectors as rows, H of one structure and H' of the other, the lattice is the same where

.. math:: H' = M H \;\text{ with } M \text{ integer, } |\det M| = 1 \qquad\text{or}\qquad
          H' = H R \;\text{ with } R \text{ a rotation.}
"""

import numpy as np
from ase import Atoms

from ..superposition import displacements, superpose


def in_its_vectors(start: Atoms, end: Atoms, tol: float) -> tuple[Atoms, str] | None:
    """The end in the lattice vectors of the start, and what was done; None where they are others.

    Parameters
    ----------
    start, end : ase.Atoms
        Periodic in the same directions.
    tol : float
        In Å: how far lattice vectors may be apart then.
    """
    if start.cell.rank < 3 or end.cell.rank < 3 or (start.pbc != end.pbc).any():
        return None
    ours, theirs = np.array(start.cell), np.array(end.cell)
    found = []
    if (own := _recombined(ours, theirs, start.pbc, tol)) is not None:
        found.append((_in_cell(end, own, scale=False), "written with other lattice vectors"))
    if _turned(ours, theirs, tol):
        found.append((_in_cell(end, ours, scale=True), "turned in space"))
    # a symmetric cell may be both: what is meant leaves the atoms where they are
    return min(found, key=lambda one: _moved(start, one[0]), default=None)


def _in_cell(end: Atoms, cell: np.ndarray, *, scale: bool) -> Atoms:
    taken = Atoms.copy(end)
    taken.set_constraint()
    taken.set_cell(cell, scale_atoms=scale)
    taken.set_constraint(end.constraints)
    return taken


def _moved(start: Atoms, taken: Atoms) -> float:
    return float(np.linalg.norm(displacements(start, superpose(start, taken))))


def _recombined(
    ours: np.ndarray, theirs: np.ndarray, pbc: np.ndarray, tol: float
) -> np.ndarray | None:
    """Those combinations (3, 3) of the vectors `theirs` that are nearly `ours`."""
    factors = np.rint(ours @ np.linalg.inv(theirs))
    if abs(round(np.linalg.det(factors))) != 1:
        return None
    if not (factors[~pbc] == np.eye(3)[~pbc]).all() or factors[np.ix_(pbc, ~pbc)].any():
        return None  # a vector along which nothing repeats is no vector of the lattice
    own = factors @ theirs
    return np.asarray(own) if np.abs(own - ours).max() < tol else None


def _turned(ours: np.ndarray, theirs: np.ndarray, tol: float) -> bool:
    """Whether a rotation lays the vectors `theirs` on `ours`."""
    left, _, right = np.linalg.svd(theirs.T @ ours)
    rotation = left @ right
    return bool(np.linalg.det(rotation) > 0 and np.abs(theirs @ rotation - ours).max() < tol)
