"""Pairs of atoms whose distance can change: r_ij = x_j - x_i with i, j not both held."""

import numpy as np
from scipy.sparse import csr_array

from .minimum_image import MinimumImage


class AtomPairs:
    """All pairs of atoms of which at least one is free.

    Parameters
    ----------
    movable : array of bool (n,)
        Which atoms can move.
    image : MinimumImage
        The cell's minimum image.

    Attributes
    ----------
    first, second : ndarray of int (P,)
        The atoms of each pair.
    """

    def __init__(self, movable: np.ndarray, image: MinimumImage) -> None:
        first, second = np.triu_indices(len(movable), 1)
        kept = movable[first] | movable[second]
        self.first, self.second = first[kept], second[kept]
        self._image = image
        ones, pairs = np.ones(len(self.first)), np.arange(len(self.first))
        ends = np.concatenate([self.second, self.first]), np.concatenate([pairs, pairs])
        # row: atom, column: pair, +1 where the pair's vector ends and -1 where it begins
        self._incidence = csr_array(
            (np.concatenate([ones, -ones]), ends), shape=(len(movable), len(pairs))
        )

    def vectors(self, positions: np.ndarray) -> np.ndarray:
        """From each pair's first atom to its second, (..., P, 3), at `positions` (..., n, 3)."""
        return self._image(positions[..., self.second, :] - positions[..., self.first, :])

    def pull_back(self, gradients: np.ndarray) -> np.ndarray:
        """Derivatives in the positions (..., n, 3) from those in the vectors (..., P, 3)."""
        columns = np.moveaxis(gradients, -2, 0)
        atoms = self._incidence @ columns.reshape(len(self.first), -1)
        return np.moveaxis(atoms.reshape(-1, *columns.shape[1:]), 0, -2)
