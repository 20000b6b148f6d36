import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from ase.collections import g2
from ase.data import covalent_radii
from scipy.optimize import approx_fprime

from fourierpathfinder.atoms.minimum_image import MinimumImage
from fourierpathfinder.atoms.overlap import OverlapGuard


def guard_of(atoms, movable=None, contact=0.62):
    movable = np.ones(len(atoms), dtype=bool) if movable is None else np.asarray(movable)
    return OverlapGuard(movable, MinimumImage.of(atoms), atoms.numbers, contact)


@pytest.mark.parametrize("name", g2.names)
def test_true_molecules_never_trigger(name):
    atoms = molecule(name)
    assert not guard_of(atoms).triggers(atoms.positions)


def test_gradient_against_finite_differences(hcn, rng):
    guard = guard_of(hcn)
    positions = rng.normal(scale=0.4, size=(3, 3))
    assert guard.triggers(positions)
    value, gradient = guard.value_and_grad(positions)
    assert value > 10
    numerical = approx_fprime(
        positions.ravel(), lambda x: guard.value_and_grad(x.reshape(3, 3))[0], 1e-7
    )
    np.testing.assert_allclose(gradient.ravel(), numerical, rtol=1e-4, atol=1e-3)


def test_rises_without_a_jump_as_atoms_cross(hcn):
    guard = guard_of(hcn)
    places = np.linspace(-0.66, 0.66, 2001)
    results = [guard.value_and_grad(np.array([(0, 0, z), (0, 0, 0), (0, 0, 3)])) for z in places]
    values = np.array([value for value, _ in results])
    slopes = np.array([gradient[0, 2] for _, gradient in results])
    assert values.min() == pytest.approx(10, rel=0.05)
    assert np.abs(np.diff(values)).max() < 0.2
    assert np.abs(np.diff(slopes)).max() < 1.5
    assert slopes[0] > 70 and slopes[-1] < -70
    assert np.isfinite(values).all()


def test_held_pairs_may_overlap(hcn):
    hcn.positions[0] = hcn.positions[1] + 0.1
    assert guard_of(hcn).triggers(hcn.positions)
    assert not guard_of(hcn, [False, False, True]).triggers(hcn.positions)


def test_sees_across_boundaries(adatom):
    guard = guard_of(adatom)
    positions = adatom.positions.copy()
    positions[8] = positions[0] + adatom.cell[0] + (0.3, 0, 0)
    assert guard.triggers(positions)
    (sentence,) = guard.overlaps(positions)
    assert sentence == (
        "atoms 0 (Al) and 8 (Al) are 0.30 Å apart, nearer than 0.62 of their summed covalent "
        "radii (1.50 Å)"
    )


def test_contact_zero_never_triggers(hcn):
    hcn.positions[:] = 0
    assert not guard_of(hcn, contact=0).triggers(hcn.positions)


@pytest.mark.parametrize("cell", [None, 14.0])
@pytest.mark.parametrize("moved", ["all", "half"])
@pytest.mark.parametrize("nearest", [0.4, 1.0, 1.6, 1.7, 2.2])
def test_of_many_atoms_some_overlap_only_if_any_two_do(nearest, moved, cell, rng):
    """Against all distances: of sizes that differ, the nearest atom need not be one of those."""
    grid = np.stack(np.meshgrid(*[np.arange(6)] * 3), axis=-1).reshape(-1, 3) * 2.3
    atoms = Atoms(rng.choice(["Cu", "H", "Cs"], size=len(grid), p=[0.8, 0.19, 0.01]), grid)
    atoms.positions[50] = atoms.positions[51] + (0, 0, nearest)
    if cell is not None:
        atoms.set_cell([cell] * 3)
        atoms.pbc = True
    movable = np.ones(len(atoms), dtype=bool)
    movable[rng.permutation(len(atoms))[: len(atoms) // 2 if moved == "half" else 0]] = False
    guard = guard_of(atoms, movable)
    radii = covalent_radii[atoms.numbers]
    closest = 0.62 * (radii[:, None] + radii)
    near = (atoms.get_all_distances(mic=True) < closest) & (movable[:, None] | movable)
    np.fill_diagonal(near, False)
    sentences = guard.overlaps(atoms.positions)
    assert bool(sentences) == bool(near.any())
    for sentence in sentences:
        first, second = (int(word) for word in sentence.split() if word.isdigit())
        assert near[first, second]


@pytest.mark.parametrize("edge", [0.01, 0.3, 1.6])
@pytest.mark.parametrize("n", [1, 4, 300])
def test_a_cell_too_small_for_its_atoms(n, edge, rng):
    atoms = Atoms(f"Cu{n}", rng.uniform(0, edge, (n, 3)), cell=[edge] * 3, pbc=True)
    (sentence,) = guard_of(atoms).overlaps(atoms.positions)
    assert sentence.startswith(f"atom 0 (Cu) is {edge:.2g} Å from its own image")
    assert not guard_of(atoms, contact=0).overlaps(atoms.positions)
