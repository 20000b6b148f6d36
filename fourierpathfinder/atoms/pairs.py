"""Pairs of atoms whose distance can change: r_ij = x_j - x_i with i, j not both fixed."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from scipy.sparse import csr_array

from .._arrays import Array
from .minimum_image import MinimumImage
from .neighbours import Neighbours

Image: TypeAlias = Callable[[Array, float], Array]
"""Turns vectors (..., 3) into those between nearest images, at least within a distance."""


def as_they_are(vectors: Array, within: float) -> Array:
    """The minimum image of no cell."""
    return vectors


class AtomPairs:
    """Pairs of atoms, the vectors between them, and the way back from these to the atoms.

    Parameters
    ----------
    first, second : array of int (P,)
        The atoms of each pair.
    n_atoms : int
        Number of atoms n, those in no pair included.
    image : callable
        The cell's minimum image; where there is no cell, `as_they_are`.
    """

    def __init__(self, first: np.ndarray, second: np.ndarray, n_atoms: int, image: Image) -> None:
        self.first, self.second = first, second
        self._image = image
        ones, pairs = np.ones(len(first)), np.arange(len(first))
        ends = np.concatenate([second, first]), np.concatenate([pairs, pairs])
        # row: atom, column: pair, +1 where the pair's vector ends and -1 where it begins
        self._incidence = csr_array(
            (np.concatenate([ones, -ones]), ends), shape=(n_atoms, len(pairs))
        )

    @classmethod
    def of_movable(cls, movable: np.ndarray, image: Image) -> "AtomPairs":
        """All pairs with at least one of the `movable` (n,) atoms."""
        first, second = np.triu_indices(len(movable), 1)
        kept = movable[first] | movable[second]
        return cls(first[kept], second[kept], len(movable), image)

    @classmethod
    def near(
        cls, structures: np.ndarray, movable: np.ndarray, image: MinimumImage, within: float
    ) -> "AtomPairs":
        """The pairs with a movable atom that are nearer than `within` in any structure (m, n, 3).

        However many atoms there are, time and memory go with the number of these pairs.
        """
        n = len(movable)
        found = [Neighbours(one, image, within).pairs(within) for one in structures]
        codes = np.unique(np.concatenate([first * n + second for first, second in found]))
        first, second = codes // n, codes % n
        kept = movable[first] | movable[second]
        return cls(first[kept], second[kept], n, image)

    def chosen(self, which: np.ndarray) -> "AtomPairs":
        """Only the pairs marked in `which` (P,)."""
        n_atoms = self._incidence.shape[0]
        return AtomPairs(self.first[which], self.second[which], n_atoms, self._image)

    def vectors(self, positions: np.ndarray, within: float = np.inf) -> np.ndarray:
        """From each pair's first atom to its second, (..., P, 3), at `positions` (..., n, 3).

        Beyond `within`, in Å, a vector may be one to another image than the nearest.
        """
        first, second = (np.take(positions, ends, axis=-2) for ends in (self.first, self.second))
        return np.asarray(self._image(second - first, within))

    def pull_back(self, gradients: np.ndarray) -> np.ndarray:
        """Derivatives in the positions (..., n, 3) from those in the vectors (..., P, 3)."""
        columns = np.moveaxis(gradients, -2, 0)
        shape = columns.shape[1:]
        # the size is named, as a crystal with one atom in its cell has no pairs to divide by
        atoms = self._incidence @ columns.reshape(len(self.first), int(np.prod(shape)))
        return np.moveaxis(atoms.reshape(-1, *shape), 0, -2)
