"""Descents end in minima, and nowhere else."""

import numpy as np
import pytest
from ase.build import molecule
from ase.calculators.emt import EMT
from ase.optimize import BFGS

from fourierpathfinder.landscapes import FunctionLandscape, MoleculeLandscape
from fourierpathfinder.saddle import relax
from fourierpathfinder.saddle.descent import descend

from .landscapes import Counting, DoubleWell, Failing

SADDLE, ALONG = np.array([0.3, 0.0]), np.array([1.0, 0.0])


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("height", [10.0, 0.1, 1e-2, 1e-3, 1e-5])
def test_a_flat_saddle_is_left_however_small_its_force(height, side):
    """From 1e-2 down the force never exceeds the tolerance of a minimum."""
    landscape = Counting(DoubleWell(height))
    found = descend(landscape, SADDLE + 0.1 * side * ALONG, gradient_tolerance=0.05)
    assert not found.problem
    assert found.position == pytest.approx(SADDLE + side * ALONG, abs=0.15)
    assert abs(found.position[0] - 0.3) > 3**-0.5  # beyond the steepest place: it curves up
    assert landscape.n_gradients < 60


def test_a_descent_that_has_arrived_ends_there():
    landscape = Counting(DoubleWell(1.0))
    found = descend(landscape, SADDLE + 0.1 * ALONG, lambda x: x[0] > 0.8)
    assert not found.problem
    assert 0.8 < found.position[0] < 1.1
    assert landscape.n_gradients < 10


def test_a_ridge_is_left_where_it_ends_in_a_saddle():
    """On y = 0 the way down from the top leads to a saddle; the minima are at |y| = 1."""

    def value(x):
        return (x[0] ** 2 - 1) ** 2 + (x[1] ** 2 - x[0] ** 2) ** 2

    def gradient(x):
        across = x[1] ** 2 - x[0] ** 2
        return np.array([4 * x[0] * (x[0] ** 2 - 1 - across), 4 * x[1] * across])

    found = descend(FunctionLandscape(value, gradient), np.array([0.1, 0.0]), rng=0)
    assert not found.problem
    assert np.abs(found.position) == pytest.approx([1.0, 1.0], abs=0.02)


@pytest.mark.parametrize("how", ["error", "nan"])
@pytest.mark.parametrize("n_good", [0, 1, 3, 8])
def test_a_failure_on_the_way_is_told(n_good, how):
    found = descend(Failing(DoubleWell(1.0), n_good, how), SADDLE + 0.1 * ALONG)
    assert "the landscape failed on the way down" in found.problem
    assert np.isfinite(found.position).all()


@pytest.mark.parametrize("budget", [1, 2, 5])
def test_a_descent_that_is_not_done_says_so(budget):
    landscape = Counting(DoubleWell(1e-3))
    found = descend(landscape, SADDLE + 0.1 * ALONG, max_gradients=budget)
    assert "given up after" in found.problem
    assert landscape.n_gradients <= budget


def test_relaxing_a_molecule_ends_at_ase_s_minimum():
    atoms = molecule("H2O")
    atoms.rattle(0.05, seed=1)
    landscape = Counting(MoleculeLandscape(atoms, EMT))
    found = relax(
        lambda x: tuple(part[0] for part in landscape.value_and_grad(x[None])),
        landscape.landscape.coordinates(atoms),
        gradient_tolerance=1e-3,
    )
    atoms.calc = EMT()
    BFGS(atoms, logfile=None).run(fmax=1e-4)
    assert found.converged
    assert found.value == pytest.approx(atoms.get_potential_energy(), abs=1e-5)
    assert found.n_evaluations == landscape.n_gradients < 30


class Torsion:
    """Wells at u = -1 and 1 along one soft direction, beside 59 stiff ones of many sizes."""

    def __init__(self):
        self.stiffness = np.geomspace(0.2, 60, 59)
        self.turn = np.linalg.qr(np.random.default_rng(5).normal(size=(60, 60)))[0]

    def value_and_grad(self, points):
        u, rest = np.split(points @ self.turn, [1], axis=1)
        values = (
            0.076 * (u[:, 0] ** 4 / 4 - u[:, 0] ** 2 / 2) + (self.stiffness * rest**2).sum(1) / 2
        )
        return values, np.concatenate([0.076 * (u**3 - u), self.stiffness * rest], 1) @ self.turn.T


@pytest.mark.parametrize("knows_the_saddle", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_a_soft_torsion_is_followed_though_its_force_is_small(seed, knows_the_saddle):
    """Beside the saddle its force is within the tolerance; 40 gradients do not see the torsion."""
    landscape, rng = Torsion(), np.random.default_rng(seed)
    start = np.concatenate([[0.1], 0.02 * rng.normal(size=59) / np.sqrt(landscape.stiffness)])
    origin = np.zeros(60) if knows_the_saddle else None
    found = descend(landscape, landscape.turn @ start, origin=origin, rng=seed)
    assert found.problem == ""
    assert (found.position @ landscape.turn)[0] == pytest.approx(1, abs=0.1)
