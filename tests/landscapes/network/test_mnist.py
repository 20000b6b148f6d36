"""The paper's four networks on MNIST: a plain loop, and paths at equal cost."""

import os

import pytest
import torch
from torch import nn

from examples.nn_experiments.data import load_images
from examples.nn_experiments.networks import NETWORKS
from fourierpathfinder import Paper, Stochastic, find_path
from fourierpathfinder.landscapes import NetworkLandscape

MNIST = os.environ.get("FOURIERPATHFINDER_MNIST")

pytestmark = pytest.mark.skipif(not MNIST, reason="FOURIERPATHFINDER_MNIST names no folder")


@pytest.fixture(scope="module")
def images():
    loaded = load_images("mnist", MNIST)
    return loaded.train_images[:2000], loaded.train_labels[:2000]


def made(name, seed):
    torch.manual_seed(seed)
    return NETWORKS[name].make("softplus")


@pytest.mark.parametrize(
    ("name", "vectorize"),
    [*((name, None) for name in NETWORKS), ("fcp", False), ("lenet", True), ("autoencoder", False)],
)
def test_against_a_plain_loop(name, vectorize, images):
    network = NETWORKS[name]
    inputs, labels = (tensor[:300] for tensor in images)
    targets = network.targets(inputs, labels)
    landscape = NetworkLandscape(
        made(name, 0), network.loss, (inputs, targets), memory=2**24, vectorize=vectorize
    )
    modules = [made(name, seed) for seed in (1, 2, 3)]
    points = torch.stack([landscape.coordinates(module) for module in modules])
    assert landscape.n_coordinates == network.n_parameters
    values, gradients = landscape.value_and_grad(points)
    for module, value, gradient in zip(modules, values, gradients, strict=True):
        loss = network.loss(module(inputs), targets)
        loss.backward()
        flat = nn.utils.parameters_to_vector([p.grad for p in module.parameters()])
        assert value.item() == pytest.approx(loss.item(), rel=1e-5)
        torch.testing.assert_close(gradient, flat, rtol=1e-3, atol=1e-5)


def trained(images, labels, seed):
    network = made("fcp", seed)
    adam = torch.optim.Adam(network.parameters(), lr=3e-3)
    order = torch.Generator().manual_seed(seed)
    for _ in range(500):
        batch = torch.randint(len(images), (128,), generator=order)
        adam.zero_grad()
        nn.functional.cross_entropy(network(images[batch]), labels[batch]).backward()
        adam.step()
    return network


@pytest.mark.slow
def test_a_fifth_of_the_papers_excess_at_equal_cost(images):
    ends = [trained(*images, seed) for seed in (1, 2)]
    landscape = NetworkLandscape(ends[0], nn.functional.cross_entropy, images)
    methods = {
        "ours": Stochastic(n_steps=1200, batch_size=64),
        "paper": Paper(n_points=51, n_steps=100, n_samples=15),
    }
    excess, costs = {}, {}
    for name, method in methods.items():
        result = find_path(landscape, *ends, method=method, rng=0)
        higher = max(result.start_value, result.end_value)
        assert higher < 0.02
        excess[name], costs[name] = result.height - higher, result.n_sample_gradients
    assert costs["ours"] == pytest.approx(costs["paper"], rel=0.01)
    assert excess["ours"] < excess["paper"] / 5
