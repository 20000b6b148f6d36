"""Equal networks, their hidden units in another order."""

import numpy as np
import pytest
import torch
from torch import nn

from fourierpathfinder import Paper, connect
from fourierpathfinder.landscapes import NetworkLandscape


def perceptron():
    return nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3))


def landscape_of(module, n_inputs=4, n_outputs=3):
    torch.manual_seed(1)
    data = torch.randn(64, n_inputs), torch.randn(64, n_outputs)
    return NetworkLandscape(module, nn.functional.mse_loss, data)


def in_another_order(module, seed):
    """The same function, both hidden layers shuffled."""
    rng = np.random.default_rng(seed)
    state = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    for layer, n_units in ((0, 6), (2, 5)):
        order = rng.permutation(n_units)
        for name in (f"{layer}.weight", f"{layer}.bias"):
            state[name] = state[name][order]
        state[f"{layer + 2}.weight"] = state[f"{layer + 2}.weight"][:, order]
    return state


@pytest.mark.parametrize("seed", range(8))
def test_units_in_another_order_make_the_same_network(seed):
    torch.manual_seed(seed)
    module = perceptron()
    landscape = landscape_of(module)
    a, b = landscape.coordinates(module), landscape.coordinates(in_another_order(module, seed))
    assert (a - b).norm() > 0.1
    assert landscape.same(a, b)
    assert landscape.same(a.numpy(), b.numpy())
    assert landscape.same(a, b * (1 + 1e-5))


def test_other_networks_are_not_the_same():
    torch.manual_seed(0)
    module = perceptron()
    landscape = landscape_of(module)
    a = landscape.coordinates(module)
    assert not landscape.same(a, landscape.coordinates(perceptron()))
    # The same numbers, but in places where no order of the units brings them.
    swapped = a.clone()
    swapped[[0, 5]] = a[[5, 0]]
    assert not landscape.same(a, swapped)


class Residual(nn.Module):
    def __init__(self, between):
        super().__init__()
        self.inner, self.outer = nn.Linear(3, 3), nn.Linear(3, 3)
        self.between = between

    def forward(self, x):
        return x + self.outer(self.between(self.inner(x)))


def turned(module):
    order, state = torch.tensor([2, 0, 1]), module.state_dict()
    return {
        "inner.weight": state["inner.weight"][order], "inner.bias": state["inner.bias"][order],
        "outer.weight": state["outer.weight"][:, order], "outer.bias": state["outer.bias"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("between", "is_same"), [(torch.relu, True), (lambda x: x.sort(-1).values, False)]
)
def test_units_within_a_residual_network(between, is_same):
    """Where units are told apart by their place, another order is another network."""
    torch.manual_seed(0)
    module = Residual(between)
    landscape = landscape_of(module, 3, 3)
    a = landscape.coordinates(module)
    assert landscape.same(a, a.clone())
    assert landscape.same(a, landscape.coordinates(turned(module))) == is_same


def test_a_graph_holds_equal_networks_once():
    torch.manual_seed(0)
    module, other = perceptron(), perceptron()
    landscape = landscape_of(module)
    graph = connect(
        landscape,
        [module, in_another_order(module, 3), other],
        method=Paper(n_terms=2, n_points=5, n_steps=2),
    )
    assert len(graph) == 2
    assert graph.given == [0, 0, 1]
