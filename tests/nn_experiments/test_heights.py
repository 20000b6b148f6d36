"""Heights between members of every network, their units aligned."""

import numpy as np
import pytest
import torch

from examples.nn_experiments.heights import HeightRun, find_heights
from examples.nn_experiments.networks import NETWORKS
from examples.nn_experiments.settings import PaperBudget
from examples.nn_experiments.training import Place, Problem, TrainingRun, initial_points

PLACE = Place()


@pytest.mark.parametrize("network", NETWORKS)
def test_a_network_and_itself_in_another_order_have_no_ridge_between_them(network):
    """The hidden units of the second end are turned round; alignment turns them back."""
    problem = Problem(network, "softplus", "digits", 512, 8)
    landscape = problem.landscape(PLACE)
    point = initial_points(TrainingRun(problem, "sgd", 0, 0, 1, 0), landscape)[0]
    moved = point + 1e-4 * torch.randn(point.shape, generator=torch.Generator().manual_seed(0))
    other = landscape.coordinates(_reversed(network, landscape.state_dict(moved)))
    run = HeightRun(
        problem, "train", 20, "sgd-train", PaperBudget(n_points=12, n_steps=2),
        aligned=True, seed=0, n_pairs=1, first=0, last=1,
    )  # fmt: skip
    found = find_heights(run, PLACE, {"train_points": np.stack([point, other])})
    np.testing.assert_allclose(found["straight_heights"], found["end_values"], rtol=1e-4)


def _reversed(network, state):
    """The first hidden layer's units in the opposite order, and what reads them."""
    if network == "lstm":
        turned = dict(state)
        for name, tensor in state.items():
            if name.startswith("lstm."):
                gates = tensor.unflatten(0, (4, -1)).flip(1).flatten(0, 1)
                turned[name] = gates.flip(1) if "weight_hh" in name else gates
        return turned | {"linear.weight": state["linear.weight"].flip(1)}
    names = [name for name in state if name.endswith("weight")]
    first, second = names[0], names[1]
    turned = dict(state)
    for name in (first, first.replace("weight", "bias")):
        if name in state:
            turned[name] = state[name].flip(0)
    return turned | {second: state[second].flip(1)}


def test_the_turned_network_is_the_same_function():
    for network in NETWORKS:
        problem = Problem(network, "softplus", "digits", 512, 8)
        landscape = problem.landscape(PLACE)
        point = initial_points(TrainingRun(problem, "sgd", 0, 0, 1, 0), landscape)[0]
        other = landscape.coordinates(_reversed(network, landscape.state_dict(point)))
        assert not torch.equal(point, other)
        values = landscape.value(torch.stack([point, other]))
        torch.testing.assert_close(values[0], values[1], rtol=1e-5, atol=0)
