"""Data in the ways in which users keep them, and what is refused of them."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.data import TensorDataset

from fourierpathfinder.landscapes import StraightThrough, align_units

INPUTS = torch.randn(40, 4, generator=torch.Generator().manual_seed(0))
TARGETS = torch.arange(40) % 3


def built(seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3))


A, B = built(0), built(1)


@pytest.mark.parametrize(
    "data",
    [
        INPUTS.numpy(),
        (INPUTS.numpy(), TARGETS.numpy()),
        TensorDataset(INPUTS, TARGETS),
        TensorDataset(INPUTS),
        [(INPUTS[:30], TARGETS[:30]), (INPUTS[30:],)],
        np.flip(INPUTS.numpy(), 0),
    ],
    ids=["array", "arrays", "data set", "inputs alone", "batches", "backwards"],
)
def test_arrays_and_data_sets(data):
    expected = align_units(A, A, B, INPUTS).state_dict()
    torch.testing.assert_close(align_units(A, A, B, data).state_dict(), expected)


@pytest.mark.parametrize(
    ("data", "kind", "words"),
    [
        (INPUTS.double(), ValueError, r"could not be called.*torch.float64 \(40, 4\)"),
        (INPUTS[:, :3], ValueError, r"could not be called.*\(40, 3\)"),
        (INPUTS[:0], ValueError, "`data` holds no sample"),
        ([], ValueError, "`data` holds no sample"),
        (3, TypeError, "`data` is a int; pass a tensor"),
        (TensorDataset(INPUTS, TARGETS, TARGETS), ValueError, "got a list of length 3"),
        (list(zip(INPUTS, TARGETS, strict=True)), ValueError, r"the first 2 rows.*are batches"),
        (INPUTS * torch.nan, ValueError, "numbers that are not finite"),
    ],
)
def test_what_is_no_data(data, kind, words):
    with pytest.raises(kind, match=words):
        align_units(A, A, B, data)


def each(output, target):
    return cross_entropy(output, target, reduction="none")


def pair(output, target):
    return each(output, target).sum(), len(target)


def test_a_mean_in_either_way():
    data = INPUTS, TARGETS
    expected, *others = (
        align_units(A, A, B, data, straight_through=StraightThrough(loss, n_passes=3)).state_dict()
        for loss in (cross_entropy, each, pair)
    )
    for other in others:
        torch.testing.assert_close(other, expected)


@pytest.mark.parametrize(
    ("loss", "data", "kind", "words"),
    [
        (cross_entropy, INPUTS, ValueError, "compares outputs with targets"),
        (lambda o, t: float(cross_entropy(o, t)), (INPUTS, TARGETS), TypeError, "returned a float"),
        (lambda o, t: o.sum() * torch.nan, (INPUTS, TARGETS), ValueError, "is not finite"),
    ],
)
def test_what_is_no_loss(loss, data, kind, words):
    with pytest.raises(kind, match=words):
        align_units(A, A, B, data, straight_through=StraightThrough(loss, n_passes=1))


class Masked(nn.Module):
    """Some outputs are minus infinity, as those of words that may not follow."""

    def __init__(self, seed):
        super().__init__()
        self.inner = built(seed)

    def forward(self, x):
        return self.inner(x).masked_fill(torch.tensor([False, False, True]), -torch.inf)


def test_outputs_that_are_masked():
    a, b = Masked(0), Masked(1)
    aligned = align_units(a, a, b, INPUTS)
    torch.testing.assert_close(aligned(INPUTS), b(INPUTS))
