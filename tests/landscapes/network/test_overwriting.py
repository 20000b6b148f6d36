"""Gradients over points: the same to the last bit, and not where a parameter is needed later."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from fourierpathfinder import Stochastic, find_path
from fourierpathfinder.landscapes import NetworkLandscape
from fourierpathfinder.landscapes.abilities import Forwarding, abilities_of

LIMIT = "fourierpathfinder.landscapes.network.mean_loss._LARGEST_GRADIENTS"
DATA = torch.randn(30, 5, generator=torch.Generator().manual_seed(1)), torch.arange(30) % 3


class Plain(nn.Module):
    """Batch normalisation, tied weights, and a parameter that is never used."""

    def __init__(self):
        super().__init__()
        self.first, self.norm, self.last = nn.Linear(5, 5), nn.BatchNorm1d(5), nn.Linear(5, 3)
        self.unused = nn.Parameter(torch.ones(2))

    def forward(self, x):
        return self.last(self.norm(self.first(torch.tanh(self.first(x)))))


class Half(Plain):
    """Some of it in half precision."""

    def __init__(self):
        super().__init__()
        self.last.to(torch.bfloat16)

    def forward(self, x):
        hidden = self.norm(self.first(torch.tanh(self.first(x))))
        return self.last(hidden.to(torch.bfloat16)).float()


class NeededLater(Plain):
    """A weight is kept for the way back under another name, whose gradient nobody asks for."""

    def forward(self, x):
        early = torch.tanh(self.first(x))
        return super().forward(early @ self.last.weight.detach().T @ self.last.weight.detach())


class ReadAgain(Plain):
    """A part that reads a later weight is computed again on the way back, unnoticed by torch."""

    def forward(self, x):
        def part(x, weight):
            return torch.tanh(x @ weight.T)

        x = torch.tanh(self.first(x))
        early = checkpoint(part, x, self.last.weight.detach(), use_reentrant=False)
        return self.last(early @ self.first.weight[:3])


def landscape_and_points(kind, monkeypatch):
    monkeypatch.setattr(LIMIT, 2)  # so that it counts as large
    torch.manual_seed(0)
    module = kind()
    landscape = NetworkLandscape(module, nn.functional.cross_entropy, DATA)
    start = landscape.coordinates(module)
    points = start + 0.1 * torch.randn(2, len(start))
    landscape.ends(start, points[1])
    return landscape, points


@pytest.mark.parametrize("kind", [Plain, Half], ids=lambda kind: kind.__name__)
def test_the_same_in_the_place_of_the_points(kind, monkeypatch):
    landscape, points = landscape_and_points(kind, monkeypatch)
    samples = np.arange(16).reshape(2, 8)
    values, gradients = landscape.value_and_grad(points, samples)
    spared = points.clone()
    values_over, found = landscape.value_and_grad_over(spared, samples)
    assert torch.equal(values_over, values)
    assert torch.equal(found, gradients)
    assert torch.equal(spared, gradients), "no further array"


@pytest.mark.parametrize("kind", [NeededLater, ReadAgain], ids=lambda kind: kind.__name__)
def test_points_stay_where_a_parameter_is_needed_later(kind, monkeypatch):
    landscape, points = landscape_and_points(kind, monkeypatch)
    samples, before = np.arange(16).reshape(2, 8), points.clone()
    _, gradients = landscape.value_and_grad(points, samples)
    _, found = landscape.value_and_grad_over(points, samples)
    assert torch.equal(points, before)
    assert torch.equal(found, gradients)


def test_small_networks_and_all_data_are_done_as_ever(monkeypatch):
    landscape, points = landscape_and_points(Plain, monkeypatch)
    before = points.clone()
    landscape.value_and_grad_over(points)
    assert torch.equal(points, before)
    monkeypatch.setattr(LIMIT, 2**24)
    small = NetworkLandscape(Plain(), nn.functional.cross_entropy, DATA)
    small.ends(points[0], points[1])
    small.value_and_grad_over(points, np.arange(16).reshape(2, 8))
    assert torch.equal(points, before)


def test_a_run_is_the_same(monkeypatch):
    found = []
    for limit in (2**24, 2):
        monkeypatch.setattr(LIMIT, limit)
        torch.manual_seed(0)
        first, second = Plain(), Plain()
        landscape = NetworkLandscape(first, nn.functional.cross_entropy, DATA, vectorize=False)
        method = Stochastic(n_steps=5, batch_size=8)
        found.append(find_path(landscape, first, second, method=method, rng=0))
    assert torch.equal(found[0].path.coefficients, found[1].path.coefficients)
    assert found[0].height == found[1].height


def test_what_stands_before_a_network_is_not_passed_by():
    class Front(Forwarding):
        def value_and_grad(self, points, samples=None):
            return self.landscape.value_and_grad(points, samples)

    data = torch.ones(4, 2), torch.zeros(4, 1)
    network = NetworkLandscape(nn.Linear(2, 1), nn.functional.mse_loss, data)
    assert abilities_of(network).overwriting is network
    assert abilities_of(Front(network)).overwriting is None
