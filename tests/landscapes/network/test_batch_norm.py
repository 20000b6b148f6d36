"""Statistics of batch normalisation: those of the data at each point, and part of the gradient."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.swa_utils import update_bn

from fourierpathfinder.landscapes import NetworkLandscape

from .architectures import build, data_of, landscape_of, loss_of, points_of

KINDS = ["normalised", "residual"]


def updated(kind, module, batch_size):
    """The module with statistics by torch's own means, in evaluation mode."""
    module, (inputs, _) = copy.deepcopy(module), data_of(kind, torch.float64)
    update_bn(inputs.split(batch_size), module)
    return module.eval()


@pytest.mark.parametrize("vectorize", [True, False])
@pytest.mark.parametrize("batch_size", [30, 10])
@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_at_a_point_is_the_networks_own(kind, batch_size, vectorize):
    landscape = landscape_of(kind, torch.float64, batch_size=batch_size, vectorize=vectorize)
    modules = [build(kind, seed).double() for seed in (3, 4)]
    points = torch.stack([landscape.coordinates(module) for module in modules])
    inputs, targets = data_of(kind, torch.float64)
    values, _ = landscape.value_and_grad(points)
    torch.testing.assert_close(landscape.value(points), values)
    for module, value in zip(modules, values, strict=True):
        own = loss_of(kind)(updated(kind, module, batch_size)(inputs), targets)
        assert value.item() == pytest.approx(own.item(), rel=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_a_module_comes_with_its_statistics(kind):
    landscape = landscape_of(kind, torch.float64, batch_size=15)
    module = build(kind, 3).double()
    found = landscape.module(landscape.coordinates(module)).state_dict()
    for name, expected in updated(kind, module, 15).state_dict().items():
        if not name.endswith("num_batches_tracked"):
            torch.testing.assert_close(found[name], expected, rtol=1e-12, atol=1e-14)


@pytest.mark.slow
@pytest.mark.parametrize("vectorize", [True, False])
@pytest.mark.parametrize("batch_size", [30, 11])
@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_is_that_of_the_value(kind, batch_size, vectorize):
    landscape = landscape_of(kind, torch.float64, batch_size=batch_size, vectorize=vectorize)
    points = points_of(landscape, 2)
    _, gradients = landscape.value_and_grad(points)
    steps = 1e-6 * torch.eye(landscape.n_coordinates, dtype=torch.float64)
    for point, gradient in zip(points, gradients, strict=True):
        slopes = (landscape.value(point + steps) - landscape.value(point - steps)) / 2e-6
        torch.testing.assert_close(gradient, slopes, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("vectorize", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_a_mini_batch_is_normalised_with_its_own_statistics(kind, vectorize):
    landscape = landscape_of(kind, torch.float64, vectorize=vectorize)
    module, (inputs, targets) = build(kind, 3).double().train(), data_of(kind, torch.float64)
    samples = np.array([[4, 9, 2, 17], [1, 8, 3, 22]])
    points = landscape.coordinates(module).expand(2, -1)
    values, gradients = landscape.value_and_grad(points, samples)
    for m in range(2):
        chosen = torch.tensor(samples[m])
        loss = loss_of(kind)(module(inputs[chosen]), targets[chosen])
        expected = torch.autograd.grad(loss, list(module.parameters()))
        assert values[m].item() == pytest.approx(loss.item(), rel=1e-12)
        flat = torch.cat([gradient.reshape(-1) for gradient in expected])
        torch.testing.assert_close(gradients[m], flat, rtol=1e-9, atol=1e-12)


def test_statistics_of_an_end_do_not_matter():
    landscape, module = landscape_of("normalised"), build("normalised", 3)
    point = landscape.coordinates(module)
    module[1].running_mean += 5
    assert torch.equal(landscape.coordinates(module), point)


def test_layers_without_statistics_are_refused():
    module = nn.Sequential(nn.Linear(5, 3), nn.BatchNorm1d(3, track_running_stats=False))
    with pytest.raises(ValueError, match=r"the layer '1' has `track_running_stats=False`"):
        NetworkLandscape(module, nn.functional.cross_entropy, data_of("perceptron"))


class Backbone(nn.Module):
    """The first normalisation is kept in evaluation mode while the rest is trained."""

    def __init__(self, by_hand):
        super().__init__()
        self.first, self.held = nn.Linear(5, 6), nn.BatchNorm1d(6)
        self.second, self.tracked, self.last = nn.Linear(6, 4), nn.BatchNorm1d(4), nn.Linear(4, 3)
        self.held.running_mean += torch.linspace(-1, 1, 6)
        self.held.running_var *= 3
        self.held.eval()
        self.by_hand = by_hand
        if by_hand:
            self.held.train = lambda mode=True: self.held

    def train(self, mode=True):
        super().train(mode)
        if not self.by_hand:
            self.held.eval()
        return self

    def forward(self, x):
        x = self.held(self.first(x)).relu()
        return self.last(self.tracked(self.second(x)).relu())


@pytest.mark.parametrize("by_hand", [True, False])
def test_layers_that_are_never_trained_keep_their_statistics(by_hand):
    torch.manual_seed(0)
    a, b = Backbone(by_hand), Backbone(by_hand)
    data = torch.randn(40, 5), torch.randint(3, (40,))
    loss = nn.functional.cross_entropy
    landscape = NetworkLandscape(a, loss, data)
    points = torch.stack([landscape.coordinates(end) for end in (a, b)])
    landscape.ends(*points)
    values, gradients = landscape.value_and_grad(points)
    for k, end in enumerate((a, b)):
        other = landscape.module(points[k])
        trained = copy.deepcopy(end)
        trained.tracked.momentum = None  # the statistics of all batches since
        trained.train()(data[0])
        for module in (trained, other):
            own = loss(module.eval()(data[0]), data[1])
            assert float(values[k]) == pytest.approx(own.item(), rel=1e-5)
        assert torch.equal(other.held.running_var, a.held.running_var)
    step = 1e-2 * torch.randn(landscape.n_coordinates, generator=torch.Generator().manual_seed(1))
    double = NetworkLandscape(a.double(), loss, (data[0].double(), data[1]))
    ahead, behind = double.value(points[:1].double() + torch.stack([step, -step]) * 1e-4)
    assert float(ahead - behind) == pytest.approx(float(2e-4 * gradients[0] @ step), rel=1e-3)


def test_statistics_that_are_kept_must_be_the_same_in_both_ends():
    landscape = NetworkLandscape(
        Backbone(by_hand=False),
        nn.functional.cross_entropy,
        (torch.randn(20, 5), torch.arange(20) % 3),
    )
    other = Backbone(by_hand=False)
    other.held.running_mean += 1
    with pytest.raises(ValueError, match=r"'held.running_mean' is a buffer.*`train` keeps"):
        landscape.coordinates(other)
