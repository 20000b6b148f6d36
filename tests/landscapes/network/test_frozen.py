"""A frozen base is held once, whatever is done with the landscape."""

import pytest
import torch
from torch import nn

from fourierpathfinder import Stochastic, find_path
from fourierpathfinder.landscapes import NetworkLandscape


class Adapted(nn.Module):
    """A frozen layer with a trainable product of two thin ones beside it."""

    def __init__(self, n=8, rank=2):
        super().__init__()
        self.base = nn.Linear(n, n).requires_grad_(requires_grad=False)
        self.down, self.up = nn.Linear(n, rank, bias=False), nn.Linear(rank, n, bias=False)

    def forward(self, x):
        return self.base(x) + self.up(self.down(x))


def adapters(module):
    return {name: p.detach().clone() for name, p in module.named_parameters() if p.requires_grad}


def landscape_of(module):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        data = torch.randn(40, 8), torch.randn(40, 8)
    return NetworkLandscape(module, nn.functional.mse_loss, data)


def places(tensors):
    return {tensor.data_ptr() for tensor in tensors}


def test_the_landscape_holds_no_second_base():
    module = Adapted()
    landscape = landscape_of(module)
    inner = landscape._network.module
    assert places(inner.base.parameters()) == places(module.base.parameters())
    assert places(landscape._layout.fixed.values()) == places(module.base.parameters())


def test_ends_of_adapters_alone():
    """A state dict without the base will do, and the base stays as it was."""
    module, other = Adapted(), Adapted()
    before = module.base.weight.clone()
    landscape = landscape_of(module)
    result = find_path(landscape, module, adapters(other), method=Stochastic(n_steps=3), rng=0)
    assert torch.equal(module.base.weight, before)
    end = landscape.module(result.path.end)
    assert torch.equal(end.up.weight, other.up.weight)
    assert torch.equal(end.base.weight, before)


def test_a_module_that_comes_back_is_its_own():
    module = Adapted()
    landscape = landscape_of(module)
    found = landscape.module(module)
    with torch.no_grad():
        found.base.weight.zero_()
    assert module.base.weight.any()
    assert not found.base.weight.any()


class Merging(nn.Linear):
    """Adds its adapter to the frozen weight in evaluation mode, as some libraries do."""

    def __init__(self, seed=0):
        super().__init__(5, 3)
        generator = torch.Generator().manual_seed(seed)
        self.weight = nn.Parameter(torch.ones(3, 5), requires_grad=False)
        self.adapter = nn.Parameter(torch.randn(3, 5, generator=generator))
        self.is_merged = False

    def train(self, mode=True):
        super().train(mode)
        if self.is_merged == mode:
            self.weight.data += -self.adapter if mode else self.adapter
            self.is_merged = not mode
        return self

    def forward(self, x):
        weight = self.weight if self.is_merged else self.weight + self.adapter
        return nn.functional.linear(x, weight, self.bias)


def test_a_base_that_is_written_over_in_evaluation_mode_stays_as_it_is():
    module = Merging()
    data = torch.randn(12, 5), torch.arange(12) % 3
    landscape = NetworkLandscape(module, nn.functional.cross_entropy, data)
    start, end = (landscape.coordinates(Merging(seed).state_dict()) for seed in (0, 1))
    with pytest.raises(ValueError, match="the network's own loss on some samples is"):
        landscape.ends(start, end)
    assert bool((module.weight == 1).all())
    assert module.training
