"""The metric against its definition, dense matrices and finite differences."""

import pickle

import numpy as np
import pytest
from ase.build import add_adsorbate, bulk, fcc111, molecule
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms, FixedPlane

from fourierpathfinder import find_path
from fourierpathfinder.atoms import BondMetric, MoleculeLandscape
from fourierpathfinder.atoms.metric import BondFeatures, MetricSpace
from fourierpathfinder.gaussian_process import GaussianProcess


def slab(extra=(), site="fcc"):
    atoms = fcc111("Al", (2, 2, 3), vacuum=5)
    add_adsorbate(atoms, "Au", 1.9, site)
    atoms.set_constraint([FixAtoms(range(4)), *extra])
    return atoms


def test_the_laplacian_is_that_of_its_definition():
    """One kind of atom: the weights of the papers, from ASE's own distances."""
    crystal = bulk("Cu", cubic=True) * (3, 3, 3)
    crystal.rattle(0.1, seed=1)
    distances = crystal.get_all_distances(mic=True)
    np.fill_diagonal(distances, np.inf)
    ratio = distances / distances.min()
    weights = np.where(ratio < 2, np.exp(-3.0 * (ratio - 1)), 0.0)
    expected = np.diag(weights.sum(axis=1) + 0.1) - weights
    np.testing.assert_allclose(BondMetric().laplacian(crystal).toarray(), expected, atol=1e-10)


@pytest.mark.parametrize("extra", [(), (FixedPlane([12], (1, 2, 3)),)], ids=["atoms", "plane"])
def test_lengths_are_those_of_the_metric(extra, rng):
    atoms = slab(extra)
    space = MetricSpace.of(atoms, BondMetric(strength=2.0))
    moves = space.free.push_forward(rng.normal(size=(5, space.free.n_coordinates)))
    lengths = (space.project(moves) ** 2).sum(axis=-1)
    laplacian = BondMetric(strength=2.0).laplacian(atoms).toarray()
    expected = np.einsum("mia,ij,mja->m", moves, laplacian, moves)
    np.testing.assert_allclose(lengths / lengths[0], expected / expected[0], rtol=1e-9)


def test_positions_come_back_and_gradients_are_true(rng):
    atoms = slab()
    landscape = MoleculeLandscape(atoms, EMT, metric=BondMetric())
    point = landscape.coordinates(atoms)
    np.testing.assert_allclose(landscape.positions(point), atoms.positions, atol=1e-9)
    point = point + 0.05 * rng.normal(size=point.shape)
    direction, step = rng.normal(size=point.shape), 1e-4
    value, gradient = landscape.value_and_grad(point[None])
    up, down = landscape.value_and_grad(
        np.stack([point + step * direction, point - step * direction])
    )[0]
    assert gradient[0] @ direction == pytest.approx((up - down) / (2 * step), abs=1e-5)
    found = landscape.atoms(point, value[0], gradient[0])
    true = found.copy()
    true.calc = EMT()
    np.testing.assert_allclose(found.get_forces(), true.get_forces(), atol=1e-8)


@pytest.mark.statistical
def test_the_barrier_is_the_same_in_any_metric(last_bits):
    start, end = slab(), slab(site="hcp")
    heights = []
    for metric in (None, BondMetric(), BondMetric(strength=1.0, anchor=1.0)):
        landscape = pickle.loads(pickle.dumps(MoleculeLandscape(start, EMT, metric=metric)))
        for seed, changed in enumerate(last_bits(landscape, 2)):
            result = find_path(changed, start, end, rng=seed, max_gradients=60)
            assert result.certified
            heights.append(result.height)
    assert np.ptp(heights) < 2e-3


def test_shifts_of_a_free_crystal_stay_free():
    crystal = bulk("Cu", cubic=True) * (2, 2, 2)
    crystal.rattle(0.05, seed=1)
    landscape = MoleculeLandscape(crystal, EMT, metric=BondMetric())
    x = landscape.coordinates(crystal)
    motions = landscape.free_motions(x)
    assert motions.shape == (3, 96)
    np.testing.assert_allclose(motions @ motions.T, np.eye(3), atol=1e-10)
    values = landscape.value_and_grad(np.vstack([x, x + 0.3 * motions]))[0]
    np.testing.assert_allclose(values, values[0], atol=1e-8)


def test_thousands_of_atoms_stay_sparse():
    atoms = fcc111("Cu", (20, 20, 5), vacuum=5)
    atoms.set_constraint(FixAtoms([atom.index for atom in atoms if atom.tag > 3]))
    space = MetricSpace.of(atoms, BondMetric())
    assert space.root.upper.nnz < 0.2 * space.free.n_coordinates**2
    np.testing.assert_allclose(space.lift(space.project(atoms.positions)), atoms.positions,
                               atol=1e-8)  # fmt: skip


def test_a_free_molecule_is_refused():
    with pytest.raises(ValueError, match="leave `metric` out"):
        MoleculeLandscape(molecule("CH4"), EMT, metric=BondMetric())
    with pytest.raises(ValueError, match="`anchor` above 0"):
        BondMetric(anchor=0.0)


def test_features_of_bonds_give_the_process_on_metric_coordinates(rng):
    """A Gaussian process that sees S z, and one on coordinates y = S z, predict the same."""
    atoms = slab([FixAtoms(range(10))])
    space = MetricSpace.of(atoms, BondMetric())
    features = BondFeatures.of(atoms, BondMetric())
    z = space.free.project(atoms.positions) + 0.1 * rng.normal(size=(6, 9))
    values, gradients = np.sin(z.sum(axis=1)), np.cos(z.sum(axis=1))[:, None] * np.ones((6, 9))
    y, root = space.root(z), space.root
    settings = {"length_scale": 0.8, "optimise": False}
    seen = GaussianProcess(features=features).fit(z, values, gradients, **settings)
    plain = GaussianProcess().fit(y, values, root.inverse_transposed(gradients), **settings)
    asked = z[:3] + 0.05 * rng.normal(size=(3, 9))
    mean, slope = seen.predict(asked)
    other, other_slope = plain.predict(root(asked))
    np.testing.assert_allclose(mean, other, atol=1e-4)
    np.testing.assert_allclose(slope, root.transposed(other_slope), atol=1e-3)
    up, down = (features.linearise(asked[:1] + side * 1e-6) for side in (1, -1))
    at = features.linearise(asked[:1])
    np.testing.assert_allclose(
        at.push_forward(np.ones((1, 9))), (up.values - down.values) / 2e-6, atol=1e-6
    )
    jacobian = at.pull_back_each(np.eye(9))[0]
    np.testing.assert_allclose(at.metric(at)[0, :, 0, :], jacobian @ jacobian.T, atol=1e-12)
    assert at.squared_sizes[0] == pytest.approx((jacobian**2).sum())
