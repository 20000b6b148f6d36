"""Data as tensors, data sets and loaders: the same numbers whatever holds them."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

from fourierpathfinder.landscapes import NetworkLandscape

from .architectures import build, data_of, points_of


class Items(Dataset):
    """Samples one by one, with plain numbers as targets."""

    def __init__(self, inputs, targets):
        self.inputs, self.targets = inputs, targets

    def __len__(self):
        return len(self.inputs)

    def __getitem__(self, i):
        return self.inputs[i], int(self.targets[i])


class Stream(IterableDataset):
    def __iter__(self):
        return iter(())


INPUTS, TARGETS = data_of("perceptron")


def doubled(items):
    inputs, targets = zip(*items, strict=True)
    return torch.stack(inputs) * 2, torch.tensor(targets)


@pytest.mark.parametrize(
    "data",
    [
        [INPUTS, TARGETS],
        (INPUTS.numpy(), TARGETS.numpy()),
        TensorDataset(INPUTS, TARGETS),
        Items(INPUTS, TARGETS),
        DataLoader(Items(INPUTS, TARGETS), batch_size=4, shuffle=True, drop_last=True),
        DataLoader(Items(INPUTS / 2, TARGETS), batch_size=3, collate_fn=doubled),
    ],
    ids=["list", "numpy", "tensor data set", "data set", "loader", "own collate"],
)
@pytest.mark.parametrize("samples", [None, np.array([[3, 1, 2], [9, 9, 0], [1, 1, 1]])])
def test_whatever_holds_the_data(data, samples):
    module, loss = build("perceptron"), nn.functional.cross_entropy
    expected = NetworkLandscape(module, loss, (INPUTS, TARGETS))
    landscape = NetworkLandscape(module, loss, data, batch_size=7)
    points = points_of(landscape).float()
    assert landscape.n_samples == expected.n_samples
    found, known = (of.value_and_grad(points, samples) for of in (landscape, expected))
    for a, b in zip(found, known, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (Stream(), TypeError, r"iterable kind \(Stream\)"),
        (DataLoader(Stream()), TypeError, "iterable kind"),
        ("mnist", TypeError, "`data` is a str; pass a pair"),
        ((INPUTS, TARGETS, TARGETS), ValueError, "a tuple of length 3"),
        ((INPUTS, None), TypeError, "must hold tensors of samples, got a NoneType"),
        ((INPUTS, TARGETS[:7]), ValueError, r"of \[7, 30\] samples"),
        ((INPUTS[:0], TARGETS[:0]), ValueError, r"of \[0\] samples"),
        (TensorDataset(INPUTS), ValueError, "a tuple of length 1"),
    ],
)
def test_what_is_no_data(data, error, words):
    with pytest.raises(error, match=words):
        NetworkLandscape(build("perceptron"), nn.functional.cross_entropy, data)
