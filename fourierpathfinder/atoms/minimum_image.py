"""The minimum image: of all lattice translates of a vector, the shortest.

v* = argmin_R |v - R|, R over the lattice of the periodic directions. Rounding fractional
coordinates finds it wherever |v*| is below half the least spacing of lattice planes; longer
vectors are compared with the 26 neighbours, which is enough in a Minkowski-reduced cell
(as in ASE's `find_mic`; reduced here once, not at every call).
"""

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ase import Atoms

_TIE = 1 + 1e-6
"""Squared lengths whose ratio is below this count as equal."""


class MinimumImage:
    """Replaces vectors between atoms by their shortest lattice translates.

    Parameters
    ----------
    cell : array (3, 3)
        Lattice vectors as rows, in Å.
    pbc : array of bool (3,)
        Which of them repeat.

    Attributes
    ----------
    pbc : ndarray of bool (3,)
        Which directions repeat; those without a lattice vector do not.

    Examples
    --------
    >>> image = MinimumImage(np.eye(3) * 10, [True, False, False])
    >>> image(np.array([[9.0, 9.0, 9.0]]))
    array([[-1.,  9.,  9.]])
    """

    def __init__(self, cell: np.ndarray, pbc: np.ndarray) -> None:
        cell = np.asarray(cell)
        pbc = np.asarray(pbc, dtype=bool) & cell.any(axis=1)
        # Without the other vectors the completion is orthogonal, so that a leaning one of a slab
        # does not leak into the fractions of the periodic directions.
        self.pbc = pbc
        self._lattice = _reduced(cell * pbc[:, None], pbc)
        self._fractions = np.linalg.inv(self._lattice) * pbc
        ranges = [(-1, 0, 1) if periodic else (0,) for periodic in pbc]
        self._neighbours = np.array(list(product(*ranges))) @ self._lattice
        spacings = 1 / np.linalg.norm(self._fractions[:, pbc], axis=0)
        self._safe = min(spacings, default=np.inf) / 2

    @property
    def free_axes(self) -> np.ndarray:
        """The axes (k, 3) about which everything can turn without leaving the cell's lattice."""
        if not self.pbc.any():
            return np.eye(3)
        along = self._lattice[self.pbc]
        return along / np.linalg.norm(along) if len(along) == 1 else np.empty((0, 3))

    @property
    def shortest(self) -> float:
        """The length of the shortest lattice vector, in Å; infinite where nothing repeats."""
        return float(min(np.linalg.norm(self._lattice[self.pbc], axis=1), default=np.inf))

    @classmethod
    def of(cls, atoms: "Atoms") -> "MinimumImage":
        """The minimum image in the cell of `atoms`."""
        return cls(np.asarray(atoms.cell), atoms.pbc)

    def __call__(self, vectors: np.ndarray, within: float = np.inf) -> np.ndarray:
        """The shortest translates of `vectors` (..., 3).

        Where only translates shorter than `within` are of interest, longer results need not be
        the shortest; that is faster.
        """
        if self._safe == np.inf:
            return vectors
        wrapped: np.ndarray = vectors - np.round(vectors @ self._fractions) @ self._lattice
        if within <= self._safe:
            return wrapped
        unsure = squared_lengths(wrapped) >= self._safe**2 / _TIE
        wrapped[unsure] = self._shortest(vectors[unsure], wrapped[unsure])
        return wrapped

    def wrapped(self, positions: np.ndarray) -> np.ndarray:
        """The translates of `positions` (n, 3) that lie in the (reduced) cell."""
        return np.asarray(positions - np.floor(positions @ self._fractions) @ self._lattice)

    def padded(self, positions: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray]:
        """Translates of `positions` (n, 3) in the cell or within `reach` of it, and whose they are.

        Returns
        -------
        tuple of ndarray (m, 3) and ndarray of int (m,)
        """
        wrapped = self.wrapped(positions)
        # planes of the lattice lie 1/|reciprocal vector| apart
        margin = reach * np.linalg.norm(self._fractions, axis=0)
        layers = [range(-int(np.ceil(m)), int(np.ceil(m)) + 1) if m else (0,) for m in margin]
        fractions = wrapped @ self._fractions
        found, whose = [], []
        for shift in product(*layers):
            moved = fractions + np.array(shift) * self.pbc
            near = np.flatnonzero(((moved >= -margin) & (moved <= 1 + margin) | ~self.pbc).all(1))
            found.append(wrapped[near] + np.array(shift) @ self._lattice)
            whose.append(near)
        return np.concatenate(found), np.concatenate(whose)

    def _shortest(self, given: np.ndarray, wrapped: np.ndarray) -> np.ndarray:
        candidates = wrapped[:, None] - self._neighbours
        lengths = (candidates**2).sum(axis=-1)
        best, rows = lengths.argmin(axis=1), np.arange(len(given))
        # Hops by half a cell are common and tie with their opposite: then what was given stays.
        stays = (given**2).sum(axis=-1) < lengths[rows, best] * _TIE
        return np.where(stays[:, None], given, candidates[rows, best])


def squared_lengths(vectors: np.ndarray) -> np.ndarray:
    """Of vectors (..., 3); in a fifth of the time of a sum over three numbers."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    return np.asarray(x * x + y * y + z * z)


def _reduced(cell: np.ndarray, pbc: np.ndarray) -> np.ndarray:
    """The shortest vectors (3, 3) that span the same lattice, completed where some are missing."""
    if not pbc.any():
        return np.eye(3)
    from ase.geometry import complete_cell, minkowski_reduce

    lattice, _ = minkowski_reduce(complete_cell(cell), pbc=pbc)
    return np.asarray(lattice)
