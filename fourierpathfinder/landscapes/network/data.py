"""The samples that a loss is the mean over: tensors, a data set, a loader or a stream.

Tensors are kept on the landscape's device; of a data set, only the samples asked for are fetched.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from itertools import islice
from typing import Any, Protocol

import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset, TensorDataset, default_collate
from torch.utils.data.dataloader import _BaseDataLoaderIter

from ..._errors import first_line
from ..alignment.inputs import as_tensor
from .loader import indices_of, refuse_ready_batches
from .repeatable import refuse_random, repeatable
from .trees import constant, emptied, tensors_of, tree_map

_PEEK = 64
"""Samples whose numbers a data set is known by."""
_TRIED = 8
"""Samples that are looked at for whether they are the same at each call."""
_COUNTED = 2**22
"""Whole numbers that are counted at most."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Samples for one call of the module.

    Parameters
    ----------
    tree : structure of tensors
        (inputs, targets), or whatever else the data are made of.
    size : int
        Samples.
    """

    tree: Any
    size: int

    @property
    def tensors(self) -> tuple[Any, ...]:
        """All tensors."""
        return tensors_of(self.tree)

    @property
    def form(self) -> Any:
        """The structure without its tensors."""
        return emptied(self.tree)


class Samples(Protocol):
    """n samples, from which batches are taken by index."""

    def __len__(self) -> int:
        """Return n."""
        ...

    def batch(self, indices: Any) -> Batch:
        """The samples of a slice or of an array of indices (B,)."""
        ...

    def batches(self, indices: Any) -> Batch | None:
        """Those of indices (M, B) in tensors (M, B, ...); None where they are not all of a size."""
        ...


class TensorSamples:
    """Samples in tensors, all on one device, whose first axis is that of the samples."""

    def __init__(self, tree: Any, device: Any) -> None:
        tensors = tensors_of(tree)
        _refuse_ragged_or_sparse(tensors)
        lengths = {tensor.shape[0] for tensor in tensors if tensor.ndim}
        if any(not tensor.ndim for tensor in tensors) or not tensors:
            raise TypeError("`data` must hold tensors of samples, got a number alone")
        if len(lengths) != 1 or 0 in lengths:
            raise ValueError(
                f"`data` has inputs and targets of {sorted(lengths)} samples; all must have the "
                "same number, and at least one"
            )
        (self._n_samples,) = lengths
        if any(tensor.is_meta for tensor in tensors):
            raise ValueError(
                "`data` holds a tensor on the device `meta`, which holds no numbers; pass the "
                "samples themselves"
            )
        self._tree = tree_map(lambda tensor: constant(tensor, device), tree)
        self._device = device

    def __len__(self) -> int:
        return int(self._n_samples)

    def batch(self, indices: Any) -> Batch:
        """The samples of a slice or of an array of indices (B,)."""
        if isinstance(indices, slice):
            size = len(range(*indices.indices(self._n_samples)))
            return Batch(tree_map(lambda tensor: tensor[indices], self._tree), size)
        chosen = torch.as_tensor(indices, device=self._device)
        flat = chosen.reshape(-1)
        shape = tuple(chosen.shape)
        tree = tree_map(lambda x: x.index_select(0, flat).unflatten(0, shape), self._tree)
        return Batch(tree, shape[-1])

    def batches(self, indices: Any) -> Batch | None:
        """Those of indices (M, B) in tensors (M, B, ...)."""
        return self.batch(indices)

    def with_rare_numbers(self, n: int) -> list[int]:
        """Up to n samples that hold whole numbers which are the rarest, such as some labels."""
        found: list[int] = []
        for tensor in tensors_of(self._tree):
            if tensor.is_floating_point() or tensor.is_complex() or tensor.numel() > _COUNTED:
                continue
            _, inverse, counts = torch.unique(tensor, return_inverse=True, return_counts=True)
            each = counts[inverse].reshape(self._n_samples, -1).amin(1)
            rarest = torch.argsort(each, stable=True)[:n]
            found += rarest.tolist()
        return found[:n]


class ItemSamples:
    """Samples that are fetched one by one when they are asked for, and put together.

    Parameters
    ----------
    items : object with `__getitem__`
        Gives sample i.
    device : torch.device
    collate : callable
        Makes a batch of a list of them.
    indices : sequence of int
        Which of them count, in which order.
    n_parts : int
        As `as_samples` takes it.
    """

    def __init__(
        self,
        items: Any,
        device: Any,
        collate: Callable[[list[Any]], Any],
        indices: Sequence[int],
        n_parts: int = 2,
    ) -> None:
        if not len(indices):
            raise ValueError("`data` has no sample; at least one is needed")
        self._indices = indices
        tried = spread(len(indices), _TRIED)
        self._items = repeatable(items, [int(indices[i]) for i in tried])
        self._device = device
        self._collate = collate
        self._n_parts = n_parts
        self.batch(slice(0, 1))  # what cannot be collated is said at once
        refuse_random(lambda: self.batch(tried).tensors)

    def __len__(self) -> int:
        return len(self._indices)

    def batch(self, indices: Any) -> Batch:
        """The samples of a slice or of an array of indices (B,)."""
        if isinstance(indices, slice):
            indices = range(*indices.indices(len(self)))
        items = [self._items[int(self._indices[int(i)])] for i in indices]
        tree = tree_map(lambda tensor: constant(tensor, self._device), self._collate(items))
        return Batch(checked(tree, self._n_parts), len(items))

    def batches(self, indices: Any) -> Batch | None:
        """Those of indices (M, B) in tensors (M, B, ...); None where they are not all of a size."""
        parts = [self.batch(row) for row in indices]
        columns = list(zip(*(part.tensors for part in parts), strict=True))
        if any(len({tensor.shape for tensor in column}) > 1 for column in columns):
            return None
        stacked = iter([torch.stack(column) for column in columns])
        return Batch(tree_map(lambda _: next(stacked), parts[0].tree), parts[0].size)


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
        Of a stream, how many to take.
    n_parts : int
        Into how many parts a sample may be taken apart besides two: inputs, and several targets.

    Raises
    ------
    TypeError, ValueError
        If it is none of the accepted kinds.
    """
    loader = data if isinstance(data, DataLoader) else None
    dataset = data if loader is None else loader.dataset
    if n_samples is not None and n_samples < 1:
        raise ValueError(f"`n_samples` is {n_samples}; it must be at least 1")
    if collate is None:
        collate = _collated if loader is None else loader.collate_fn
        collate = _collated if collate in (None, default_collate) else collate
    if loader is not None:
        refuse_ready_batches(loader)
    if _is_stream(dataset):
        return _of_stream(dataset, device, collate, n_samples, n_parts)
    in_memory = isinstance(data, tuple | list | Mapping) or _is_dataclass(data)
    if in_memory and not _is_list_of_samples(data):
        return TensorSamples(checked(tree_map(_as_is, _from_numpy(data)), n_parts), device)
    if not hasattr(dataset, "__getitem__") or isinstance(dataset, str | torch.Tensor | np.ndarray):
        raise TypeError(
            f"`data` is a {type(data).__name__}; pass a pair of tensors (inputs, targets), a dict "
            "of tensors, a Dataset or a DataLoader"
        )
    if not hasattr(dataset, "__len__"):
        raise TypeError(f"`data` ({type(dataset).__name__}) has no `__len__`; {_NEEDS_A_LENGTH}")
    whole = range(len(dataset))
    chosen = whole[:n_samples] if loader is None else indices_of(loader, n_samples)
    if isinstance(dataset, TensorDataset) and collate is _collated:
        return _of_tensors(dataset, device, chosen, n_parts)
    return ItemSamples(dataset, device, collate, chosen, n_parts)


def known_by(samples: Samples) -> str:
    """A short hash of some of the samples, spread over all."""
    batch = samples.batch(spread(len(samples), _PEEK))
    digest = hashlib.sha256(str(len(samples)).encode())
    for tensor in batch.tensors:
        digest.update(f"{tensor.dtype}{tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()[:12]


def spread(n_samples: int, n_chosen: int) -> np.ndarray:
    """Indices of so many samples (or all, where there are fewer) from the first to the last."""
    return np.unique(np.linspace(0, n_samples - 1, min(n_samples, n_chosen)).round().astype(int))


def telling(samples: Samples, n_chosen: int) -> np.ndarray:
    """Indices of so many samples, spread over all, among them some with labels that are rare."""
    rare = samples.with_rare_numbers(n_chosen // 3) if isinstance(samples, TensorSamples) else []
    return np.union1d(spread(len(samples), max(1, n_chosen - len(rare))), rare).astype(int)


def checked(tree: Any, n_parts: int = 2) -> Any:
    """A batch, if a module can be called with it; of so many parts, (inputs, (target, ...)).

    Raises
    ------
    TypeError, ValueError
        If it is neither a pair, a dict nor an object, or holds no tensor.
    """
    if isinstance(tree, tuple | list):
        if len(tree) == n_parts > 2:
            tree = tree[0], tuple(tree[1:])
        if len(tree) != 2:
            raise ValueError(
                f"`data` must give pairs (inputs, targets), got {_described(tree)}{_hint(tree)}"
            )
        for part in tree:
            if not tensors_of(part):
                raise TypeError(f"`data` must hold tensors of samples, got {_described(part)}")
    return tree


def _refuse_ragged_or_sparse(tensors: Sequence[Any]) -> None:
    """Raise an error for tensors from which samples could not be taken by index."""
    for tensor in tensors:
        if tensor.is_nested:
            raise TypeError(
                "`data` holds a nested tensor, whose samples are of several shapes; pass a list of "
                "samples, and with `collate=` a function that pads them"
            )
        if tensor.layout is not torch.strided:
            raise TypeError(
                f"`data` holds a tensor of the layout {tensor.layout}; pass `.to_dense()`, or a "
                "Dataset that makes each sample dense"
            )


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
    return TensorSamples(checked(tensors, n_parts), device)


_NEEDS_A_LENGTH = (
    "the loss is a mean over all samples and over random ones, so pass a data set with `__len__` "
    "and `__getitem__`, or tensors"
)


def _collated(items: list[Any]) -> Any:
    """A batch by torch's own rules, and of dataclasses a dataclass."""
    try:
        return _put_together(items)
    except (RuntimeError, TypeError) as error:
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
    return all(isinstance(x, (tuple, Mapping)) or _is_dataclass(x) for x in data)


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


def _hint(tree: Any) -> str:
    """What may have been meant by a structure that is no pair."""
    if len(tree) == 1:
        return "; if inputs are their own targets, pass them twice"
    if all(isinstance(part, list) for part in tree):
        return (
            "; of a list, make each sample a tuple (inputs, targets), and of the batches of a "
            "loader pass the loader itself"
        )
    if len(tree) > 2:
        return (
            ". Put several inputs of the module into a tuple, ((a, b), target), and what the loss "
            "needs besides into the target, (inputs, (target, weight)), or pass a loss that takes "
            f"all, of {len(tree)} arguments: the output and the parts behind the first"
        )
    return ""


def _described(value: Any) -> str:
    length = f" of length {len(value)}" if isinstance(value, tuple | list) else ""
    return f"a {type(value).__name__}{length}"
