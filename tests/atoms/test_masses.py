"""Kinetic energy in the coordinates of a landscape of atoms."""

import numpy as np
import pytest
from ase.build import bulk, molecule
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms, FixedPlane

from fourierpathfinder.atoms import BondMetric, MoleculeLandscape


def kinetic(landscape, velocities, step=1e-3):
    """From displacements of the atoms themselves."""
    x = np.ones(landscape.n_coordinates)
    moved = (landscape.positions(x + step * velocities) - landscape.positions(x)) / step
    masses = landscape.atoms(x).get_masses()
    return 0.5 * (masses[:, None] * moved**2).sum()


def landscapes():
    water = molecule("H2O")
    held = water.copy()
    held.set_constraint([FixAtoms([0]), FixedPlane(1, (1, 1, 0))])
    crystal = bulk("Cu", cubic=True) * (2, 1, 1)
    crystal.positions[0] += 0.05
    fixed = crystal.copy()
    fixed.set_constraint(FixAtoms([1, 2]))
    return {
        "free": MoleculeLandscape(water, EMT, contact=0),
        "held": MoleculeLandscape(held, EMT, contact=0),
        "metric": MoleculeLandscape(fixed, EMT, metric=BondMetric()),
    }


@pytest.mark.parametrize("kind", ["free", "held", "metric"])
def test_half_of_v_m_v_is_the_kinetic_energy(kind):
    landscape = landscapes()[kind]
    masses = landscape.mass_matrix()
    for velocities in np.random.default_rng(0).normal(size=(3, landscape.n_coordinates)):
        expected = kinetic(landscape, velocities)
        assert 0.5 * velocities @ masses @ velocities == pytest.approx(expected, rel=1e-6)


def test_it_is_diagonal_for_positions():
    water = molecule("H2O")
    masses = MoleculeLandscape(water, EMT, contact=0).mass_matrix()
    assert np.allclose(masses, np.diag(np.repeat(water.get_masses(), 3)))
