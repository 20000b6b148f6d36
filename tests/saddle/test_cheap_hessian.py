"""Curvatures with a cheaper landscape's Hessian at hand, against full ones and those without."""

import numpy as np
import pytest

from fourierpathfinder import Surrogate, find_path
from fourierpathfinder.landscapes.toy import lennard_jones, two_channels
from fourierpathfinder.saddle import verify_saddle
from fourierpathfinder.saddle.cheap_hessian import CheapHessian
from fourierpathfinder.saddle.curvatures import lowest_curvatures

from .landscapes import Counting, Failing, Quadratic

D = 40


def matrices(rng, disturbance):
    """A Hessian with one negative eigenvalue, and one that is off by a share of it."""
    axes, _ = np.linalg.qr(rng.normal(size=(D, D)))
    values = np.concatenate([[-2.0, 0.5], np.geomspace(1, 60, D - 2)])
    noise = rng.normal(size=(D, D))
    roots = axes * np.sqrt(np.abs(values))
    true = axes * values @ axes.T
    return true, true + disturbance * roots @ (noise + noise.T) @ roots.T / np.sqrt(8 * D)


def curvatures(true, cheap, rng, tol=0.1):
    landscape = Counting(Quadratic(true))
    hessian = None if cheap is None else CheapHessian.of(Quadratic(cheap), np.zeros(D), 0.01)
    found = lowest_curvatures(
        landscape, np.zeros(D), rng.normal(size=D), tol=tol, cheap=hessian, rng=rng
    )
    assert found.n_gradients == landscape.n_gradients
    return found


@pytest.mark.parametrize("disturbance", [0.0, 0.1, 0.5])
def test_curvatures_are_those_of_the_expensive_landscape(disturbance, rng):
    true, cheap = matrices(rng, disturbance)
    found = curvatures(true, cheap, rng, tol=1e-4)
    np.testing.assert_allclose(found.values, np.linalg.eigvalsh(true)[:2], rtol=1e-3)


@pytest.mark.statistical
def test_a_cheap_hessian_saves_half_of_the_gradients(rng):
    spent = np.array(
        [
            [curvatures(true, cheap, rng).n_gradients for cheap in (None, near)]
            for true, near in (matrices(rng, 0.3) for _ in range(20))
        ]
    )
    assert spent[:, 1].sum() < 0.5 * spent[:, 0].sum()


@pytest.mark.parametrize("wrong", ["sign", "unit", "noise"])
def test_a_wrong_one_costs_gradients_and_no_more(wrong, rng):
    true, _ = matrices(rng, 0)
    noise = rng.normal(size=(D, D))
    cheap = {"sign": -true, "unit": np.eye(D), "noise": noise + noise.T}[wrong]
    found = curvatures(true, cheap, rng, tol=1e-3)
    np.testing.assert_allclose(found.values, np.linalg.eigvalsh(true)[:2], rtol=1e-2)


def test_shifts_and_turns_of_a_cluster_are_left_out():
    toy = lennard_jones(7)
    cheap = CheapHessian.of(toy, toy.saddle, 1e-3)
    found = lowest_curvatures(toy, toy.saddle, toy.end - toy.start, tol=1e-3, cheap=cheap, rng=0)
    alone = lowest_curvatures(toy, toy.saddle, toy.end - toy.start, tol=1e-3, rng=0)
    np.testing.assert_allclose(found.values, alone.values, rtol=0.02)
    assert found.n_gradients < alone.n_gradients


@pytest.mark.parametrize("how", ["error", "NaN"])
def test_a_prior_that_fails_is_done_without(how):
    toy = two_channels()
    prior = Failing(toy, 0, how)
    result = find_path(toy, toy.start, toy.end, method=Surrogate(), rng=0)
    found = verify_saddle(toy, result, prior=prior, rng=0)
    alone = verify_saddle(toy, result, rng=0)
    assert found.connects_the_ends
    np.testing.assert_array_equal(found.curvatures.values, alone.curvatures.values)


def test_verification_with_a_prior_says_the_same():
    toy = lennard_jones(7)
    result = find_path(toy, toy.start, toy.end, method=Surrogate(), rng=0)
    found, alone = (verify_saddle(toy, result, prior=p, rng=0) for p in (toy, None))
    assert found.connects_the_ends == alone.connects_the_ends
    assert found.n_negative == alone.n_negative == 1
    assert found.curvatures.n_gradients < alone.curvatures.n_gradients
