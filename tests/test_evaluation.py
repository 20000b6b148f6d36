"""The door to the landscape: counting, the budget, and what it refuses to let through."""

import array_api_strict
import numpy as np
import pytest
import torch

from fourierpathfinder import LandscapeError
from fourierpathfinder._arrays import array_namespace, owned, to_numpy
from fourierpathfinder.evaluation import BudgetSpentError, Evaluator


class Bowl:
    """Records the size of every batch."""

    def __init__(self):
        self.batches = []

    def value_and_grad(self, points):
        self.batches.append(points.shape[0])
        return array_namespace(points).sum(points**2, axis=-1), 2 * points


class Returning:
    """Returns what it was told to."""

    def __init__(self, values, gradients):
        self.returned = values, gradients

    def value_and_grad(self, points):
        return self.returned


def test_counts_every_point_and_tells_who_asks():
    told = []
    evaluator = Evaluator(Bowl(), None, told.append)
    for n in (3, 1, 5):
        evaluator.value_and_grad(np.ones((n, 2)))
    assert evaluator.n_gradients == 9
    assert told == [3, 4, 9]
    assert evaluator.remaining == float("inf")


def test_a_batch_beyond_the_budget_is_not_begun():
    bowl = Bowl()
    evaluator = Evaluator(bowl, 5)
    evaluator.value_and_grad(np.ones((3, 2)))
    assert evaluator.remaining == 2
    with pytest.raises(BudgetSpentError):
        evaluator.value_and_grad(np.ones((3, 2)))
    evaluator.value_and_grad(np.ones((2, 2)))
    assert bowl.batches == [3, 2]


def test_nothing_is_evaluated_once_closed():
    bowl = Bowl()
    evaluator = Evaluator(bowl)
    evaluator.close()
    with pytest.raises(BudgetSpentError):
        evaluator.value_and_grad(np.ones((1, 2)))
    assert bowl.batches == []


def test_something_else_may_do_the_work():
    bowl, worker = Bowl(), Bowl()
    evaluator = Evaluator(bowl, at_work=worker)
    evaluator.value_and_grad(np.ones((2, 2)))
    assert evaluator.landscape is bowl
    assert (bowl.batches, worker.batches) == ([], [2])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_results_come_in_the_kind_of_the_points(make_array, dtype):
    points = make_array([[1.0, 2.0], [3.0, 4.0]], dtype)
    foreign = Returning(np.array([5.0, 25.0]), np.array([[2, 4], [6, 8]]))
    for landscape in (Bowl(), foreign):
        for result in Evaluator(landscape).value_and_grad(points):
            assert type(result) is type(points)
            assert result.dtype == points.dtype
    values, gradients = Evaluator(foreign).value_and_grad(points)
    assert to_numpy(values).tolist() == [5, 25]
    assert to_numpy(gradients).tolist() == [[2, 4], [6, 8]]


@pytest.mark.parametrize(
    ("values", "gradients", "named"),
    [
        (np.ones((2, 1)), np.ones((2, 3)), r"values of shape \(2, 1\)"),
        (np.ones(2), np.ones((3, 2)), r"gradients of shape \(3, 2\)"),
        (np.ones(2), np.ones(3), r"gradients of shape \(3,\)"),
        (np.float64(1), np.ones((2, 3)), r"values of shape \(\)"),
        (None, np.ones((2, 3)), "as values: a NoneType"),
        (np.ones(2), "steep", "as gradients: a str"),
        ([1.0, 2.0], np.ones((2, 3)), "as values: a list"),
    ],
)
def test_wrong_shapes_and_kinds(values, gradients, named):
    with pytest.raises(LandscapeError, match=named):
        Evaluator(Returning(values, gradients)).value_and_grad(np.ones((2, 3)))


@pytest.mark.parametrize("returned", [None, np.ones(2), (np.ones(2),), "ab"])
def test_anything_but_a_pair(returned):
    class Landscape:
        def value_and_grad(self, points):
            return returned

    with pytest.raises(LandscapeError, match=r"must return the pair \(values, gradients\)"):
        Evaluator(Landscape()).value_and_grad(np.ones((2, 3)))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_placed(make_array, bad):
    values, gradients = make_array([1.0, bad, bad]), make_array(np.ones((3, 2)))
    points, times = make_array(np.ones((3, 2))), make_array([0.0, 0.25, 1.0])
    with pytest.raises(LandscapeError) as caught:
        Evaluator(Returning(values, gradients)).value_and_grad(points, times)
    message = str(caught.value)
    assert f"the value {bad}" in message
    assert "point 1 (t = 0.25)" in message
    assert "2 of 3 points" in message


def test_a_gradient_that_is_not_finite_is_placed():
    gradients = np.ones((4, 2))
    gradients[2, 1] = np.nan
    with pytest.raises(LandscapeError, match=r"gradient with NaN or inf at point 2, 1 of 4"):
        Evaluator(Returning(np.ones(4), gradients)).value_and_grad(np.ones((4, 2)))


def test_opposite_infinities_do_not_hide_each_other():
    with pytest.raises(LandscapeError, match="point 0"):
        Evaluator(Returning(np.array([np.inf, -np.inf]), np.ones((2, 2)))).value_and_grad(
            np.ones((2, 2))
        )


def test_sums_that_overflow_are_no_error():
    huge = np.array([1.7e308, 1.7e308])
    values, _ = Evaluator(Returning(huge, np.ones((2, 2)))).value_and_grad(np.ones((2, 2)))
    assert (values == huge).all()


def test_what_is_not_finite_may_be_asked_for():
    evaluator = Evaluator(Returning(np.array([np.nan]), np.ones((1, 2))))
    values, _ = evaluator.value_and_grad(np.ones((1, 2)), finite=False)
    assert np.isnan(values).all()


def test_what_is_counted_includes_what_is_refused():
    evaluator = Evaluator(Returning(np.array([np.nan]), np.ones((1, 2))))
    with pytest.raises(LandscapeError):
        evaluator.value_and_grad(np.ones((1, 2)))
    assert evaluator.n_gradients == 1


def test_no_graph_of_torch_comes_along():
    weight = torch.ones(1, requires_grad=True)
    landscape = Returning(weight * torch.ones(1), weight * torch.ones(1, 2))
    for result in Evaluator(landscape).value_and_grad(torch.ones(1, 2)):
        assert not result.requires_grad


def test_results_stay_in_torch_and_strict_namespaces():
    assert isinstance(Evaluator(Bowl()).value_and_grad(torch.ones(1, 2))[0], torch.Tensor)
    strict = array_api_strict.ones((1, 2))
    assert isinstance(Evaluator(Bowl()).value_and_grad(strict)[0], type(strict))


class Careless:
    """A bowl that writes to what it is given, and answers in the same memory each time."""

    def __init__(self, make_array):
        self.values = owned(make_array(np.zeros(3)))
        self.gradients = owned(make_array(np.zeros((3, 2))))

    def value_and_grad(self, points):
        n = points.shape[0]
        values, gradients = Bowl().value_and_grad(points)
        self.values[:n], self.gradients[:n, :] = values, gradients
        points[...] = 7.0
        return self.values[:n], self.gradients[:n, :]


def test_what_is_asked_and_answered_is_out_of_the_landscapes_reach(make_array):
    points = make_array([[1.0, 2.0], [3.0, 4.0]])
    evaluator = Evaluator(Careless(make_array))
    values, gradients = evaluator.value_and_grad(points)
    evaluator.value_and_grad(make_array([[9.0, 9.0]]))
    np.testing.assert_array_equal(to_numpy(points), [[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(to_numpy(values), [5.0, 25.0])
    np.testing.assert_array_equal(to_numpy(gradients), [[2.0, 4.0], [6.0, 8.0]])
