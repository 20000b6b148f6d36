"""Changing cells: finite differences, ASE's own stress, and independent scans of the strain."""

import heapq
import pickle

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms, Hookean
from scipy.interpolate import RectBivariateSpline
from scipy.optimize import minimize

from fourierpathfinder import find_path
from fourierpathfinder.atoms import CrystalLandscape
from fourierpathfinder.reaction_path import relax
from fourierpathfinder.saddle import verify_saddle

ALL, LAYER = (True, True, True), (True, True, False)


class Stressless(Calculator):
    implemented_properties = ("energy", "forces")

    def calculate(self, atoms, properties, changes=all_changes):
        super().calculate(atoms, properties, changes)
        self.results = {"energy": 0.0, "forces": np.zeros((len(atoms), 3))}


def disordered(pbc, rng):
    """Four Cu atoms and their cell, both out of order; a layer's third vector leans."""
    atoms = bulk("Cu", cubic=True)
    atoms.rattle(0.1, seed=1)
    atoms.set_cell(atoms.cell @ (np.eye(3) + 0.05 * rng.normal(size=(3, 3))), scale_atoms=True)
    atoms.pbc = pbc
    atoms.cell[2] *= 1 if all(pbc) else 2
    return atoms


def tetragonal(width, height, calculator=None):
    """One Al atom in a body-centred tetragonal cell: fcc for a ratio of √2, bcc for 1."""
    x, z = width / 2, height / 2
    return Atoms("Al", cell=[[-x, x, z], [x, -x, z], [x, x, -z]], pbc=True, calculator=calculator)


def relaxed(landscape, *structures):
    ends = landscape.ends(*structures)
    return [relax(landscape, end, force=0.01).position for end in ends]


@pytest.mark.parametrize(("pbc", "pressure"), [(ALL, 0.0), (ALL, 7.0), (LAYER, 0.0)])
def test_gradients_agree_with_finite_differences(pbc, pressure, rng):
    atoms = disordered(pbc, rng)
    landscape = CrystalLandscape(atoms, EMT, pressure=pressure)
    x = landscape.coordinates(atoms)
    x = x + 0.15 * rng.normal(size=len(x))
    _, gradients = landscape.value_and_grad(x[None])
    steps = 1e-4 * np.eye(len(x))
    up, down = (landscape.value_and_grad(x + sign * steps)[0] for sign in (1, -1))
    np.testing.assert_allclose(gradients[0], (up - down) / 2e-4, atol=1e-6)


def test_structures_have_the_forces_and_stress_of_the_calculator(rng):
    landscape = CrystalLandscape(atoms := disordered(ALL, rng), EMT, pressure=5.0)
    x = landscape.coordinates(atoms) + 0.1 * rng.normal(size=landscape.n_coordinates)
    values, gradients = landscape.value_and_grad(x[None])
    found = landscape.atoms(x, values[0], gradients[0])
    own = Atoms.copy(found)
    own.calc = EMT()
    work = 5.0 * units.GPa * own.get_volume()
    assert values[0] - work == pytest.approx(own.get_potential_energy(), abs=1e-9)
    assert found.get_potential_energy() == pytest.approx(own.get_potential_energy(), abs=1e-9)
    np.testing.assert_allclose(found.get_forces(), own.get_forces(), atol=1e-9)
    np.testing.assert_allclose(found.get_stress(), own.get_stress(), atol=1e-10)
    value, gradient = landscape.calculated(found)
    assert value == pytest.approx(values[0], abs=1e-9)
    np.testing.assert_allclose(gradient, gradients[0], atol=1e-9)


def test_turns_and_shifts_of_an_end_are_taken_out(rng):
    atoms = disordered(ALL, rng)
    landscape = CrystalLandscape(atoms, EMT)
    x = landscape.coordinates(atoms) + 0.1 * rng.normal(size=landscape.n_coordinates)
    a, b = landscape.ends(atoms, landscape.atoms(x))
    turned = landscape.atoms(x)
    turned.positions += [0.3, 0.2, -0.7]
    turned.rotate(40, (1, 2, 3), rotate_cell=True)
    turned.wrap()
    again = landscape.ends(atoms, turned)
    np.testing.assert_allclose(again[0], a, atol=1e-12)
    np.testing.assert_allclose(again[1], b, atol=1e-9)
    assert landscape.free_motions(x).shape == (3, landscape.n_coordinates)


def test_held_atoms_follow_the_cell():
    fcc, longer = bulk("Cu", cubic=True), bulk("Cu", cubic=True)
    longer.set_cell(fcc.cell @ np.diag([1.0, 1.0, 1.1]), scale_atoms=True)
    fcc.set_constraint(FixAtoms([0, 1]))
    landscape = CrystalLandscape(fcc, EMT)
    a, b = landscape.ends(fcc, longer)
    assert len(a) == 6 + 6
    np.testing.assert_allclose(
        landscape.atoms(b).get_scaled_positions(), fcc.get_scaled_positions()
    )
    assert not len(landscape.free_motions(a))


def test_under_pressure_a_relaxed_crystal_has_that_pressure():
    landscape = CrystalLandscape(fcc := bulk("Cu"), EMT, pressure=10.0)
    found = relax(landscape, landscape.coordinates(fcc), force=1e-3)
    atoms = landscape.atoms(found.position)
    atoms.calc = EMT()
    expected = [-10.0 * units.GPa] * 3 + [0.0] * 3
    np.testing.assert_allclose(atoms.get_stress(), expected, atol=1e-3)


def test_structures_are_told_apart_by_their_strain():
    landscape = CrystalLandscape(fcc := tetragonal(2.82, 3.99), EMT)
    a, b = landscape.ends(fcc, tetragonal(3.17, 3.17))
    assert not landscape.same(a, b)
    assert landscape.same(b, b + 0.01)


def test_a_copy_from_another_process_evaluates_alike():
    landscape = CrystalLandscape(fcc := bulk("Cu"), EMT, pressure=1.0)
    copy = pickle.loads(pickle.dumps(landscape))
    x = landscape.coordinates(fcc)[None]
    assert copy.value_and_grad(x)[0] == landscape.value_and_grad(x)[0]
    assert copy.identity == landscape.identity


def test_a_collapsed_cell_is_a_failed_point(caplog):
    landscape = CrystalLandscape(fcc := bulk("Cu"), EMT)
    x = landscape.coordinates(fcc)
    x[0] = -1.5 * landscape.strain.length
    values, _ = landscape.value_and_grad(x[None])
    assert np.isnan(values).all()
    assert "strained by 1.5" in caplog.text


def test_a_calculator_without_stress_is_refused():
    landscape = CrystalLandscape(fcc := bulk("Cu"), Stressless)
    with pytest.raises(ValueError, match="Stressless gives no stress, without which a cell cannot"):
        landscape.value_and_grad(landscape.coordinates(fcc)[None])


@pytest.mark.parametrize(
    ("changes", "settings", "sentence"),
    [
        ({"pbc": (True, False, False)}, {}, "two or three directions are periodic"),
        ({"constraint": Hookean(0, (0, 0, 0), 1.0, 0.1)}, {}, "say nothing of a stress"),
        ({"pbc": LAYER}, {"pressure": 1.0}, "has no volume"),
        ({}, {"pressure": np.inf}, "must be finite, in GPa"),
        ({}, {"length": 0.0}, "must be positive"),
    ],
)
def test_what_cannot_change_its_cell_is_refused(changes, settings, sentence):
    atoms = bulk("Cu", cubic=True)
    atoms.pbc = changes.get("pbc", True)
    atoms.set_constraint(changes.get("constraint"))
    with pytest.raises(ValueError, match=sentence):
        CrystalLandscape(atoms, EMT, **settings)


def test_cells_of_other_handedness_are_refused():
    fcc = bulk("Cu", cubic=True)
    mirrored = fcc.copy()
    mirrored.set_cell(fcc.cell[[1, 0, 2]])
    with pytest.raises(ValueError, match="other handedness"):
        CrystalLandscape(fcc, EMT).coordinates(mirrored)


def lowest_pass(heights, start, end):
    """The least height (flooding) at which two places of a grid are joined."""
    queue, done = [(heights[start], start)], set()
    while queue:
        height, place = heapq.heappop(queue)
        if place == end:
            return height
        if place in done:
            continue
        done.add(place)
        for step in np.ndindex(3, 3):
            other = (place[0] + step[0] - 1, place[1] + step[1] - 1)
            if all(0 <= k < n for k, n in zip(other, heights.shape, strict=True)):
                heapq.heappush(queue, (max(height, heights[other]), other))
    raise AssertionError("not joined")


@pytest.fixture(scope="module")
def bain_scan():
    """The energies of fcc, bcc and the pass between, over widths and heights of the cell."""
    calculator = EMT()
    widths, heights = np.linspace(2.78, 3.22, 25), np.linspace(3.1, 4.05, 25)
    grid = [[tetragonal(a, c, calculator).get_potential_energy() for c in heights] for a in widths]
    surface = RectBivariateSpline(widths, heights, np.array(grid))
    fine = surface(np.linspace(*widths[[0, -1]], 221), np.linspace(*heights[[0, -1]], 221))
    fcc, bcc = (
        np.unravel_index(np.where(mask, fine, np.inf).argmin(), fine.shape)
        for mask in (np.arange(221) > 150, np.arange(221) < 60)
    )
    return fine[fcc], fine[bcc], lowest_pass(fine, fcc, bcc)


@pytest.mark.slow
@pytest.mark.parametrize("conventional", [False, True])
def test_fcc_to_bcc_agrees_with_a_scan_of_the_tetragonal_cell(conventional, bain_scan):
    fcc, bcc = tetragonal(2.82, 3.99), tetragonal(3.17, 3.17)
    if conventional:
        fcc, bcc = (
            Atoms("Al2", [(0, 0, 0), (a / 2, a / 2, c / 2)], cell=[a, a, c], pbc=True)
            for a, c in ((2.82, 3.99), (3.17, 3.17))
        )
    landscape = CrystalLandscape(fcc, EMT)
    a, b = relaxed(landscape, fcc, bcc)
    result = find_path(landscape, a, b, rng=0)
    at_fcc, at_bcc, height = bain_scan
    assert result.certified
    assert result.barrier / len(fcc) == pytest.approx(height - at_fcc, abs=5e-4)
    assert result.reverse_barrier / len(fcc) == pytest.approx(height - at_bcc, abs=5e-4)
    if not conventional:
        report = verify_saddle(landscape, result, rng=0)
        assert report.n_negative == 1
        assert report.connects_the_ends


def close_packed(shift):
    """Two layers of Cu, the cell sheared along a layer: hcp for 0, fcc for 1."""
    side = bulk("Cu").cell.lengths()[0]
    x, y, height = side * np.sqrt(3) / 2, side / 2, side * np.sqrt(2 / 3)
    cell = [[x, -y, 0], [x, y, 0], [-2 / 3 * x * shift, 0, 2 * height]]
    return Atoms("Cu2", [(0, 0, 0), (2 / 3 * x, 0, height)], cell=cell, pbc=True)


def sheared(shift, guess, calculator):
    """The least energy at a shear, all that the mirror plane allows relaxed by SciPy."""
    start = close_packed(0.0)

    def energy(parts):
        along, across, tall, x, z = parts
        atoms = close_packed(0.0)
        cell = atoms.cell.array * [1 + along, 1 + across, 1 + tall]
        cell[2, 0] = -2 / 3 * cell[0, 0] * shift
        atoms.set_cell(cell)
        atoms.positions[1] = start.positions[1] * [1 + x, 0, 1 + z]
        atoms.calc = calculator
        return atoms.get_potential_energy()

    found = minimize(energy, guess, method="BFGS", options={"gtol": 1e-4})
    return found.fun, found.x


@pytest.mark.slow
def test_hcp_to_fcc_by_shear_agrees_with_a_scan_of_the_shear():
    """Atoms and strain move together here: the second layer slides half as far as the cell."""
    landscape = CrystalLandscape(close_packed(0.0), EMT)
    a, b = relaxed(landscape, close_packed(0.0), close_packed(1.0))
    result = find_path(landscape, a, b, rng=0)
    calculator, guess, heights = EMT(), np.zeros(5), []
    for shift in (0.0, 0.2, 0.4, 0.44, 0.46, 0.5):
        height, guess = sheared(shift, guess, calculator)
        heights.append(height)
    assert result.certified
    assert result.barrier == pytest.approx(max(heights) - heights[0], abs=1e-3)
