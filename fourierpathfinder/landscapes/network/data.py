"""The samples that a loss is the mean over: in tensors, or fetched one by one.

Tensors are kept on the landscape's device; of a data set, only the samples asked for are fetched.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch

from ...storage import content
from ..trees import constant, constants_of, emptied, same_constants, tensors_of, tree_map
from .columns import has_columns, taken, with_columns
from .drawn_samples import spread
from .repeatable import fetched, refuse_random, repeatable

_PEEK = 64
"""Samples whose numbers a data set is known by."""
_TRIED = 8
"""Samples that are looked at for whether they are the same at each call."""
_LABELS, _KEPT = ("targets", "labels"), (list, np.ndarray, torch.Tensor)
"""Attributes under which data sets keep the labels of all their samples."""


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
        """Those of indices (M, B) in tensors (M, B, ...); None where these are not all of a size.

        Or where something else than tensors is not the same in all, as objects are not.
        """
        ...

    def number(self, index: int) -> int:
        """What the user's data have as the number of a sample, of which some may be left out."""
        ...


class TensorSamples:
    """Samples in tensors, all on one device, whose first axis is that of the samples.

    Parameters
    ----------
    tree : structure of tensors
    device : torch.device
    numbers : sequence of int, optional
        Those that they have in the user's data; by default they are all of it.
    """

    def __init__(self, tree: Any, device: Any, numbers: Sequence[int] | None = None) -> None:
        self._numbers = numbers
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
        tree = with_columns(tree, int(self._n_samples))
        self._tree = tree_map(lambda tensor: constant(tensor, device), tree)
        self._has_columns = has_columns(tree)
        self._device = device

    def __len__(self) -> int:
        return int(self._n_samples)

    def batch(self, indices: Any) -> Batch:
        """The samples of a slice or of an array of indices (B,)."""
        if isinstance(indices, slice):
            size = len(range(*indices.indices(self._n_samples)))
            return Batch(taken(self._tree, indices, lambda tensor: tensor[indices]), size)
        chosen = torch.as_tensor(indices, device=self._device)
        flat = chosen.reshape(-1)
        shape = tuple(chosen.shape)

        def take(tensor: Any) -> Any:
            return tensor.index_select(0, flat).unflatten(0, shape)

        return Batch(taken(self._tree, indices, take), shape[-1])

    def batches(self, indices: Any) -> Batch | None:
        """Those of indices (M, B) in tensors (M, B, ...); None where there is more than tensors."""
        return None if self._has_columns else self.batch(indices)

    def number(self, index: int) -> int:
        """What the user's data have as the number of a sample."""
        return index if self._numbers is None else int(self._numbers[index])


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
        self._dataset = items
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
        places = [int(self._indices[int(i)]) for i in indices]
        items = self._fetched(places)
        refuse_none(items, places)
        tree = tree_map(lambda tensor: constant(tensor, self._device), self._collate(items))
        return Batch(checked(tree, self._n_parts), len(items))

    def _fetched(self, places: list[int]) -> list[Any]:
        """The items of the data set; from the first for which numbers are drawn on, with seeds."""
        items, drew = fetched(self._items, places)
        if not drew:
            return items
        self._items = repeatable(self._items, places)
        return [self._items[place] for place in places]

    @property
    def labels(self) -> np.ndarray | None:
        """Whole numbers (n,) that the data set keeps, as torchvision's do, without any fetching."""
        for name in _LABELS:
            kept = getattr(self._dataset, name, None)
            if isinstance(kept, _KEPT) and len(kept) == len(self._dataset):
                numbers = np.asarray(kept)
                if numbers.ndim == 1 and numbers.dtype.kind in "iu":
                    return np.asarray(numbers[np.asarray(self._indices)])
        return None

    def batches(self, indices: Any) -> Batch | None:
        """Those of indices (M, B) in tensors (M, B, ...); None where other things differ."""
        parts = [self.batch(row) for row in indices]
        if any(not same_constants(parts[0].tree, part.tree) for part in parts[1:]):
            return None
        columns = list(zip(*(part.tensors for part in parts), strict=True))
        if any(len({tensor.shape for tensor in column}) > 1 for column in columns):
            return None
        stacked = iter([torch.stack(column) for column in columns])
        return Batch(tree_map(lambda _: next(stacked), parts[0].tree), parts[0].size)

    def number(self, index: int) -> int:
        """What the user's data have as the number of a sample."""
        return int(self._indices[index])


def known_by(samples: Samples) -> str:
    """A short hash of some of the samples, spread over all."""
    batch = samples.batch(spread(len(samples), _PEEK))
    digest = hashlib.sha256(str(len(samples)).encode())
    for tensor in batch.tensors:
        digest.update(f"{tensor.dtype}{tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    for other in constants_of(batch.tree):
        digest.update(content.digest(other).encode())
    return digest.hexdigest()[:12]


def refuse_none(items: Sequence[Any], places: Sequence[int]) -> None:
    """Raise an error if a sample is None, as where one could not be read."""
    for item, place in zip(items, places, strict=True):
        if item is None:
            raise ValueError(
                f"sample {place} of `data` is None; leave such samples out, as by "
                "`torch.utils.data.Subset(data, those_that_are_there)`"
            )


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


def _hint(tree: Any) -> str:
    """What may have been meant by a structure that is no pair."""
    if len(tree) == 1:
        return "; if inputs are their own targets, pass them twice"
    if all(isinstance(part, list) for part in tree):
        return (
            "; of a list, make each sample a tuple (inputs, targets), and of the batches of a "
            "loader pass the loader itself"
        )
    if len(tree) > 2 and all(isinstance(part, tuple | Mapping) for part in tree):
        return "; of samples one by one make a list, `list(data)`"
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
