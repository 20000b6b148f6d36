"""Curvatures against full Hessians."""

import numpy as np
import pytest

from fourierpathfinder.landscapes.toy import lennard_jones
from fourierpathfinder.saddle.curvatures import lowest_curvatures

from .landscapes import Counting, Quadratic


def full_hessian(landscape, x, step=1e-4):
    moves = step * np.eye(len(x))
    _, up = landscape.value_and_grad(x + moves)
    _, down = landscape.value_and_grad(x - moves)
    hessian = (up - down) / (2 * step)
    return (hessian + hessian.T) / 2


@pytest.mark.parametrize("n_negative", [0, 1, 2])
def test_curvatures_of_a_quadratic_are_its_lowest_eigenvalues(n_negative, rng):
    eigenvalues = np.concatenate([-1 - np.arange(n_negative), np.linspace(1, 40, 30 - n_negative)])
    axes, _ = np.linalg.qr(rng.normal(size=(30, 30)))
    landscape = Quadratic(axes * eigenvalues @ axes.T)
    found = lowest_curvatures(landscape, np.zeros(30), rng.normal(size=30), tol=1e-6, rng=0)
    np.testing.assert_allclose(found.values, np.sort(eigenvalues)[:2], rtol=1e-6)
    assert (found.errors < 1e-5).all()


def test_the_guess_may_be_orthogonal_to_a_direction_down():
    landscape = Quadratic(np.diag([-1.0, -2.0, 3.0, 4.0]))
    found = lowest_curvatures(landscape, np.zeros(4), np.array([1.0, 0, 0, 0]), rng=0)
    assert (found.values < 0).all()


@pytest.mark.parametrize("n_atoms", [7, 13])
def test_curvatures_of_a_cluster_leave_out_shifts_and_turns(n_atoms):
    toy = lennard_jones(n_atoms)
    landscape = Counting(toy)
    known = np.linalg.eigvalsh(full_hessian(toy, toy.saddle))
    vibrations = known[np.abs(known) > 1e-4]
    assert len(known) - len(vibrations) == 6
    guess = np.random.default_rng(0).normal(size=len(toy.saddle))
    found = lowest_curvatures(landscape, toy.saddle, guess, tol=1e-3, rng=0)
    np.testing.assert_allclose(found.values, vibrations[:2], rtol=0.02)
    assert found.n_gradients == landscape.n_gradients
