"""A Cholesky factor kept by block rows, so that new rows cost only themselves.

    A = [[A₀, Cᵀ], [C, S]] = L Lᵀ,   L = [[L₀, 0], [W, M]],   W = C L₀⁻ᵀ,   M Mᵀ = S - W Wᵀ

A factor is never changed: an extended one shares its blocks with the one it came from.
"""

from dataclasses import dataclass

import numpy as np
import scipy  # its parts are loaded where they are used, which halves the import
from numpy.linalg import LinAlgError

from .._arrays import Array


@dataclass(frozen=True)
class BlockCholesky:
    """The lower factor L of a positive definite matrix, as a tuple of block rows.

    Parameters
    ----------
    left : tuple of arrays (m, rows before) or None
        What stands left of each diagonal block; None where it is zero.
    diagonal : tuple of arrays (m, m)
        Lower triangular diagonal blocks.

    Examples
    --------
    >>> factor = BlockCholesky.of(np.eye(2)).extended(np.ones((1, 2)), np.array([[6.0]]))
    >>> factor.diagonal[1], factor.solve(np.array([1.0, 1.0, 2.0]))
    (array([[2.]]), array([1., 1., 0.]))
    """

    left: tuple[Array | None, ...] = ()
    diagonal: tuple[Array, ...] = ()

    @classmethod
    def of(cls, matrix: Array) -> "BlockCholesky":
        """Factor a dense matrix as a single block."""
        return cls((None,), (cholesky(matrix),))

    @property
    def size(self) -> int:
        """Number of rows."""
        return sum(block.shape[0] for block in self.diagonal)

    @property
    def log_determinant(self) -> float:
        """Log det A."""
        return 2 * float(sum(np.log(block.diagonal()).sum() for block in self.diagonal))

    def extended(self, cross: Array | None, square: Array) -> "BlockCholesky":
        """The factor with rows below: `cross` (m, size), or None for zero, and `square` (m, m)."""
        if cross is None:
            return BlockCholesky((*self.left, None), (*self.diagonal, cholesky(square)))
        w = np.ascontiguousarray(self.half_solve(cross.T).T)
        return BlockCholesky((*self.left, w), (*self.diagonal, cholesky(square - w @ w.T)))

    def half_solve(self, right: Array) -> Array:
        """L⁻¹ b, for b (size,) or (size, R)."""
        y = np.array(right, order="F")
        start = 0
        for left, block in zip(self.left, self.diagonal, strict=True):
            rows = slice(start, start + block.shape[0])
            if left is not None:
                y[rows] -= left @ y[:start]
            y[rows] = _triangular(block, y[rows], transposed=False)
            start = rows.stop
        return y

    def solve(self, right: Array) -> Array:
        """A⁻¹ b, for b (size,) or (size, R)."""
        y = self.half_solve(right)
        stop = self.size
        for left, block in zip(reversed(self.left), reversed(self.diagonal), strict=True):
            rows = slice(stop - block.shape[0], stop)
            y[rows] = _triangular(block, y[rows], transposed=True)
            if left is not None:
                y[: rows.start] -= left.T @ y[rows]
            stop = rows.start
        return y

    def inverse(self) -> Array:
        """A⁻¹, dense."""
        return self.solve(np.eye(self.size))


def cholesky(matrix: Array) -> Array:
    """The lower factor of a dense symmetric matrix, of which the upper half is read.

    Raises
    ------
    scipy.linalg.LinAlgError
        Where the matrix is not positive definite, or not finite.
    """
    # LAPACK's columns are our rows: transposed, a matrix is copied as it lies.
    factor, failed = scipy.linalg.lapack.dpotrf(matrix.T, lower=1, clean=1)
    if failed or not np.isfinite(factor.diagonal()).all():
        raise LinAlgError(f"the matrix of {matrix.shape[0]} rows is not positive definite")
    return factor


def _triangular(block: Array, right: Array, *, transposed: bool) -> Array:
    return scipy.linalg.lapack.dtrtrs(block, right, lower=1, trans=int(transposed))[0]
