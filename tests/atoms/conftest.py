"""Small systems for the molecule tests, with calculators that need nothing to be downloaded."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import add_adsorbate, fcc100
from ase.constraints import FixAtoms


def adatom_on_slab(column):
    slab = fcc100("Al", size=(2, 2, 3))
    add_adsorbate(slab, "Au", 1.7, "hollow", offset=(column, 0))
    slab.center(vacuum=4, axis=2)
    slab.set_constraint(FixAtoms([atom.index for atom in slab if atom.tag > 1]))
    return slab


@pytest.fixture
def adatom():
    """Au in a hollow of Al(100), 2x2x3; all but the top layer and the adatom held."""
    return adatom_on_slab(0)


@pytest.fixture
def hopped():
    """The same with the adatom one hollow further, across the cell's boundary."""
    return adatom_on_slab(1)


@pytest.fixture
def hcn():
    return Atoms("HCN", [(0, 0, -1.07), (0, 0, 0), (0, 0, 1.15)])


@pytest.fixture
def hnc():
    return Atoms("HCN", [(0, 0, 2.15), (0, 0, 0), (0, 0, 1.15)])


@pytest.fixture
def rng():
    return np.random.default_rng(7)
