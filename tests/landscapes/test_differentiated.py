"""Autograd's and torch's gradients against the formula, and what vmap cannot do."""

import autograd.numpy as anp
import numpy as np
import pytest
import torch

from fourierpathfinder._arrays import to_numpy
from fourierpathfinder.landscapes import AutogradLandscape, TorchLandscape
from fourierpathfinder.landscapes.protocols import Landscape


def branching(x):
    """What vmap does not allow: a branch on a value."""
    return (x**3).sum() + x.sin().sum() if x.sum().item() < 1e9 else x.sum()


LANDSCAPES = {
    "autograd": lambda: AutogradLandscape(lambda x: anp.sum(x**3) + anp.sum(anp.sin(x))),
    "autograd, batched": lambda: AutogradLandscape(
        lambda x: anp.sum(x**3 + anp.sin(x), axis=1), batched=True
    ),
    "torch": lambda: TorchLandscape(lambda x: (x**3).sum() + x.sin().sum()),
    "torch, batched": lambda: TorchLandscape(lambda x: (x**3 + x.sin()).sum(1), batched=True),
    "torch, no vmap": lambda: TorchLandscape(branching),
}


@pytest.fixture(params=LANDSCAPES)
def landscape(request):
    return LANDSCAPES[request.param]()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_and_gradients(landscape, make_array, rng, dtype):
    assert isinstance(landscape, Landscape)
    assert not landscape.stochastic
    points = make_array(rng.normal(size=(5, 3)), dtype)
    p = to_numpy(points).astype(float)
    for _ in range(2):
        values, gradients = landscape.value_and_grad(points)
        assert type(values) is type(gradients) is type(points)
        assert values.dtype == gradients.dtype == points.dtype
        tolerance = 1e-12 if dtype == "float64" else 1e-5
        np.testing.assert_allclose(to_numpy(values), (p**3 + np.sin(p)).sum(1), atol=tolerance)
        np.testing.assert_allclose(to_numpy(gradients), 3 * p**2 + np.cos(p), atol=10 * tolerance)


def test_vmap_is_used_where_it_can_be_and_not_tried_again_where_not(rng, caplog):
    calls = []

    def count(x):
        calls.append(1)
        return (x**2).sum()

    points = rng.normal(size=(7, 2))
    TorchLandscape(count).value_and_grad(points)
    assert len(calls) == 1
    stubborn = TorchLandscape(branching)
    with caplog.at_level("INFO"):
        stubborn.value_and_grad(points)
        stubborn.value_and_grad(points)
    assert caplog.text.count("points are evaluated one by one") == 1


def test_precision_of_the_computation_is_what_was_asked_for():
    seen = []

    def record(x):
        seen.append(x.dtype)
        return x.sum()

    for points in (np.zeros((1, 2)), torch.zeros(1, 2, dtype=torch.float64)):
        values, _ = TorchLandscape(record, dtype=torch.float32).value_and_grad(points)
        assert values.dtype == points.dtype
    assert seen == [torch.float32, torch.float32]


def test_results_carry_no_graph(rng):
    for batched in (False, True):
        parameter = torch.ones(3, requires_grad=True)
        landscape = TorchLandscape(lambda x, a=parameter: (x * a).sum(-1), batched=batched)
        values, gradients = landscape.value_and_grad(torch.ones(4, 3))
        assert not values.requires_grad
        assert not gradients.requires_grad
        with torch.no_grad():
            assert landscape.value_and_grad(torch.ones(4, 3))[1].tolist() == [[1.0] * 3] * 4


def test_the_error_of_the_function_itself_is_what_is_raised():
    def broken(x):
        raise RuntimeError("no such molecule")

    with pytest.raises(RuntimeError, match="no such molecule"):
        TorchLandscape(broken).value_and_grad(np.zeros((2, 2)))


@pytest.mark.parametrize("landscape", [AutogradLandscape(anp.sum), TorchLandscape(torch.sum)])
def test_lists_are_refused(landscape):
    with pytest.raises(TypeError, match="`points` must be an array"):
        landscape.value_and_grad([[0.0]])


@pytest.mark.parametrize(
    ("landscape", "text"),
    [
        (AutogradLandscape(lambda x: x[:1] ** 2), r"shape \(1,\).*one number"),
        (AutogradLandscape(anp.sum, batched=True), r"shape \(\).*\(2,\)"),
        (TorchLandscape(lambda x: 1.0), "a float; it must return a torch tensor"),
    ],
)
def test_what_a_function_returned_is_named(landscape, text):
    with pytest.raises((TypeError, ValueError), match=f"`function` returned {text}"):
        landscape.value_and_grad(np.ones((2, 3)))


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (
            lambda x: np.exp(x).sum(),
            "into a NumPy array; it must be computed by functions of torch",
        ),
        (lambda x: torch.tensor(x.sum().item()), "trace back to its argument; it must be computed"),
        (lambda x: (x.detach() ** 2).sum(), "trace back to its argument; it must be computed"),
    ],
)
def test_a_function_that_is_not_of_torch_says_what_to_do(function, text):
    with pytest.raises(TypeError, match=text):
        TorchLandscape(function).value_and_grad(np.ones((2, 3)))


def test_a_flat_place_is_no_fault():
    values, gradients = TorchLandscape(lambda x: (x**2).sum()).value_and_grad(np.zeros((2, 3)))
    assert not values.any()
    assert not gradients.any()


def written(x):
    squares = np.zeros(3)
    squares[:] = x**2
    return squares.sum()


@pytest.mark.parametrize("function", [lambda x: float(anp.sum(x**2)), written])
def test_a_function_that_autograd_cannot_follow_says_what_to_do(function):
    with pytest.raises(TypeError, match=r"autograd cannot follow \(.*functions of autograd.numpy"):
        AutogradLandscape(function).value_and_grad(np.ones((2, 3)))
