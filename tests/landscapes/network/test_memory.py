"""Memory: what a sample needs is measured, and where memory runs out the work is halved."""

import weakref

import numpy as np
import pytest
import torch
from torch import nn

from fourierpathfinder.landscapes import NetworkLandscape
from fourierpathfinder.landscapes.network.memory import SamplesAtOnce, SavedBytes, is_out_of_memory
from fourierpathfinder.landscapes.network.suitable_batch import suitable_batch

from .architectures import data_of, points_of


class Limited(nn.Module):
    """Runs out of memory with more than `limit` samples, as a device of that size does."""

    def __init__(self, limit, error):
        super().__init__()
        self.layer = nn.Linear(5, 3)
        self.limit, self.error, self.seen = limit, error, []

    def forward(self, x):
        self.seen.append(len(x))
        if len(x) > self.limit:
            raise self.error
        return self.layer(x)


ERRORS = [
    torch.cuda.OutOfMemoryError("CUDA out of memory"),
    MemoryError(),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
]


def limited(limit, error=ERRORS[0], **options):
    torch.manual_seed(0)
    seen = Limited(limit, error)
    landscape = NetworkLandscape(
        seen, nn.functional.cross_entropy, data_of("perceptron"), vectorize=False, **options
    )
    return landscape, landscape._network._module.seen


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("limit", [29, 12, 4])
def test_batches_are_halved_until_they_fit(limit, error):
    enough, _ = limited(30)
    points = points_of(enough).float()
    expected = enough.value_and_grad(points)
    landscape, seen = limited(limit, error)
    for found, known in zip(landscape.value_and_grad(points), expected, strict=True):
        torch.testing.assert_close(found, known)
    assert seen[-1] <= limit
    seen.clear()
    torch.testing.assert_close(landscape.value(points), expected[0])
    assert max(seen) <= limit, "it remembers"


def test_one_sample_that_does_not_fit():
    landscape, _ = limited(4)
    points = points_of(landscape).float()
    landscape.value_and_grad(points)
    landscape._network._module.limit = 0
    with pytest.raises(torch.cuda.OutOfMemoryError):
        landscape.value_and_grad(points)


def test_a_batch_of_its_own_is_not_divided():
    landscape, seen = limited(4)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        landscape.value_and_grad(points_of(landscape).float(), np.zeros((3, 8), dtype=int))
    assert len(seen) < 20


def test_other_errors_are_not_taken_for_it():
    landscape, seen = limited(4, RuntimeError("the sky is falling"))
    with pytest.raises(RuntimeError, match="sky"):
        landscape.value_and_grad(points_of(landscape).float())
    assert seen == [30]
    assert not is_out_of_memory(ValueError("out of memory"))


def test_batch_size_is_kept_to():
    landscape, seen = limited(30, batch_size=8)
    landscape.value_and_grad(points_of(landscape, 1).float())
    assert seen[-4:] == [8, 8, 8, 6]


def test_what_is_kept_is_measured():
    x, weight = torch.randn(10, 4), torch.randn(4, 4, requires_grad=True)
    with SavedBytes([weight]) as saved:
        torch.relu(torch.tanh(x @ weight))
    assert saved.total == 3 * 10 * 4 * 4, "x, tanh and relu; the weight is left out"


def test_what_was_measured_is_let_go():
    weight = torch.randn(4, 4, requires_grad=True)
    with SavedBytes([weight]):
        torch.tanh(weight @ weight)  # which keeps its own output
    place = weakref.ref(weight)
    del weight
    assert place() is None


def test_of_a_view_only_its_own_part_is_measured():
    x, weight = torch.randn(1000, 4)[:10], torch.randn(4, 4, requires_grad=True)
    with SavedBytes([weight]) as saved:
        torch.tanh(x @ weight)
    assert saved.total == 2 * 10 * 4 * 4


def test_how_a_budget_is_used():
    at_once = SamplesAtOnce(100.0, torch.device("cpu"), budget=10_000)
    assert at_once.points(8, 20) == 5
    assert at_once.points(8, 1000) == 1
    assert at_once.samples(2, 1000) == 50
    assert at_once.samples(2, 20) == 20
    assert at_once.halve(60)
    assert at_once.number == 30
    assert at_once.halve(1000, least=20)
    assert at_once.number == 20
    assert not at_once.halve(1000, least=20)


@pytest.mark.parametrize(
    ("width", "batch"),
    [(8, 256), (1600, 160), (8000, 64)],
    ids=["little a sample", "in between", "much a sample"],
)
def test_a_step_takes_more_of_the_samples_that_keep_little(width, batch):
    """What Tanh puts out is kept, 4 bytes each."""
    network = nn.Sequential(nn.Linear(1, width), nn.Tanh(), nn.Linear(width, 1))
    landscape = NetworkLandscape(
        network, nn.functional.mse_loss, (torch.ones(9, 1), torch.ones(9, 1))
    )
    point = landscape.coordinates(network)
    assert landscape.suitable_batch(point) == pytest.approx(batch, rel=0.1)
    assert landscape.suitable_batch(0 * point) == landscape.suitable_batch(point)


@pytest.mark.parametrize(
    ("bytes_each", "batch"),
    [(100, 512), (2**17, 512), (2**18, 256), (2**22, 64)],
    ids=["little a sample", "as much as fits", "in between", "much a sample"],
)
@pytest.mark.parametrize("normalised", [False, True])
def test_where_much_is_done_at_once_a_step_takes_more(bytes_each, batch, normalised):
    """On a GPU 512 take as long as 32; but no more memory than is worth it."""
    assert suitable_batch(bytes_each, normalised=normalised, parallel=True) == batch


@pytest.mark.parametrize(
    ("width", "batch"),
    [(8, 256), (8000, 128), (400_000, 64)],
    ids=["little a sample", "more", "much a sample"],
)
def test_statistics_are_taken_from_more_samples(width, batch):
    """As they are noisy too; unless that is more than memory should be asked for."""
    network = nn.Sequential(
        nn.Linear(1, width), nn.Tanh(), nn.BatchNorm1d(width), nn.Linear(width, 1)
    )
    data = torch.ones(9, 1), torch.ones(9, 1)
    landscape = NetworkLandscape(network, nn.functional.mse_loss, data)
    point = landscape.coordinates(network)
    assert landscape.suitable_batch(point) == pytest.approx(batch, rel=0.1)
    frozen = NetworkLandscape(network, nn.functional.mse_loss, data, batch_norm="frozen")
    assert frozen.suitable_batch(point) == (256 if width == 8 else 64)
