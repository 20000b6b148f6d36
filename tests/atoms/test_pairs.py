import numpy as np

from fourierpathfinder.atoms.minimum_image import MinimumImage
from fourierpathfinder.atoms.pairs import AtomPairs

from ..tolerances import assert_close

UNBOUND = MinimumImage(np.zeros((3, 3)), (False,) * 3)


def test_every_pair_with_a_movable_atom_once():
    pairs = AtomPairs.of_movable(np.array([True, False, False, True]), UNBOUND)
    assert set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)) == {
        (0, 1), (0, 2), (0, 3), (1, 3), (2, 3),
    }  # fmt: skip


def test_pull_back_is_the_adjoint_of_vectors(rng):
    pairs = AtomPairs.of_movable(np.array([True, False, True, True, False]), UNBOUND)
    positions = rng.normal(size=(4, 5, 3))
    weights = rng.normal(size=(4, len(pairs.first), 3))
    there = (pairs.vectors(positions) * weights).sum(axis=(1, 2))
    back = (pairs.pull_back(weights) * positions).sum(axis=(1, 2))
    assert_close(there, back)


def test_chosen_pairs_keep_the_number_of_atoms(rng):
    pairs = AtomPairs.of_movable(np.ones(4, dtype=bool), UNBOUND)
    first = pairs.chosen(np.arange(6) == 0)
    assert first.vectors(rng.normal(size=(4, 3))).shape == (1, 3)
    assert first.pull_back(np.ones((1, 3))).shape == (4, 3)
