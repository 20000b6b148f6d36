"""Torch's own errors come with what the module and the loss were called with."""

import re

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from fourierpathfinder.landscapes import NetworkLandscape

from .architectures import build, data_of

INPUTS, TARGETS = data_of("perceptron")
ENTROPY = functional.cross_entropy


def swapped(target, output):
    return ENTROPY(output, target)


@pytest.mark.parametrize(
    ("loss", "data", "words"),
    [
        (
            ENTROPY, (INPUTS.double(), TARGETS),
            r"inputs of torch.float64 \(\d+, 5\): .*parameters are of torch.float32.*convert",
        ),
        (ENTROPY, (INPUTS[:, :3], TARGETS), r"module could not be called.*\(\d+, 3\): mat1"),
        (ENTROPY, (INPUTS, TARGETS.int()), r"output of torch.float32 .*target of torch.int32"),
        (ENTROPY, (INPUTS, TARGETS[:, None]), r"target of torch.int64 \(\d+, 1\): 0D or 1D"),
        (ENTROPY, (INPUTS, TARGETS + 3), "`loss` could not be calculated.*out of bounds"),
        (swapped, (INPUTS, TARGETS), "`loss` could not be calculated.*not implemented"),
    ],
)  # fmt: skip
def test_what_it_was_called_with_is_said(loss, data, words):
    landscape = NetworkLandscape(build("perceptron").float(), loss, data)
    with pytest.raises((RuntimeError, IndexError), match=words):
        landscape.value(torch.zeros(1, landscape.n_coordinates))
    with pytest.raises((RuntimeError, IndexError), match=words):
        landscape.coordinates(build("perceptron").float())


def test_a_loss_may_write_over_the_output():
    module = build("perceptron").float()
    written = NetworkLandscape(module, lambda o, t: ENTROPY(o.mul_(2), t), (INPUTS, TARGETS))
    plain = NetworkLandscape(module, lambda o, t: ENTROPY(2 * o, t), (INPUTS, TARGETS))
    point = plain.coordinates(module)[None]
    for one, other in zip(written.value_and_grad(point), plain.value_and_grad(point), strict=True):
        torch.testing.assert_close(one, other)


class Again(nn.Module):
    """The first or the last layer is calculated again on the way back."""

    def __init__(self, last, reentrant):
        super().__init__()
        self.first, self.last = nn.Linear(5, 4), nn.Linear(4, 3)
        self._last, self._reentrant = last, reentrant

    def forward(self, x):
        parts = [lambda y: self.first(y).tanh(), self.last]
        for k, part in enumerate(parts):
            again = k == self._last
            x = checkpoint(part, x, use_reentrant=self._reentrant) if again else part(x)
        return x


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.filterwarnings("ignore:None of the inputs")
def test_parts_calculated_again_without_a_gradient(last):
    module = Again(last, True)
    landscape = NetworkLandscape(module, ENTROPY, (INPUTS, TARGETS))
    point = landscape.coordinates(module)
    with pytest.raises(ValueError, match=r"use_reentrant=True.*pass `use_reentrant=False`"):
        landscape.ends(point, point + 0.1)
    landscape = NetworkLandscape(Again(last, False), ENTROPY, (INPUTS, TARGETS))
    landscape.ends(point, point + 0.1)


def test_what_holds_no_numbers():
    with pytest.raises(ValueError, match=re.escape("'0.weight' of `module` is on the device")):
        NetworkLandscape(nn.Sequential(nn.Linear(5, 3)).to("meta"), ENTROPY, (INPUTS, TARGETS))
    with pytest.raises(ValueError, match="`data` holds a tensor on the device `meta`"):
        NetworkLandscape(nn.Linear(5, 3), ENTROPY, (INPUTS.to("meta"), TARGETS))


def test_ignored_targets_are_named_where_the_mean_is_over_none():
    ignored = torch.full_like(TARGETS, -100)
    ignored[-1] = 0
    module = nn.Linear(5, 3)
    landscape = NetworkLandscape(module, lambda o, t: 1 * ENTROPY(o, t), (INPUTS, ignored))
    with pytest.raises(ValueError, match="all targets of some samples are ignored"):
        landscape.coordinates(nn.Linear(5, 3))
    for end in (module.state_dict(), torch.zeros(18)):
        with pytest.raises(ValueError, match="all targets of some samples are ignored"):
            landscape.value(landscape.coordinates(end)[None])
