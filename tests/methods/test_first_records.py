"""What is known before a search begins: how it is used, and that it does not mislead."""

from types import SimpleNamespace

import numpy as np
import pytest
from ase.build import add_adsorbate, bulk, fcc100
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms

from fourierpathfinder import find_path, relax
from fourierpathfinder.atoms import MoleculeLandscape
from fourierpathfinder.evaluation import Evaluator
from fourierpathfinder.landscapes.toy import mueller_brown
from fourierpathfinder.methods.first_records import first_records, highest_known
from fourierpathfinder.path import SinePath
from fourierpathfinder.result import Evaluations

PATH = SinePath.straight(np.zeros(3), np.array([2.0, 0.0, 0.0]), 4)


@pytest.mark.parametrize(
    ("points", "values", "expected"),
    [
        ([[0.0, 0, 0], [2, 0, 0]], [1.0, 3.0], None),
        ([[0.05, 0, 0], [1.95, 0.05, 0]], [1.0, 3.0], None),
        ([[1.0, 0.5, 0], [0, 0, 0]], [7.0, 1.0], None),
        ([[1.0, 0.05, 0], [0.5, 0, 0], [1, 1, 1]], [4.0, 3.0, 9.0], 4.0),
        ([[1.0, 0.05, 0], [0.5, 0, 0]], [np.nan, 3.0], 3.0),
    ],
    ids=["ends", "next to the ends", "beside", "on the path", "failed there"],
)
def test_only_what_lies_on_the_path_counts(points, values, expected):
    known = Evaluations(np.array(points), np.array(values), np.zeros((len(values), 3)))
    assert highest_known(SimpleNamespace(known=known), PATH) == expected


def test_ends_that_are_known_do_not_mislead():
    toy = mueller_brown()
    ends = np.stack([toy.start, toy.end])
    known = Evaluations(ends, *toy.value_and_grad(ends))
    plain, told = (
        find_path(toy, toy.start, toy.end, rng=0, known=given) for given in (None, known)
    )
    np.testing.assert_allclose(told.path.coefficients, plain.path.coefficients, atol=1e-6)
    assert told.certified
    assert told.n_gradients == plain.n_gradients - 2


def test_of_neighbours_the_most_level_one_is_used():
    toy = mueller_brown()
    apart = np.linalg.norm(toy.end - toy.start)
    middle = (toy.start + toy.end) / 2
    steps = apart * np.array([[0, 0], [0.01, 0], [0, 0.02], [0.2, 0], [0.21, 0]])
    points = np.concatenate([[toy.start, toy.end], [toy.start + 1e-3 * apart], middle + steps])
    known = Evaluations(points, *toy.value_and_grad(points))
    records = first_records(Evaluator(toy, known=known), np.stack([toy.start, toy.end, middle]))
    slopes = np.linalg.norm(known.gradients, axis=1)
    far = 6 if slopes[6] < slopes[7] else 7
    np.testing.assert_array_equal(records.x, points[[0, 1, 3, far]])


def vacancy():
    start = bulk("Ni", cubic=True).repeat(2)
    end = start.copy()
    neighbour = start.get_distances(0, range(1, len(start)), mic=True).argmin() + 1
    end.positions[neighbour] = start.positions[0]
    del start[0], end[0]
    return start, end


def palladium_on_gold():
    ends = []
    for site in ((0, 0), (1, 0)):
        slab = fcc100("Au", (3, 3, 3), vacuum=8)
        slab.set_constraint(FixAtoms([atom.index for atom in slab if atom.tag == 3]))
        add_adsorbate(slab, "Pd", 2.0, "hollow", offset=site)
        ends.append(slab)
    return tuple(ends)


@pytest.mark.parametrize("ends", [vacancy, palladium_on_gold])
def test_what_relaxations_have_found_does_not_mislead(ends, last_bits):
    """Much is known of the minima, where all is one parabola each, and little between."""
    start, end = ends()
    for changed in last_bits(MoleculeLandscape(start, EMT), 3):
        first = relax(changed, start)
        second = relax(changed, end, known=first.evaluations)
        a, b, known = first.position, second.position, second.evaluations
        plain, told = (
            find_path(changed, a, b, rng=0, known=given, max_gradients=60)
            for given in (None, known)
        )
        assert plain.certified
        assert told.certified
        assert told.barrier == pytest.approx(plain.barrier, abs=2e-3)
