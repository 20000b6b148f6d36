"""How a module is called with what users keep their data in."""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset

_CHUNK = 256
"""Samples evaluated at once."""


@dataclass(frozen=True, eq=False)
class Batch:
    """What a module is called with, and what its output is compared with, if anything."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    target: Any = None


def batches_of(module: Any, data: Any) -> Iterator[Batch]:
    """What to call a module with, a few hundred samples at a time.

    Parameters
    ----------
    module : torch.nn.Module
    data : tensor, pair, mapping, Dataset, DataLoader or iterable of batches
        Inputs, or (inputs, targets), where the inputs may be a tuple or a mapping of named ones; of
        a mapping, the entries that the module knows are passed by name.
    """
    data = _with_tensors(data)
    if isinstance(data, torch.Tensor):
        yield from (Batch((part,), {}) for part in data.split(_CHUNK))
    elif isinstance(data, Mapping) or _is_pair(data):
        for first in range(0, _n_samples(data), _CHUNK):
            yield _as_batch(module, _part(data, first))
    else:
        yield from (_as_batch(module, batch) for batch in data)


def _with_tensors(data: Any) -> Any:
    """The same with tensors for NumPy's arrays, and a data set as batches."""
    if isinstance(data, np.ndarray):
        return as_tensor(data)
    if isinstance(data, Mapping):
        return {name: _with_tensors(part) for name, part in data.items()}
    if _is_pair(data):
        return tuple(map(_with_tensors, data))
    if isinstance(data, Dataset) and not isinstance(data, IterableDataset):
        return DataLoader(data, batch_size=_CHUNK)
    if not isinstance(data, Iterable):
        raise TypeError(
            f"`data` is a {type(data).__name__}; pass a tensor of inputs, a pair (inputs, "
            "targets), a dict of named inputs, a Dataset or a DataLoader"
        )
    return data


def as_tensor(array: np.ndarray) -> torch.Tensor:
    """The same numbers, also of an array that runs backwards, which torch does not take."""
    return torch.as_tensor(array.copy() if min((0, *array.strides)) < 0 else array)


def _as_batch(module: Any, batch: Any) -> Batch:
    if isinstance(batch, Mapping) and _known(module, batch):
        return Batch((), {name: batch[name] for name in _known(module, batch)}, batch)
    inputs, target = (batch, batch) if isinstance(batch, Mapping) else _parts(batch)
    if isinstance(inputs, Mapping) and _known(module, inputs):
        return Batch((), dict(inputs), target)
    args = tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,)
    return Batch(args, {}, target)


def _parts(batch: Any) -> tuple[Any, Any]:
    """Inputs, and targets if there are any."""
    if not isinstance(batch, tuple | list):
        return batch, None
    if len(batch) not in (1, 2):
        raise ValueError(
            f"`data` must give batches of inputs, or pairs (inputs, targets), got a "
            f"{type(batch).__name__} of length {len(batch)}; several inputs are a tuple within it"
        )
    return batch[0], batch[1] if len(batch) == 2 else None


def _known(module: Any, names: Mapping[str, Any]) -> list[str]:
    parameters = inspect.signature(type(module).forward).parameters.values()
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
        return list(names)
    known = {parameter.name for parameter in parameters}
    return [name for name in names if name in known]


def _is_pair(data: Any) -> bool:
    """Whether these are all inputs and all targets, rather than a list of batches."""
    return isinstance(data, tuple) and len(data) == 2


def _n_samples(tree: Any) -> int:
    while not isinstance(tree, torch.Tensor):
        tree = next(iter(tree.values())) if isinstance(tree, Mapping) else tree[0]
    return len(tree)


def _part(tree: Any, first: int) -> Any:
    if isinstance(tree, torch.Tensor):
        return tree[first : first + _CHUNK]
    if isinstance(tree, Mapping):
        return {name: _part(part, first) for name, part in tree.items()}
    return tuple(_part(part, first) for part in tree)
