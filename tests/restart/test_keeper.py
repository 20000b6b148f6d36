"""A keeper with evaluations, with snapshots, and with nothing to do."""

from dataclasses import dataclass

import numpy as np
import pytest

from fourierpathfinder.evaluation import Evaluator
from fourierpathfinder.restart.keeper import Keeper
from fourierpathfinder.storage.checkpoint import CheckpointFile, Snapshots


class Bowl:
    def __init__(self):
        self.n_points = 0

    def value_and_grad(self, points):
        self.n_points += len(points)
        return (points**2).sum(-1), 2 * points


@dataclass(frozen=True)
class State:
    position: np.ndarray
    n_steps: int


class Run:
    def __init__(self):
        self.state = State(np.zeros(2), 0)


@pytest.fixture
def place(tmp_path):
    return tmp_path / "run.npz"


def saved(place):
    return CheckpointFile(place, {}).load()


@pytest.fixture
def always_due(monkeypatch):
    monkeypatch.setattr(Snapshots, "due", lambda self: True)


def noted(keeper, run, n_gradients, history):
    evaluator = Evaluator(Bowl())
    evaluator.n_gradients = n_gradients
    evaluator.n_sample_gradients = 10 * n_gradients
    keeper.note(run, evaluator, history)


def test_without_a_file_nothing_happens(rng):
    bowl, run = Bowl(), Run()
    keeper = Keeper(None, {}, rng, replays=True)
    assert keeper.guard(bowl, 1) is bowl
    assert keeper.resume(run, Evaluator(bowl), np.zeros(2)) == []
    noted(keeper, run, 3, [(3, 0, 1.0)])
    keeper.flush()


def test_snapshots_leave_the_landscape_alone(place, rng):
    bowl = Bowl()
    keeper = Keeper(place, {}, rng, replays=False)
    assert keeper.guard(bowl, 1).landscape is bowl
    keeper.flush()
    assert not place.exists(), "nothing was noted"


@pytest.mark.usefixtures("always_due")
@pytest.mark.parametrize("bits", [np.random.PCG64, np.random.MT19937, np.random.SFC64])
def test_a_snapshot_sets_everything_again(place, bits):
    rng = np.random.Generator(bits(1))
    run = Run()
    run.state = State(np.array([0.5, np.nan]), 4)
    noted(Keeper(place, {}, rng, replays=False), run, 12, [(3, 30, float("nan")), (12, 120, 0.25)])
    expected = rng.normal(size=5)

    other, again, evaluator = np.random.Generator(bits(2)), Run(), Evaluator(Bowl())
    keeper = Keeper(place, {}, other, replays=False)
    keeper.guard(Bowl(), 1)
    history = keeper.resume(again, evaluator, np.zeros(2))
    np.testing.assert_array_equal(again.state.position, run.state.position)
    assert again.state.n_steps == 4
    assert evaluator.n_gradients == 12
    assert np.isnan(history[0][2])
    assert history[1] == (12, 120, 0.25)
    assert evaluator.n_sample_gradients == 120
    assert (other.normal(size=5) == expected).all()


def test_what_is_kept_is_what_was_noted_last(place, rng):
    run, history = Run(), [(5, 50, 1.0)]
    keeper = Keeper(place, {}, rng, replays=False)
    noted(keeper, run, 5, history)
    assert not place.exists(), "too soon after the start"
    expected = rng.bit_generator.state
    rng.normal(size=3)
    run.state = State(np.ones(2), 1)
    history.append((9, 90, 0.5))
    keeper.flush()
    found = saved(place)
    assert found.arrays["state.n_steps"] == 0
    assert found.notes["n_gradients"] == 5
    assert found.notes["history"] == [[5, 50, 1.0]]
    assert found.notes["rng"] == expected


@pytest.mark.usefixtures("always_due")
def test_a_state_that_was_being_changed_is_not_kept(place, rng):
    run, keeper = Run(), Keeper(place, {}, rng, replays=False)
    noted(keeper, run, 5, [(5, 50, 1.0)])
    run.state.position[:] = 7.0
    run.is_torn = True
    keeper.flush()
    assert saved(place).arrays["state.position"].tolist() != [7.0, 7.0]


def test_evaluations_are_kept_before_they_are_used(place):
    points, bowl = np.ones((3, 2)), Bowl()
    first = np.random.default_rng(1)
    keeper = Keeper(place, {}, first, replays=True)
    keeper.guard(bowl, 2).value_and_grad(points)
    noted(keeper, Run(), 3, [(3, 0, 1.0)])
    keeper.flush()
    keeper.close()

    second = np.random.default_rng(2)
    resumed = Keeper(place, {}, second, replays=True)
    resumed.guard(bowl, 2).value_and_grad(points)
    assert bowl.n_points == 4, "three, and one again to see that it is the same landscape"
    assert second.bit_generator.state == np.random.default_rng(1).bit_generator.state
    assert resumed.resume(Run(), Evaluator(bowl), np.zeros(2)) == []
    resumed.close()
