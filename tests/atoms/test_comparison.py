import numpy as np
import pytest
from ase.build import molecule
from ase.constraints import FixAtoms

from fourierpathfinder.atoms import differences


def test_the_same_system_has_no_differences(adatom, hopped):
    assert differences(adatom, adatom) == []
    assert differences(adatom, hopped) == []


def test_composition():
    (sentence,) = differences(molecule("CH4"), molecule("CH3OH"))
    assert "it is CH4O but the landscape is CH4" in sentence


def test_order_names_the_first_atom_that_differs():
    water = molecule("H2O")
    (sentence,) = differences(water, water[[1, 0, 2]])
    assert "atom 0 is H but the landscape has O there" in sentence
    assert "permute=True" in sentence


def test_periodicity_and_cell(adatom):
    other = adatom.copy()
    other.pbc = True
    other.set_cell(adatom.cell * 1.01)
    sentences = differences(adatom, other)
    assert "`pbc` is [True, True, True] but the landscape's is [True, True, False]" in sentences[0]
    assert "its cell differs from the landscape's by up to 0.1" in sentences[1]


def test_cells_of_molecules_do_not_matter():
    water = molecule("H2O")
    assert differences(water, molecule("H2O", vacuum=0) + molecule("H2O")[:0]) == []


def test_other_constraints(adatom):
    other = adatom.copy()
    other.set_constraint(FixAtoms([0, 1, 2, 3]))
    (sentence,) = differences(adatom, other)
    assert "constraints differ from the landscape's at atoms 4, 5, 6, 7" in sentence
    del other.constraints  # as after a round trip through most file formats
    assert differences(adatom, other) == []


def test_held_atoms_elsewhere(adatom):
    other = adatom.copy()
    other.positions[:7] += (0.2, 0, 0)
    (sentence,) = differences(adatom, other)
    assert "atoms 0, 1, 2, 3, 4 and 2 more elsewhere, by up to 0.2 Å" in sentence


def test_held_atoms_in_another_image_are_where_they_were(adatom):
    other = adatom.copy()
    other.positions[0] += adatom.cell[0] - 2 * adatom.cell[1]
    assert differences(adatom, other) == []


@pytest.mark.parametrize("shift", [1e-5, 1e-4])
def test_rounding_in_files_is_no_difference(adatom, shift):
    other = adatom.copy()
    other.positions += shift * np.array([1, -1, 1])
    assert differences(adatom, other) == []
