"""The principal directions across a path."""

import numpy as np

from fourierpathfinder.search.bend import Bend
from fourierpathfinder.search.policy import Across

from ..tolerances import assert_close


def test_what_is_left_out_is_not_across():
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(6, 6))
    left_out = np.linalg.qr(rng.normal(size=(6, 2)))[0].T
    bend = Bend(matrix + matrix.T, left_out, Across())
    assert bend.across.shape == (4, 6)
    assert_close(bend.across @ bend.across.T, np.eye(4))
    assert np.abs(bend.across @ left_out.T).max() < 1e-12
    curvatures = np.einsum("ki,ij,kj->k", bend.across, bend.hessian, bend.across)
    assert (np.diff(curvatures) >= 0).all()


def test_what_has_no_part_in_the_directions_leaves_all_of_them():
    bend = Bend(np.diag([-1.0, 2.0, 3.0]), np.array([[1.0, 0, 0], [0, 1e-9, 0]]), Across())
    assert bend.across.shape == (2, 3)


def test_a_second_way_down_is_across():
    bend = Bend(np.diag([-1.0, -0.5, 3.0]), np.array([[1.0, 0, 0]]), Across())
    assert_close(np.abs(bend.second_way_down), [0.0, 1.0, 0.0])
    level = Bend(np.diag([-1.0, 0.0, 3.0]), np.array([[1.0, 0, 0]]), Across())
    assert level.second_way_down is None
