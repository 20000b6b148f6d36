"""Units of many kinds of layers: a network in another order is found to be the same one."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

from fourierpathfinder.landscapes import StraightThrough, align_units
from fourierpathfinder.landscapes.alignment import example_inputs
from fourierpathfinder.landscapes.alignment.copies import copied
from fourierpathfinder.landscapes.alignment.structure import find_units


class Made(nn.Module):
    """Layers by name, and what is done with them."""

    def __init__(self, forward, **layers):
        super().__init__()
        self._forward = [forward]
        for name, layer in layers.items():
            setattr(self, name, layer)

    def forward(self, x):
        return self._forward[0](self, x)


def raw(*shape):
    return nn.Parameter(torch.zeros(shape))


def convolved(forward):
    """A convolution to five channels, and what is done with them; for images of three channels."""
    made = Made(forward, conv=nn.Conv2d(3, 5, 3), last=nn.Linear(5, 2))
    return [5], made, (3, 5, 5)


def experts(of, x):
    gates = functional.softmax(of.gate(x), -1)
    return sum(gates[:, k : k + 1] * each(x) for k, each in enumerate(of.experts))


def mixed(of, x):
    x = of.patches(x).flatten(2).mT
    return of.last((x + of.tokens(x.mT).mT).mean(1))


def kept_state(of, x):
    hidden = x.new_zeros(len(x), 5)
    for step in x.unbind(1):
        hidden = of.cell(step, hidden)
    return of.last(hidden)


def standardised(of, x):
    variance, mean = torch.var_mean(of.conv.weight, dim=(1, 2, 3), keepdim=True)
    weight = (of.conv.weight - mean) * torch.rsqrt(variance + 1e-5)
    return of.last(functional.conv2d(x, weight, of.conv.bias).relu().mean((2, 3)))


def messages(of, x):
    hidden = of.first(x).relu()
    sent = torch.tensor([0, 1, 2, 3, 0]), torch.tensor([1, 2, 3, 0, 2])
    return of.last(hidden + torch.zeros_like(hidden).index_add(1, sent[1], hidden[:, sent[0]]))


def gram(of, x):
    x = of.conv(x).flatten(2)
    return of.last((x @ x.mT).flatten(1))


def attended_in_part(of, x):
    """Channels and places, each by their mean and largest (CBAM)."""
    x = of.first(x)
    most, _ = x.max(1, keepdim=True)
    x = x * of.places(torch.cat([x.mean(1, keepdim=True), most], 1)).sigmoid()
    return of.last(x.mean((2, 3)))


def of_grouped_queries(of, x):
    """Two heads of queries to each one of keys and values."""
    q, k, v = (
        layer(x).unflatten(-1, (-1, 3)).transpose(1, 2) for layer in (of.query, of.key, of.value)
    )
    heads = functional.scaled_dot_product_attention(q, k, v, enable_gqa=True)
    return of.last(heads.transpose(1, 2).flatten(2)).mean(1)


normed, spectral = (
    torch.nn.utils.parametrizations.weight_norm,
    torch.nn.utils.parametrizations.spectral_norm,
)
KINDS = {
    "experts": (
        [5, 5],
        Made(
            experts,
            gate=nn.Linear(3, 2),
            experts=nn.ModuleList(
                nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 2)) for _ in range(2)
            ),
        ),
        (3,),
    ),
    "mixer": (
        [6, 7],
        Made(
            mixed,
            patches=nn.Conv2d(3, 6, 4, 4),
            tokens=nn.Sequential(nn.Linear(4, 7), nn.GELU(), nn.Linear(7, 4)),
            last=nn.Linear(6, 2),
        ),
        (3, 8, 8),
    ),
    "weight_norm": ([5], nn.Sequential(normed(nn.Linear(3, 5)), nn.ReLU(), nn.Linear(5, 2)), (3,)),
    "spectral_norm": (
        [5],
        nn.Sequential(spectral(nn.Linear(3, 5)), nn.ReLU(), nn.Linear(5, 2)),
        (3,),
    ),
    "GLU": ([5], nn.Sequential(nn.Linear(3, 10), nn.GLU(), nn.Linear(5, 2)), (3,)),
    "Hardswish": ([5], nn.Sequential(nn.Linear(3, 5), nn.Hardswish(), nn.Linear(5, 2)), (3,)),
    "PixelShuffle": (
        [3],
        nn.Sequential(nn.Conv2d(2, 12, 3), nn.PixelShuffle(2), nn.ReLU(), nn.Conv2d(3, 2, 1)),
        (2, 5, 5),
    ),
    "PixelUnshuffle": (
        [3],
        nn.Sequential(nn.Conv2d(2, 3, 1), nn.PixelUnshuffle(2), nn.ReLU(), nn.Conv2d(12, 2, 1)),
        (2, 4, 4),
    ),
    "a cell": ([5], Made(kept_state, cell=nn.GRUCell(3, 5), last=nn.Linear(5, 2)), (4, 3)),
    "Bilinear": (
        [5, 4],
        Made(
            lambda of, x: of.last(of.both(of.first(x).tanh(), x).relu()),
            first=nn.Linear(3, 5),
            both=nn.Bilinear(5, 3, 4),
            last=nn.Linear(4, 2),
        ),
        (3,),
    ),
    "EmbeddingBag": ([5], nn.Sequential(nn.EmbeddingBag(9, 5), nn.Tanh(), nn.Linear(5, 2)), None),
    "standardised weights": convolved(standardised),
    "messages": ([5], Made(messages, first=nn.Linear(3, 5), last=nn.Linear(5, 2)), (4, 3)),
    "largest pixels": convolved(lambda of, x: of.last(of.conv(x).flatten(2).max(-1)[0])),
    "largest channels": (
        [5],
        Made(
            attended_in_part,
            first=nn.Conv2d(3, 5, 3),
            places=nn.Conv2d(2, 1, 3, padding=1),
            last=nn.Linear(5, 2),
        ),
        (3, 6, 6),
    ),
    "grouped queries": (
        [2],
        Made(
            of_grouped_queries,
            query=nn.Linear(3, 12),
            key=nn.Linear(3, 6),
            value=nn.Linear(3, 6),
            last=nn.Linear(12, 2),
        ),
        (4, 3),
    ),
    "centres": (
        [5],
        Made(
            lambda of, x: of.last(torch.exp(-torch.cdist(x, of.centres))),
            centres=raw(5, 3),
            last=nn.Linear(5, 2),
        ),
        (3,),
    ),
    "einsum": (
        [5, 4],
        Made(
            lambda of, x: torch.einsum(
                "bhd,hdo->bo", torch.einsum("bi,ihd->bhd", x, of.first).relu(), of.last
            ),
            first=raw(3, 5, 4),
            last=raw(5, 4, 2),
        ),
        (3,),
    ),
    "one matrix, both ways": (
        [5],
        Made(
            lambda of, x: functional.linear(functional.linear(x, of.w).tanh(), of.w.T), w=raw(5, 3)
        ),
        (3,),
    ),
    "products of channels": (
        [4],
        Made(gram, conv=nn.Conv2d(3, 4, 3), last=nn.Linear(16, 2)),
        (3, 5, 5),
    ),
}


def randomised(module, seed):
    """A copy with other parameters, in double precision."""
    generator = torch.Generator().manual_seed(seed)
    new = copied(module).double().eval()
    with torch.no_grad():
        for parameter in new.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator).double() / 2)
    return new


def inputs_of(shape, n, seed=3):
    generator = torch.Generator().manual_seed(seed)
    if shape is None:
        return torch.randint(9, (n, 6), generator=generator)
    return torch.randn(n, *shape, generator=generator).double()


def in_another_order(module, inputs):
    """Copy a module, all of whose units are in an order drawn at random."""
    generator = torch.Generator().manual_seed(5)
    state = module.state_dict()
    found = find_units(module, (inputs[:2],), {})
    for units in found:
        state = units.permuted(state, torch.randperm(units.n_units, generator=generator))
    other = copied(module)
    other.load_state_dict(state)
    return other, sorted(units.n_units for units in found)


@pytest.mark.parametrize("name", KINDS)
def test_units_are_found_and_found_again(name):
    n_units, module, shape = KINDS[name]
    a = randomised(module, 1)
    data = inputs_of(shape, 40)
    b, found = in_another_order(a, data)
    assert found == sorted(n_units)
    with torch.no_grad():
        torch.testing.assert_close(a(data), b(data))
    for by_activations in (False, True):
        aligned = align_units(a, a, b, data, match_activations=by_activations)
        for key, value in a.state_dict().items():
            torch.testing.assert_close(aligned.state_dict()[key], value)


@pytest.mark.parametrize("name", KINDS)
def test_another_network_stays_what_it_computes(name):
    _, module, shape = KINDS[name]
    a, b = randomised(module, 1), randomised(module, 2)
    data, others = inputs_of(shape, 20), inputs_of(shape, 30, seed=7)
    settings = StraightThrough(lambda output, _: (output**2).mean(), n_passes=1)
    for how in ({"match_activations": True}, {}, {"straight_through": settings}):
        aligned = align_units(a, a, b, (data, data), **how)
        with torch.no_grad():
            torch.testing.assert_close(aligned(others), b(others))


@dataclass
class Returned:
    logits: Any
    hidden: Any


@pytest.mark.parametrize("kind", [Returned, lambda a, b: SimpleNamespace(logits=a, hidden=b)])
def test_all_that_an_object_holds_is_an_output(kind):
    def forward(of, x):
        hidden = of.first(x).relu()
        return kind(of.last(hidden), hidden)

    module = Made(forward, first=nn.Linear(3, 5), last=nn.Linear(5, 2))
    a, b = randomised(module, 1), randomised(module, 2)
    data = inputs_of((3,), 10)
    aligned = align_units(a, a, b, data)
    torch.testing.assert_close(aligned(data).logits, b(data).logits)
    torch.testing.assert_close(aligned(data).hidden, b(data).hidden)


def test_an_output_that_cannot_be_seen_is_refused():
    module = Made(lambda of, x: {of.last(of.first(x).relu())}, first=nn.Linear(3, 5),
                  last=nn.Linear(5, 2))  # fmt: skip
    with pytest.raises(ValueError, match="returns no tensor of real numbers"):
        align_units(module, module, randomised(module, 1).float(), torch.randn(4, 3))


@pytest.mark.parametrize("old", [torch.nn.utils.weight_norm, torch.nn.utils.spectral_norm])
@pytest.mark.filterwarnings("ignore:.*weight_norm.* is deprecated")
def test_modules_that_keep_what_they_computed(old):
    """Whose copies torch refuses."""
    module = nn.Sequential(old(nn.Linear(3, 5)), nn.ReLU(), nn.Linear(5, 2))
    data = torch.randn(8, 3)
    module(data).sum().backward()
    module.eval()
    other, found = in_another_order(module, data)
    assert found == [5]
    aligned = align_units(module, module, other)
    torch.testing.assert_close(aligned.state_dict(), module.state_dict())


@pytest.mark.filterwarnings("ignore:.*torch.jit.script.* is deprecated")
def test_what_cannot_be_compared_is_refused():
    module = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    state = module.state_dict()
    empty = {"0.weight": torch.full((4, 3), torch.nan)}
    with pytest.raises(ValueError, match=r"'0\.weight' of `b` holds NaN"):
        align_units(module, module, state | empty)
    with pytest.raises(ValueError, match=r"of `b` is of torch\.float64.*would round it"):
        align_units(module, module, copied(module).double())
    with pytest.raises(ValueError, match="device `meta`"):
        align_units(module, module, copied(module).to("meta"))
    with pytest.raises(ValueError, match="a program of TorchScript"):
        align_units(torch.jit.script(module), module, module)
    partly = nn.Sequential(torch.jit.script(nn.Linear(3, 4)), nn.ReLU(), nn.Linear(4, 2))
    with pytest.raises(ValueError, match=r"the part '0' of the module is a \w+, a program"):
        align_units(partly, partly, partly)


def test_inputs_are_made_up_only_where_their_shape_fits(monkeypatch):
    """Large ones of three dimensions would fill the memory."""
    made = []
    original = example_inputs._inputs

    def noted(first, shape, like):
        made.append(shape)
        return original(first, shape, like)

    monkeypatch.setattr(example_inputs, "_inputs", noted)
    module = nn.Sequential(nn.Conv3d(1, 4, 2), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 8, 2))
    align_units(module, module, module)
    assert made == [(16, 1, 3, 3, 3)]


def test_whatever_a_module_says_to_inputs_that_do_not_fit():
    def forward(of, x):
        assert x.shape[-1] == 30, "an image of another size"
        return of.last(of.conv(x).relu().mean((2, 3)))

    module = Made(forward, conv=nn.Conv2d(1, 4, 3), last=nn.Linear(4, 2))
    other, _ = in_another_order(module, torch.randn(2, 1, 30, 30))
    torch.testing.assert_close(align_units(module, module, other).conv.bias, module.conv.bias)


def typed(of, x):
    """Words of one kind, as sentences are to BERT where nothing else is said."""
    kinds = torch.zeros_like(x)
    return of.last((of.words(x) + of.kinds(kinds)).tanh().mean(1))


def test_units_that_do_not_change_do_not_count():
    """Their variance is rounding, and correlations of it would be anything."""
    module = Made(
        typed, words=nn.Embedding(9, 16), kinds=nn.Embedding(2, 16), last=nn.Linear(16, 2)
    )
    for seed in range(5):
        a = randomised(module, seed)
        data = inputs_of(None, 200, seed)
        b, _ = in_another_order(a, data)
        aligned = align_units(a, a, b, data)
        torch.testing.assert_close(aligned.state_dict(), a.state_dict())


def test_which_channel_is_the_largest_tells_their_order():
    def forward(of, x):
        value, place = of.first(x).max(-1, keepdim=True)
        return of.last(value) + of.first(x).gather(1, place)

    module = Made(forward, first=nn.Linear(3, 5), last=nn.Linear(1, 2))
    assert find_units(module, (torch.randn(4, 3),), {}) == []


class NormedInSingle(nn.Module):
    """As the transformers that normalise in single precision, whatever they are of themselves."""

    def __init__(self):
        super().__init__()
        self.words, self.last = nn.Embedding(9, 6), nn.Linear(6, 2)

    def forward(self, x):
        x = self.words(x)
        turned = torch.arange(x.shape[1]).cos()[:, None]  # on the processor, wherever x is
        single = x.float()
        single = single * torch.rsqrt(single.square().mean(-1, keepdim=True) + 1e-6)
        return self.last(single.to(x.dtype) * turned.to(x.dtype)).sum(1)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_what_is_computed_in_single_rounds_so(dtype):
    a, b = (randomised(NormedInSingle(), seed).to(dtype) for seed in (1, 2))
    other, _ = in_another_order(a, inputs_of(None, 4))
    assert torch.equal(align_units(a, a, other).last.weight, a.last.weight)
    with torch.no_grad():
        data = inputs_of(None, 20)
        aligned = align_units(a, a, b)
        torch.testing.assert_close(aligned(data).float(), b(data).float(), rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("within", [None, torch.float16])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_in_half_precision_another_function_is_refused(dtype, within):
    def forward(of, x):
        hidden = of.first(x).relu()
        return of.last(hidden if within is None else hidden.to(dtype))

    module = Made(forward, first=nn.Linear(3, 8), last=nn.Linear(8, 2))
    a, b = (randomised(module, seed).to(dtype) for seed in (1, 2))
    data = torch.randn(20, 3).to(dtype)
    with pytest.raises(ValueError, match="permuting them changes its outputs"):
        align_units(a, a, b, data, units={"hidden": [("first.weight", 0)]})
    right = {"hidden": [("first.weight", 0), ("first.bias", 0), ("last.weight", 1)]}
    aligned = align_units(a, a, b, data, units=right)
    assert not torch.equal(aligned.first.bias, b.first.bias)
