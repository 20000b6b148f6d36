"""How many motions cost nothing, in systems where that is known."""

import numpy as np
from ase import Atoms
from ase.build import bulk, molecule
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms

from fourierpathfinder.landscapes import MoleculeLandscape
from fourierpathfinder.landscapes.abilities import abilities_of
from fourierpathfinder.landscapes.toy import two_channels


def test_free_motions_of_a_line_a_body_a_crystal_and_a_slab(rng):
    def n_motions(atoms):
        landscape = MoleculeLandscape(atoms, EMT)
        return abilities_of(landscape).free_motions(landscape.coordinates(atoms)).shape[0]

    assert n_motions(Atoms("HCN", [(0, 0, -1.07), (0, 0, 0), (0, 0, 1.15)])) == 5
    assert n_motions(molecule("CH3OH")) == 6
    assert n_motions(bulk("Cu", cubic=True)) == 3
    held = bulk("Cu", cubic=True)
    held.set_constraint(FixAtoms([0]))
    assert n_motions(held) == 0
    assert abilities_of(two_channels()).free_motions(np.zeros(2)).shape[0] == 0
