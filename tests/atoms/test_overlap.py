import numpy as np
import pytest
from ase.build import molecule
from ase.collections import g2
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
