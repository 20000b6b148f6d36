import numpy as np
import pytest
from ase.build import molecule
from ase.constraints import FixAtoms, FixBondLength, FixCartesian

from fourierpathfinder.atoms.constraints import free_coordinates, moves_as_a_whole


def test_constraints_add_up():
    water = molecule("H2O")
    water.set_constraint([FixAtoms([0]), FixCartesian([1], (True, False, False))])
    expected = [[False] * 3, [False, True, True], [True] * 3]
    np.testing.assert_array_equal(free_coordinates(water), expected)


def test_other_constraints_are_refused_by_name():
    water = molecule("H2O", constraint=FixBondLength(0, 1))
    with pytest.raises(ValueError, match=r"FixBondLengths constraint; a path cannot.*Hookean"):
        free_coordinates(water)


def test_only_unbound_systems_move_as_a_whole():
    water = molecule("H2O")
    assert moves_as_a_whole(water)
    assert not moves_as_a_whole(molecule("H2O", constraint=FixAtoms([0])))
    assert not moves_as_a_whole(molecule("H2O", pbc=(False, False, True), cell=(9, 9, 9)))
