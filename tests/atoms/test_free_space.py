"""Held combinations of coordinates against ASE's own projections and against finite differences."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import add_adsorbate, bulk, fcc111, molecule
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones
from ase.constraints import (
    ExternalForce,
    FixAtoms,
    FixCartesian,
    FixCom,
    FixedLine,
    FixedMode,
    FixedPlane,
    FixInternals,
    FixLinearTriatomic,
    FixScaled,
    FixSubsetCom,
    Hookean,
)
from ase.io import read, write

from fourierpathfinder import find_path
from fourierpathfinder.atoms import MoleculeLandscape
from fourierpathfinder.atoms.constraints import free_space


def leaning():
    """A cell without right angles, and an adatom."""
    slab = fcc111("Al", (2, 2, 3), vacuum=5)
    add_adsorbate(slab, "Au", 1.9, "fcc")
    return slab


def mode():
    return np.random.default_rng(5).normal(size=(13, 3))


LINEAR = {
    "scaled": [FixScaled([8, 12], mask=(True, False, False))],
    "scaled twice": [FixScaled([8], mask=(True, True, False))],
    "plane": [FixedPlane([7, 12], (1, 2, 3))],
    "line": [FixedLine([3, 12], (1, 1, 0))],
    "plane and atoms": [FixAtoms(range(8)), FixedPlane([12], (0, 1, 1))],
    "two planes of one atom": [FixedPlane([12], (0, 1, 1)), FixedPlane([12], (1, 0, 1))],
    "cartesian": [FixCartesian([1, 12], (True, False, True))],
    "centre of mass": [FixCom()],
    "centre of some": [FixSubsetCom([8, 9, 12])],
    "atoms and centre of some": [FixAtoms([8, 0]), FixSubsetCom([8, 9, 12])],
    "mode": [FixedMode(mode())],
}


@pytest.mark.parametrize("constraints", LINEAR.values(), ids=LINEAR)
def test_the_basis_is_orthonormal_and_allows_what_ase_allows(constraints, rng):
    slab = leaning()
    slab.set_constraint(constraints)
    space = free_space(slab)
    basis = space.push_forward(np.eye(space.n_coordinates)).reshape(space.n_coordinates, -1)
    np.testing.assert_allclose(basis @ basis.T, np.eye(len(basis)), atol=1e-12)
    # of a force ASE takes away just what it holds, so that each free direction feels all of it
    forces = rng.normal(size=(13, 3))
    adjusted = forces.copy()
    for _ in range(200):  # alternating projections, where constraints overlap
        for constraint in constraints:
            if not isinstance(constraint, FixScaled):  # ASE's is no orthogonal projection
                constraint.adjust_forces(slab, adjusted)
    if not any(isinstance(constraint, FixScaled) for constraint in constraints):
        np.testing.assert_allclose(space.kept(forces), forces - adjusted, atol=1e-8)


@pytest.mark.parametrize("constraints", LINEAR.values(), ids=LINEAR)
def test_what_is_held_stays_and_positions_come_back(constraints, rng):
    slab = leaning()
    slab.set_constraint(constraints)
    space = free_space(slab)
    np.testing.assert_allclose(space.lift(space.project(slab.positions)), slab.positions, atol=1e-9)
    point = space.project(slab.positions) + rng.normal(size=space.n_coordinates)
    moved = space.lift(point)
    np.testing.assert_allclose(space.project(moved), point, atol=1e-9)
    for constraint in constraints:
        allowed = moved.copy()
        constraint.adjust_positions(slab, allowed)
        np.testing.assert_allclose(allowed, moved, atol=1e-8)


@pytest.mark.parametrize("constraints", LINEAR.values(), ids=LINEAR)
def test_gradients_under_constraints_are_those_of_the_energy(constraints, rng):
    slab = leaning()
    slab.set_constraint(constraints)
    landscape = MoleculeLandscape(slab, EMT)
    point = landscape.coordinates(slab) + 0.02 * rng.normal(size=landscape.n_coordinates)
    direction = rng.normal(size=landscape.n_coordinates)
    step = 1e-4
    _, gradients = landscape.value_and_grad(point[None])
    up, down = landscape.value_and_grad(np.stack([point + step * direction,
                                                  point - step * direction]))[0]  # fmt: skip
    assert gradients[0] @ direction == pytest.approx((up - down) / (2 * step), abs=1e-5)


def test_atoms_alone_give_the_positions_themselves():
    slab = leaning()
    slab.set_constraint(FixAtoms(range(8)))
    np.testing.assert_array_equal(free_space(slab).project(slab.positions),
                                  slab.positions[8:].ravel())  # fmt: skip


@pytest.mark.parametrize(
    "spring",
    [
        Hookean(a1=12, a2=8, rt=1.0, k=5.0),
        Hookean(a1=12, a2=(0.0, 0, 9), rt=0.5, k=2.0),
        Hookean(a1=12, a2=(0, 0, 1, -8), k=3.0),
        ExternalForce(12, 8, 0.4),
    ],
    ids=["atoms", "point", "plane", "force"],
)
def test_springs_are_energies(spring, rng):
    slab = leaning()
    slab.set_constraint([FixAtoms(range(8)), spring])
    landscape = MoleculeLandscape(slab, EMT)
    point = landscape.coordinates(slab)
    value, gradient = landscape.value_and_grad(point[None])
    slab.calc = EMT()
    assert value[0] == pytest.approx(slab.get_potential_energy(), abs=1e-9)
    np.testing.assert_allclose(gradient[0], -slab.get_forces()[8:].ravel(), atol=1e-9)
    kept = landscape.atoms(point, value[0], gradient[0])
    assert kept.get_potential_energy() == pytest.approx(value[0])
    np.testing.assert_allclose(kept.get_forces()[8:].ravel(), -gradient[0], atol=1e-12)


def test_a_tethered_molecule_moves_nowhere_as_a_whole():
    water = molecule("H2O")
    assert len(MoleculeLandscape(water, LennardJones).free_motions(water.positions.ravel())) == 6
    water.set_constraint(Hookean(a1=0, a2=(0.0, 0, 3), rt=0.5, k=2.0))
    landscape = MoleculeLandscape(water, LennardJones)
    assert not landscape.moves_as_a_whole
    assert len(landscape.free_motions(water.positions.ravel())) == 0


@pytest.mark.parametrize(
    ("constraints", "count"),
    [([], 6), ([FixAtoms([0])], 3), ([FixAtoms([0, 1])], 1), ([FixCom()], 3),
     ([FixedPlane([0, 1, 2], (0, 0, 1))], 3)],
)  # fmt: skip
def test_motions_that_constraints_leave(constraints, count):
    """Three atoms in the plane z = 0 under springs between them: counted from the Hessian."""
    atoms = Atoms("Ar3", [(0, 0, 0), (1.1, 0, 0), (0.4, 0.9, 0)], constraint=constraints)
    landscape = MoleculeLandscape(atoms, LennardJones, contact=0)
    x = landscape.coordinates(atoms)
    motions = landscape.free_motions(x)
    assert len(motions) == count
    moved = landscape.value_and_grad(x + 1e-3 * motions)[0]
    np.testing.assert_allclose(moved, landscape.value_and_grad(x[None])[0][0], atol=1e-3)


def test_curved_constraints_say_what_to_do_instead():
    water = molecule("H2O")
    for constraint, advice in [
        (FixInternals(bonds=[[1.0, [0, 1]]]), "restrain them by an energy"),
        (FixLinearTriatomic([(1, 0, 2)]), "hold its atoms"),
    ]:
        water.set_constraint(constraint)
        with pytest.raises(ValueError, match=advice):
            free_space(water)


def hop(extra):
    """An adatom on Al(111), in the fcc and in the hcp hollow; the lowest layer is held."""
    ends = []
    for site in ("fcc", "hcp"):
        slab = fcc111("Al", (2, 2, 3), vacuum=5)
        add_adsorbate(slab, "Au", 1.9, site)
        slab.set_constraint([FixAtoms(range(4)), *extra])
        ends.append(slab)
    return ends


@pytest.mark.statistical
def test_selective_dynamics_of_a_leaning_cell_come_back_from_a_file(tmp_path, last_bits):
    start, end = hop([FixScaled([9], (True, True, False))])
    found = []
    for name, atoms in (("a", start), ("b", end)):
        write(tmp_path / name, atoms, format="vasp", direct=True, vasp5=True)
        found.append(read(tmp_path / name, format="vasp"))
    landscape = MoleculeLandscape(found[0], EMT)
    assert landscape.n_coordinates == 3 * 9 - 2
    for seed, changed in enumerate(last_bits(landscape, 3)):
        result = find_path(changed, *found, rng=seed, max_gradients=40)
        assert result.certified
        held = landscape.atoms(result.path(0.5)).get_scaled_positions()
        gap = (held - found[0].get_scaled_positions())[:, :2]
        moved = np.abs(gap - gap.round()).max(axis=1)
        assert (moved < 1e-6).sum() == 5  # the four of the lowest layer, and the one that may rise


def test_the_centre_of_mass_held_names_one_of_the_shifted_structures():
    start = bulk("Cu", cubic=True) * (2, 2, 2)
    del start[0]
    end = start.copy()
    end.positions[0] += 0.4
    end.positions += [0.3, 0.1, -0.2]
    start.set_constraint(FixCom())
    landscape = MoleculeLandscape(start, EMT)
    a, b = landscape.ends(start, end)
    assert landscape.n_coordinates == 3 * 31 - 3
    places = [landscape.atoms(point).get_center_of_mass() for point in (a, b, (a + b) / 2)]
    np.testing.assert_allclose(places, np.tile(places[0], (3, 1)), atol=1e-9)
    end.calc = EMT()
    assert landscape.value_and_grad(b[None])[0][0] == pytest.approx(end.get_potential_energy())


def test_with_other_atoms_held_the_centre_of_mass_says_nothing_more():
    start, end = hop([FixCom()])
    landscape = MoleculeLandscape(start, EMT)
    assert landscape.n_coordinates == 27
    end.positions += [0.1, 0, 0.2]
    a, b = landscape.ends(start, end)
    assert np.abs((b - a).reshape(-1, 3)[:8]).max() < 1e-9
