"""Gradients that are not those of the values: never certified, and said; right ones believed."""

import numpy as np
import pytest

from fourierpathfinder import Status, Surrogate, find_path
from fourierpathfinder.landscapes.toy import leps_harmonic, mueller_brown, two_channels

TOYS = {
    "two channels": two_channels(),
    "Müller-Brown": mueller_brown(),
    "LEPS": leps_harmonic(),
}


def times(factor):
    return lambda x, gradients: factor * gradients


def with_components(*signs):
    return lambda x, gradients: gradients * np.array(signs)


class Delayed:
    """The gradients of the points before."""

    def __init__(self):
        self.before = None

    def __call__(self, x, gradients):
        rows = gradients if self.before is None else np.concatenate([self.before, gradients])[:-1]
        self.before = gradients[-1:]
        return rows[-len(gradients) :]


WRONG = {
    "of the wrong sign": times(-1),
    "twice as large": times(2),
    "half as large": times(0.5),
    "in Hartree per bohr": times(1 / 51.42),
    "in eV per bohr": times(0.529),
    "of eV in Hartree": times(27.2),
    "with one component's sign wrong": with_components(1, -1),
    "with another component's sign wrong": with_components(-1, 1),
    "without one component": with_components(1, 0),
    "with components in another order": lambda x, gradients: gradients[:, ::-1].copy(),
    "of nothing": times(0),
    "of another function": lambda x, gradients: np.stack([np.sin(3 * x[:, 1]), x[:, 0]], axis=1),
    "of the point before": None,
}


class Wrong:
    def __init__(self, toy, change):
        self.toy, self.change = toy, change

    def value_and_grad(self, points):
        values, gradients = self.toy.value_and_grad(points)
        return values, self.change(points, gradients)


def found(toy, change, most=45, prior=None):
    return find_path(Wrong(toy, change), toy.start, toy.end, prior=prior, rng=0, max_gradients=most)


class Cheap:
    """Much the same landscape, with right gradients."""

    def __init__(self, toy):
        self.toy = toy
        self.size = 0.05 * np.ptp(toy.value_and_grad(np.linspace(toy.start, toy.end, 50))[0])

    def value_and_grad(self, points):
        values, gradients = self.toy.value_and_grad(points)
        phase = points @ np.array([1.3, -0.8])
        slope = self.size * np.cos(phase)[:, None] * np.array([1.3, -0.8])
        return values + self.size * np.sin(phase), gradients + slope


@pytest.mark.parametrize("name", TOYS)
@pytest.mark.parametrize("kind", WRONG)
def test_no_wrong_gradient_is_certified(name, kind):
    toy = TOYS[name]
    result = found(toy, WRONG[kind] or Delayed())
    assert not result.certified
    assert result.status is not Status.CERTIFIED
    assert "check_landscape" in result.message


@pytest.mark.parametrize("name", TOYS)
@pytest.mark.parametrize("kind", WRONG)
def test_above_a_cheap_landscape_they_do_no_harm(name, kind):
    """Five to nine evaluations may not tell; but then the barrier is the true one."""
    toy = TOYS[name]
    result = found(toy, WRONG[kind] or Delayed(), prior=Cheap(toy))
    if result.certified:
        true = found(toy, times(1))
        np.testing.assert_allclose(result.barrier, true.barrier, rtol=1e-3)
    else:
        assert "check_landscape" in result.message


@pytest.mark.parametrize("name", TOYS)
def test_right_ones_above_a_cheap_landscape_are(name):
    result = found(TOYS[name], times(1), prior=Cheap(TOYS[name]))
    assert result.certified


@pytest.mark.parametrize("name", TOYS)
def test_right_ones_are_and_nothing_is_said(name):
    result = found(TOYS[name], times(1))
    assert result.certified
    assert "check_landscape" not in result.message


def test_a_search_on_wrong_gradients_ends_by_itself():
    """A double well on whose straight path they are zero wherever the search looks first."""

    def value(x):
        return float((x[0] ** 2 - 1) ** 2 + x[1] ** 2)

    def downhill(x):
        return -np.array([4 * x[0] * (x[0] ** 2 - 1), 2 * x[1]])

    ends = np.array([-1.0, 0.0]), np.array([1.0, 0.0])
    result = find_path(value, *ends, gradient=downhill, rng=0)
    assert not result.certified
    assert result.n_gradients < 100
    assert "check_landscape" in result.message


@pytest.mark.parametrize("n_tries", [2])
def test_parts_of_a_path_are_not_certified_either(n_tries):
    toy = TOYS["Müller-Brown"]
    wrong = Wrong(toy, times(1 / 51.42))
    method = Surrogate(n_starts=n_tries, split=True)
    result = find_path(wrong, toy.start, toy.end, method=method, rng=0, max_gradients=60)
    assert not any(part.certified for part in (*result.channels, *result.segments))
