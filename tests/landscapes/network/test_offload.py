"""Offloading: the same numbers, with copies of one layer's parameters at a time."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.multiprocessing.reductions import StorageWeakRef

from fourierpathfinder import Stochastic, find_path
from fourierpathfinder.landscapes import NetworkLandscape
from fourierpathfinder.landscapes.network import offload

from .architectures import KINDS, build, landscape_of, points_of

SAMPLES = np.arange(24).reshape(3, 8)


def both(kind, **options):
    plain = landscape_of(kind, torch.float64, vectorize=False, **options)
    return plain, landscape_of(kind, torch.float64, offload=True, **options)


@pytest.mark.parametrize("kind", KINDS)
def test_values_and_gradients_are_the_same(kind):
    plain, offloaded = both(kind)
    points = points_of(plain)
    offloaded.ends(points[0], points[1])
    for samples in (None, SAMPLES):
        expected = plain.value_and_grad(points, samples)
        for found, known in zip(offloaded.value_and_grad(points, samples), expected, strict=True):
            torch.testing.assert_close(found, known)
        torch.testing.assert_close(offloaded.value(points, samples), expected[0])


def test_frozen_parameters_are_fetched_too():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(5, 5), nn.Tanh(), nn.Linear(5, 3))
    module[0].requires_grad_(False)
    data = torch.randn(8, 5), torch.arange(8) % 3
    ways = [
        NetworkLandscape(module, nn.functional.cross_entropy, data, offload=way)
        for way in (False, True)
    ]
    points = ways[0].coordinates(module)[None]
    for found, known in zip(*(way.value_and_grad(points) for way in ways), strict=True):
        torch.testing.assert_close(found, known)


class Counter:
    """The numbers in copies that are alive together, at most."""

    def __init__(self, monkeypatch):
        self.copies, self.most, self.total = {}, 0, 0
        fetched, numbers = offload.Offloaded._fetched, offload._numbers
        monkeypatch.setattr(
            offload.Offloaded, "_fetched", lambda mode, x: self.noted(fetched(mode, x), x)
        )
        monkeypatch.setattr(offload, "_numbers", lambda kept: self.noted(numbers(kept), kept))

    def noted(self, copy, original):
        if copy is not original:
            self.copies[StorageWeakRef(copy.untyped_storage())] = copy.numel()
            self.total += copy.numel()
        alive = sum(n for place, n in self.copies.items() if not place.expired())
        self.most = max(self.most, alive)
        return copy


def deep(tied):
    torch.manual_seed(0)
    layers = [layer for _ in range(6) for layer in (nn.Linear(8, 8), nn.Tanh())]
    if tied:
        layers[4] = layers[2]
    return nn.Sequential(*layers)


@pytest.mark.parametrize("tied", [False, True])
def test_one_layer_at_a_time_is_there(tied, monkeypatch):
    data = torch.randn(8, 8), torch.randn(8, 8)
    landscape = NetworkLandscape(deep(tied), nn.functional.mse_loss, data, offload=True)
    points = landscape.coordinates(deep(tied))[None]
    landscape.value_and_grad(points)
    counter = Counter(monkeypatch)
    landscape.value_and_grad(points)
    assert counter.total > 6 * 8 * 8 + 5 * 8 * 8, "forward, and backward"
    assert counter.most <= 8 * 8 + 8, "a weight and a bias"


def test_a_path_is_the_same(monkeypatch):
    monkeypatch.setattr("fourierpathfinder.landscapes.network.mean_loss._LARGEST_GRADIENTS", 2)
    first, second = build("perceptron"), build("perceptron", seed=1)
    method = Stochastic(n_steps=3, batch_size=8)
    found = [
        find_path(landscape_of("perceptron", **way), first, second, method=method, rng=0)
        for way in ({"vectorize": False}, {"offload": True})
    ]
    torch.testing.assert_close(found[0].path.coefficients, found[1].path.coefficients)
    assert found[0].height == pytest.approx(found[1].height)


def test_what_does_not_go_together_is_said():
    with pytest.raises(ValueError, match=r"`offload` and `vectorize` are both True.*leave"):
        landscape_of("perceptron", offload=True, vectorize=True)
    with pytest.raises(TypeError, match=r"`offload` is a str; pass True or False"):
        landscape_of("perceptron", offload="cpu")
