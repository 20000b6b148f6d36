"""A landscape with a store of evaluations before it."""

import numpy as np
import pytest

from fourierpathfinder._arrays import array_namespace, to_numpy
from fourierpathfinder.restart.recorded import RecordedLandscape
from fourierpathfinder.storage.checkpoint import CheckpointError
from fourierpathfinder.storage.evaluations import (
    Evaluation,
    EvaluationStore,
    read_evaluations,
)


class KilledError(Exception):
    """Stands for the end of the process."""


class Bowl:
    def __init__(self, fails_at=None):
        self.n_points = 0
        self.fails_at = fails_at

    def value_and_grad(self, points):
        if self.n_points == self.fails_at:
            raise KilledError
        self.n_points += int(points.shape[0])
        xp = array_namespace(points)
        return xp.sum(points**2, axis=-1), 2 * points


@pytest.fixture
def file(tmp_path):
    return tmp_path / "evaluations.jsonl"


@pytest.fixture
def opened(file):
    """Put the store before a landscape, as often as is asked; what is open is closed at the end."""
    stores = []

    def open_store(landscape, **options):
        stores.append(EvaluationStore(file, {"of": "a bowl"}))
        return RecordedLandscape(landscape, stores[-1], **options)

    yield open_store
    for store in stores:
        store.close()


def test_the_landscape_is_told_what_the_file_holds(opened):
    class Reminded(Bowl):
        told = ()

        def remind(self, point, value):
            self.told = (*self.told, (*point, value))

    opened(Bowl()).value_and_grad(np.array([[1.0, 2.0], [0.0, 3.0]]))
    landscape = Reminded()
    opened(landscape)
    assert landscape.told == ((1.0, 2.0, 5.0), (0.0, 3.0, 9.0))


@pytest.mark.parametrize("repeats", [True, False])
def test_nothing_is_evaluated_twice(opened, rng, repeats):
    points = rng.normal(size=(7, 3))
    first, second = Bowl(), Bowl()
    written = opened(first, batch=2, repeats=repeats)
    expected = [written.value_and_grad(points[:3]), written.value_and_grad(points[3:5])]
    read = opened(second, batch=2, repeats=repeats)
    found = [read.value_and_grad(points[:3]), read.value_and_grad(points[3:5])]
    for a, b in zip(expected, found, strict=True):
        assert (a[0] == b[0]).all()
        assert (a[1] == b[1]).all()
    assert second.n_points == 0
    read.value_and_grad(points[5:])
    assert (first.n_points, second.n_points) == (5, 2)
    assert (read.n_remembered, read.n_calculated) == (5, 2)


def test_what_was_evaluated_before_a_failure_within_a_batch_is_kept(opened, rng):
    points = rng.normal(size=(4, 3))
    with pytest.raises(KilledError):
        opened(Bowl(fails_at=2)).value_and_grad(points)
    bowl = Bowl()
    values, _ = opened(bowl).value_and_grad(points)
    assert bowl.n_points == 2
    np.testing.assert_array_equal(values, (points**2).sum(-1))


def test_any_order_is_found_and_a_point_may_come_twice_in_a_batch(opened, rng):
    points, bowl = rng.normal(size=(3, 2)), Bowl()
    landscape = opened(bowl)
    landscape.value_and_grad(points)
    values, _ = landscape.value_and_grad(points[[2, 0, 2, 1]])
    np.testing.assert_array_equal(values, (points[[2, 0, 2, 1]] ** 2).sum(-1))
    assert bowl.n_points == 3


class Noisy:
    def __init__(self):
        self.rng = np.random.default_rng(1)

    def value_and_grad(self, points):
        return self.rng.normal(size=len(points)), points


def test_a_run_that_asks_again_is_answered_anew_and_finds_both_answers_again(opened):
    point = np.ones((1, 2))
    landscape = opened(Noisy(), repeats=True)
    answers = [landscape.value_and_grad(point)[0][0] for _ in range(2)]
    twice = landscape.value_and_grad(np.ones((2, 2)))[0].tolist()
    assert len({*answers, *twice}) == 4
    again = opened(Noisy(), repeats=True)
    assert [again.value_and_grad(point)[0][0] for _ in range(2)] == answers
    assert again.value_and_grad(np.ones((2, 2)))[0].tolist() == twice


def test_failures_at_the_end_are_tried_again_and_others_are_not(file, opened):
    class Failing(Bowl):
        def value_and_grad(self, points):
            values, gradients = super().value_and_grad(points)
            return np.where(points[:, 0] > 0, np.nan, values), gradients

    points = np.array([[1.0, 0.0], [-1.0, 0.0], [2.0, 0.0]])
    values, _ = opened(Failing()).value_and_grad(points)
    np.testing.assert_array_equal(values, [np.nan, 1.0, np.nan])
    mended = Bowl()
    landscape = opened(mended)
    assert landscape.recall(points[1]).value == 1.0
    assert landscape.recall(points[2]) is None
    values, _ = landscape.value_and_grad(points)
    np.testing.assert_array_equal(values, [np.nan, 1.0, 4.0])
    assert mended.n_points == 1
    assert len(read_evaluations(file)) == 4


def test_arrays_of_every_library_come_back_as_they_went(opened, make_array):
    points = make_array([[1.0, 2.0], [3.0, 4.0]], "float32")
    first = opened(Bowl()).value_and_grad(points)
    again = opened(Bowl()).value_and_grad(points)
    for a, b in zip(first, again, strict=True):
        assert type(a) is type(b)
        assert a.dtype == b.dtype
        assert to_numpy(a).tolist() == to_numpy(b).tolist()


def test_a_landscape_of_wrong_shapes_is_told_as_ever(opened):
    class Wrong:
        def value_and_grad(self, points):
            return np.zeros(7), points

    with pytest.raises(ValueError, match=r"returned values of shape \(7,\)"):
        opened(Wrong()).value_and_grad(np.ones((2, 2)))


def test_the_store_of_another_problem_is_refused(file, opened):
    opened(Bowl()).value_and_grad(np.ones((1, 2)))
    with pytest.raises(CheckpointError, match="its of is 'a bowl', this run's 'a cup'"):
        EvaluationStore(file, {"of": "a cup"})


def test_what_follows_from_another_evaluation_is_answered_and_not_kept(file, opened, rng):
    bowl, points = Bowl(), rng.normal(size=(3, 4))
    landscape = opened(bowl)
    landscape.value_and_grad(points[:1])
    landscape.follows(Evaluation(points[1], 7.0, np.full(4, 8.0)))
    landscape.follows(Evaluation(points[0], 9.0, np.full(4, 9.0)))
    values, gradients = landscape.value_and_grad(points)
    np.testing.assert_array_equal(values, [(points[0] ** 2).sum(), 7.0, (points[2] ** 2).sum()])
    np.testing.assert_array_equal(gradients[1], np.full(4, 8.0))
    assert landscape.recall(points[1]).value == 7.0
    assert bowl.n_points == len(landscape.records) == landscape.n_calculated == 2
