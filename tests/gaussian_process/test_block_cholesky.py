import numpy as np
import pytest
from scipy.linalg import LinAlgError

from fourierpathfinder.gaussian_process.block_cholesky import BlockCholesky

from ..tolerances import assert_close


def positive(size, rng):
    a = rng.normal(size=(size, size))
    return a @ a.T + size * np.eye(size)


@pytest.mark.parametrize("sizes", [(5,), (3, 1, 1), (1, 4, 2, 6), (2, 30)])
def test_extended_by_blocks_equals_dense(sizes):
    rng = np.random.default_rng(0)
    matrix = positive(sum(sizes), rng)
    factor = BlockCholesky()
    for size in sizes:
        start = factor.size
        rows = slice(start, start + size)
        cross = matrix[rows, :start] if start else None
        factor = factor.extended(cross, matrix[rows, rows])
    right = rng.normal(size=(len(matrix), 3))
    assert_close(factor.solve(right), np.linalg.solve(matrix, right))
    assert_close(factor.solve(right[:, 0]), factor.solve(right)[:, 0])
    half = np.linalg.solve(np.linalg.cholesky(matrix), right)
    assert_close(factor.half_solve(right), half)
    assert factor.log_determinant == pytest.approx(np.linalg.slogdet(matrix)[1])


def test_without_cross_the_parts_are_independent():
    rng = np.random.default_rng(1)
    first, second = positive(3, rng), positive(2, rng)
    factor = BlockCholesky.of(first).extended(None, second)
    right = rng.normal(size=5)
    expected = [*np.linalg.solve(first, right[:3]), *np.linalg.solve(second, right[3:])]
    assert_close(factor.solve(right), expected)


def test_an_extended_factor_leaves_the_old_one_as_it_was():
    matrix = positive(4, np.random.default_rng(2))
    old = BlockCholesky.of(matrix[:3, :3])
    before = old.solve(np.ones(3))
    old.extended(matrix[3:, :3], matrix[3:, 3:])
    np.testing.assert_array_equal(old.solve(np.ones(3)), before)


@pytest.mark.parametrize("matrix", [-np.eye(2), np.full((2, 2), np.nan), np.ones((2, 2))])
def test_refuses_what_is_not_positive_definite(matrix):
    with pytest.raises(LinAlgError, match="2 rows"):
        BlockCholesky.of(matrix)
