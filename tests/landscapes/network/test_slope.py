"""Gradients that are not those of the loss are said; all others are let through."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from fourierpathfinder.landscapes import NetworkLandscape

from .made import LABELS, NUMBERS, Made


class Reversed(torch.autograd.Function):
    """As networks for several domains use it."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        return -gradient


class WithTwo(Made):
    def add(self):
        self.inner = nn.Linear(6, 6)

    def between(self, x):
        return x

    def forward(self, x):
        return self.output(self.between(self.inner(x)).tanh())


class Turned(WithTwo):
    def between(self, x):
        return Reversed.apply(x)


class Detached(WithTwo):
    def between(self, x):
        return 5 * x.detach()


class DetachedGently(WithTwo):
    """The loss depends little on it."""

    def between(self, x):
        return x.detach()


class Padded(Made):
    """An embedding whose first row is calculated with, but has no gradient."""

    def add(self):
        self.words = nn.Embedding(3, 6, padding_idx=0)
        nn.init.normal_(self.words.weight)

    def forward(self, x):
        return self.output(self.words((x > 0).long() + (x > 1).long()).tanh().mean(1))


class Unused(WithTwo):
    """Units that are off, or never the largest, and words that never come, have no gradient."""

    def add(self):
        super().add()
        self.words = nn.Embedding(5, 6)
        with torch.no_grad():
            self.inner.bias[:3] -= 9
            self.inner.weight[3] /= 9

    def between(self, x):
        largest = torch.stack([x[:, 3] - 1, x[:, 4] + 9, x[:, 5]], 1).amax(1, keepdim=True)
        return x.relu() + largest + self.words((x[:, 0] > 9).long())


class StraightThrough(WithTwo):
    def between(self, x):
        return x + (x.round() - x).detach()


class WithKinks(WithTwo):
    def between(self, x):
        return x.relu() - 0.3 * (x - 0.5).abs()


def said(module, other, loss, data, caplog):
    landscape = NetworkLandscape(module, loss, data)
    landscape.ends(landscape.coordinates(module), landscape.coordinates(other))
    return "the gradient is not that of the loss" in caplog.text


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(Turned, True), (Detached, True), (DetachedGently, True), (Padded, True),
     (StraightThrough, True), (WithTwo, False), (WithKinks, False), (Unused, False)],
)  # fmt: skip
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradients_that_are_not_those_of_the_loss(kind, expected, dtype, caplog):
    a, b = kind(0).to(dtype), kind(1).to(dtype)
    data = NUMBERS.to(dtype), LABELS
    assert said(a, b, functional.cross_entropy, data, caplog) is expected


def test_a_target_that_is_detached(caplog):
    def own_target(output, _):
        return functional.mse_loss(output, 2 * output.detach().roll(1, 1))

    assert said(WithTwo(0), WithTwo(1), own_target, (NUMBERS, LABELS), caplog)
