"""Modules that calculate with what they computed from their parameters at an earlier time."""

from functools import cached_property, lru_cache
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.nn import functional

from fourierpathfinder import Stochastic, find_path
from fourierpathfinder.landscapes import NetworkLandscape
from fourierpathfinder.landscapes.alignment.copies import copied

LABELS = torch.arange(24) % 3
NUMBERS = torch.randn(24, 6, generator=torch.Generator().manual_seed(0))
MASK = (torch.rand(6, 3, generator=torch.Generator().manual_seed(1)) > 0.3).float()


class Made(nn.Module):
    """A linear layer that multiplies with another form of its weight."""

    def __init__(self, seed):
        super().__init__()
        torch.manual_seed(seed)
        self.inner = nn.Linear(6, 6)
        self.output = nn.Linear(6, 3)
        self.add()

    def add(self):
        pass

    def weight(self):
        return self.output.weight.t()

    def forward(self, x):
        return self.inner(x).relu() @ self.weight()


class Transposed(Made):
    def add(self):
        self.kept = self.output.weight.detach().t().clone()

    def weight(self):
        return self.kept


class Masked(Transposed):
    def add(self):
        self.kept = self.output.weight.detach().t() * MASK


class InAList(Transposed):
    def add(self):
        self.kept = [self.output.weight.detach().t().clone()]

    def weight(self):
        return self.kept[0]


class Filled(Made):
    """Computed by the first call."""

    def add(self):
        self._kept = None

    def weight(self):
        if self._kept is None:
            self._kept = functional.normalize(self.output.weight.detach(), dim=1).t()
        return self._kept


class InADict(Made):
    def add(self):
        self.kept = {}

    def weight(self):
        if "weight" not in self.kept:
            self.kept["weight"] = self.output.weight.detach().t() ** 2
        return self.kept["weight"]


class Property(Made):
    @cached_property
    def kept(self):
        return self.output.weight.detach().t().exp()

    def weight(self):
        return self.kept


class Merged(Made):
    """A weight of several parts that are put together by hand, as those of adapters are."""

    def add(self):
        self.down, self.up = (nn.Parameter(torch.randn(*shape)) for shape in ((2, 6), (3, 2)))
        self.kept = None
        self.merge()

    def merge(self):
        self.kept = self.now().detach()

    def now(self):
        return (self.output.weight + self.up @ self.down).t()

    def weight(self):
        return self.now() if self.kept is None else self.kept


class MergedForGood(Merged):
    """Nothing is computed where it lacks."""

    def weight(self):
        return self.kept


class MergedWithFrozen(Merged):
    """Most of its numbers do not move."""

    def add(self):
        self.output.weight.requires_grad_(False).copy_(3 * MASK.t())
        super().add()

    def weight(self):
        return self.kept


class NotSaved(MergedWithFrozen):
    def merge(self):
        del self.kept
        self.register_buffer("kept", self.now().detach(), persistent=False)


class OfAnObject(MergedWithFrozen):
    def merge(self):
        self.cache = SimpleNamespace(kept=self.now().detach())

    def weight(self):
        return self.cache.kept


class WithHistory(Merged):
    def merge(self):
        self.kept = torch.linalg.pinv(self.output.weight)

    def weight(self):
        return self.kept


class Normalised(Transposed):
    def merge(self):
        self.kept = functional.normalize(self.output.weight.detach().t(), dim=1)


class Projected(Made):
    """What one layer makes of another's parameters."""

    def add(self):
        nn.init.zeros_(self.inner.bias)
        self.kept = self.inner(self.output.weight).detach().t()

    def weight(self):
        return self.kept


class WithinALayer(nn.Module):
    def __init__(self, seed):
        super().__init__()
        self.layer = Filled(seed)

    def forward(self, x):
        return self.layer(x)


class OfAMethod(Made):
    @lru_cache(maxsize=4)  # noqa: B019
    def weight(self):
        return self.output.weight.detach().t() * 2


def landscape_of(module):
    return NetworkLandscape(module, functional.cross_entropy, (NUMBERS, LABELS))


def connected(a, b):
    return find_path(landscape_of(a), a, b, method=Stochastic(n_steps=2), rng=0)


def called(kind, seed=0):
    module = kind(seed).eval()
    with torch.no_grad():
        module(NUMBERS)
    return module


@pytest.mark.parametrize(
    ("kind", "where"),
    [
        (Transposed, "kept"), (Masked, "kept"), (InAList, "kept"), (Filled, "_kept"),
        (InADict, "kept"), (Property, "kept"), (WithinALayer, r"layer\._kept"), (Merged, "kept"),
        (MergedForGood, "kept"), (MergedWithFrozen, "kept"), (NotSaved, "kept"),
        (OfAnObject, r"cache\.kept"), (WithHistory, "kept"), (Normalised, "kept"),
        (Projected, "kept"),
    ],
)  # fmt: skip
def test_what_was_computed_before_is_noticed(kind, where):
    a, b = called(kind), kind(1).state_dict()
    before = copied(a)
    with pytest.raises(ValueError, match=f"`start`: .* attribute '{where}', .* `forward` at each"):
        connected(a, b)
    assert torch.equal(a(NUMBERS), before(NUMBERS))  # the module is left as it is
    assert vars(a).keys() == vars(before).keys()


def test_so_is_what_the_first_call_of_a_method_computes():
    with pytest.raises(ValueError, match="own loss on some"):
        connected(OfAMethod(0), OfAMethod(1).state_dict())


class ByPlaces(Made):
    """Biases that are laid out at the first call in evaluation mode, as those of LeViT are."""

    def add(self):
        self.biases = nn.Parameter(torch.randn(3))
        self.kept = {}

    def train(self, mode=True):
        if mode:
            self.kept = {}
        return super().train(mode)

    def laid_out(self):
        return self.biases[torch.tensor([0, 1, 2, 1, 0, 2])]

    def forward(self, x):
        if not self.training and "cpu" not in self.kept:
            self.kept["cpu"] = self.laid_out()
        return super().forward(x + (self.laid_out() if self.training else self.kept["cpu"]))


class InABuffer(ByPlaces):
    def add(self):
        super().add()
        del self.kept
        self.register_buffer("kept", None, persistent=False)

    def train(self, mode=True):
        if mode:
            self.kept = None
        return nn.Module.train(self, mode)

    def forward(self, x):
        if self.kept is None:
            self.kept = self.laid_out()
        return Made.forward(self, x + self.kept)


def at(kind, landscape, point):
    """A module that was never called."""
    made = kind(0)
    made.load_state_dict(landscape.state_dict(point))
    return made.eval()


@pytest.mark.parametrize("kind", [Filled, InADict, Property, ByPlaces, InABuffer])
@pytest.mark.parametrize("vectorize", [True, False])
def test_what_a_call_computes_is_not_kept_for_the_next(kind, vectorize):
    a, b = kind(0), kind(1)
    data = NUMBERS, LABELS
    landscape = NetworkLandscape(a, functional.cross_entropy, data, vectorize=vectorize)
    ends = landscape.coordinates(a), landscape.coordinates(b)
    landscape.ends(*ends)
    points = torch.stack([*ends, (ends[0] + ends[1]) / 2])
    own = [functional.cross_entropy(at(kind, landscape, p)(NUMBERS), LABELS) for p in points]
    torch.testing.assert_close(landscape.value(points), torch.stack(own).detach())


@pytest.mark.parametrize("kind", [ByPlaces, InABuffer])
def test_what_training_empties_may_be_full(kind):
    a, b = called(kind), called(kind, 1)
    landscape = landscape_of(a)
    ends = landscape.coordinates(a), landscape.coordinates(b)
    landscape.ends(*ends)
    middle = (ends[0] + ends[1]) / 2
    expected = functional.cross_entropy(at(kind, landscape, middle)(NUMBERS), LABELS).detach()
    value, gradient = (each[0] for each in landscape.value_and_grad(middle[None]))
    torch.testing.assert_close(value, expected)
    found = landscape.module(middle)(NUMBERS)  # though what it is a copy of is full again
    torch.testing.assert_close(functional.cross_entropy(found, LABELS).detach(), expected)
    reference = at(kind, landscape, middle)
    loss = functional.cross_entropy(reference(NUMBERS), LABELS)
    own = torch.autograd.grad(loss, list(reference.parameters()), materialize_grads=True)
    torch.testing.assert_close(gradient, torch.cat([each.flatten() for each in own]))


class Noting(Made):
    """What `forward` leaves behind for its owner is not read."""

    def forward(self, x):
        self.hidden = self.inner(x).detach()
        self.norm = self.output.weight.detach().norm(dim=0)
        return super().forward(x)


class Computing(Made):
    def weight(self):
        self.kept = self.output.weight.t() * 2
        return self.kept


class NotingInAnObject(Made):
    """With the history of the numbers."""

    def add(self):
        self.last = SimpleNamespace()

    def forward(self, x):
        self.last.hidden = self.inner(x)
        return super().forward(x)


class Fixed(Made):
    """Constants of ones and of random numbers, and a table that depends on the inputs alone."""

    def add(self):
        self.mask, self.table = MASK, None
        self.scale = torch.randn(3, generator=torch.Generator().manual_seed(2))
        nn.init.ones_(self.inner.bias)

    def forward(self, x):
        if self.table is None:
            self.table = torch.arange(x.shape[-1]) / 6.0
        return self.inner(x + self.table) @ (self.weight() * self.mask) * self.scale


class WithATable(Made):
    """Constants that are no buffers, or not saved as such: of positions, of random features."""

    def add(self):
        angles = torch.arange(6.0)[:, None] / 10 ** torch.arange(6.0)
        self.table = angles.sin()
        generator = torch.Generator().manual_seed(4)
        self.register_buffer("random", torch.randn(6, 6, generator=generator), persistent=False)

    def forward(self, x):
        return super().forward(x @ self.table @ self.random)


class OfFrozen(Transposed):
    def add(self):
        for parameter in self.output.requires_grad_(False).parameters():
            parameter.normal_(generator=torch.Generator().manual_seed(3))
        super().add()


class Untouched(Made):
    def add(self):
        self.first = self.output.weight.detach().clone()


class Recurrent(Made):
    def add(self):
        self.recurrent = nn.LSTM(6, 6)

    def forward(self, x):
        return super().forward(self.recurrent(x[None])[0][0])


@pytest.mark.parametrize(
    "kind",
    [Made, Noting, NotingInAnObject, Computing, Fixed, WithATable, OfFrozen, Untouched, Recurrent],
)
def test_what_need_not_be_computed_again_is_let_through(kind):
    a, b = called(kind), kind(1)
    a(NUMBERS)
    point = connected(a, b.state_dict()).path(0.5)
    landscape, own = landscape_of(a), kind(0)
    own.load_state_dict(landscape.state_dict(point))
    loss = functional.cross_entropy(own(NUMBERS), LABELS).detach()
    torch.testing.assert_close(landscape.value(point[None])[0], loss)


def test_what_is_taken_for_a_constant_is_said(caplog):
    with caplog.at_level("INFO", logger="fourierpathfinder"):
        connected(called(WithATable), WithATable(1).state_dict())
    for name in ("table", "random"):
        assert f"the attribute {name!r} is taken for the same in all networks" in caplog.text
