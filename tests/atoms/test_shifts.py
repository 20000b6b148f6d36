"""Crystals of which nothing is held: a shift of the whole is nothing, in any order of atoms."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.calculators.emt import EMT

from fourierpathfinder import find_path
from fourierpathfinder.atoms import MoleculeLandscape, superpose
from fourierpathfinder.atoms.minimum_image import MinimumImage
from fourierpathfinder.atoms.preflight import preflight


def vacancy(size=(2, 2, 2)):
    """A copper crystal with a vacancy, and the same with a neighbour hopped into it."""
    crystal = bulk("Cu", cubic=True) * size
    start = crystal[1:]
    gaps = crystal.get_distances(0, range(1, len(crystal)), mic=True)
    hopper = int(np.argmin(gaps))
    end = start.copy()
    end.positions[hopper] -= MinimumImage.of(start)(start.positions[hopper] - crystal.positions[0])
    rng = np.random.default_rng(3)
    for atoms in (start, end):
        atoms.positions += 0.02 * rng.normal(size=atoms.positions.shape)
    return start, end


@pytest.mark.parametrize("shift", [(0.1, 0, 0), (1.0, 0.5, 0), (1.8, 1.8, -1.8), (3.6, -7.2, 5)])
def test_ends_do_not_move_on_average(shift):
    start, end = vacancy()
    landscape = MoleculeLandscape(start, EMT)
    near = landscape.ends(start, end)
    end.positions += shift
    a, b = landscape.ends(start, end)
    np.testing.assert_allclose(b, near[1], atol=1e-9)
    np.testing.assert_allclose((b - a).reshape(-1, 3).mean(axis=0), 0, atol=1e-9)
    assert np.linalg.norm(b - a) == pytest.approx(2.5, abs=0.2)
    np.testing.assert_array_equal(landscape.ends(a, b)[1], b)


def test_the_shift_is_the_best_of_many(rng):
    start, end = vacancy()
    image = MinimumImage.of(start)
    end.positions += [1.3, 0.2, -0.4]
    moved = np.linalg.norm(superpose(start, end).positions - start.positions)
    for shift in rng.uniform(-3.6, 3.6, size=(2000, 3)):
        vectors = image(end.positions + shift - start.positions)
        assert moved <= np.linalg.norm(vectors - vectors.mean(axis=0)) + 1e-9


@pytest.mark.parametrize("size", [(2, 2, 2), (4, 4, 3)])
def test_another_order_and_another_origin(size, rng):
    start, end = vacancy(size)
    near = superpose(start, end)
    order = rng.permutation(len(end))
    shuffled = end[order]
    shuffled.positions += [1.0, 0.5, 0.3]
    shuffled.wrap()
    placed = superpose(start, shuffled, permute=True)
    gaps = np.linalg.norm(placed.positions - start.positions)
    assert gaps <= np.linalg.norm(near.positions - start.positions) + 1e-6


@pytest.mark.parametrize("seed", range(4))
def test_the_elements_of_an_alloy_tell_the_shift(seed):
    start, end = vacancy()
    for atoms in (start, end):
        atoms.symbols[[4, 8, 13, 19]] = "Au"
    rng = np.random.default_rng(seed)
    shuffled = end[rng.permutation(len(end))]
    shuffled.positions += rng.uniform(-4, 4, size=3) * (seed > 0)
    shuffled.wrap()
    placed = superpose(start, shuffled, permute=True)
    near = superpose(start, end)
    np.testing.assert_allclose(placed.positions, near.positions, atol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_of_many_shifts_that_leave_as_few_atoms_over_the_nearest_is_taken(seed):
    """An oxygen vacancy in a perovskite: 27 shifts lay all but one atom on like ones."""
    cell = Atoms("SrTiO3", cell=[3.9] * 3, pbc=True, scaled_positions=[
        (0, 0, 0), (0.5, 0.5, 0.5), (0.5, 0.5, 0), (0.5, 0, 0.5), (0, 0.5, 0.5)])  # fmt: skip
    crystal = cell * 3
    rng = np.random.default_rng(seed)
    place, hopper = 62, 63
    start, end = crystal.copy(), crystal.copy()
    end.positions[hopper] = crystal.positions[place]
    del start[place], end[place]
    for atoms in (start, end):
        atoms.positions += 0.05 * rng.normal(size=atoms.positions.shape)
    shuffled = end[rng.permutation(len(end))]
    shuffled.positions += rng.uniform(-4, 4, size=3)
    shuffled.wrap()
    near, placed = superpose(start, end), superpose(start, shuffled, permute=True)
    gaps = [np.linalg.norm(a.positions - start.positions) for a in (near, placed)]
    assert gaps[1] <= gaps[0] + 1e-6


@pytest.mark.statistical
def test_no_path_drifts(last_bits):
    start, end = vacancy()
    for seed, changed in enumerate(last_bits(MoleculeLandscape(start, EMT), 3)):
        result = find_path(changed, start, end, rng=seed, max_gradients=6)
        means = result.path.coefficients.reshape(len(result.path.coefficients), -1, 3).mean(axis=1)
        np.testing.assert_allclose(means, 0, atol=1e-6)


def test_a_shifted_crystal_is_the_same_minimum():
    start, _ = vacancy()
    end = start.copy()
    end.positions += [0.7, 0.2, 0.1]
    landscape = MoleculeLandscape(start, EMT)
    x, y = landscape.coordinates(start), end.positions.ravel()
    assert landscape.same(x, y) and landscape.same(x, y, labelled=True)
    np.testing.assert_allclose(landscape.placing(x, y)(y), x, atol=1e-9)
    np.testing.assert_allclose(landscape.fingerprint(x), landscape.fingerprint(y), atol=1e-9)
    assert "same minimum" in [finding.subject for finding in preflight(start, end)]


def test_only_shifts_of_a_crystal_are_free():
    start, _ = vacancy()
    motions = MoleculeLandscape(start, EMT).free_motions(start.positions.ravel())
    assert motions.shape == (3, 93)
    wire = molecule("H2O", cell=(0, 0, 5), pbc=(False, False, True))
    assert len(MoleculeLandscape(wire, EMT).free_motions(wire.positions.ravel())) == 4
