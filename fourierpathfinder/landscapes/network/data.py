"""The samples that a loss is the mean over: tensors, a `Dataset` or a `DataLoader`.

Tensors are kept on the landscape's device; of a data set, only the samples asked for are fetched.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset, default_collate


class Batch(NamedTuple):
    """Samples for one call of the module."""

    inputs: tuple[Any, ...]
    """What the module is called with, the first axis of each being that of the samples."""
    targets: Any

    def map(self, function: Callable[[Any], Any]) -> "Batch":
        """The same with a function applied to each tensor."""
        return Batch(tuple(function(x) for x in self.inputs), function(self.targets))

    def __len__(self) -> int:
        return int(self.targets.shape[0])


class Samples(Protocol):
    """n samples, from which batches are taken by index."""

    def __len__(self) -> int:
        """Return n."""
        ...

    def batch(self, indices: Any) -> Batch:
        """The samples of a slice or of an array of indices (B,)."""
        ...


class TensorSamples:
    """Samples in tensors, all on one device."""

    def __init__(self, whole: Batch, device: Any) -> None:
        lengths = {tensor.shape[0] for tensor in (*whole.inputs, whole.targets)}
        if len(lengths) != 1 or 0 in lengths:
            raise ValueError(
                f"`data` has inputs and targets of {sorted(lengths)} samples; both must have the "
                "same number, and at least one"
            )
        self._whole = whole.map(lambda tensor: tensor.detach().to(device))
        self._device = device

    def __len__(self) -> int:
        return len(self._whole)

    def batch(self, indices: Any) -> Batch:
        """The samples of a slice or of an array of indices (B,)."""
        if not isinstance(indices, slice):
            indices = torch.as_tensor(indices, device=self._device)
        return self._whole.map(lambda tensor: tensor[indices])


class DatasetSamples:
    """Samples of a data set of the map kind, fetched when they are asked for."""

    def __init__(
        self, dataset: Any, device: Any, collate: Callable[[list[Any]], Any] = default_collate
    ) -> None:
        self._dataset = dataset
        self._device = device
        self._collate = collate

    def __len__(self) -> int:
        return len(self._dataset)

    def batch(self, indices: Any) -> Batch:
        """The samples of a slice or of an array of indices (B,)."""
        if isinstance(indices, slice):
            indices = range(*indices.indices(len(self)))
        collated = self._collate([self._dataset[int(i)] for i in indices])
        return _pair(collated).map(lambda tensor: tensor.to(self._device))


def as_samples(data: Any, device: Any) -> Samples:
    """Whatever holds data as samples.

    Raises
    ------
    TypeError, ValueError
        If it is none of the accepted kinds.
    """
    if isinstance(data, DataLoader):
        return _of_dataset(data.dataset, device, data.collate_fn)
    if isinstance(data, Dataset):
        return _of_dataset(data, device, default_collate)
    if isinstance(data, tuple | list):
        return TensorSamples(_pair(data), device)
    raise TypeError(
        f"`data` is a {type(data).__name__}; pass a pair of tensors (inputs, targets), a Dataset "
        "or a DataLoader"
    )


def _of_dataset(dataset: Any, device: Any, collate: Any) -> Samples:
    if isinstance(dataset, IterableDataset) or not hasattr(dataset, "__len__"):
        raise TypeError(
            f"`data` is of the iterable kind ({type(dataset).__name__}); the loss is a mean over "
            "all samples and over random ones, so pass a data set with `__len__` and "
            "`__getitem__`, or tensors"
        )
    if isinstance(dataset, TensorDataset) and collate is default_collate:
        return TensorSamples(_pair(dataset.tensors), device)
    return DatasetSamples(dataset, device, collate)


def _pair(pair: Sequence[Any]) -> Batch:
    """A batch from (inputs, targets), the inputs being a tensor or a tuple of several."""
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise ValueError(f"`data` must give pairs (inputs, targets), got {_described(pair)}")
    inputs, targets = pair
    inputs = tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,)
    tensors = [torch.as_tensor(x) if isinstance(x, np.ndarray) else x for x in (*inputs, targets)]
    for tensor in tensors:
        if not isinstance(tensor, torch.Tensor) or not tensor.ndim:
            raise TypeError(f"`data` must hold tensors of samples, got {_described(tensor)}")
    return Batch(tuple(tensors[:-1]), tensors[-1])


def _described(value: Any) -> str:
    length = f" of length {len(value)}" if isinstance(value, tuple | list) else ""
    return f"a {type(value).__name__}{length}"
