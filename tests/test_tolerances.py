"""The helpers of the tests, tested: the one tolerance, and landscapes with changed last bits."""

import numpy as np
import pytest

from benchmarks.perturbed import Float32
from fourierpathfinder.landscapes.abilities import abilities_of
from fourierpathfinder.landscapes.toy import lennard_jones

from .tolerances import OF_MINIMUM, assert_close


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_sums_in_another_order_are_close(rng, kind):
    terms = rng.normal(size=3000).astype(kind)
    size = np.abs(terms).max()
    assert_close(terms.sum(), sum(terms[::-1], start=kind(0)), scale=size)
    with pytest.raises(AssertionError):
        assert_close(terms.sum() + kind(1e4) * np.finfo(kind).eps * size, terms.sum(), scale=size)


def test_a_minimum_is_known_to_the_root_of_the_roundoff():
    assert_close(1.0 + 1e-8, 1.0, amplification=OF_MINIMUM)
    with pytest.raises(AssertionError):
        assert_close(1.0 + 1e-6, 1.0, amplification=OF_MINIMUM)


def test_numbers_beside_larger_ones_are_judged_by_those():
    assert_close([1e-17, 1.0], [0.0, 1.0])
    with pytest.raises(AssertionError):
        assert_close(1e-17, 0.0)
    assert_close(np.nan, np.nan)
    with pytest.raises(AssertionError):
        assert_close(np.nan, 1.0)


def test_last_bits_change_in_twenty_ways_and_for_each_point_always_alike(last_bits, rng):
    toy = lennard_jones(7)
    points = toy.saddle + 0.01 * rng.normal(size=(3, toy.n_coordinates))
    values, gradients = toy.value_and_grad(points)
    answers = [changed.value_and_grad(points) for changed in last_bits(toy)]
    assert len({values.tobytes() for values, _ in answers}) == 20
    for changed, (new_values, new_gradients) in zip(last_bits(toy), answers, strict=True):
        np.testing.assert_array_equal(changed.value_and_grad(points[::-1])[0], new_values[::-1])
        for new, old in ((new_values, values), (new_gradients, gradients)):
            sizes = np.abs(new / old - 1)
            assert sizes.max() < 1.01e-13
            assert np.median(sizes) > 1e-15


def test_single_precision_and_all_abilities_of_the_landscape_behind():
    toy = lennard_jones(7)
    coarse = Float32(toy)
    values, gradients = coarse.value_and_grad(toy.minima)
    np.testing.assert_array_equal(values, values.astype(np.float32))
    np.testing.assert_allclose(values, toy.minimum_values, rtol=1e-7)
    np.testing.assert_allclose(gradients, 0, atol=1e-7)
    assert abilities_of(coarse).n_atoms == 7
    assert abilities_of(coarse).symmetric is toy
