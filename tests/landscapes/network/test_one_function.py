"""The loss is one function of the parameters, whatever was called before, and in whatever mode."""

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from fourierpathfinder import Stochastic, find_path
from fourierpathfinder.landscapes import NetworkLandscape

from .made import LABELS, NUMBERS, Made


def landscape_of(module, **options):
    return NetworkLandscape(module, functional.cross_entropy, (NUMBERS, LABELS), **options)


class Loaded(Made):
    """Computes something from its parameters whenever a state dict is loaded."""

    def add(self):
        self.refresh()
        self.register_load_state_dict_post_hook(lambda module, _: module.refresh())

    def refresh(self):
        self.size = float(self.output.weight.detach().norm())

    def forward(self, x):
        return self.output(x) * self.size


class LoadedBuffer(Loaded):
    def refresh(self):
        size = self.output.weight.detach().norm()
        self.register_buffer("size", size, persistent=False)


@pytest.mark.parametrize("kind", [Loaded, LoadedBuffer])
def test_what_is_computed_at_loading_is_noticed(kind):
    a, b = kind(0), kind(1).state_dict()
    with pytest.raises(ValueError, match=r"`end`: the network's own loss .* are loaded\)"):
        find_path(landscape_of(a), a, b)


class LargestSoFar(Made):
    """Divides by the largest output that it has seen, in training and evaluation."""

    def add(self):
        self.begin()
        with torch.no_grad():
            self(NUMBERS)  # after which the same samples change nothing

    def begin(self):
        self.register_buffer("largest", torch.tensor(0.0), persistent=False)

    def forward(self, x):
        x = self.output(x)
        self.largest.copy_(torch.maximum(self.largest, x.detach().abs().max()))
        return x / self.largest


class AsANumber(LargestSoFar):
    def begin(self):
        self.largest = 0.0

    def forward(self, x):
        x = self.output(x)
        self.largest = max(self.largest, float(x.detach().abs().max()))
        return x / self.largest


def quantised(seed):
    torch.manual_seed(seed)
    observer = torch.ao.quantization.MinMaxObserver
    fake = torch.ao.quantization.FakeQuantize(observer=observer, quant_min=0, quant_max=15)
    return nn.Sequential(nn.Linear(6, 8), fake, nn.Linear(8, 3))


@pytest.mark.parametrize("kind", [LargestSoFar, AsANumber, quantised])
def test_what_is_kept_from_call_to_call_is_refused(kind):
    a, b = kind(0), kind(1)
    with pytest.raises(ValueError, match="keeps something from call to call"):
        find_path(landscape_of(a), a, b)


def test_what_a_loss_keeps_is_noticed_too():
    class OverTheLargest:
        largest = 0.0

        def __call__(self, output, target):
            losses = functional.cross_entropy(output, target, reduction="none")
            self.largest = max(self.largest, float(losses.detach().max()))
            return losses / self.largest

    a, b = Made(0), Made(1)
    for end in (b, b.state_dict()):
        landscape = NetworkLandscape(a, OverTheLargest(), (NUMBERS, LABELS))
        with pytest.raises(ValueError, match="`loss` keeps something from call to call"):
            find_path(landscape, a, end)


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_what_calculates_otherwise_without_a_gradient_is_refused():
    class Attending(Made):
        nested = True

        def add(self):
            layer = nn.TransformerEncoderLayer(6, 2, 12, batch_first=True)
            self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=self.nested)

        def forward(self, x, padding):
            return self.output(self.encoder(x, src_key_padding_mask=padding).mean(1))

    class Plainly(Attending):
        nested = False

    words = torch.randn(24, 5, 6, generator=torch.Generator().manual_seed(1))
    data = (words, torch.arange(5) > torch.arange(24)[:, None] % 3 + 2), LABELS
    for kind in (Attending, Plainly):
        a, b = kind(0), kind(1)
        landscape = NetworkLandscape(a, functional.cross_entropy, data)
        points = [landscape.coordinates(module) for module in (a, b)]
        if kind is Attending:
            with pytest.raises(ValueError, match=r"`start`: .*`enable_nested_tensor=False`"):
                landscape.ends(*points)
            continue
        landscape.ends(*points)
        points = torch.stack(points)
        torch.testing.assert_close(landscape.value(points), landscape.value_and_grad(points)[0])


class Network(Made):
    def add(self):
        self.norm = nn.BatchNorm1d(6)

    def forward(self, x):
        return self.output(self.norm(x))


def made_in_inference_mode():
    """Data, two modules, a state dict and points."""
    with torch.inference_mode():
        a, b = Network(0), Network(1)
        points = nn.utils.parameters_to_vector(a.parameters()), 1 * LANDSCAPE_POINTS[1]
        return (1 * NUMBERS, 1 * LABELS), (a, b), (dict(a.state_dict()), b.state_dict()), points


LANDSCAPE_POINTS = torch.stack(
    [nn.utils.parameters_to_vector(Network(seed).parameters()).detach() for seed in (0, 1)]
)


def test_what_was_made_in_inference_mode_is_as_good():
    own = landscape_of(Network(0))
    expected = own.value_and_grad(LANDSCAPE_POINTS)
    data, *ends = made_in_inference_mode()
    landscape = NetworkLandscape(ends[0][0], functional.cross_entropy, data)
    points = torch.stack([torch.as_tensor(p) for p in ends[-1]])
    for a, b in zip(landscape.value_and_grad(points), expected, strict=True):
        torch.testing.assert_close(a, b)
    for a, b in ends:
        result = find_path(landscape, a, b, method=Stochastic(n_steps=2), rng=0)
        ends_of_path = result.path(np.array([0.0, 1.0]))
        torch.testing.assert_close(landscape.value(ends_of_path), expected[0])


@pytest.mark.parametrize("vectorize", [True, False])
def test_in_inference_mode_there_are_values_but_no_gradients(vectorize):
    landscape = landscape_of(Network(0), vectorize=vectorize)
    words = "no gradient can be taken within `torch.inference_mode"
    with torch.inference_mode(), pytest.raises(RuntimeError, match=words):
        landscape.value(LANDSCAPE_POINTS)  # before which is checked whether there are any
    expected = landscape.value(LANDSCAPE_POINTS)
    with torch.inference_mode():
        torch.testing.assert_close(landscape.value(1 * LANDSCAPE_POINTS), expected)
        for samples in (None, np.arange(24).reshape(2, 12)):
            with pytest.raises(RuntimeError, match=words):
                landscape.value_and_grad(LANDSCAPE_POINTS, samples)
        with pytest.raises(RuntimeError, match=words):
            find_path(landscape, *LANDSCAPE_POINTS, method=Stochastic(n_steps=2), rng=0)
    assert torch.equal(landscape.value(LANDSCAPE_POINTS), expected)


class Slow(Network):
    """Lets other threads go on while it is called."""

    def forward(self, x):
        x = self.norm(x)
        time.sleep(2e-3)
        return self.output(x)


@pytest.mark.parametrize("vectorize", [True, False])
def test_threads_do_not_calculate_with_the_points_of_others(vectorize):
    landscape = landscape_of(Slow(0), vectorize=vectorize)
    points = [landscape.coordinates(Slow(seed))[None] for seed in range(4)]
    few = np.arange(8)[None]

    def found(point):
        halfway = next(landscape.outputs(point[0]))[0]
        over = landscape.value_and_grad_over(point.clone(), few)
        state = landscape.state_dict(point[0])
        return [
            *(landscape.value(point), halfway, *landscape.value_and_grad(point)),
            *(*over, state["norm.running_mean"], state["output.weight"]),
        ]

    expected = [found(point) for point in points]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(found, points))
    for mine, theirs in zip(together, expected, strict=True):
        for a, b in zip(mine, theirs, strict=True):
            torch.testing.assert_close(a, b)


def test_threads_may_look_at_a_new_landscape_together():
    landscape, modules = landscape_of(Slow(0)), [Slow(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as threads:
        points = list(threads.map(landscape.coordinates, modules))
        ends = list(threads.map(lambda pair: landscape.ends(*pair), pairwise(points)))
    for module, point in zip(modules, points, strict=True):
        assert torch.equal(point, nn.utils.parameters_to_vector(module.parameters()))
    assert len(ends) == 3


class Counting(Made):
    """Counts its calls, in whatever way."""

    def add(self):
        self.register_buffer("calls", torch.tensor(0))

    def forward(self, x):
        self.calls += 1
        return self.output(x)


class Summing(Counting):
    def add(self):
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x):
        self.calls = self.calls + x.abs().mean()
        return self.output(x)


class Warming(Counting):
    """Another function once it has been called often."""

    def forward(self, x):
        return super().forward(x) * (1.0 if self.calls < 1000 else 2.0)


@pytest.mark.parametrize("kind", [Counting, Summing])
def test_what_counts_calls_may_differ(kind):
    a, b = kind(0), kind(1)
    for _ in range(3):
        b(NUMBERS)
    landscape = landscape_of(a)
    own = functional.cross_entropy(b(NUMBERS), LABELS).detach()
    for end in (b, b.state_dict()):
        result = find_path(landscape, a, end, method=Stochastic(n_steps=2), rng=0)
        torch.testing.assert_close(landscape.value(result.path(1.0)[None])[0], own)
    assert not a.calls


def test_a_count_with_an_effect_may_not():
    a, b = Warming(0), Warming(1)
    b(NUMBERS)
    for end in (b, b.state_dict()):
        with pytest.raises(ValueError, match=r"'calls' is a buffer .* differs"):
            landscape_of(a).coordinates(end)


class WithOwnLoss(Made):
    def __init__(self, seed, in_single):
        super().__init__(seed)
        self.in_single = in_single

    def forward(self, x, labels):
        found = self.output(x)
        found = found.float() if self.in_single else found
        return {"loss": functional.cross_entropy(found, labels)}


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("in_single", [False, True])
def test_a_loss_that_comes_rounded_is_said(dtype, in_single, caplog):
    module = WithOwnLoss(0, in_single).to(dtype)
    landscape = NetworkLandscape(module, None, {"x": NUMBERS.to(dtype), "labels": LABELS})
    landscape.value(landscape.coordinates(module)[None])
    assert ("comes rounded to" in caplog.text) is not in_single
