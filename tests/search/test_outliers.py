"""How much of the changes of value the gradients explain, from one point to the next."""

import numpy as np
import pytest

from fourierpathfinder.landscapes.toy import leps_harmonic, mueller_brown, two_channels
from fourierpathfinder.search.outliers import confirms, moved_back, second_place, unexplained
from fourierpathfinder.search.policy import BOLD
from fourierpathfinder.search.records import Records

TOYS = {"two channels": two_channels(), "Müller-Brown": mueller_brown(), "LEPS": leps_harmonic()}
WRONG = {
    "sign": lambda gradients: -gradients,
    "twice": lambda gradients: 2 * gradients,
    "half": lambda gradients: gradients / 2,
    "order": lambda gradients: gradients[:, ::-1],
    "nothing": lambda gradients: 0 * gradients,
    "other points": lambda gradients: np.roll(gradients, 3, axis=0),
}


def seen(toy, rng):
    """Points as a search leaves them: both ends, some between, and a handful close together."""
    between = toy.start + np.linspace(0, 1, 5)[1:-1, None] * (toy.end - toy.start)
    chord = np.linalg.norm(toy.end - toy.start)
    close = between[1] + 0.02 * chord * rng.normal(size=(6, 2))
    x = np.stack([toy.start, toy.end, *between, *close])
    return x, *toy.value_and_grad(x)


@pytest.mark.parametrize("name", TOYS)
def test_the_true_gradient_explains_most(name, rng):
    assert unexplained(Records.of(*seen(TOYS[name], rng)), BOLD.doubt) < BOLD.doubt.unexplained


@pytest.mark.parametrize("kind", ["true", *WRONG])
def test_a_long_search_is_judged_by_what_lies_close_together(kind, rng):
    """In thirty dimensions most points of it are too far apart for the trapezoidal rule."""
    close = 0.05 * rng.normal(size=(14, 30))
    x = np.concatenate([close, rng.normal(size=(60, 30))])
    phases = 2 * x + np.arange(30)
    values, gradients = np.sin(phases).sum(axis=1), 2 * np.cos(phases)
    told = gradients if kind == "true" else WRONG[kind](gradients)
    left = unexplained(Records.of(x, values, told), BOLD.doubt)
    assert (left < BOLD.doubt.unexplained) == (kind == "true")


@pytest.mark.parametrize("kind", ["true", *WRONG])
def test_what_changes_by_no_more_than_rounding_says_nothing(kind, rng):
    """A machine-learnt potential tells -600 eV in steps of 0.12 meV; beside a saddle it is flat."""
    curvatures = np.linspace(-1, 3, 30)
    at_saddle = 0.005 * rng.normal(size=(12, 30)) / np.sqrt(30)
    x = np.concatenate([at_saddle, 0.3 * rng.normal(size=(20, 30))])
    values, gradients = (curvatures * x**2).sum(axis=1) / 2, curvatures * x
    rounded = np.round(values / 1.2e-4) * 1.2e-4
    told = gradients if kind == "true" else WRONG[kind](gradients)
    left = unexplained(Records.of(x, rounded, told), BOLD.doubt, least=4e-4)
    assert (left < BOLD.doubt.unexplained) == (kind == "true")


@pytest.mark.parametrize("name", TOYS)
@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_one_does_not(name, kind, rng):
    x, values, gradients = seen(TOYS[name], rng)
    left = unexplained(Records.of(x, values, WRONG[kind](gradients)), BOLD.doubt)
    assert left > BOLD.doubt.unexplained


def test_what_is_constant_leaves_nothing(rng):
    x = rng.normal(size=(5, 3))
    assert unexplained(Records.of(x, np.ones(5), np.zeros((5, 3))), BOLD.doubt) == 0.0


def asked_again(f, records, j):
    """What a function answers at the second place of a record, moved to the first."""
    place = second_place(records, j, 1.0, BOLD.doubt)
    value, gradient = f(place[None])
    return moved_back(place, records.x[j], float(value[0]), gradient[0])


def bowl(x):
    return (x**2).sum(axis=1), 2 * x


def test_what_is_asked_again_at_an_exact_minimum_is_confirmed(rng):
    """Its gradient is zero, and that of a place right beside it is not."""
    x = np.concatenate([np.zeros((1, 3)), rng.normal(size=(5, 3))])
    records = Records.of(x, *bowl(x))
    assert confirms(records, 0, asked_again(bowl, records, 0), BOLD.doubt)


def test_a_gradient_that_is_another_the_second_time_is_not_confirmed(rng):
    x = np.concatenate([np.zeros((1, 3)), rng.normal(size=(5, 3))])
    values, gradients = bowl(x)
    gradients[0] = 40.0
    records = Records.of(x, values, gradients)
    assert not confirms(records, 0, asked_again(bowl, records, 0), BOLD.doubt)


def test_a_second_place_lies_beside_the_first_where_two_records_coincide(rng):
    x = rng.normal(size=(4, 3))
    x[1] = x[0]
    records = Records.of(x, *bowl(x))
    apart = np.linalg.norm(second_place(records, 0, 1.0, BOLD.doubt) - x[0])
    assert apart == pytest.approx(BOLD.doubt.nudge, rel=1e-3)
