"""Modules around the network itself, as modules, state dicts and files, also of each other."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel

from fourierpathfinder import Stochastic, find_path
from fourierpathfinder.landscapes import NetworkLandscape, align_units
from fourierpathfinder.landscapes.alignment.wrapped import names_within

from .made import LABELS, NUMBERS

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")

WRAPPERS = [
    nn.DataParallel,
    AveragedModel,
    torch.compile,
    lambda net: AveragedModel(nn.DataParallel(net)),
    lambda net: torch.compile(nn.DataParallel(net)),
]


def network(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))


def landscape_of(module):
    return NetworkLandscape(module, functional.cross_entropy, (NUMBERS, LABELS))


@pytest.mark.parametrize("wrap", WRAPPERS)
def test_the_network_within_is_taken(wrap, tmp_path, caplog):
    plain, other = landscape_of(network(0)), network(1)
    expected = plain.coordinates(other)
    wrapped = wrap(copy.deepcopy(other))
    with caplog.at_level("INFO", logger="fourierpathfinder"):
        assert torch.equal(plain.coordinates(wrapped), expected)
    assert "the network within is taken" in caplog.text
    torch.save(wrapped.state_dict(), tmp_path / "wrapped.pt")
    assert torch.equal(plain.coordinates(tmp_path / "wrapped.pt"), expected)
    landscape = landscape_of(wrap(network(0)))
    for end in (wrapped, wrapped.state_dict(), other, other.state_dict()):
        assert torch.equal(landscape.coordinates(end), expected)
    result = find_path(landscape, wrap(network(0)), wrapped, method=Stochastic(n_steps=2), rng=0)
    point = result.path(0.5)
    assert type(landscape.module(point)) is nn.Sequential
    own = functional.cross_entropy(landscape.module(point)(NUMBERS), LABELS).detach()
    torch.testing.assert_close(landscape.value(point[None])[0], own)


@pytest.mark.parametrize("wrap", WRAPPERS)
def test_units_within_are_aligned(wrap):
    one, other = network(0), network(1)
    expected = align_units(one, one, other.state_dict())
    wrapped = wrap(copy.deepcopy(other))
    aligned = align_units(wrap(network(2)), wrap(network(0)), wrapped)
    assert type(aligned) is type(wrapped)
    state = align_units(one, wrap(network(0)).state_dict(), wrapped.state_dict())
    assert state.keys() == wrapped.state_dict().keys()
    for found in (aligned.state_dict(), state):
        for name, value in expected.items():
            (found_name,) = (each for each in found if each.endswith(name))
            assert torch.equal(found[found_name], value)


def test_wrapped_layers_within_names():
    """A checkpoint of a `DataParallel` around a network whose first layer was compiled."""
    own = ["0.weight", "1.bias"]
    found = names_within(["module.0._orig_mod.weight", "1.bias"], own)
    assert found == {"module.0._orig_mod.weight": "0.weight"}
