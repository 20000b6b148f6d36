"""Runs whose reports are looked at."""

import pytest
from ase.build import add_adsorbate, fcc100
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms

from fourierpathfinder import find_path
from fourierpathfinder.atoms import MoleculeLandscape


@pytest.fixture(scope="session")
def hop():
    """An adatom's hop on a rigid surface: the landscape and the path."""
    slab = fcc100("Al", size=(2, 2, 3), vacuum=4)
    add_adsorbate(slab, "Au", 1.7216, "hollow")
    slab.info.clear()
    slab.set_constraint(FixAtoms(range(12)))
    hopped = slab.copy()
    hopped.positions[12, 0] += slab.cell[0, 0] / 2
    landscape = MoleculeLandscape(slab, EMT)
    return landscape, find_path(landscape, slab, hopped, rng=0)
