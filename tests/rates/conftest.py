"""Structures whose vibrations are measured."""

import pytest
from ase.build import add_adsorbate, fcc100
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms
from ase.optimize import BFGS

from fourierpathfinder import Surrogate, find_path
from fourierpathfinder.atoms import MoleculeLandscape


def adatom(hollow=(0, 0)):
    """Au in a hollow of Al(100), relaxed; the gold and the upper layer can move."""
    slab = fcc100("Al", size=(2, 2, 3), vacuum=4)
    add_adsorbate(slab, "Au", 1.7, "hollow", offset=hollow)
    slab.info.clear()
    slab.set_constraint(FixAtoms([atom.index for atom in slab if atom.tag > 1]))
    slab.calc = EMT()
    BFGS(slab, logfile=None).run(fmax=0.0005, steps=200)
    slab.calc = None
    return slab


@pytest.fixture(scope="session")
def hop():
    """An adatom's hop: the landscape and the path."""
    start, end = adatom(), adatom((1, 0))
    landscape = MoleculeLandscape(start, EMT)
    return landscape, find_path(landscape, start, end, method=Surrogate(tol=1e-4), rng=0)
