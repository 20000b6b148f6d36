"""What was evaluated beside an end that is placed elsewhere, against evaluations there."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import add_adsorbate, bulk, fcc100
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms
from scipy.spatial.transform import Rotation

from fourierpathfinder import find_path, relax
from fourierpathfinder.atoms import CrystalLandscape, MoleculeLandscape


def pyramid():
    return Atoms("Cu4", [(0, 0, 0), (2.3, 0, 0), (1.2, 2, 0), (1.2, 0.7, 1.9)])


def rotated():
    """A cluster, and the same one that was rotated and shifted."""
    start = pyramid()
    end = start.copy()
    turn = Rotation.from_euler("zyx", [1.0, -0.4, 0.3]).as_matrix()
    end.positions = end.positions @ turn.T + [3, -2, 1]
    return MoleculeLandscape(start, EMT), start, end


def shifted():
    """A crystal, and the same one that was shifted, one atom to its next image."""
    start = bulk("Cu", cubic=True).repeat(2)
    start.rattle(0.05, seed=1)
    end = start.copy()
    end.positions += [0.3, 0.1, -0.2]
    end.positions[3] += start.cell[0]
    return MoleculeLandscape(start, EMT), start, end


def on_a_surface():
    """An adatom whose end lies one cell further."""
    start = fcc100("Cu", (2, 2, 3), vacuum=6)
    add_adsorbate(start, "Cu", 1.7, "hollow")
    start.set_constraint(FixAtoms([atom.index for atom in start if atom.tag > 1]))
    end = start.copy()
    end.positions[-1] += start.cell[0]
    return MoleculeLandscape(start, EMT), start, end


def about_one_atom():
    """A cluster of which one atom is held, rotated about it."""
    start = pyramid()
    start.set_constraint(FixAtoms([1]))
    end = start.copy()
    pivot = end.positions[1].copy()
    turn = Rotation.from_euler("zyx", [1.0, -0.4, 0.3])
    end.positions = turn.apply(end.positions - pivot) + pivot
    return MoleculeLandscape(start, EMT), start, end


def about_a_line():
    """A cluster of which two atoms are held, rotated about both."""
    start = pyramid()
    start.set_constraint(FixAtoms([1, 3]))
    end = start.copy()
    pivot, axis = end.positions[1].copy(), end.positions[3] - end.positions[1]
    turn = Rotation.from_rotvec(2.0 * axis / np.linalg.norm(axis))
    end.positions = turn.apply(end.positions - pivot) + pivot
    return MoleculeLandscape(start, EMT), start, end


def strained():
    """A crystal whose cell may change."""
    start = bulk("Cu", cubic=True).repeat(2)
    end = start.copy()
    end.positions += [0.3, 0.1, -0.2]
    return CrystalLandscape(start, EMT), start, end


@pytest.mark.parametrize(
    "made", [rotated, shifted, on_a_surface, about_one_atom, about_a_line, strained]
)
def test_values_and_gradients_are_those_of_the_moved_points(made):
    landscape, start, end = made()
    before = landscape.coordinates(end)
    _, after = landscape.ends(start, end)
    assert np.abs(after - before).max() > 0.05
    steps = 0.05 * np.random.default_rng(0).standard_normal((3, len(before)))
    points = before + np.concatenate([0 * steps[:1], steps])
    values, gradients = landscape.value_and_grad(points)
    moved, turned = landscape.turned(points, gradients, before, after)
    np.testing.assert_array_equal(moved[0], after)
    there, slopes = landscape.value_and_grad(moved)
    np.testing.assert_allclose(there, values, atol=1e-9)
    np.testing.assert_allclose(turned, slopes, atol=1e-7)


def test_an_end_that_the_search_turns_is_not_evaluated_again():
    start, end = pyramid(), pyramid()
    end.positions[3, 2] *= -1
    end.rotate(40, (1, 2, 3))
    landscape = MoleculeLandscape(start, EMT)
    first = relax(landscape, start)
    last = relax(landscape, end, known=first.evaluations)
    ends = first.position, last.position
    asked = []

    class Watched:
        def __getattr__(self, name):
            return getattr(landscape, name)

        def value_and_grad(self, points):
            asked.extend(points)
            return landscape.value_and_grad(points)

    result = find_path(Watched(), *ends, known=last.evaluations, rng=0)
    assert result.certified
    assert len(asked) == result.n_gradients
    placed = landscape.ends(*ends)[1]
    assert np.abs(placed - last.position).max() > 0.1
    assert min(np.abs(np.array(asked) - placed).max(axis=1)) > 1e-3
    assert result.end_value == pytest.approx(last.value, abs=1e-9)


@pytest.mark.parametrize("made", [about_one_atom, about_a_line])
def test_ends_are_rotated_about_held_atoms(made):
    landscape, start, end = made()
    first, last = landscape.ends(start, end)
    np.testing.assert_allclose(last, first, atol=1e-8)
    end.rattle(0.1, seed=0)  # which leaves held atoms
    _, placed = landscape.ends(start, end)
    before, after = landscape.atoms(landscape.coordinates(end)), landscape.atoms(placed)
    np.testing.assert_allclose(after.get_all_distances(), before.get_all_distances(), atol=1e-8)
    assert np.linalg.norm(placed - first) < np.linalg.norm(landscape.coordinates(end) - first)


def test_a_third_held_atom_leaves_no_rotation():
    start = pyramid()
    start.set_constraint(FixAtoms([0, 1, 2]))
    end = start.copy()
    end.positions[3] += [0.3, -0.2, 0.1]
    _, last = MoleculeLandscape(start, EMT).ends(start, end)
    np.testing.assert_array_equal(last, end.positions[3])


def test_what_was_turned_about_a_held_atom_stays_when_it_is_placed_again():
    start = pyramid()
    start.set_constraint(FixAtoms([0]))
    end = start.copy()
    end.positions[3, 2] *= -1
    landscape = MoleculeLandscape(start, EMT)
    a, b = landscape.ends(start, end)
    assert (landscape.ends(a, b)[1] == b).all()
