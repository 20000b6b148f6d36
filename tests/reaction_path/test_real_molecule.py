"""From two shaken structures to the reaction path, under a real calculator."""

import numpy as np
import pytest
from ase import Atoms
from ase.optimize import BFGS
from scipy.integrate import RK45
from scipy.interpolate import CubicSpline

from fourierpathfinder import Surrogate, find_path, minimum_energy_path, relax
from fourierpathfinder.atoms import MoleculeLandscape


def gfn2_xtb():
    tblite = pytest.importorskip("tblite.ase", reason="tblite has no wheel for this machine")
    return tblite.TBLite(method="GFN2-xTB", accuracy=0.01, verbosity=0)


@pytest.fixture(scope="module")
def followed():
    """HCN to HNC: both ends relaxed, the path, and what was followed from its saddle."""
    rng = np.random.default_rng(0)
    hcn = Atoms("HCN", [(0, 0, -1.07), (0, 0, 0), (0, 0, 1.15)])
    hnc = Atoms("HCN", [(0, 0, 2.15), (0, 0, 0), (0, 0, 1.15)])
    for atoms in (hcn, hnc):
        atoms.positions += 0.05 * rng.normal(size=(3, 3))
    landscape = MoleculeLandscape(hcn, gfn2_xtb)
    start = relax(landscape, hcn)
    end = relax(landscape, hnc, known=start.evaluations)
    assert start.success
    assert end.success
    result = find_path(
        landscape,
        start.position,
        end.position,
        method=Surrogate(saddle_gradient=0.01),
        known=end.evaluations,
        rng=0,
    )
    return landscape, (start, end), result, minimum_energy_path(landscape, result, n_points=201)


def test_the_minima_are_those_of_another_optimizer(followed):
    landscape, minima, _, _ = followed
    for minimum in minima:
        atoms = landscape.atoms(minimum.position)
        atoms.calc = gfn2_xtb()
        assert BFGS(atoms, logfile=None).run(fmax=1e-3, steps=100)
        assert minimum.value == pytest.approx(atoms.get_potential_energy(), abs=1e-3)


def test_the_whole_job_takes_few_gradients(followed):
    _, (start, end), result, path = followed
    assert result.certified
    assert result.saddle.largest_force <= 0.01
    assert start.n_gradients + end.n_gradients + result.n_gradients <= 50
    assert path.n_gradients <= 25


def test_the_path_is_a_descent_of_the_calculator(followed):
    landscape, _, _, path = followed
    assert path.connects_the_ends
    assert path.mass_weighted
    masses = np.diag(landscape.mass_matrix())
    lengths = np.linspace(path.lengths[0], path.lengths[-1], 4001)
    line = CubicSpline(path.lengths, path.points)(lengths)
    values = CubicSpline(path.lengths, path.values)(lengths)
    for side in (-1, 1):
        # begun a little below the saddle, on the path itself
        first = path.points[path.top + 4 * side]
        for x, value in small_steps(landscape, first, masses):
            nearest = int((masses * (line - x) ** 2).sum(axis=1).argmin())
            assert np.linalg.norm(line[nearest] - x) / np.sqrt(3) < 0.05
            assert values[nearest] == pytest.approx(value, abs=6e-3)


def small_steps(landscape, x, masses, n=120):
    """Points and energies of a descent that is integrated on the calculator."""

    def velocity(_, y):
        return -landscape.value_and_grad(y[None])[1][0] / masses

    solver = RK45(velocity, 0.0, x, np.inf, rtol=1e-4, atol=1e-5)
    for _ in range(n):
        solver.step()
        yield solver.y.copy(), landscape.value_and_grad(solver.y[None])[0][0]
