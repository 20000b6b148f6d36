"""Curvatures against full Hessians, and where known saddles lead."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms
from ase.optimize import BFGS

from fourierpathfinder import Direct, Surrogate, find_path
from fourierpathfinder.landscapes import MoleculeLandscape
from fourierpathfinder.landscapes.abilities import Forwarding, abilities_of
from fourierpathfinder.landscapes.toy import lennard_jones, mueller_brown, two_channels
from fourierpathfinder.saddle.verification import (
    free_motions,
    lowest_curvatures,
    relax,
    verify_saddle,
)


class Counting(Forwarding):
    """Counts the points that a landscape is evaluated at."""

    n_gradients = 0

    def value_and_grad(self, points):
        self.n_gradients += len(points)
        return self.landscape.value_and_grad(points)


class Quadratic:
    def __init__(self, hessian):
        self.hessian = hessian

    def value_and_grad(self, points):
        gradients = points @ self.hessian
        return 0.5 * (points * gradients).sum(axis=1), gradients


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


def test_free_motions_of_a_line_a_body_a_crystal_and_a_slab(rng):
    def n_motions(atoms):
        landscape = MoleculeLandscape(atoms, EMT)
        return free_motions(abilities_of(landscape), landscape.coordinates(atoms)).shape[0]

    assert n_motions(Atoms("HCN", [(0, 0, -1.07), (0, 0, 0), (0, 0, 1.15)])) == 5
    assert n_motions(molecule("CH3OH")) == 6
    assert n_motions(bulk("Cu", cubic=True)) == 3
    held = bulk("Cu", cubic=True)
    held.set_constraint(FixAtoms([0]))
    assert n_motions(held) == 0
    assert free_motions(abilities_of(two_channels()), np.zeros(2)).shape[0] == 0


@pytest.mark.parametrize("toy", [two_channels(), lennard_jones(7)], ids=["two channels", "LJ7"])
def test_a_right_saddle_is_confirmed_and_every_gradient_counted(toy):
    landscape = Counting(toy)
    result = find_path(landscape, toy.start, toy.end, method=Surrogate(), rng=0)
    landscape.n_gradients = 0
    report = verify_saddle(landscape, result, rng=0)
    assert report.connects_the_ends
    assert report.n_negative == 1
    assert report.n_gradients == landscape.n_gradients
    assert "a first-order saddle" in str(report)
    assert f"{report.n_gradients} gradients" in str(report)


def test_a_minimum_between_saddle_and_end_is_reported():
    """Müller-Brown's path has a third minimum on its way."""
    toy = mueller_brown()
    result = find_path(toy, toy.start, toy.end, method=Direct(), rng=0)
    report = verify_saddle(toy, result, rng=0)
    assert not report.connects_the_ends
    new = [neighbour for neighbour in report.neighbours if not neighbour.is_end]
    assert [neighbour.value for neighbour in new] == pytest.approx([-80.768], abs=1e-3)
    assert "a minimum that is neither end, at -80.76" in str(report)


def test_without_a_saddle_the_top_of_the_path_is_looked_at():
    toy = two_channels()
    result = find_path(toy, toy.start, toy.end, method=Direct(), rng=0)
    assert result.saddle is None
    assert verify_saddle(toy, result, rng=0).connects_the_ends


def test_a_minimum_is_no_saddle():
    landscape = Quadratic(np.diag([1.0, 3.0]))
    result = find_path(landscape, np.array([-1.0, 0.3]), np.array([1.0, 0.0]), method=Direct())
    report = verify_saddle(landscape, result, rng=0)
    assert report.n_negative == 0
    assert report.neighbours == ()
    assert "no saddle but a minimum" in str(report)


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
