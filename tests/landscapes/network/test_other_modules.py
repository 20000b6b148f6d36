"""Modules that do something unusual with their parameters: loss and gradient are torch's own."""

import copy
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence
from torch.utils.checkpoint import checkpoint

from fourierpathfinder.landscapes import NetworkLandscape, align_units

GENERATOR = torch.Generator().manual_seed(11)
N = 24
NUMBERS = torch.randn(N, 6, generator=GENERATOR)
WORDS = torch.randint(11, (N, 5), generator=GENERATOR)
SERIES = torch.randn(N, 5, 6, generator=GENERATOR), torch.arange(N) % 5 + 1
LABELS = torch.randint(3, (N,), generator=GENERATOR)


class OneOfThreeNames(nn.Module):
    """A layer under two names, the weight of which has a third."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(6, 6)
        self.again = nn.Sequential(self.first, nn.Tanh())
        self.weight = self.first.weight
        self.output = nn.Linear(6, 3)

    def forward(self, x):
        return self.output(torch.tanh(self.again(self.first(x))) @ self.weight)


class Sparse(nn.Module):
    """Embeddings whose gradients are sparse."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(11, 4, sparse=True)
        self.bag = nn.EmbeddingBag(11, 4, sparse=True, mode="sum")
        self.output = nn.Linear(4, 3)

    def forward(self, x):
        return self.output(self.words(x).mean(1) + self.bag(x))


class SparseByHand(Sparse):
    def forward(self, x):
        words = functional.embedding(x, self.words.weight, sparse=True)
        return self.output(words.mean(1) + self.bag(x))


class CalculatedAgain(nn.Module):
    """A part is calculated again on the way back, to save memory."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(6, 5)
        self.part = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 4))
        self.output = nn.Linear(4, 3)

    def forward(self, x):
        return self.output(checkpoint(self.part, self.first(x), use_reentrant=False))


class OfFrequencies(nn.Module):
    """Pairs of real numbers are used as complex ones."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(0.7))
        self.filter = nn.Parameter(torch.randn(4, 2))
        self.output = nn.Linear(6, 3)

    def forward(self, x):
        kept = torch.fft.rfft(self.scale * x) * torch.view_as_complex(self.filter)
        return self.output(torch.fft.irfft(kept, n=6))


class Packed(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(6, 4, batch_first=True)
        self.output = nn.Linear(4, 3)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        return self.output(self.gru(packed)[1][0])


class ScaledInTraining(nn.GRU):
    """A recurrent layer that does something else in training, as with dropped weights."""

    def forward(self, x):
        return super().forward(0.5 * x if self.training else x)


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = ScaledInTraining(6, 4, batch_first=True)
        self.output = nn.Linear(4, 3)

    def forward(self, x, lengths):
        return self.output(self.gru(x)[0][:, -1])


class Remembering(nn.Module):
    """Its state dict holds more than tensors."""

    def __init__(self, version=3):
        super().__init__()
        self.output = nn.Linear(6, 3)
        self.version = version

    def forward(self, x):
        return self.output(x)

    def get_extra_state(self):
        return {"version": self.version}

    def set_extra_state(self, state):
        self.version = state["version"]


KINDS = {
    OneOfThreeNames: NUMBERS,
    Sparse: WORDS,
    SparseByHand: WORDS,
    CalculatedAgain: NUMBERS,
    OfFrequencies: NUMBERS,
    Packed: SERIES,
    Scaled: SERIES,
    Remembering: NUMBERS,
}


def built(kind, seed):
    torch.manual_seed(seed)
    return kind()


def own(module, inputs):
    """Loss and gradient by torch alone."""
    module = copy.deepcopy(module).eval()
    inputs = inputs if isinstance(inputs, tuple) else (inputs,)
    loss = functional.cross_entropy(module(*inputs), LABELS)
    loss.backward()
    return loss.item(), torch.cat([p.grad.to_dense().flatten() for p in module.parameters()])


@pytest.mark.parametrize("way", ["vectorize", "one by one", "offload", "over the points"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_loss_and_gradient_are_those_of_torch(kind, way, monkeypatch):
    if way == "offload" and kind is SparseByHand:
        pytest.skip("torch cannot copy a sparse gradient to a dense parameter elsewhere")
    if way == "over the points":
        limit = "fourierpathfinder.landscapes.network.mean_loss._LARGEST_GRADIENTS"
        monkeypatch.setattr(limit, 2)
    inputs = KINDS[kind]
    modules = [built(kind, seed) for seed in (0, 1)]
    options = {"vectorize": way == "vectorize"} | ({"offload": True} if way == "offload" else {})
    data = inputs, LABELS
    landscape = NetworkLandscape(modules[0], functional.cross_entropy, data, **options)
    points = torch.stack([landscape.coordinates(module) for module in modules])
    landscape.ends(*points)
    everything = np.tile(np.arange(N), (2, 1))
    for values, gradients in (
        landscape.value_and_grad(points.clone()),
        landscape.value_and_grad(points.clone(), everything),
        landscape.value_and_grad_over(points.clone(), everything),
    ):
        for module, value, gradient in zip(modules, values, gradients, strict=True):
            loss, expected = own(module, inputs)
            assert value.item() == pytest.approx(loss, rel=1e-5)
            torch.testing.assert_close(gradient, expected, rtol=1e-4, atol=1e-6)
    halfway = landscape.module(points.mean(0))
    found = landscape.value(points.mean(0)[None]).item()
    assert found == pytest.approx(own(halfway, inputs)[0], rel=1e-5)


def test_more_than_tensors_in_a_state_dict():
    landscape = NetworkLandscape(Remembering(), functional.cross_entropy, (NUMBERS, LABELS))
    with pytest.raises(ValueError, match="'_extra_state' is a buffer"):
        landscape.coordinates(Remembering(version=4))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (torch.jit.script, "the module is a RecursiveScriptModule, a program"),
        (lambda net: nn.Sequential(torch.jit.script(net)), "the part '0' of the module is a"),
        (lambda net: nn.Sequential(nn.DataParallel(net)), "the part '0' of the module is a Data"),
    ],
    ids=["scripted", "scripted part", "over devices"],
)
def test_what_cannot_be_called_with_other_parameters(make, words):
    net = nn.Sequential(nn.Linear(6, 3))
    with nullcontext() if "Data" in words else pytest.warns():
        wrapped = make(net)
    with pytest.raises(ValueError, match=words):
        NetworkLandscape(wrapped, functional.cross_entropy, (NUMBERS, LABELS))
    landscape = NetworkLandscape(net, functional.cross_entropy, (NUMBERS, LABELS))
    if not isinstance(wrapped, nn.Sequential):
        with pytest.raises(ValueError, match=words):
            landscape.coordinates(wrapped)


class GivesItselfBack(nn.Linear):
    def __deepcopy__(self, memo):
        return self


class SharesParameters(nn.Module):
    """Copied by hand, the parameters of its layer not."""

    def __init__(self, weight=None):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3, 6)) if weight is None else weight

    def __deepcopy__(self, memo):
        return SharesParameters(self.weight)

    def forward(self, x):
        return functional.linear(x, self.weight)


@pytest.mark.parametrize("layer", [GivesItselfBack(6, 3), SharesParameters()])
def test_a_network_is_never_written_over_because_its_copy_is_the_same_object(layer):
    module = nn.Sequential(nn.Linear(6, 6), layer).train()
    before = [parameter.detach().clone() for parameter in module.parameters()]
    with pytest.raises(ValueError, match=r"the part '1.*' of the module would be the same object"):
        NetworkLandscape(module, functional.cross_entropy, (NUMBERS, LABELS))
    with pytest.raises(ValueError, match="the same object in a copy"):
        align_units(module, module, copy.copy(module), (NUMBERS, LABELS))
    assert all(torch.equal(*pair) for pair in zip(module.parameters(), before, strict=True))
    assert all(layer.training for layer in module.modules())
    assert all(parameter.requires_grad for parameter in module.parameters())


def test_a_layer_without_numbers_may_be_shared_with_a_copy():
    class Square(nn.Module):
        def __deepcopy__(self, memo):
            return self

        def forward(self, x):
            return x**2

    module = nn.Sequential(nn.Linear(6, 3), Square())
    landscape = NetworkLandscape(module, functional.cross_entropy, (NUMBERS, LABELS))
    own = functional.cross_entropy(module(NUMBERS), LABELS).item()
    value = landscape.value(landscape.coordinates(module)[None])
    assert float(value) == pytest.approx(own, rel=1e-5)
