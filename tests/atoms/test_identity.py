"""Structures are the same up to what leaves the energy, which the calculator confirms."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms, FixCartesian
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from fourierpathfinder.landscapes import MoleculeLandscape

SEEDS = st.integers(0, 2**32 - 1)


def landscape_of(atoms):
    return MoleculeLandscape(atoms, EMT)


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
@pytest.mark.parametrize("name", ["CH3CH2OH", "C6H6", "CO2"])
def test_molecules_turn_shift_and_exchange_like_atoms(name, seed):
    atoms = molecule(name)
    rng = np.random.default_rng(seed)
    order = np.arange(len(atoms))
    for number in set(atoms.numbers):
        own = np.flatnonzero(atoms.numbers == number)
        order[own] = rng.permutation(own)
    landscape = landscape_of(atoms)
    other = Rotation.random(None, rng).apply(atoms.positions[order]) + rng.normal(size=3, scale=3)
    assert landscape.same(atoms.positions.ravel(), other.ravel())
    placed = landscape.placing(atoms.positions.ravel(), other.ravel())(other.ravel())
    np.testing.assert_allclose(placed, atoms.positions.ravel(), atol=1e-6)
    other[rng.integers(len(atoms))] += 0.4
    assert not landscape.same(atoms.positions.ravel(), other.ravel())


def test_labels_count_where_asked():
    atoms = molecule("CH3CH2OH")
    landscape = landscape_of(atoms)
    hydrogens = np.flatnonzero(atoms.numbers == 1)
    order = np.arange(len(atoms))
    order[hydrogens] = hydrogens[[1, 2, 0, 3, 4, 5]]
    a, b = atoms.positions.ravel(), atoms.positions[order].ravel()
    assert landscape.same(a, b)
    assert not landscape.same(a, b, labelled=True)
    assert landscape.same(a, atoms.positions.ravel() + 2.0, labelled=True)


def test_mirror_images_are_the_same_only_where_asked():
    atoms = Atoms(
        "CHFClBr", [(0, 0, 0), (0.6, 0.6, 0.6), (-0.8, -0.8, 0.8), (-1, 1, -1), (1.1, -1.1, -1.1)]
    )
    landscape = landscape_of(atoms)
    a, b = atoms.positions.ravel(), (atoms.positions * [1, 1, -1]).ravel()
    assert not landscape.same(a, b)
    assert landscape.same(a, b, mirror=True)
    np.testing.assert_allclose(landscape.placing(a, b, mirror=True)(b), a, atol=1e-8)


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_crystals_shift_and_atoms_go_to_their_images(seed):
    rng = np.random.default_rng(seed)
    atoms = bulk("Cu", cubic=True) * (2, 2, 1)
    atoms.positions += rng.normal(size=atoms.positions.shape, scale=0.08)
    landscape = landscape_of(atoms)
    order = rng.permutation(len(atoms))
    images = rng.integers(-2, 3, size=(len(atoms), 3)) @ np.asarray(atoms.cell)
    other = atoms.positions[order] + images + rng.normal(size=3, scale=4)
    assert landscape.same(atoms.positions.ravel(), other.ravel(), tol=0.02)
    placed = landscape.placing(atoms.positions.ravel(), other.ravel(), tol=0.02)(other.ravel())
    np.testing.assert_allclose(placed, atoms.positions.ravel(), atol=1e-8)
    other[rng.integers(len(atoms))] += 0.1
    assert not landscape.same(atoms.positions.ravel(), other.ravel(), tol=0.02)


def test_an_adatom_in_the_next_hollow_is_the_same_but_for_its_label(adatom, hopped):
    landscape = landscape_of(adatom)
    a, b = landscape.coordinates(adatom), landscape.coordinates(hopped)
    assert landscape.same(a, b)
    assert not landscape.same(a, b, labelled=True)
    placing = landscape.placing(a, b)
    np.testing.assert_allclose(placing(b), a, atol=1e-6)
    path = np.linspace(0, 1, 5)[:, None] * (b - a) + a
    energies = landscape.value_and_grad(path)[0]
    np.testing.assert_allclose(landscape.value_and_grad(placing(path))[0], energies, atol=1e-8)


def test_held_atoms_that_break_a_surface_s_symmetry_hold_the_adatom_apart(adatom, hopped):
    for atoms in (adatom, hopped):
        atoms.numbers[0] = 29  # one atom of the held bottom layer
    landscape = landscape_of(adatom)
    assert not landscape.same(landscape.coordinates(adatom), landscape.coordinates(hopped))


def test_lattice_translations_of_single_free_atoms_are_nothing(adatom):
    landscape = landscape_of(adatom)
    wrapped = adatom.copy()
    wrapped.positions[12] += adatom.cell[0] - adatom.cell[1]
    a, b = landscape.coordinates(adatom), landscape.coordinates(wrapped)
    assert landscape.same(a, b, labelled=True)
    np.testing.assert_allclose(landscape.placing(a, b)(b), a, atol=1e-9)


def test_structures_that_differ_are_laid_as_near_as_lattice_and_labels_allow(adatom):
    other = adatom.copy()
    other.positions[12] += [0.7, 0, 0.2]
    other.positions[[8, 9]] = other.positions[[9, 8]]
    landscape = landscape_of(adatom)
    a, b = landscape.coordinates(adatom), landscape.coordinates(other)
    assert not landscape.same(a, b)
    assert np.linalg.norm(landscape.placing(a, b)(b) - a) == pytest.approx(np.hypot(0.7, 0.2))


def test_atoms_that_are_not_equally_free_are_not_exchanged():
    atoms = Atoms("Cu3", [(0, 0, 0), (2.5, 0, 0), (0, 2.6, 0)], constraint=FixAtoms([0]))
    landscape = landscape_of(atoms)
    a = landscape.coordinates(atoms)
    assert landscape.same(a, a[[3, 4, 5, 0, 1, 2]])
    atoms.set_constraint([FixAtoms([0]), FixCartesian(1, mask=(False, False, True))])
    landscape = landscape_of(atoms)
    a = landscape.coordinates(atoms)
    b = a.copy()
    b[[0, 1]], b[[2, 3]] = a[[2, 3]], a[[0, 1]]
    assert landscape.same(a, a)
    assert not landscape.same(a, b)


@pytest.mark.parametrize("angle", [65, -65, 100])
def test_a_turned_molecule_is_laid_beside_another_with_its_bonds(angle):
    """The nearest in space exchanges hydrogens of gauche butane across the molecule."""
    trans = molecule("trans-butane")
    gauche = trans.copy()
    gauche.set_dihedral(0, 1, 2, 3, angle, indices=[3, 5, 8, 9, 12, 13])
    landscape = MoleculeLandscape(trans, EMT)
    a, b = (landscape.coordinates(atoms) for atoms in (trans, gauche))
    placed = trans.copy()
    placed.positions = landscape.positions(landscape.placing(a, b)(b))
    radii = np.where(trans.numbers == 1, 0.4, 0.85)
    bonded, still = (
        atoms.get_all_distances() < radii[:, None] + radii for atoms in (trans, placed)
    )
    np.testing.assert_array_equal(still, bonded)
    assert landscape.same(placed.positions.ravel(), gauche.positions.ravel())
