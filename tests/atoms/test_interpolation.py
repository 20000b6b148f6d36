import numpy as np
import pytest
from ase.build import molecule
from ase.calculators.lj import LennardJones
from ase.cluster import Icosahedron
from ase.mep.neb import IDPP
from scipy.optimize import approx_fprime

from fourierpathfinder.atoms import MoleculeLandscape
from fourierpathfinder.atoms.first_path import _pair_potential

TIMES = np.linspace(0, 1, 101)


def nearest(landscape, path, i, j):
    positions = landscape.positions(path(TIMES))
    return np.linalg.norm(positions[:, i] - positions[:, j], axis=-1).min()


@pytest.mark.parametrize("seed", range(20))
def test_collinear_hydrogen_goes_round_the_nuclei(hcn, hnc, seed):
    landscape = MoleculeLandscape(hcn, LennardJones)
    path = landscape.initial_path(*landscape.ends(hcn, hnc), rng=seed)
    assert nearest(landscape, path, 0, 1) > 0.95
    assert nearest(landscape, path, 0, 2) > 0.95


def test_potential_agrees_with_ase(rng):
    ethanol = molecule("CH3CH2OH")
    target = ethanol.get_all_distances()
    ethanol.positions += rng.normal(scale=0.1, size=ethanol.positions.shape)
    i, j = np.triu_indices(len(ethanol), 1)
    vectors = ethanol.positions[j] - ethanol.positions[i]
    values, gradients = _pair_potential(vectors[None], target[i, j][None])
    ethanol.calc = IDPP(target, mic=False)
    assert values[0] == pytest.approx(ethanol.get_potential_energy())
    numerical = approx_fprime(
        vectors.ravel(), lambda v: _pair_potential(v.reshape(1, -1, 3), target[i, j][None])[0][0]
    )
    np.testing.assert_allclose(gradients.ravel(), numerical, atol=1e-5)


def test_beats_the_straight_line_for_a_turning_methyl_group():
    start = molecule("C2H6")
    end = start[[0, 1, 3, 4, 2, 5, 6, 7]]
    landscape = MoleculeLandscape(start, LennardJones)
    a, b = landscape.coordinates(start), landscape.coordinates(end)
    positions = landscape.positions(landscape.initial_path(a, b, rng=0)(TIMES))
    bonds = np.linalg.norm(positions[:, 2:5] - positions[:, :1], axis=-1)
    np.testing.assert_allclose(bonds, 1.09, atol=0.03)


def test_hop_across_the_boundary_keeps_its_distances(adatom, hopped):
    landscape = MoleculeLandscape(adatom, LennardJones)
    hopped.positions -= hopped.cell[0]
    path = landscape.initial_path(*landscape.ends(adatom, hopped), rng=0)
    assert path.length() < 3.2
    structures = [landscape.atoms(point) for point in path(TIMES)]
    closest = [s.get_distances(12, range(12), mic=True).min() for s in structures]
    assert min(closest) > 2.4


def test_the_kick_is_the_rngs(hcn, hnc):
    landscape = MoleculeLandscape(hcn, LennardJones)
    ends = landscape.ends(hcn, hnc)
    same = [landscape.initial_path(*ends, rng=3).coefficients for _ in range(2)]
    np.testing.assert_array_equal(*same)
    assert landscape.initial_path(*ends, n_terms=5, rng=3).coefficients.shape == (5, 9)


def test_the_ends_of_a_cluster_need_not_be_near():
    start = Icosahedron("Ar", 2)
    end = start[[1, 0, *range(2, 13)]]  # the centre changes places with an atom of the shell
    landscape = MoleculeLandscape(start, LennardJones, contact=0.62)
    path = landscape.initial_path(landscape.coordinates(start), landscape.coordinates(end), rng=0)
    assert nearest(landscape, path, 0, 1) > 1.5
