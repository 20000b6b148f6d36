"""Which end a minimum is: near it, or laid on it by exchange of like atoms, and not by a shift."""

import numpy as np
import pytest
from ase.build import add_adsorbate, fcc100, molecule
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms

from fourierpathfinder.landscapes import MoleculeLandscape
from fourierpathfinder.landscapes.abilities import abilities_of
from fourierpathfinder.saddle.recognition import Ends

from .landscapes import DoubleWell


def ends_of(landscape, start, end):
    return Ends(abilities_of(landscape), start, end, (start + end) / 2)


def test_near_points_are_the_ends():
    ends = ends_of(DoubleWell(1.0), np.zeros(2), np.array([2.0, 0.0]))
    assert ends.recognised(np.array([0.1, 0.1]), "end") == ("start", "")
    assert ends.recognised(np.array([1.9, 0.0]), "start") == ("end", "")
    assert ends.recognised(np.array([1.5, 0.0]), "end") == ("", "")
    assert ends.arrived_at(np.array([1.95, 0.0])) == "end"
    assert ends.arrived_at(np.array([1.85, 0.0])) == ""


def test_beside_the_saddle_nothing_has_arrived():
    """However near to an end the saddle lies."""
    start, end, saddle = np.zeros(2), np.array([2.0, 0.0]), np.array([0.04, 0.0])
    ends = Ends(abilities_of(DoubleWell(1.0)), start, end, saddle)
    for x in (saddle, saddle + 0.01, saddle - 0.01):
        assert ends.arrived_at(x) == ""
        assert ends.recognised(x, "start").end == ""
    assert ends.arrived_at(start) == "start"


@pytest.mark.parametrize("expected", ["start", "end"])
def test_a_turned_methyl_group_is_an_exchange_of_like_atoms(rng, expected):
    ethane = molecule("C2H6")
    turned = ethane.copy()
    axis = ethane.positions[1] - ethane.positions[0]
    group = [atom.index for atom in ethane if atom.symbol == "H" and
             np.linalg.norm(atom.position - ethane.positions[0]) < 1.2]  # fmt: skip
    part = ethane[group]
    part.rotate(120, axis, center=ethane.positions[0])
    turned.positions[group] = part.positions
    other = ethane.copy()
    other.positions[2] += 1.0
    landscape = MoleculeLandscape(ethane, EMT)
    a, b, c = (landscape.coordinates(atoms) for atoms in (ethane, other, turned))
    ends = ends_of(landscape, a, b)
    assert ends.recognised(c, expected) == ("start", "with like atoms exchanged")


def slab(*places):
    atoms = fcc100("Cu", size=(3, 3, 2), vacuum=6)
    for place in places:
        add_adsorbate(atoms, "H", 0.9, "hollow", offset=place)
    atoms.set_constraint(FixAtoms(range(18)))
    return atoms


def test_the_same_place_elsewhere_on_a_surface_is_no_end():
    landscape = MoleculeLandscape(slab((0, 0)), EMT)
    a, b, c = (landscape.coordinates(slab(place)) for place in [(0, 0), (1, 0), (0, 1)])
    ends = ends_of(landscape, a, b)
    assert ends.recognised(b, "start") == ("end", "")
    assert ends.recognised(c, "end") == ("", "like the end, shifted")


def test_exchanged_adsorbates_are_recognised_in_their_places():
    landscape = MoleculeLandscape(slab((0, 0), (1, 1)), EMT)
    places = [((0, 0), (1, 1)), ((0, 0), (1, 0)), ((1, 1), (0, 0))]
    a, b, c = (landscape.coordinates(slab(*each)) for each in places)
    assert ends_of(landscape, a, b).recognised(c, "end") == ("start", "with like atoms exchanged")


@pytest.mark.parametrize("expected", ["start", "end"])
def test_of_two_equal_ends_the_expected_one_is_meant(expected):
    """Three like atoms in three places: all pairs of ends are the same but for exchange."""
    landscape = MoleculeLandscape(slab((0, 0), (1, 0), (1, 1)), EMT)
    hydrogens = landscape.coordinates(slab((0, 0), (1, 0), (1, 1))).reshape(3, 3)
    a, b, c = (hydrogens[order].ravel() for order in ([0, 1, 2], [1, 2, 0], [2, 0, 1]))
    off = b + 0.6 * (a - b)  # no place that any end is near to
    ends = Ends(abilities_of(landscape), a, b, off)
    assert ends.recognised(c, expected) == (expected, "with like atoms exchanged")


def test_atoms_that_overlap_are_no_end_and_no_error():
    landscape = MoleculeLandscape(slab((0, 0), (1, 0)), EMT)
    a, b = (landscape.coordinates(slab(*each)) for each in [((0, 0), (1, 0)), ((0, 0), (1, 1))])
    met = np.tile(a[:3], 2)
    ends = Ends(abilities_of(landscape), a, b, met)
    assert ends.arrived_at(met) == ""


def chiral():
    """A carbon atom with four different neighbours, all of them far enough from it."""
    atoms = molecule("CH4")
    atoms.symbols = "CHFClBr"
    atoms.positions *= 1.6
    return atoms


def sides_of(landscape, start, end, before, after):
    points = (landscape.coordinates(atoms) for atoms in (start, end, before, after))
    a, b, x, y = points
    off = a + 3 * (b - a)  # near neither
    return Ends(abilities_of(landscape), a, b, off).both(x, y)


def in_a_mirror(atoms):
    """Seen in a plane that is none of the axes'."""
    across = np.array([1.0, 2.0, -2.0]) / 3
    seen = atoms.copy()
    seen.positions -= 2 * (atoms.positions @ across)[:, None] * across
    return seen


def stretched(atoms, by):
    longer = atoms.copy()
    longer.positions[1] += by * (atoms.positions[1] - atoms.positions[0])
    return longer


def bent(atoms):
    """Planar, and so its own mirror image."""
    flat = atoms.copy()
    flat.positions[:, 2] = 0
    flat.positions[1:] *= 1.3
    return flat


def test_a_saddle_to_the_mirror_image_joins_the_ends_where_the_other_end_is_its_own():
    """Reflected as a whole it is the saddle between the start and the end."""
    start, end = chiral(), bent(chiral())
    landscape = MoleculeLandscape(start, EMT)
    first, last = sides_of(landscape, start, end, in_a_mirror(start), end)
    assert first == ("start", "in its mirror image")
    assert last == ("end", "")
    first, last = sides_of(landscape, start, end, in_a_mirror(start), in_a_mirror(end))
    assert (first.end, last.end) == ("start", "end")


def test_a_saddle_between_the_mirror_images_of_both_ends_joins_them():
    start, end = chiral(), stretched(chiral(), 0.8)
    landscape = MoleculeLandscape(start, EMT)
    found = sides_of(landscape, start, end, in_a_mirror(start), in_a_mirror(end))
    assert found == (("start", "in its mirror image"), ("end", "in its mirror image"))


@pytest.mark.parametrize("turned", [False, True])
def test_a_saddle_from_one_hand_to_the_other_does_not_join_ends_of_one_hand(turned):
    start, end = chiral(), stretched(chiral(), 0.8)
    landscape = MoleculeLandscape(start, EMT)
    minima = (start, in_a_mirror(end)) if turned else (in_a_mirror(start), end)
    first, last = sides_of(landscape, start, end, *minima)
    mirrored, kept = (last, first) if turned else (first, last)
    assert mirrored == ("", f"like the {'end' if turned else 'start'}, mirrored")
    assert kept == ("start" if turned else "end", "")


def test_nothing_is_said_of_a_minimum_that_was_not_reached():
    start, end = chiral(), bent(chiral())
    landscape = MoleculeLandscape(start, EMT)
    a, b = (landscape.coordinates(atoms) for atoms in (start, end))
    assert ends_of(landscape, a, b).both(None, b) == (("", ""), ("end", ""))
    assert ends_of(landscape, a, b).both(None, None) == (("", ""), ("", ""))


def test_what_is_held_on_a_surface_has_no_mirror_image():
    landscape = MoleculeLandscape(slab((0, 0)), EMT)
    a, b, c = (landscape.coordinates(slab(place)) for place in [(0, 0), (1, 0), (0, 1)])
    ends = Ends(abilities_of(landscape), a, b, a + 3 * (b - a))
    assert ends.both(a, c) == (("start", ""), ("", "like the end, shifted"))
