"""Which atoms are near a place, in a cell or not: a tree of the atoms and their images."""

import numpy as np
from scipy.spatial import cKDTree

from .minimum_image import MinimumImage


class Neighbours:
    """The atoms of one structure, to be asked who is near.

    Parameters
    ----------
    positions : ndarray (n, 3)
        In Å.
    image : MinimumImage
        Of the cell.
    reach : float
        In Å: farther away nobody is found.

    Examples
    --------
    >>> image = MinimumImage(np.eye(3) * 10, [True, False, False])
    >>> Neighbours(np.array([[9.5, 0, 0]]), image, 2.0).nearest(np.array([[0.5, 0, 0]]))
    (array([1.]), array([0]))
    """

    def __init__(self, positions: np.ndarray, image: MinimumImage, reach: float) -> None:
        self._n, self._image, self._reach = len(positions), image, reach
        places, self._whose = image.padded(positions, reach)
        self._tree = cKDTree(places)

    def nearest(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For `points` (m, 3) the distances to the nearest atoms, and these; inf and n for none."""
        gaps, found = self._tree.query(
            self._image.wrapped(points), distance_upper_bound=self._reach
        )
        return gaps, np.append(self._whose, self._n)[found]

    def nearest_other(self, atoms: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """For the numbers (m,) of atoms at `positions` (n, 3) that of the nearest other atom.

        It is n where there is none, or only images of the atom itself are near.
        """
        _, found = self._tree.query(
            self._image.wrapped(positions[atoms]), k=3, distance_upper_bound=self._reach
        )
        whose = np.append(self._whose, self._n)[found]
        is_other = whose != atoms[:, None]
        first = whose[np.arange(len(atoms)), is_other.argmax(axis=1)]
        return np.where(is_other.any(axis=1), first, self._n)

    def distances(self, points: np.ndarray, count: int) -> np.ndarray:
        """The sorted distances (m, count) of the nearest atoms; what is out of reach is at it."""
        gaps, _ = self._tree.query(self._image.wrapped(points), k=np.arange(1, count + 1))
        return np.asarray(np.minimum(gaps, self._reach))

    def pairs(self, within: float) -> tuple[np.ndarray, np.ndarray]:
        """The pairs i < j of different atoms nearer than `within`, which is at most the reach."""
        found = self._tree.query_pairs(within, output_type="ndarray")
        pairs = np.sort(self._whose[found], axis=1)
        pairs = pairs[pairs[:, 0] < pairs[:, 1]]
        codes = np.unique(pairs[:, 0].astype(np.int64) * self._n + pairs[:, 1])
        return codes // self._n, codes % self._n
