"""Modules that write over their parameters, or calculate with others than these."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional

from fourierpathfinder.landscapes import NetworkLandscape

from .made import LABELS, NUMBERS, Made

WORDS = torch.randint(11, (24, 5), generator=torch.Generator().manual_seed(0))


class Limited(Made):
    def add(self):
        self.words = nn.Embedding(11, 6, max_norm=1.0)

    def forward(self, x):
        return self.output(self.words(x).mean(1))


class Clamped(Made):
    def forward(self, x):
        with torch.no_grad():
            self.output.weight.clamp_(-0.2, 0.2)
        return self.output(x)


class ClampedByData(Made):
    """Within its limits nothing is written, and torch counts nothing."""

    limit = 0.2

    def forward(self, x):
        self.output.weight.data.clamp_(-self.limit, self.limit)
        return self.output(x)


class OnlyBeyond(ClampedByData):
    limit = 0.5


class Divided(Made):
    def forward(self, x):
        weight = self.output.weight.data
        self.output.weight.data = weight / weight.norm(dim=1, keepdim=True)
        return self.output(x)


class OfAFunction(Made):
    """A function that reads a layer which is no part of this module."""

    def add(self):
        layer = nn.Linear(6, 3)
        self.function = lambda x: layer(x).relu() + self.output(x)

    def forward(self, x):
        return self.function(x)


class InAList(Made):
    def add(self):
        self.kept = [nn.Parameter(torch.randn(6, 6))]

    def forward(self, x):
        return self.output(x @ self.kept[0])


class NoParameter(Made):
    def add(self):
        self.scale = torch.rand(6, requires_grad=True)

    def forward(self, x):
        return self.output(x * self.scale)


def landscape_of(module):
    data = (WORDS if isinstance(module, Limited) else NUMBERS), LABELS
    return NetworkLandscape(module, functional.cross_entropy, data)


@pytest.mark.parametrize("kind", [Limited, Clamped, ClampedByData, OnlyBeyond, Divided])
def test_what_writes_over_its_parameters_is_refused(kind):
    a, b = kind(0), kind(1)
    landscape = landscape_of(a)
    points = torch.stack([landscape.coordinates(module.state_dict()) for module in (a, b)])
    before = points.clone()
    for evaluate in (landscape.value, landscape.value_and_grad, lambda p: landscape.ends(*p)):
        with pytest.raises(ValueError, match=r"writes over its parameter '\w+\.weight'.*max_norm"):
            evaluate(points)
    with pytest.raises(ValueError, match="writes over its parameter"):
        landscape.coordinates(b)
    assert torch.equal(points, before)


@pytest.mark.parametrize("kind", [OfAFunction, InAList, NoParameter])
def test_what_calculates_with_other_parameters_is_refused(kind):
    a, b = kind(0), kind(1)
    landscape = landscape_of(a)
    words = r"a trainable tensor of shape .* not among its parameters"
    with pytest.raises(ValueError, match=words):
        landscape.ends(*[landscape.coordinates(module.state_dict()) for module in (a, b)])
    with pytest.raises(ValueError, match=words):
        landscape.coordinates(b)


class ByHand(Made):
    """Batch statistics that are used without a call of their layer."""

    def add(self):
        self.norm = nn.BatchNorm1d(6)

    def forward(self, x):
        if self.training:
            return self.output(self.norm(x))
        norm = self.norm
        x = (x - norm.running_mean) / (norm.running_var + norm.eps).sqrt()
        return self.output(x * norm.weight + norm.bias)


def test_statistics_that_cannot_be_estimated_must_be_the_same(tmp_path):
    a, b = ByHand(0), ByHand(1)
    b(3 * NUMBERS + 1)
    torch.save(b.state_dict(), tmp_path / "b.pt")
    landscape = landscape_of(a)
    landscape.coordinates(a.state_dict())
    for end in (b, b.state_dict(), tmp_path / "b.pt"):
        with pytest.raises(ValueError, match="the network's own loss on some samples is"):
            landscape.coordinates(end)


class Frozen(nn.BatchNorm1d):
    """Running statistics that stay in training, as in fine-tuning."""

    def train(self, mode=True):
        return super().train(False)


def test_what_to_do_about_statistics_that_stay():
    a, b = (nn.Sequential(Frozen(6), nn.Linear(6, 3)) for _ in range(2))
    b[0].running_mean += 1
    landscape = NetworkLandscape(a, functional.cross_entropy, (NUMBERS, LABELS))
    with pytest.raises(ValueError, match=r"'0.running_mean' is a buffer .* `train` keeps"):
        landscape.coordinates(b)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_an_end_of_another_type_has_the_loss_of_its_numbers(dtype):
    class WithBuffer(Made):
        def add(self):
            self.register_buffer("scale", torch.full((6,), 0.5), persistent=False)

        def forward(self, x):
            return self.output(x * self.scale)

    a, b = WithBuffer(0), WithBuffer(1)
    other = copy.deepcopy(b).to(dtype)
    landscape = landscape_of(a)
    point = landscape.coordinates(other)
    own = functional.cross_entropy(copy.deepcopy(other).float()(NUMBERS), LABELS)
    torch.testing.assert_close(landscape.value(point[None])[0], own.detach())
    assert other.output.weight.dtype == dtype
