"""Adatoms on surfaces of a potential that is cut off: rough, where smooth kernels swing."""

import numpy as np
import pytest
from ase.build import add_adsorbate, fcc100
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms

from fourierpathfinder import find_path, minimum_energy_path, relax
from fourierpathfinder.atoms import MoleculeLandscape


def hollow(adatom, column):
    slab = fcc100("Al", (3, 3, 4), vacuum=6.0)
    add_adsorbate(slab, adatom, 1.7, "hollow", offset=(column, 0))
    slab.set_constraint(FixAtoms([atom.index for atom in slab if atom.tag > 2]))
    return slab


@pytest.mark.parametrize("adatom", ["Al", "Au"])
def test_the_way_over_a_bridge_of_aluminium(adatom):
    slabs = [hollow(adatom, column) for column in (0, 1)]
    landscape = MoleculeLandscape(slabs[0], EMT)
    ends = [relax(landscape, x, force=0.01).position for x in landscape.ends(*slabs)]
    result = find_path(landscape, *ends, rng=0)
    followed = minimum_energy_path(landscape, result, max_gradients=60)
    assert followed.success, followed.message
    values, gradients = landscape.value_and_grad(followed.points)
    assert (np.abs(values - followed.values) < 1.5 * followed.errors).all()
    np.testing.assert_allclose(followed.gradients, gradients, atol=0.03)
    # Steepest descent: what the gradient has beside the path is small, in coordinates of masses.
    scale = np.sqrt(np.diag(landscape.mass_matrix()))
    along = np.gradient(followed.points * scale, followed.lengths, axis=0)[5:-5]
    along /= np.linalg.norm(along, axis=1)[:, None]
    down = gradients[5:-5] / scale
    sine = np.linalg.norm(down - (down * along).sum(axis=1)[:, None] * along, axis=1)
    assert (sine < 0.3 * np.linalg.norm(down, axis=1).max()).all()
