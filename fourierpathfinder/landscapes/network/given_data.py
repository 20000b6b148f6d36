"""Whatever users keep their samples in, as samples: tensors, data sets, loaders and streams.

Where fewer samples are wanted than there are, they are drawn at random, always the same ones; of a
stream they are its first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset, TensorDataset, default_collate
from torch.utils.data.dataloader import _BaseDataLoaderIter

from ..._counts import require_counts
from ..._errors import first_line
from ..alignment.inputs import as_tensor
from ..trees import tree_map
from .data import ItemSamples, Samples, TensorSamples, checked, refuse_none
from .drawn_samples import drawn
from .loader import indices_of, refuse_ready_batches


def as_samples(
    data: Any,
    device: Any,
    *,
    collate: Any = None,
    n_samples: int | None = None,
    n_parts: int = 2,
) -> Samples:
    """Whatever holds data as samples.

    Parameters
    ----------
    data : structure of tensors, Dataset, DataLoader, or sequence or iterable of samples
    device : torch.device
        Where the module is called.
    collate : callable, optional
        Makes a batch of a list of samples; by default the loader's own, or torch's.
    n_samples : int, optional
        How many to take.
    n_parts : int
        Into how many parts a sample may be taken apart besides two: inputs, and several targets.

    Raises
    ------
    TypeError, ValueError
        If it is none of the accepted kinds.
    """
    loader = data if isinstance(data, DataLoader) else None
    dataset = data if loader is None else loader.dataset
    if n_samples is not None:
        require_counts(n_samples=n_samples)
    own = collate if loader is None or collate is not None else loader.collate_fn
    collated = _collated if own in (None, default_collate) else own
    if loader is not None:
        refuse_ready_batches(loader)
    if _is_stream(dataset):
        return _of_stream(dataset, device, collated, n_samples, n_parts)
    if _is_in_memory(data):
        return _in_tensors(data, device, collate, n_samples, n_parts)
    if not hasattr(dataset, "__getitem__") or isinstance(dataset, str | torch.Tensor | np.ndarray):
        raise TypeError(
            f"`data` is a {type(data).__name__}; pass a pair of tensors (inputs, targets), a dict "
            "of tensors, a Dataset or a DataLoader"
        )
    if not hasattr(dataset, "__len__"):
        raise TypeError(f"`data` ({type(dataset).__name__}) has no `__len__`; {_NEEDS_A_LENGTH}")
    whole = range(len(dataset)) if loader is None else indices_of(loader, n_samples)
    chosen = _chosen(whole, n_samples)
    if isinstance(dataset, TensorDataset) and collated is _collated:
        return _of_tensors(dataset, device, chosen, n_parts)
    return ItemSamples(dataset, device, collated, chosen, n_parts)


def _in_tensors(
    data: Any, device: Any, collate: Any, n_samples: int | None, n_parts: int
) -> Samples:
    if collate is not None:
        raise TypeError(
            f"`collate` makes a batch of a list of samples, but `data` is a {type(data).__name__} "
            "that holds all of them in tensors; leave it out, or pass a list of samples or a "
            "Dataset"
        )
    samples = TensorSamples(checked(tree_map(_as_is, _from_numpy(data)), n_parts), device)
    if n_samples is None:
        return samples
    chosen = _chosen(range(len(samples)), n_samples)
    return TensorSamples(samples.batch(np.asarray(chosen)).tree, device, chosen)


def _chosen(indices: Sequence[int], n_samples: int | None) -> Sequence[int]:
    """So many of some indices, drawn at random, in their order."""
    if n_samples is None or n_samples == len(indices):
        return indices
    if n_samples > len(indices):
        raise ValueError(
            f"`n_samples` is {n_samples}, but `data` has only {len(indices)}; leave it out to take "
            "all of them"
        )
    return [int(indices[i]) for i in drawn(len(indices), n_samples)]


def _is_in_memory(data: Any) -> bool:
    """Whether this is a structure of tensors, rather than of samples."""
    structure = isinstance(data, tuple | list | Mapping) or _is_dataclass(data)
    return structure and not _is_list_of_samples(data)


def _is_stream(data: Any) -> bool:
    """Whether samples come one after the other, and cannot be asked for by number.

    What a loader gives when it is gone through are batches, and no samples.
    """
    if isinstance(data, IterableDataset):
        return True
    by_number = hasattr(data, "__getitem__") or _is_dataclass(data)
    return (
        isinstance(data, Iterable) and not by_number and not isinstance(data, _BaseDataLoaderIter)
    )


def _of_stream(
    dataset: Any, device: Any, collate: Any, n_samples: int | None, n_parts: int
) -> Samples:
    if n_samples is None:
        raise TypeError(
            f"`data` is of the iterable kind ({type(dataset).__name__}); {_NEEDS_A_LENGTH}, or say "
            "with `n_samples=` how many to take from it, which are then kept"
        )
    items = list(islice(iter(dataset), n_samples))
    if len(items) < n_samples:
        raise ValueError(f"`n_samples` is {n_samples}, but `data` gave only {len(items)}")
    return ItemSamples(items, device, collate, range(len(items)), n_parts)


def _of_tensors(dataset: Any, device: Any, chosen: Sequence[int], n_parts: int) -> Samples:
    tensors = tuple(dataset.tensors)
    if not isinstance(chosen, range) or len(chosen) != len(dataset):
        index = torch.as_tensor(np.asarray(chosen))
        tensors = tuple(tensor[index] for tensor in tensors)
    return TensorSamples(checked(tensors, n_parts), device, chosen)


_PARTS = (torch.Tensor, np.ndarray, list, int, float, str, type(None))
"""What a list holds that is no list of samples, but of inputs and targets."""

_NEEDS_A_LENGTH = (
    "the loss is a mean over all samples and over random ones, so pass a data set with `__len__` "
    "and `__getitem__`, or tensors"
)


def _collated(items: list[Any]) -> Any:
    """A batch by torch's own rules, and of dataclasses a dataclass."""
    try:
        return _put_together(items)
    except (RuntimeError, TypeError, KeyError) as error:
        first = first_line(error, type(error).__name__)
        raise ValueError(
            f"samples of `data` could not be put together as a batch ({first}); pass `collate=`, a "
            "function that makes a batch of a list of samples, such as one that pads them"
        ) from error


def _put_together(items: list[Any]) -> Any:
    if not _is_dataclass(items[0]):
        return default_collate(items)
    columns = {
        field.name: default_collate([getattr(item, field.name) for item in items])
        for field in fields(items[0])
    }
    return type(items[0])(**columns)


def _is_list_of_samples(data: Any) -> bool:
    """Whether a list holds samples, not inputs and targets."""
    if not isinstance(data, list):
        return False
    if len(data) > 2 and any(sample is None for sample in data):
        refuse_none(data, range(len(data)))
    return bool(data) and not any(isinstance(x, _PARTS) for x in data)


def _is_dataclass(value: Any) -> bool:
    return is_dataclass(value) and not isinstance(value, type)


def _from_numpy(tree: Any) -> Any:
    """The same with tensors in the place of NumPy's arrays."""
    if isinstance(tree, np.ndarray):
        return as_tensor(tree)
    if isinstance(tree, Mapping):
        return {key: _from_numpy(value) for key, value in tree.items()}
    if isinstance(tree, tuple | list) and not hasattr(tree, "_fields"):
        return type(tree)([_from_numpy(part) for part in tree])
    return tree


def _as_is(tensor: Any) -> Any:
    return tensor
