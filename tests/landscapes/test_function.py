"""Plain functions as landscapes, pointwise and batched, on every array library."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from fourierpathfinder._arrays import array_namespace, to_numpy
from fourierpathfinder.landscapes import FunctionLandscape
from fourierpathfinder.landscapes.protocols import Landscape

from ..tolerances import assert_close


def value(x):
    xp = array_namespace(x)
    return xp.sum(x**3, axis=-1) + xp.sum(xp.sin(x), axis=-1)


def slope(x):
    return 3 * x**2 + array_namespace(x).cos(x)


def both(x):
    return value(x), slope(x)


WAYS = {
    "gradient": (value, slope),
    "returned": (both, True),
    "differences": (value, "finite-difference"),
}


@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_values_and_gradients(make_array, rng, way, batched):
    p = rng.normal(size=(5, 3))
    landscape = FunctionLandscape(*WAYS[way], batched=batched)
    assert isinstance(landscape, Landscape)
    assert not landscape.stochastic
    points = make_array(p)
    values, gradients = landscape.value_and_grad(points)
    assert type(values) is type(gradients) is type(points)
    assert_close(to_numpy(values), (p**3 + np.sin(p)).sum(1))
    np.testing.assert_allclose(
        to_numpy(gradients), 3 * p**2 + np.cos(p), atol=1e-8 if way == "differences" else 1e-12
    )
    assert_close(to_numpy(landscape.value(points)), to_numpy(values))


@pytest.mark.parametrize("way", WAYS)
def test_single_precision_is_kept(make_array, rng, way):
    p = rng.normal(size=(5, 3)).astype("float32")
    values, gradients = FunctionLandscape(*WAYS[way]).value_and_grad(make_array(p, "float32"))
    assert "float32" in str(values.dtype)
    assert "float32" in str(gradients.dtype)
    np.testing.assert_allclose(to_numpy(gradients), 3 * p**2 + np.cos(p), atol=2e-2)


def test_plain_numbers_and_lists_are_taken(make_array):
    landscape = FunctionLandscape(lambda x: float(x[0]), lambda x: [1.0, 0.0])
    values, gradients = landscape.value_and_grad(make_array([[3.0, 4.0]]))
    assert to_numpy(values).tolist() == [3.0]
    assert to_numpy(gradients).tolist() == [[1.0, 0.0]]


def test_the_step_is_what_was_asked_for():
    seen = []

    def record(x):
        seen.append(x.copy())
        return 0.0

    FunctionLandscape(record, "finite-difference", step=0.25).value_and_grad(np.zeros((1, 2)))
    moved = {tuple(x.tolist()) for x in seen}
    assert moved == {(0.0, 0.0), (0.25, 0.0), (-0.25, 0.0), (0.0, 0.25), (0.0, -0.25)}


def test_no_points(make_array):
    for way in ("gradient", "differences"):
        values, gradients = FunctionLandscape(*WAYS[way]).value_and_grad(
            make_array(np.zeros((0, 3)))
        )
        assert (tuple(values.shape), tuple(gradients.shape)) == ((0,), (0, 3))


def test_numpy_function_given_tensors():
    landscape = FunctionLandscape(lambda x: np.sum(x.numpy() ** 2), lambda x: 2 * x.numpy())
    values, gradients = landscape.value_and_grad(torch.ones(2, 3))
    assert values.dtype == gradients.dtype == torch.float32
    assert gradients.tolist() == [[2.0] * 3] * 2


def test_it_may_say_that_it_is_stochastic():
    assert FunctionLandscape(value, slope, stochastic=True).stochastic


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ((3.0, slope), TypeError, "`function` must be callable, got float"),
        ((value, None), TypeError, "`gradient` is None; pass a callable, True"),
        ((value, False), TypeError, "`gradient` is a bool; pass a callable"),
        ((value, "numeric"), ValueError, "`gradient` is 'numeric'"),
    ],
)
def test_bad_arguments(arguments, error, text):
    with pytest.raises(error, match=text):
        FunctionLandscape(*arguments)


@pytest.mark.parametrize(
    ("landscape", "text"),
    [
        (FunctionLandscape(lambda x: x, slope), r"`function` returned shape \(3,\)"),
        (FunctionLandscape(value, lambda x: x[:2]), r"`gradient` returned shape \(2,\).*\(3,\)"),
        (FunctionLandscape(lambda p: p.sum(), slope, batched=True), r"shape \(\).*\(4,\)"),
        (FunctionLandscape(value, True), r"`function` returned a float64; .* pair"),
    ],
)
def test_wrong_returns(landscape, text):
    with pytest.raises(ValueError, match=text):
        landscape.value_and_grad(np.ones((4, 3)))


def test_the_pair_may_be_a_list():
    points = np.ones((4, 3))
    values, gradients = FunctionLandscape(lambda x: [value(x), slope(x)], True).value_and_grad(
        points
    )
    assert_close(values, value(points))
    assert_close(gradients, slope(points))


def forgetful(x):
    """The value, the point lost."""
    found = value(x)
    x[...] = 7.0
    return found


def in_one_array():
    """The gradient in the same array at each call."""
    kept = {}

    def slope_again(x):
        memory = kept.setdefault(tuple(x.shape), array_namespace(x).zeros_like(x))
        memory[...] = slope(x)
        return memory

    return slope_again


@pytest.mark.parametrize("batched", [False, True])
def test_functions_may_write_to_their_point_and_answer_in_one_array(make_array, rng, batched):
    p, again = in_one_array(), in_one_array()

    def pair(x):
        gradient = again(x)
        return forgetful(x), gradient

    points = make_array(rng.normal(size=(4, 3)))
    before = to_numpy(points).copy()
    expected = value(before), slope(before)
    for function, gradient in ((forgetful, p), (pair, True)):
        landscape = FunctionLandscape(function, gradient, batched=batched)
        first = landscape.value_and_grad(points)
        landscape.value_and_grad(points + 1)
        for found, right in zip(first, expected, strict=True):
            assert_close(to_numpy(found), right)
        assert_close(to_numpy(points), before)


@pytest.mark.parametrize(
    ("returned", "text"),
    [
        (np.array([1, 2], dtype=object), "an array of object"),
        ([1.0, [2.0]], "a list"),
        (Fraction(1, 2), "a Fraction"),
    ],
)
def test_what_is_no_number_is_named(returned, text):
    landscape = FunctionLandscape(value, lambda x: returned)
    with pytest.raises(TypeError, match=f"`gradient` returned {text} .* must return real numbers"):
        landscape.value_and_grad(np.zeros((1, 2)))


def test_torch_may_compute_what_a_plain_function_returns():
    def value_by_torch(x):
        return value(torch.tensor(x, requires_grad=True))

    points = np.ones((2, 3))
    values, _ = FunctionLandscape(value_by_torch, slope).value_and_grad(points)
    assert_close(values, value(points))
