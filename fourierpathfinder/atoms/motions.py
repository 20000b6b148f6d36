"""The motions that leave the energy: translations and rotations, as far as they are free."""

import numpy as np

from .free_space import FreeSpace
from .minimum_image import MinimumImage

_WHOLLY = 1e-6
"""A motion is free if what is fixed takes less than this from a unit vector along it."""


def free_motions(
    positions: np.ndarray, space: FreeSpace, image: MinimumImage, *, tethered: bool
) -> np.ndarray:
    """Orthonormal directions (k, D) along which the energy of a structure does not change.

    Parameters
    ----------
    positions : ndarray (n, 3)
        All atoms, in Å.
    space : FreeSpace
        Which of the motions the constraints allow: with one atom held a molecule still turns
        about it.
    image : MinimumImage
        Of the cell: where it repeats, nothing turns but about the one direction that repeats.
    tethered : bool
        Whether some atom is tied to a place; then nothing is free.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> water = np.array([[0.0, 0, 0], [0.8, 0.6, 0], [-0.8, 0.6, 0]])
    >>> space = FreeSpace(csr_array((0, 9)), water)
    >>> none = MinimumImage(np.zeros((3, 3)), [False] * 3)
    >>> free_motions(water, space, none, tethered=False).shape
    (6, 9)
    """
    if tethered:
        return np.empty((0, space.n_coordinates))
    shifts = np.broadcast_to(np.eye(3)[:, None], (3, len(positions), 3))
    centred = positions - positions.mean(axis=0)
    turns = [np.cross(axis, centred) for axis in image.free_axes]
    motions = np.concatenate([shifts, np.reshape(turns, (-1, len(positions), 3))])
    _, sizes, rows = np.linalg.svd(motions.reshape(len(motions), -1), full_matrices=False)
    whole = rows[sizes > 1e-3 * sizes[0]]  # a line of atoms has two turns
    inside = space.project(whole.reshape(len(whole), -1, 3))
    _, lengths, directions = np.linalg.svd(inside, full_matrices=False)
    return np.asarray(directions[lengths > 1 - _WHOLLY])
