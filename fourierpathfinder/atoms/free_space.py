r"""The coordinates of a path where linear combinations of the atoms' coordinates are fixed.

.. math:: x = x_0 + Q\, y, \qquad y = Q^T x, \qquad \nabla_y f = Q^T \nabla_x f

with the columns of Q an orthonormal basis of all displacements that the constraints A x = const
allow. A row of A with one entry holds that coordinate: it is left out, and every coordinate that no
row touches is itself a coordinate of the path. Only what the remaining rows couple gets new
coordinates, one small null space for each group of coupled ones.
"""

import numpy as np
from scipy.linalg import null_space
from scipy.sparse import coo_array, csc_array, csr_array
from scipy.sparse.csgraph import connected_components

_NOTHING = 1e-10
"""Entries of a normalised row below this are rounding."""

_SAME = 1e-6
"""Two projectors whose elements differ by less hold the same displacements."""


class FreeSpace:
    """Turns positions into the coordinates that are free, and back.

    Parameters
    ----------
    rows : sparse array (k, 3n)
        The combinations of coordinates that are fixed, one a row.
    positions : ndarray (n, 3)
        Where what is fixed is fixed, in Å.

    Attributes
    ----------
    n_coordinates : int
        How many coordinates are free, D.
    mask : ndarray of bool (n, 3)
        Which coordinates of the atoms can change at all.
    movable : ndarray of bool (n,)
        Which atoms can move at all.

    Examples
    --------
    >>> space = FreeSpace(csr_array([[0.0, 0, 1]]), np.array([[1.0, 2, 3]]))
    >>> space.lift(np.array([5.0, 6]))
    array([[5., 6., 3.]])
    """

    def __init__(self, rows: csr_array, positions: np.ndarray) -> None:
        held, coupled = _split(rows)
        plain = ~held
        plain[np.unique(coupled.indices)] = False
        blocks = _null_spaces(coupled)
        columns = [np.flatnonzero(plain)] + [index[:1].repeat(q.shape[1]) for index, q in blocks]
        # coordinates follow the atoms: a basis comes where the first coordinate it touches was
        order = np.argsort(np.concatenate(columns), kind="stable")
        place = np.empty(len(order), dtype=int)
        place[order] = np.arange(len(order))
        self.n_coordinates = len(order)
        self._plain, self._plain_place = plain, place[: plain.sum()]
        self._basis, self._coupled_place = _stacked(blocks, len(held)), place[plain.sum() :]
        moving = plain.copy()
        moving[np.unique(self._basis.indices)] = True
        self.mask = moving.reshape(-1, 3)
        self.movable: np.ndarray = np.asarray(self.mask.any(axis=1))
        flat = np.asarray(positions, dtype=float).ravel()
        self._origin = flat - self._basis @ (self._basis.T @ flat)

    @property
    def is_plain(self) -> bool:
        """Whether every coordinate is one coordinate of one atom."""
        return not self._basis.nnz

    def lift(self, points: np.ndarray) -> np.ndarray:
        """All atoms' positions (..., n, 3) at `points` (..., D)."""
        return self._spread(points, self._origin)

    def push_forward(self, directions: np.ndarray) -> np.ndarray:
        """Displacements of all atoms (..., n, 3) from those of coordinates (..., D)."""
        return self._spread(directions, np.zeros_like(self._origin))

    def project(self, vectors: np.ndarray) -> np.ndarray:
        """Q^T of positions, displacements or gradients (..., n, 3): (..., D)."""
        flat = np.asarray(vectors).reshape(*vectors.shape[:-2], -1)
        points = np.empty((*flat.shape[:-1], self.n_coordinates))
        points[..., self._plain_place] = flat[..., self._plain]
        if not self.is_plain:
            points[..., self._coupled_place] = flat @ self._basis
        return points

    def pull_back(self, gradients: np.ndarray) -> np.ndarray:
        """Gradients (..., D) in the coordinates from those in the positions (..., n, 3)."""
        return self.project(gradients)

    def covector(self, gradients: np.ndarray) -> np.ndarray:
        """Gradients in the positions (..., n, 3), none along what is held, from those (..., D)."""
        return self.push_forward(gradients)

    def basis(self) -> csc_array:
        """The matrix Q (3n, D)."""
        size = len(self._origin)
        plain = np.flatnonzero(self._plain)
        matrix = csc_array(
            (np.ones(len(plain)), (plain, self._plain_place)), shape=(size, self.n_coordinates)
        )
        if self.is_plain:
            return matrix
        coupled = coo_array(self._basis)
        places = (coupled.row, self._coupled_place[coupled.col])
        return csc_array(matrix + csc_array((coupled.data, places), shape=matrix.shape))

    def kept(self, vectors: np.ndarray) -> np.ndarray:
        """The part of displacements (..., n, 3) that the constraints do not allow."""
        return np.asarray(vectors - self.push_forward(self.project(vectors)))

    def atom_blocks(self) -> np.ndarray:
        """The 3x3 blocks (n, 3, 3) of the projector Q Q^T on the diagonal, one an atom."""
        blocks = np.zeros((len(self.mask), 3, 3))
        blocks[:, range(3), range(3)] = self._plain.reshape(-1, 3)
        if not self.is_plain:
            basis = self._basis.tocsr()
            for axis in range(3):
                for other in range(3):
                    products = basis[axis::3].multiply(basis[other::3]).sum(axis=1)
                    blocks[:, axis, other] += np.asarray(products).ravel()
        return blocks

    def differs_from(self, other: "FreeSpace") -> np.ndarray:
        """Which atoms (n,) another space holds in another way."""
        gaps = np.abs(self.atom_blocks() - other.atom_blocks())
        return np.asarray((gaps > _SAME).any(axis=(1, 2)))

    def _spread(self, points: np.ndarray, origin: np.ndarray) -> np.ndarray:
        points = np.asarray(points, dtype=float)
        flat = np.broadcast_to(origin, (*points.shape[:-1], len(origin))).copy()
        flat[..., self._plain] = points[..., self._plain_place]
        if not self.is_plain:
            flat += points[..., self._coupled_place] @ self._basis.T
        return flat.reshape(*points.shape[:-1], -1, 3)


def _split(rows: csr_array) -> tuple[np.ndarray, csr_array]:
    """Which coordinates (3n,) are fixed by themselves, and the rows that couple the others."""
    held = np.zeros(rows.shape[1], dtype=bool)
    rows = _tidy(rows)
    while True:
        sizes = np.diff(rows.indptr)
        single = rows.indices[rows.indptr[:-1][sizes == 1]]
        if not len(single):
            return held, rows
        held[single] = True
        rows = _tidy(rows[sizes > 1].multiply(~held[None]))


def _tidy(rows: csr_array) -> csr_array:
    """Rows of length 1, without those that are empty and entries that are rounding."""
    rows = csr_array(rows, dtype=float)
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    rows = rows[lengths > _NOTHING]
    rows.data /= np.repeat(lengths[lengths > _NOTHING], np.diff(rows.indptr))
    rows.data[np.abs(rows.data) < _NOTHING] = 0
    rows.eliminate_zeros()
    return rows


def _null_spaces(rows: csr_array) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each group of coupled coordinates its indices (c,), and its free directions (c, d)."""
    touched = np.unique(rows.indices)
    if not len(touched):
        return []
    pattern = rows[:, touched]
    _, groups = connected_components(pattern.T @ pattern, directed=False)
    found = []
    for group in range(groups.max() + 1):
        own = pattern[:, groups == group].toarray()
        found.append((touched[groups == group], null_space(own[own.any(axis=1)])))
    return found


def _stacked(blocks: list[tuple[np.ndarray, np.ndarray]], size: int) -> csc_array:
    """The null spaces as one sparse matrix (3n, d)."""
    starts = np.cumsum([0, *(basis.shape[1] for _, basis in blocks)])
    parts = [
        (basis.ravel(), np.repeat(index, basis.shape[1]),
         np.tile(start + np.arange(basis.shape[1]), len(index)))
        for start, (index, basis) in zip(starts, blocks, strict=False)
    ]  # fmt: skip
    data, rows, columns = (
        np.concatenate([np.empty(0, dtype=kind), *(part[k] for part in parts)])
        for k, kind in enumerate((float, int, int))
    )
    matrix = csc_array((data, (rows, columns)), shape=(size, int(starts[-1])))
    matrix.data[np.abs(matrix.data) < _NOTHING] = 0
    matrix.eliminate_zeros()
    return matrix
