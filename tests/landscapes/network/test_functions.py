"""Functions in a module that know of it: hooks that keep outputs, another `forward`."""

import weakref

import pytest
import torch
from torch import nn
from torch.nn import functional

from fourierpathfinder import Stochastic, find_path
from fourierpathfinder.landscapes import NetworkLandscape, align_units

from .made import LABELS, NUMBERS, Made


class Hooked(Made):
    def add(self):
        self.inner, self.kept = nn.Linear(6, 6), {}

        def keep(layer, inputs, output):
            self.kept["inner"] = output

        self.inner.register_forward_hook(keep)

    def forward(self, x):
        return self.output(self.inner(x).tanh()) + self.kept["inner"][:, :3]


class HookedByAList(Hooked):
    """By a function that another one makes, and that holds the list and not the module."""

    def add(self):
        self.inner, self.kept = nn.Linear(6, 6), []
        kept = self.kept

        def keeping(factor):
            return lambda layer, inputs, output, to=kept: to.append(factor * output)

        self.inner.register_forward_hook(keeping(2.0))

    def forward(self, x):
        self.kept.clear()
        return self.output(self.inner(x).tanh()) + self.kept[0][:, :3]


class HookedWeakly(Hooked):
    """As one does so as not to make a circle."""

    def add(self):
        self.inner, self.kept = nn.Linear(6, 6), {}
        self.inner.owner = owner = weakref.ref(self)
        self.inner.register_forward_hook(lambda *args: owner().kept.update(inner=args[-1]))

    def forward(self, x):
        first = self.output(self.inner(x).tanh())
        return first + self.inner.owner().kept["inner"][:, :3]


class OtherForward(Made):
    def add(self):
        before = self.forward
        self.forward = lambda x: before(x) * 2 + self.output(x**2)


class OfAFunction(Made):
    """Which knows itself too."""

    def add(self):
        layer = self.output

        def function(x, n):
            return layer(x) if n == 0 else function(x.tanh(), n - 1)

        self.functions = [function]

    def forward(self, x):
        return self.functions[0](x, 2)


@pytest.mark.parametrize("kind", [Hooked, HookedByAList, HookedWeakly, OtherForward, OfAFunction])
@pytest.mark.parametrize("n_called", [0, 1, 24])
def test_functions_in_a_copy_know_of_the_copy(kind, n_called):
    a, b = kind(0), kind(1)
    if n_called:
        a(NUMBERS[:n_called])
        b(NUMBERS[:n_called])
    landscape = NetworkLandscape(a, functional.cross_entropy, (NUMBERS, LABELS))
    for end in (b, b.state_dict()):
        result = find_path(landscape, a, end, method=Stochastic(n_steps=2), rng=0)
    points = result.path(torch.tensor([0.0, 0.5, 1.0]).numpy())
    middle = kind(2)
    middle.load_state_dict(landscape.state_dict(points[1]))
    own = [functional.cross_entropy(net(NUMBERS), LABELS).detach() for net in (a, middle, b)]
    torch.testing.assert_close(landscape.value(points), torch.stack(own))
    torch.testing.assert_close(landscape.value_and_grad(points)[0], torch.stack(own))
    module = landscape.module(points[1])
    torch.testing.assert_close(module(NUMBERS), middle(NUMBERS))


def test_functions_of_a_library_stay_what_they_are():
    class Activated(Made):
        def add(self):
            self.activation = functional.relu  # which has defaults

    module = Activated(0)
    landscape = NetworkLandscape(module, functional.cross_entropy, (NUMBERS, LABELS))
    assert landscape.module(landscape.coordinates(module)).activation is functional.relu


def test_hooks_of_an_aligned_network_are_its_own():
    a, b = Hooked(0), Hooked(1)
    aligned = align_units(a, a, b, (NUMBERS, LABELS))
    torch.testing.assert_close(aligned(NUMBERS), b(NUMBERS))
    del b.kept["inner"]
    aligned(NUMBERS)
    assert not b.kept
