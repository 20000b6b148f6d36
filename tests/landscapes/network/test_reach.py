"""A loss that reads the module that was given would be the same wherever the path is."""

import copy
from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional

from fourierpathfinder.landscapes import NetworkLandscape

from .architectures import data_of


class Remembers(nn.Module):
    """Keeps what its hidden units put out, as many networks with a penalty on these do."""

    def __init__(self, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.first, self.last = nn.Linear(5, 4), nn.Linear(4, 3)
        self.scale = 0.5

    def forward(self, x):
        self.hidden = self.first(x).tanh()
        return self.last(self.hidden)

    def scaled(self, output, target):
        """A loss among its methods."""
        return self.scale * functional.cross_entropy(output, target)

    def sparse(self, output, target):
        return self.scaled(output, target) + self.hidden.detach().abs().mean()


class OfAnother(nn.Module):
    """A loss that holds another module, and may read it."""

    def __init__(self, module, weight):
        super().__init__()
        self.held, self.weight = [module], weight

    def forward(self, output, target):
        found = functional.cross_entropy(output, target)
        if self.weight:
            found = found + self.weight * self.held[0].first.weight.detach().square().sum()
        return found


def by_hand(weights, output, target):
    return functional.cross_entropy(output, target) + sum(w.abs().mean() for w in weights)


def taught(module, output, target):
    with torch.no_grad():
        wanted = module(torch.ones(1, 5)).softmax(-1)
    return functional.cross_entropy(output, wanted.expand_as(output))


def attribute(module):
    def loss(output, target):
        return functional.cross_entropy(output, target) + module.hidden.detach().mean()

    return loss


READ = {
    "attribute": attribute,
    "method": lambda module: module.sparse,
    "module of its own": lambda module: OfAnother(module, 0.1),
    "memory": lambda module: partial(by_hand, [p.detach() for p in module.parameters()]),
    "call": lambda module: partial(taught, module),
}
UNREAD = {
    "method": lambda module: module.scaled,
    "module of its own": lambda module: OfAnother(module, 0.0),
    "copied numbers": lambda module: partial(
        by_hand, [p.detach().clone() for p in module.parameters()]
    ),
    "teacher": lambda _: partial(taught, Remembers(seed=2)),
}


def landscape_of(make):
    module = Remembers()
    inputs, targets = data_of("perceptron")
    module(inputs).sum().backward()
    return module, NetworkLandscape(module, make(module), (inputs, targets))


@pytest.mark.parametrize("kind", READ)
def test_what_reads_the_module_is_refused(kind):
    module, landscape = landscape_of(READ[kind])
    before, hidden = copy.deepcopy(module.state_dict()), module.hidden
    for _ in range(2):  # whoever goes on after an error gets it again
        with pytest.raises(ValueError, match="`loss` reads the module that was given"):
            landscape.value(torch.linspace(-1, 1, landscape.n_coordinates)[None])
    assert all(torch.equal(module.state_dict()[name], before[name]) for name in before)
    assert module.hidden is hidden or kind == "call"  # which calls it itself
    assert module.training


@pytest.mark.parametrize("kind", UNREAD)
def test_what_only_holds_it_is_not(kind):
    _, landscape = landscape_of(UNREAD[kind])
    inputs, targets = data_of("perceptron")
    point = landscape.coordinates(Remembers(seed=1))
    expected = landscape._loss(landscape.module(point)(inputs), targets)
    torch.testing.assert_close(landscape.value(point[None])[0], expected.detach())


@pytest.mark.parametrize("called", [True, False])
def test_what_reads_a_dict_that_the_module_fills_is_refused(called):
    """Though it holds nothing else of the module: it is another dict in a copy."""
    module = Remembers()
    kept = module.kept = {}
    module.first.register_forward_hook(lambda *args: kept.update(last=args[-1]))
    inputs, _ = data = data_of("perceptron")
    if called:
        with torch.no_grad():
            module(inputs)
    landscape = NetworkLandscape(
        module, lambda o, t: functional.cross_entropy(o, t) + kept["last"].abs().mean(), data
    )
    error, words = (ValueError, "reads the module") if called else (KeyError, "`loss` could not")
    with pytest.raises(error, match=words):
        landscape.coordinates(Remembers(1))


PENALTIES = {
    "weights": lambda m: lambda p: sum((w.data**2).sum() for w in m.parameters()),
    "distance": lambda m: (
        lambda p: sum(((p[name] - w.detach()) ** 2).sum() for name, w in m.named_parameters())
    ),
    "memory": lambda m: partial(squares, [p.detach() for p in m.parameters()]),
}


def squares(weights, _):
    return sum((w**2).sum() for w in weights)


@pytest.mark.parametrize("kind", PENALTIES)
def test_a_penalty_that_reads_the_module_is_refused(kind):
    module, other = Remembers(), Remembers(seed=1)
    before = copy.deepcopy(module.state_dict())
    landscape = NetworkLandscape(
        module, functional.cross_entropy, data_of("perceptron"), penalty=PENALTIES[kind](module)
    )
    with pytest.raises(ValueError, match=r"`penalty` reads the weights of the module.*deepcopy"):
        landscape.coordinates(other)
    assert all(torch.equal(module.state_dict()[name], before[name]) for name in before)


def test_a_distance_from_copied_weights_is_a_penalty():
    module, other = Remembers(), Remembers(seed=1)
    penalty = PENALTIES["distance"](copy.deepcopy(module))
    data = data_of("perceptron")
    landscape = NetworkLandscape(module, functional.cross_entropy, data, penalty=penalty)
    found = landscape.value(landscape.coordinates(other)[None]).item()
    apart = sum(
        ((a - b) ** 2).sum() for a, b in zip(module.parameters(), other.parameters(), strict=True)
    )
    own = functional.cross_entropy(other.eval()(data[0]), data[1])
    assert found == pytest.approx((own + apart).item(), rel=1e-5)
