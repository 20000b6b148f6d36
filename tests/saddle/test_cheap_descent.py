"""Descents with a cheaper landscape's help: the same minima, in fewer gradients."""

import numpy as np
import pytest

from fourierpathfinder.landscapes.toy import lennard_jones, two_channels
from fourierpathfinder.saddle.descent import descend


class Counted:
    """A landscape with waves on it, which may be turned over, or fail from some point on."""

    def __init__(self, toy, size=0.0, factor=1.0, fails=np.inf, how="raises"):
        self.toy, self.size, self.factor = toy, size, factor
        self.fails, self.how, self.n_gradients = fails, how, 0

    def value_and_grad(self, points):
        self.n_gradients += len(points)
        if self.n_gradients > self.fails and self.how == "raises":
            raise RuntimeError("out of order")
        values, gradients = self.toy.value_and_grad(points)
        waves = self.size * np.sin(points).sum(axis=1), self.size * np.cos(points)
        if self.n_gradients > self.fails:
            return np.full_like(values, np.nan), gradients
        return self.factor * (values + waves[0]), self.factor * (gradients + waves[1])


def plane(side):
    """The saddle of a plane's double well, and one side of it."""
    toy = two_channels()
    return toy, toy.saddle + np.array([0.05 * side, 0.0])


def cluster(side):
    """Seven atoms, displaced from their lowest minimum."""
    toy = lennard_jones(7)
    return toy, toy.minima[0] + side * 0.08 * np.random.default_rng(1).normal(size=21)


PLACES = {"a plane": plane, "a cluster": cluster}


@pytest.fixture(params=PLACES)
def place(request):
    """Where descents begin."""
    return PLACES[request.param]


@pytest.mark.parametrize("side", [-1, 1])
def test_it_leads_to_the_same_minimum_in_fewer_gradients(place, side):
    toy, start = place(side)
    alone, helped = Counted(toy), Counted(toy)
    plain = descend(alone, start, gradient_tolerance=1e-3, rng=0)
    found = descend(helped, start, gradient_tolerance=1e-3, prior=Counted(toy, size=0.02), rng=0)
    assert plain.problem == found.problem == ""
    assert found.value == pytest.approx(plain.value, abs=1e-4)
    assert np.abs(found.position - plain.position).max() < 5e-3
    assert helped.n_gradients < alone.n_gradients


@pytest.mark.parametrize(
    "bad",
    [{"factor": -1.0}, {"factor": 30.0}, {"fails": 0}, {"fails": 7}, {"fails": 5, "how": "nan"}],
    ids=str,
)
def test_a_bad_one_costs_a_few(place, bad):
    toy, start = place(1)
    alone, helped = Counted(toy), Counted(toy)
    plain = descend(alone, start, gradient_tolerance=1e-3, rng=0)
    found = descend(helped, start, gradient_tolerance=1e-3, prior=Counted(toy, 0.02, **bad), rng=0)
    assert found.problem == ""
    assert found.value == pytest.approx(plain.value, abs=1e-4)
    assert helped.n_gradients <= alone.n_gradients + 5


def test_it_stops_where_it_has_arrived(place):
    toy, start = place(1)
    asked = []

    def has_arrived(x):
        asked.append(x)
        return len(asked) == 2

    found = descend(toy, start, has_arrived, prior=Counted(toy, 0.02), rng=0)
    assert found.problem == ""
    assert len(asked) == 2
    assert found.position is asked[-1]


def test_the_budget_is_kept(place):
    toy, start = place(1)
    counted = Counted(toy)
    found = descend(counted, start, prior=Counted(toy, 0.02), max_gradients=3, rng=0)
    assert "given up" in found.problem
    assert counted.n_gradients <= 3


def test_what_fails_itself_is_told(place):
    toy, start = place(1)
    found = descend(Counted(toy, fails=2), start, prior=Counted(toy, 0.02), rng=0)
    assert "failed on the way down" in found.problem
    assert "out of order" in found.problem
