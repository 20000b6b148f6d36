"""Batches whose samples are drawn at random from those of given ones.

Data are often sorted, by class as in a folder for each: each batch is then of one kind, and a
network that is trained on one after the other forgets those before.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ..trees import filled, same_constants, tensors_of, tree_map
from .inputs import Batch


class MixedBatches:
    """As many batches as were given, with the samples of all of them in another order.

    Where samples do not fit into one tensor, as where each batch is padded to its longest, the
    batches stay as they are and come in another order.

    Parameters
    ----------
    batches : sequence of Batch
    rng : numpy.random.Generator
    """

    def __init__(self, batches: Sequence[Batch], rng: np.random.Generator) -> None:
        self._batches = batches
        self._rng = rng
        self._columns = _columns(batches) if len(batches) > 1 else []

    def drawn(self) -> list[Batch]:
        """All samples once, in an order that is another one at each call."""
        if not self._columns:
            return [self._batches[k] for k in self._rng.permutation(len(self._batches))]
        order = self._rng.permutation(len(self._columns[0]))
        return [self._batch(part) for part in np.array_split(order, len(self._batches))]

    def _batch(self, chosen: np.ndarray) -> Batch:
        rows = [column[torch.as_tensor(chosen, device=column.device)] for column in self._columns]
        return Batch(*filled(_tree(self._batches[0]), rows))


def _columns(batches: Sequence[Batch]) -> list[Any]:
    """The tensors of all samples (n, ...); none where those of some batches are of another kind."""
    trees = [_tree(batch) for batch in batches]
    if len({_kind(tree) for tree in trees}) > 1:
        return []
    if not all(same_constants(trees[0], tree) for tree in trees[1:]):
        return []
    columns = list(zip(*map(tensors_of, trees), strict=True))
    sizes = [[len(tensor) if tensor.ndim else 0 for tensor in column] for column in columns]
    if any(of_column != sizes[0] for of_column in sizes) or 0 in sizes[0]:
        return []
    return [torch.cat(column) for column in columns]


def _kind(tree: Any) -> str:
    """What samples must have in common."""
    return repr(tree_map(lambda x: (x.dtype, x.device, *x.shape[1:]), tree))


def _tree(batch: Batch) -> tuple[Any, ...]:
    return batch.args, batch.kwargs, batch.target
