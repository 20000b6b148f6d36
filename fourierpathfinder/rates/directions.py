r"""Along which directions to displace atoms: those in which a structure may be expected to vibrate.

.. math:: \frac{g(x + h v) - g(x - h v)}{2h} = H v + \frac{h^2}{6} f^{(4)}[v, v, v] + \dots

What the quartic terms add is no linear map of v, so that it depends on the directions which are
chosen. Directions at random, or along Cartesian axes, mix stretches with bends, and the two lines
of a degenerate vibration come out apart, differently in each orientation. The eigenvectors of a
model that shares the structure's symmetry are turned with it, and do not mix what symmetry keeps
apart.

The model joins near neighbours by springs, each stiffer along itself than across:

.. math:: v^T K v = \sum_{i<j} w_{ij} \left[ (n_{ij} \cdot v_{ij})^2 + a\, v_{ij}^2 \right],
          \qquad v_{ij} = v_i - v_j

with the weights w of `BondMetric` and unit vectors n from atom to atom.
"""

import numpy as np
from ase import Atoms
from scipy.sparse import coo_array, csr_array, triu

from ..atoms.metric import BondMetric
from ..atoms.minimum_image import MinimumImage

_ACROSS = 0.1
"""How stiff a spring is across, beside 1 along itself."""


def spring_model(atoms: Atoms) -> csr_array:
    """The stiffness K of springs between near neighbours.

    Parameters
    ----------
    atoms : ase.Atoms
        A structure with two atoms or more.

    Returns
    -------
    scipy.sparse.csr_array (3 n, 3 n)
        Symmetric; all positions' coordinates, atom by atom.
    """
    pairs = triu(-BondMetric().laplacian(atoms), 1).tocoo()
    first, second = pairs.row, pairs.col
    vectors = MinimumImage.of(atoms)(atoms.positions[second] - atoms.positions[first])
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    springs = units[:, :, None] * units[:, None, :] + _ACROSS * np.eye(3)
    blocks = pairs.data[:, None, None] * springs
    places = np.concatenate([[first, second], [second, first], [first, first], [second, second]], 1)
    return _assembled(np.concatenate([-blocks, -blocks, blocks, blocks]), places, len(atoms))


def _assembled(blocks: np.ndarray, places: np.ndarray, size: int) -> csr_array:
    """The matrix with blocks (p, 3, 3) at rows and columns `places` (2, p), added up."""
    axes = np.arange(3)
    rows = 3 * places[0][:, None, None] + axes[:, None]
    columns = 3 * places[1][:, None, None] + axes
    at = np.broadcast_arrays(rows, columns, blocks)
    row, column, value = (array.ravel() for array in at)
    return coo_array((value, (row, column)), shape=(3 * size, 3 * size)).tocsr()


def told_apart(directions: np.ndarray, model: np.ndarray) -> np.ndarray:
    """Orthonormal rows (k, d) that span the same, each with a stiffness of its own in a model.

    Parameters
    ----------
    directions : ndarray (k, d)
        Orthonormal rows.
    model : ndarray (d, d)
        A stiffness.
    """
    _, turns = np.linalg.eigh(directions @ model @ directions.T)
    return np.asarray(turns.T @ directions)
