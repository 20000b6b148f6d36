from types import SimpleNamespace

import numpy as np
from ase import Atoms
from ase.build import add_adsorbate, bulk, fcc100
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms

from fourierpathfinder.atoms import MoleculeLandscape
from fourierpathfinder.gaussian_process import RationalQuadratic, SquaredExponential
from fourierpathfinder.gaussian_process.features import Coordinates
from fourierpathfinder.gaussian_process.inverse_distances import InverseDistances
from fourierpathfinder.landscapes.abilities import abilities_of
from fourierpathfinder.landscapes.toy import lennard_jones, mueller_brown
from fourierpathfinder.search.choose_features import choose_features, choose_kernel


def chosen(landscape, n_coordinates):
    return choose_features(abilities_of(landscape), np.zeros(n_coordinates))[0]


def test_plain_functions_and_toys_keep_their_coordinates():
    assert isinstance(chosen(SimpleNamespace(), 12), Coordinates)
    assert isinstance(chosen(mueller_brown(), 2), Coordinates)


def test_clusters_get_inverse_distances():
    features = chosen(lennard_jones(7), 21)
    assert isinstance(features, InverseDistances)
    assert features.n_features == 21


def test_free_molecules_get_inverse_distances():
    landscape = MoleculeLandscape(Atoms("CO", [[0, 0, 0], [0, 0, 1.2]]), EMT)
    assert isinstance(chosen(landscape, 6), InverseDistances)


def test_slabs_and_frozen_atoms_keep_their_coordinates():
    slab = fcc100("Al", (2, 2, 2), vacuum=6.0)
    add_adsorbate(slab, "Au", 1.7, "hollow")
    slab.set_constraint(FixAtoms(range(4)))
    landscape = MoleculeLandscape(slab, EMT)
    assert isinstance(chosen(landscape, landscape.n_coordinates), Coordinates)
    half_frozen = Atoms("CO", [[0, 0, 0], [0, 0, 1.2]], constraint=FixAtoms([0]))
    assert isinstance(chosen(MoleculeLandscape(half_frozen, EMT), 3), Coordinates)


def test_a_count_that_does_not_fit_the_coordinates_is_ignored():
    assert isinstance(chosen(SimpleNamespace(n_atoms=4), 11), Coordinates)


def kernel_for(landscape, n_coordinates):
    abilities, start = abilities_of(landscape), np.zeros(n_coordinates)
    return choose_kernel(choose_features(abilities, start)[0], abilities)


def test_atoms_of_a_crystal_get_a_kernel_of_many_lengths():
    assert (
        kernel_for(MoleculeLandscape(bulk("Cu", cubic=True) * 3, EMT), 324) == RationalQuadratic()
    )


def test_so_does_a_single_atom_that_moves_among_others_that_are_held():
    crystal = bulk("Cu", cubic=True) * 2
    crystal.set_constraint(FixAtoms(range(31)))
    assert kernel_for(MoleculeLandscape(crystal, EMT), 3) == RationalQuadratic()


def test_many_coordinates_that_are_no_atoms_get_a_kernel_of_one_length():
    assert kernel_for(SimpleNamespace(), 5000) == SquaredExponential()


def test_inverse_distances_get_a_kernel_of_many_lengths():
    assert kernel_for(lennard_jones(7), 21) == RationalQuadratic()
