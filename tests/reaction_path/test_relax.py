"""Minima by the surrogate, against those known and against another optimizer's."""

import numpy as np
import pytest
from ase.build import add_adsorbate, bulk, fcc100, molecule
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones
from ase.constraints import FixAtoms
from ase.filters import FrechetCellFilter
from ase.optimize import BFGS

from fourierpathfinder import LandscapeError, relax
from fourierpathfinder.atoms import CrystalLandscape, MoleculeLandscape
from fourierpathfinder.landscapes import FunctionLandscape
from fourierpathfinder.landscapes.toy import lennard_jones, mueller_brown, two_channels
from fourierpathfinder.reaction_path.policy import Relaxing


def counted(landscape):
    """A landscape that counts, and is otherwise what it was."""

    class Counted:
        n_gradients = 0

        def __getattr__(self, name):
            return getattr(landscape, name)

        def value_and_grad(self, points):
            self.n_gradients += len(points)
            return landscape.value_and_grad(points)

    return Counted()


@pytest.mark.parametrize("toy", [mueller_brown(), two_channels()], ids=lambda toy: toy.name)
def test_toys_fall_into_the_minimum_beside(toy):
    steepest = np.abs(toy.value_and_grad(toy.minima + 0.1)[1]).max()
    for minimum in toy.minima:
        found = relax(
            toy,
            minimum + np.array([0.06, -0.05]),
            force=1e-4 * steepest,
            policy=Relaxing(longest_step=0.1),
        )
        assert found.success
        assert found.largest_force <= 1e-4 * steepest
        assert np.abs(found.position - minimum).max() < 5e-3
        assert found.n_gradients <= 12


def test_a_cluster():
    toy = lennard_jones(7)
    shaken = toy.start + 0.05 * np.random.default_rng(0).normal(size=toy.start.shape)
    landscape = counted(toy)
    found = relax(landscape, shaken, force=1e-3)
    assert found.success
    assert landscape.n_gradients == found.n_gradients
    assert found.value == pytest.approx(toy.value_and_grad(toy.start[None])[0][0], abs=1e-4)
    assert toy.same(found.position, toy.start)


@pytest.mark.parametrize("name", ["C2H6", "CH3OH", "C3H8"])
def test_molecules_take_fewer_gradients_than_bfgs(name):
    atoms = molecule(name)
    atoms.calc = EMT()
    atoms.rattle(0.1, seed=1)
    start = atoms.copy()
    found = relax(MoleculeLandscape(start, EMT, contact=0), start)
    optimizer = BFGS(atoms, logfile=None)
    optimizer.run(fmax=0.01, steps=300)
    assert found.success
    assert found.largest_force <= 0.01
    assert found.value == pytest.approx(atoms.get_potential_energy(), abs=0.02)
    assert found.n_gradients < optimizer.nsteps


def test_a_slab_with_fixed_atoms():
    slab = fcc100("Al", size=(2, 2, 3), vacuum=4)
    add_adsorbate(slab, "Au", 1.9, "hollow")
    slab.set_constraint(FixAtoms([atom.index for atom in slab if atom.tag > 1]))
    landscape = MoleculeLandscape(slab, EMT)
    found = relax(landscape, slab, force=0.01)
    assert found.success
    assert landscape.forces(found.gradient).shape == (landscape.n_atoms, 3)
    assert np.linalg.norm(landscape.forces(found.gradient), axis=1).max() <= 0.01


def test_what_is_known_is_not_evaluated_again():
    toy = two_channels()
    first = relax(toy, toy.minima[0] + 0.05, force=1e-4)
    again = relax(toy, first.position, force=1e-4, known=first.evaluations)
    assert again.success
    assert again.n_gradients == 0
    nearby = relax(toy, toy.minima[0] - 0.03, force=1e-4, known=first.evaluations)
    alone = relax(toy, toy.minima[0] - 0.03, force=1e-4)
    assert nearby.n_gradients <= alone.n_gradients


def test_what_is_known_is_gone_on_with_where_it_ended():
    """From a point that is known already, whose gradient is not evaluated again."""
    toy = mueller_brown()
    start = toy.minima[0] + 0.05
    short = relax(toy, start, force=1e-4, max_gradients=3)
    for point in (short.position, start):
        rest = relax(toy, point, force=1e-4, known=short.evaluations)
        assert rest.success
        np.testing.assert_allclose(rest.position, toy.minima[0], atol=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_a_soft_cell_ends_at_the_energy_of_its_minimum(seed):
    """Every force of solid argon is small long before its cell has found its size."""

    def calculator():
        return LennardJones(sigma=3.405, epsilon=0.01032, rc=10, smooth=True)

    crystal = bulk("Ar", "fcc", 5.3, cubic=True) * 2
    crystal.rattle(0.05, seed=seed)
    strain = np.eye(3) + np.random.default_rng(seed).normal(0, 0.02, (3, 3))
    crystal.set_cell(crystal.cell @ strain, scale_atoms=True)
    found = relax(CrystalLandscape(crystal, calculator), crystal)
    assert found.success
    crystal.calc = calculator()
    BFGS(FrechetCellFilter(crystal), logfile=None).run(fmax=1e-3)
    assert found.value - crystal.get_potential_energy() < 5e-4


def test_the_budget_and_the_callback():
    toy = mueller_brown()
    start = toy.minima[0] + 0.05
    short = relax(toy, start, force=1e-6, max_gradients=3)
    assert short.n_gradients == 3
    assert not short.success
    assert "budget" in short.message
    seen = []

    def stop(now):
        seen.append(now.n_gradients)
        raise StopIteration

    stopped = relax(toy, start, force=1e-6, callback=stop)
    assert seen == [2]
    assert "callback" in stopped.message


class Failing:
    """f = |x|², which cannot be evaluated where the first coordinate is below 0.2."""

    def value_and_grad(self, points):
        values = np.where(points[:, 0] < 0.2, np.nan, (points**2).sum(axis=1))
        return values, 2 * points


def test_where_nothing_can_be_evaluated():
    found = relax(Failing(), np.array([0.5, 0.3]))
    assert not found.success
    assert "could not be evaluated" in found.message
    assert found.position[0] >= 0.2
    with pytest.raises(LandscapeError, match="`start`"):
        relax(Failing(), np.array([0.1, 0.3]))


def test_what_makes_no_sense():
    toy = two_channels()
    with pytest.raises(ValueError, match="`force`"):
        relax(toy, toy.start, force=0)
    with pytest.raises(ValueError, match="`max_gradients`"):
        relax(toy, toy.start, max_gradients=0)


@pytest.mark.parametrize(("unit", "height"), [(1e6, 1.0), (1e-6, 1.0), (1.0, 1e-8), (1e3, 1e8)])
def test_other_units_are_a_matter_of_the_policy(unit, height):
    toy = two_channels()

    def scaled(points):
        values, gradients = toy.value_and_grad(points / unit)
        return height * values, height / unit * gradients

    landscape = FunctionLandscape(scaled, gradient=True, batched=True)
    start = unit * (toy.minima[0] + np.array([0.06, -0.05]))
    policy = Relaxing(longest_step=0.5 * unit, first_curvature=70 * height / unit**2)
    found = relax(landscape, start, force=1e-3 * height / unit, policy=policy)
    assert found.success
    assert np.linalg.norm(found.position / unit - toy.minima[0]) < 2e-3
    lost = relax(landscape, start, force=1e-5 * height / unit, max_gradients=2, policy=policy)
    assert "`policy`" in lost.message
