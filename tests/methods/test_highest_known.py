"""A first guess of the height from what is known: only what lies on the first path tells of it."""

from types import SimpleNamespace

import numpy as np
import pytest

from fourierpathfinder import find_path
from fourierpathfinder.landscapes.toy import mueller_brown
from fourierpathfinder.methods.first_records import highest_known
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
