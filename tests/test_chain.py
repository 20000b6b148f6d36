"""Reaction paths over several saddles: every minimum and every saddle between is on them."""

import numpy as np
import pytest
from ase.build import add_adsorbate, fcc100
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms

from fourierpathfinder import Surrogate, find_path, minimum_energy_chain, minimum_energy_path
from fourierpathfinder.atoms import MoleculeLandscape
from fourierpathfinder.landscapes.toy import mueller_brown


def nearest(points, place):
    return np.linalg.norm(points - place, axis=1).min()


def test_both_saddles_of_mueller_and_brown():
    toy = mueller_brown()
    result = find_path(toy, toy.start, toy.end, method=Surrogate(), rng=0)
    one = minimum_energy_path(toy, result)
    chain = minimum_energy_chain(toy, result)
    assert not one.connects_the_ends
    assert chain.connects_the_ends
    assert chain.success
    (stop,) = chain.stops
    assert np.linalg.norm(toy.minima - chain.points[stop], axis=1).min() < 0.01
    for saddle in toy.saddles:
        assert nearest(chain.points, saddle) < 0.05
    assert chain.values.argmax() == chain.top
    assert chain.lengths[chain.top] == 0
    assert (np.diff(chain.lengths) > 0).all()
    values, _ = toy.value_and_grad(chain.points)
    assert np.abs(values - chain.values).max() < 5e-3 * (values.max() - values.min())
    assert chain.n_gradients > one.n_gradients
    assert "2 saddles" in str(chain)


def test_a_path_over_one_saddle_costs_nothing_more():
    toy = mueller_brown()
    result = find_path(toy, toy.start, toy.end, method=Surrogate(), rng=0)
    one = minimum_energy_path(toy, result)
    half = find_path(toy, one.neighbours[0].position, one.neighbours[1].position, rng=0)
    chain, alone = minimum_energy_chain(toy, half), minimum_energy_path(toy, half)
    assert chain.n_gradients == alone.n_gradients
    assert chain.stops == ()


def test_an_adatom_that_hops_twice():
    slab = fcc100("Al", size=(4, 2, 2), vacuum=4)
    add_adsorbate(slab, "Au", 1.7, "hollow")
    slab.set_constraint(FixAtoms(range(16)))
    far = slab.copy()
    far.positions[16, 0] += slab.cell[0, 0] / 2 - 1e-3  # two of four, the nearer way
    landscape = MoleculeLandscape(slab, EMT)
    result = find_path(landscape, slab, far, method=Surrogate(), rng=0)
    chain = minimum_energy_chain(landscape, result)
    assert chain.connects_the_ends
    assert len(chain.stops) == 1
    between = chain.points[chain.stops[0]][0]
    assert between == pytest.approx(slab.positions[16, 0] + slab.cell[0, 0] / 4, abs=0.02)


def test_the_budget_is_kept():
    toy = mueller_brown()
    result = find_path(toy, toy.start, toy.end, method=Surrogate(), rng=0)
    one = minimum_energy_path(toy, result)
    chain = minimum_energy_chain(toy, result, max_gradients=one.n_gradients + 2)
    assert chain.n_gradients <= one.n_gradients + 2
    assert not chain.connects_the_ends


def test_all_that_was_spent_is_counted(monkeypatch):
    """Searches between the minima too, whether or not they find a saddle, and the prior's."""
    toy = mueller_brown()
    result = find_path(toy, toy.start, toy.end, method=Surrogate(), rng=0)
    spent = []

    def counted(function):
        def called(*arguments, **options):
            found = function(*arguments, **options)
            spent.append((found.n_gradients, found.n_prior_gradients))
            return found

        return called

    for function in (find_path, minimum_energy_path):
        monkeypatch.setattr(f"fourierpathfinder.chain.{function.__name__}", counted(function))
    whole = minimum_energy_chain(toy, result, prior=toy)
    assert (whole.n_gradients, whole.n_prior_gradients) == tuple(map(sum, zip(*spent, strict=True)))
    n_first, spent[:] = spent[0][0], []
    cut = minimum_energy_chain(toy, result, prior=toy, max_gradients=n_first + 3)
    assert not cut.stops
    assert (cut.n_gradients, cut.n_prior_gradients) == tuple(map(sum, zip(*spent, strict=True)))
