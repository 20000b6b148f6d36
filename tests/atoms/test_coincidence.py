"""Equal clusters are recognised whatever their turn, place and order, and no others."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from fourierpathfinder.atoms.alignment import Alignment, best_rotation, nearest
from fourierpathfinder.atoms.coincidence import coinciding
from fourierpathfinder.landscapes.toy import lennard_jones, mueller_brown

SEEDS = st.integers(0, 2**32 - 1)


def moved(positions, seed, hand=1):
    """Turned, shifted, its atoms in another order; and that order."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(positions))
    turned = Rotation.random(None, rng).apply(hand * positions[order]) + rng.normal(size=3, scale=5)
    return turned, order


def cluster(n_atoms, index):
    return np.array(lennard_jones(n_atoms).minima[index]).reshape(-1, 3)


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
@pytest.mark.parametrize("n_atoms", [7, 13, 38])
def test_a_moved_and_relabelled_cluster_is_the_same(n_atoms, seed):
    toy = lennard_jones(n_atoms)
    for minimum in toy.minima:
        other = moved(minimum.reshape(-1, 3), seed)[0].ravel()
        assert toy.same(minimum, other)
        placed = toy.placing(minimum, other)(other)
        np.testing.assert_allclose(placed, minimum, atol=1e-6)


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
@pytest.mark.parametrize("n_atoms", [7, 13, 38])
def test_a_shaken_cluster_is_another(n_atoms, seed):
    minimum = cluster(n_atoms, 0)
    other, _ = moved(minimum, seed)
    rng = np.random.default_rng(seed)
    atom, direction = rng.integers(n_atoms), rng.normal(size=3)
    other[atom] += 0.25 * direction / np.linalg.norm(direction)
    assert not lennard_jones(n_atoms).same(minimum.ravel(), other.ravel())
    other = moved(minimum, seed)[0] + rng.uniform(-0.02, 0.02, size=(n_atoms, 3))
    assert lennard_jones(n_atoms).same(minimum.ravel(), other.ravel())
    assert not lennard_jones(n_atoms).same(minimum.ravel(), other.ravel(), tol=1e-3)


@pytest.mark.parametrize("n_atoms", [7, 13, 38])
def test_known_minima_all_differ(n_atoms):
    toy = lennard_jones(n_atoms)
    for i, j in permutations(range(len(toy.minima)), 2):
        assert not toy.same(toy.minima[i], toy.minima[j], mirror=True)


HAND = np.array([[0, 0, 0], [1, 0, 0], [0, 1.2, 0], [0.3, 0.2, 1.5], [-1, -1, -0.4]])


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS)
def test_mirror_images_are_the_same_only_where_asked(seed):
    kinds = np.array([0, 1, 1, 2, 2])
    other, order = moved(HAND, seed, hand=-1)
    relabelled = np.argsort(order)
    assert coinciding(kinds, HAND, other[relabelled], 0.05) is None
    placing = coinciding(kinds, HAND, other[relabelled], 0.05, mirror=True)
    assert np.linalg.det(placing.rotation) == pytest.approx(-1)
    np.testing.assert_allclose(placing(other[relabelled]), HAND, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS, n_atoms=st.integers(1, 5), n_kinds=st.integers(1, 3), noise=st.booleans())
def test_agrees_with_trying_every_order(seed, n_atoms, n_kinds, noise):
    rng = np.random.default_rng(seed)
    kinds = rng.integers(n_kinds, size=n_atoms)
    target = rng.normal(size=(n_atoms, 3), scale=2)
    other, order = moved(target, seed)
    relabelled = np.argsort(order)
    other = other[relabelled] + noise * rng.normal(size=(n_atoms, 3), scale=0.3)
    shuffle = np.concatenate([rng.permutation(np.flatnonzero(kinds == k)) for k in range(n_kinds)])
    back = np.concatenate([np.flatnonzero(kinds == k) for k in range(n_kinds)])
    other[back] = other[shuffle]
    tol = 0.1
    best = min(
        largest_gap(target, other[list(order)])
        for order in permutations(range(n_atoms))
        if (kinds[list(order)] == kinds).all()
    )
    if abs(best - tol) > 0.02:  # the least squares' turn is not quite the one of the least maximum
        assert (coinciding(kinds, target, other, tol) is not None) == (best < tol)


def largest_gap(target, positions):
    target, positions = target - target.mean(axis=0), positions - positions.mean(axis=0)
    return np.linalg.norm(target - positions @ best_rotation(target, positions).T, axis=1).max()


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_atoms_on_a_line_need_one_direction_only(seed):
    line = np.array([[0, 0, 0], [0, 0, 1.0], [0, 0, 2.2], [0, 0, -1.1]])
    kinds = np.array([0, 1, 1, 2])
    other, order = moved(line, seed)
    assert coinciding(kinds, line, other[np.argsort(order)], 0.05) is not None
    assert coinciding(kinds, line, line * [1, 1, -1] + [0, 0, 1], 0.05) is not None
    assert coinciding(kinds, line, line[[1, 0, 2, 3]], 0.05) is None


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_the_turn_agrees_with_scipy(seed):
    rng = np.random.default_rng(seed)
    target, positions = rng.normal(size=(2, 6, 3))
    expected, _ = Rotation.align_vectors(target, positions)
    np.testing.assert_allclose(best_rotation(target, positions), expected.as_matrix(), atol=1e-8)


def test_the_nearest_exchange_is_the_best_of_all():
    rng = np.random.default_rng(3)
    target, positions = rng.normal(size=(2, 5, 3))
    kinds = np.array([0, 1, 1, 1, 1])
    best = min(distance(target, positions[[0, *order]]) for order in permutations(range(1, 5)))
    found = nearest(kinds, target, positions)
    assert np.linalg.norm(found(positions) - target) == pytest.approx(best)
    mirrored = nearest(kinds, target, positions, mirror=True)
    assert np.linalg.norm(mirrored(positions) - target) <= best + 1e-9


def distance(target, positions):
    target, positions = target - target.mean(axis=0), positions - positions.mean(axis=0)
    return np.linalg.norm(target - positions @ best_rotation(target, positions).T)


def test_a_placing_takes_a_whole_path_along():
    placing = Alignment(np.array([1, 0, 2]), np.eye(3)[[1, 0, 2]], np.ones(3))
    path = np.random.default_rng(0).normal(size=(4, 3, 3))
    np.testing.assert_array_equal(placing(path)[2], placing(path[2]))


def test_points_of_other_toys_are_the_same_where_they_are_near():
    toy = mueller_brown()
    assert toy.same(toy.start, toy.start + 0.01)
    assert not toy.same(toy.start, toy.end)
    np.testing.assert_array_equal(toy.placing(toy.start, toy.end)(toy.end), toy.end)
