r"""The same lattice written with other vectors, or turned in space.

With lattice vectors as rows, H of one structure and H' of the other, the lattice is the same where

.. math:: H' = M H \;\text{ with } M \text{ integer, } |\det M| = 1 \qquad\text{or}\qquad
          H' = H R \;\text{ with } R \text{ a rotation.}
"""

import numpy as np
from ase import Atoms


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
    taken = Atoms.copy(end)
    taken.set_constraint()
    if (own := _recombined(ours, theirs, start.pbc, tol)) is not None:
        taken.set_cell(own)
        done = "written with other lattice vectors"
    elif _turned(ours, theirs, tol):
        taken.set_cell(ours, scale_atoms=True)
        done = "turned in space"
    else:
        return None
    taken.set_constraint(end.constraints)
    return taken, done


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
