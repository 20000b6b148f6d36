"""A graph of a molecule's conformers: each path turns about a bond, and breaks none."""

import pytest
from ase.build import molecule
from ase.optimize import BFGS

from fourierpathfinder import connect, find_path
from fourierpathfinder.landscapes import MoleculeLandscape


def test_conformers_of_butane_are_joined_by_a_turn_about_a_bond():
    tblite = pytest.importorskip("tblite.ase", reason="tblite has no wheel for this machine")

    def calculator():
        return tblite.TBLite(method="GFN1-xTB", accuracy=0.01, verbosity=0)

    trans = molecule("trans-butane")
    gauche = trans.copy()
    gauche.set_dihedral(0, 1, 2, 3, 65, indices=[3, 5, 8, 9, 12, 13])
    for atoms in (trans, gauche):
        atoms.calc = calculator()
        BFGS(atoms, logfile=None).run(fmax=5e-3)
    landscape = MoleculeLandscape(trans, calculator)
    graph = connect(landscape, [trans, gauche], rng=0)
    turn = find_path(landscape, trans, gauche, rng=0)
    assert turn.barrier < 0.2  # a C-C bond is worth 4 eV
    assert graph.minimax_height(0, 1) == pytest.approx(turn.height, abs=1e-3)
