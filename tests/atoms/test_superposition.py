from itertools import permutations

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from ase.cluster import Icosahedron
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from fourierpathfinder.atoms import superpose


def moved(atoms, seed):
    rng = np.random.default_rng(seed)
    copy = atoms.copy()
    copy.positions = Rotation.random(None, rng).apply(atoms.positions) + rng.normal(size=3, scale=5)
    return copy


def distance(first, second):
    return np.linalg.norm(first.positions - second.positions)


def shaken(atoms, size, seed=0):
    copy = atoms.copy()
    copy.positions += np.random.default_rng(seed).normal(scale=size, size=copy.positions.shape)
    return copy


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
@pytest.mark.parametrize("name", ["CH3CHO", "HCN", "NH3", "H2"])
def test_undoes_any_motion(name, seed):
    atoms = molecule(name)
    assert distance(superpose(atoms, moved(atoms, seed)), atoms) < 1e-7


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
def test_agrees_with_scipy_and_ignores_how_the_end_lies(seed):
    start, end = molecule("CH3CHO"), shaken(molecule("CH3CHO"), 0.3, seed)
    found = superpose(start, moved(end, seed))
    centred = [a.positions - a.positions.mean(axis=0) for a in (start, end)]
    _, rssd = Rotation.align_vectors(*centred)
    assert distance(found, start) == pytest.approx(rssd, abs=1e-7)
    np.testing.assert_allclose(found.positions, superpose(start, end).positions, atol=1e-6)


def test_a_mirror_image_stays_one():
    start = Atoms(
        "CHFClBr", [(0, 0, 0), (1, 1, 1), (-1.2, -1.2, 1.2), (-1.6, 1.6, -1.6), (2, -2, -2)]
    )
    mirrored = start.copy()
    mirrored.positions[:, 0] *= -1
    found = superpose(start, mirrored)
    assert distance(found, start) > 1
    np.testing.assert_allclose(found.get_all_distances(), start.get_all_distances(), atol=1e-9)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
@pytest.mark.parametrize("atoms", [molecule("C2H6"), Icosahedron("Ar", 2), molecule("CH3CHO")])
def test_undoes_motion_and_exchange_of_like_atoms(atoms, seed):
    rng = np.random.default_rng(seed)
    end = moved(shaken(atoms, 0.03, seed), seed)[rng.permutation(len(atoms))]
    found = superpose(atoms, end, permute=True)
    assert found.numbers.tolist() == atoms.numbers.tolist()
    assert distance(found, atoms) < 0.03 * np.sqrt(3 * len(atoms)) * 1.8


def test_best_exchange_is_the_best_of_all():
    start, end = shaken(molecule("CH4"), 0.3, 1), shaken(molecule("CH4"), 0.3, 2)
    every = [superpose(start, end[[0, *order]]) for order in permutations(range(1, 5))]
    best = min(distance(candidate, start) for candidate in every)
    assert distance(superpose(start, end, permute=True), start) == pytest.approx(best)


def test_a_hop_by_half_a_cell_keeps_its_direction(adatom, hopped):
    for sign in (1, -1):
        moved = adatom.copy()
        moved.positions[12, 0] += sign * adatom.cell[0, 0] / 2
        np.testing.assert_array_equal(superpose(adatom, moved).positions, moved.positions)


def test_periodic_ends_move_to_the_nearest_image_only(adatom, hopped):
    hopped.positions[12, 0] -= 0.1
    wrapped = hopped.copy()
    wrapped.positions += 3 * adatom.cell[0] - adatom.cell[1]
    np.testing.assert_allclose(superpose(adatom, wrapped).positions, hopped.positions, atol=1e-9)


def test_like_atoms_are_exchanged_across_boundaries(adatom):
    order = np.r_[np.arange(8), [11, 8, 10, 9], 12]
    other = adatom[order]
    other.positions += adatom.cell[1]
    found = superpose(adatom, other, permute=True)
    np.testing.assert_allclose(found.positions, adatom.positions, atol=1e-9)
    assert found.constraints[0].index.tolist() == adatom.constraints[0].index.tolist()


def test_different_atoms_are_refused():
    water = molecule("H2O")
    with pytest.raises(ValueError, match="in the same order, unless `permute=True`"):
        superpose(water, water[[1, 0, 2]])
    with pytest.raises(ValueError, match="`start` is OH2 and `end` NH3; they must hold the same"):
        superpose(water, molecule("NH3"), permute=True)


def test_arguments_stay_as_they_were():
    start, end = molecule("CH4"), moved(molecule("CH4"), 3)
    before = end.positions.copy()
    superpose(start, end, permute=True)
    np.testing.assert_array_equal(end.positions, before)
