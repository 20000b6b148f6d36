"""What cannot be taken is said with what to do, at once and by its name."""

import threading

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset, default_collate

from fourierpathfinder import Stochastic, find_path
from fourierpathfinder.landscapes import NetworkLandscape

from .architectures import build, data_of

INPUTS, TARGETS = data_of("perceptron")
PAIRS = list(zip(INPUTS, TARGETS, strict=True))


def made(data=(INPUTS, TARGETS), **options):
    return NetworkLandscape(build("perceptron"), functional.cross_entropy, data, **options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"batch_size": 2.5}, "`batch_size` is 2.5; it must be a whole number"),
        ({"batch_size": "8"}, "`batch_size` is '8'; it must be a whole number"),
        ({"batch_size": True}, "`batch_size` is True; it must be a whole number"),
        ({"penalty": 3}, "`penalty` is a int; pass a function of the parameters by name"),
        ({"autocast": "bfloat16"}, "`autocast` is a str; pass a type of torch's"),
    ],
)
def test_settings_of_another_kind(options, words):
    with pytest.raises(TypeError, match=words):
        made(**options)


def test_a_tuple_of_samples_is_to_be_a_list():
    with pytest.raises(ValueError, match=r"tuple of length 30; of samples one by one make a list"):
        made(tuple(PAIRS))
    assert made(PAIRS).n_samples == 30


class Holey(Dataset):
    def __len__(self):
        return 30

    def __getitem__(self, i):
        return None if i == 13 else PAIRS[i]


def dropping(items):
    return default_collate([item for item in items if item is not None])


@pytest.mark.parametrize(
    "data",
    [
        [None if i == 13 else pair for i, pair in enumerate(PAIRS)],
        Holey(),
        DataLoader(Holey(), 4, collate_fn=dropping),
    ],
    ids=["list", "data set", "left out by the loader"],
)
def test_a_sample_that_is_none_is_named(data):
    with pytest.raises(ValueError, match="sample 13 of `data` is None; leave such samples out"):
        landscape = made(data)
        landscape.value(landscape.coordinates(build("perceptron"))[None])


class WithALock(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(5, 3)
        self.inner.lock = threading.Lock()

    def forward(self, x):
        return self.inner(x)


def test_what_cannot_be_copied_is_named():
    with pytest.raises(TypeError, match=r"attribute 'inner.lock' \(lock\) cannot be copied"):
        NetworkLandscape(WithALock(), functional.cross_entropy, (INPUTS, TARGETS))


def lazy():
    return nn.Sequential(nn.LazyLinear(3))


def test_a_lazy_layer_without_numbers_is_said_of_its_end():
    first, second = lazy(), lazy()
    first(INPUTS)
    landscape = NetworkLandscape(first, functional.cross_entropy, (INPUTS, TARGETS))
    with pytest.raises(ValueError, match=r"`end`: '0.weight' has no shape yet; call the module"):
        find_path(landscape, first, second, method=Stochastic(n_steps=2))
    normalised = nn.Sequential(nn.LazyBatchNorm1d(affine=False), nn.Linear(5, 3))
    with pytest.raises(ValueError, match=r"'0.running_mean' has no shape yet"):
        NetworkLandscape(normalised, functional.cross_entropy, (INPUTS, TARGETS))


def test_a_derivative_by_the_inputs_belongs_into_forward():
    points = torch.linspace(0, 1, 8)[:, None].requires_grad_()

    def residual(output, x):
        (slope,) = torch.autograd.grad(output.sum(), x, create_graph=True)
        return (slope + output).square().mean()

    landscape = NetworkLandscape(nn.Linear(1, 1), residual, (points, points))
    with pytest.raises(RuntimeError, match="derivative by the inputs, take it in `forward`"):
        landscape.coordinates(nn.Linear(1, 1))


class OfNames(nn.Linear):
    def forward(self, x, labels=None):
        return super().forward(x)


@pytest.mark.parametrize(
    "rows",
    [
        [{"x": x.tolist(), "labels": int(y)} for x, y in PAIRS],
        [(x.tolist(), int(y)) for x, y in PAIRS],
    ],
)
def test_lists_of_numbers_in_samples(rows):
    def loss(output, target):
        return functional.cross_entropy(output, target["labels"])

    landscape = NetworkLandscape(OfNames(5, 3), loss, rows)
    with pytest.raises(TypeError, match=r"list of numbers .*`dataset.with_format"):
        landscape.coordinates(OfNames(5, 3))


class WritingOver(nn.Linear):
    """What the exponential function's way back needs."""

    def forward(self, x):
        y = super().forward(x).exp()
        y += 1
        return y


class OnlyInTraining(nn.Linear):
    class Apart(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, training):
            ctx.training = training
            return x.clone()

        @staticmethod
        def backward(ctx, gradient):
            assert ctx.training, "use `model.train()`"
            return gradient, None

    def forward(self, x):
        return self.Apart.apply(super().forward(x), self.training)


@pytest.mark.parametrize(("kind", "words"), [(WritingOver, "inplace"), (OnlyInTraining, "train")])
def test_a_loss_of_which_torch_takes_no_gradient(kind, words):
    a, b = kind(5, 3), kind(5, 3)
    landscape = NetworkLandscape(a, functional.cross_entropy, (INPUTS.float(), TARGETS))
    with pytest.raises(
        (RuntimeError, AssertionError), match=f"takes no gradient of it: .*{words}.*`x = x \\+ y`"
    ):
        find_path(landscape, a, b, method=Stochastic(n_steps=2))
