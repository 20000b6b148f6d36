import numpy as np
import pytest
from ase.geometry import find_mic
from hypothesis import given, settings
from hypothesis import strategies as st

from fourierpathfinder.atoms.minimum_image import MinimumImage, squared_lengths

from ..tolerances import assert_close

CELLS = {
    "cubic": np.eye(3) * 4.0,
    "hexagonal": np.array([[3.0, 0, 0], [-1.5, 2.598, 0], [0, 0, 8.0]]),
    "fcc primitive": np.array([[0, 2.0, 2.0], [2.0, 0, 2.0], [2.0, 2.0, 0]]),
    "very oblique": np.array([[3.0, 0, 0], [7.5, 3.0, 0], [-4.0, 8.0, 5.0]]),
}


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
@pytest.mark.parametrize("pbc", [(1, 1, 1), (1, 0, 1), (0, 1, 0)])
@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
def test_lengths_agree_with_ase(cell, pbc, seed):
    vectors = np.random.default_rng(seed).normal(scale=8, size=(30, 3))
    ours = MinimumImage(cell, pbc)(vectors)
    _, lengths = find_mic(vectors, cell * np.array(pbc)[:, None], pbc)
    np.testing.assert_allclose(np.linalg.norm(ours, axis=-1), lengths, atol=1e-9)


def test_leaning_vector_of_a_slab_does_not_matter():
    flat, leaning = np.diag([3.0, 3.0, 10.0]), np.array([[3.0, 0, 0], [0, 3.0, 0], [1.4, 1.4, 10]])
    vectors = np.random.default_rng(0).normal(scale=20, size=(50, 3))
    pbc = (True, True, False)
    np.testing.assert_allclose(
        MinimumImage(leaning, pbc)(vectors), MinimumImage(flat, pbc)(vectors), atol=1e-9
    )


def test_differs_by_a_lattice_vector_and_keeps_leading_axes():
    cell = CELLS["very oblique"]
    vectors = np.random.default_rng(1).normal(scale=9, size=(4, 5, 3))
    image = MinimumImage(cell, (True, True, True))(vectors)
    multiples = (image - vectors) @ np.linalg.inv(cell)
    np.testing.assert_allclose(multiples, np.round(multiples), atol=1e-9)
    assert image.shape == (4, 5, 3)


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
def test_short_images_are_right_within_a_horizon(seed):
    image = MinimumImage(CELLS["fcc primitive"], (True, True, True))
    vectors = np.random.default_rng(seed).normal(scale=8, size=(30, 3))
    short = np.linalg.norm(image(vectors), axis=-1) < 1.1
    assert_close(image(vectors, within=1.1)[short], image(vectors)[short])


def test_nothing_periodic_leaves_vectors_alone():
    vectors = np.full((2, 3), 100.0)
    assert MinimumImage(np.zeros((3, 3)), (False,) * 3)(vectors) is vectors


def test_squared_lengths_are_sums_over_the_last_axis():
    vectors = np.random.default_rng(0).normal(size=(4, 50, 3))
    assert np.array_equal(squared_lengths(vectors), (vectors**2).sum(axis=-1))
