"""A few samples that tell what holds for all: spread over them, those with rare labels among them.

They come in mixed order: parts of sorted samples would be of one class each, and the mean over such
parts may be that of all though it is none over samples.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from .data import ItemSamples, Samples
from .drawn_samples import drawn, mixed, spread

_FETCHED, _AT_ONCE = 512, 16
"""Samples that are fetched for their labels, where these are not at hand; and how many at once."""
_COUNTED = 2**22
"""Whole numbers that are counted at most."""


def telling(samples: Samples, n_chosen: int) -> np.ndarray:
    """Indices of so many samples (or all, where there are fewer).

    Parameters
    ----------
    samples : Samples
    n_chosen : int
        Up to a third are for labels, or other whole numbers, that are the rarest.
    """
    n = len(samples)
    if n <= n_chosen:
        return mixed(n)
    rare = _rare(samples, n_chosen // 3)
    chosen = np.union1d(spread(n, max(1, n_chosen - len(rare))), rare).astype(int)
    return np.asarray(chosen[mixed(len(chosen))])


def _rare(samples: Samples, n_chosen: int) -> np.ndarray:
    n = len(samples)
    if not isinstance(samples, ItemSamples):
        everything = samples.batch(slice(0, n))
        return _rarest(list(_whole_numbers(everything.tensors)), n, n_chosen)
    if samples.labels is not None:
        return _rarest([(samples.labels, np.arange(n))], n, n_chosen)
    seen = drawn(n, _FETCHED)
    found: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {}
    for first in range(0, len(seen), _AT_ONCE):
        batch = samples.batch(seen[first : first + _AT_ONCE])
        for k, (numbers, owners) in enumerate(_whole_numbers(batch.tensors)):
            found.setdefault(k, []).append((numbers, first + owners))
    columns = [tuple(map(np.concatenate, zip(*parts, strict=True))) for parts in found.values()]
    return np.asarray(seen[_rarest(columns, len(seen), n_chosen)])


def _whole_numbers(tensors: Any) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Of each tensor that holds whole numbers these, and the samples to which they belong."""
    for tensor in tensors:
        if tensor.is_floating_point() or tensor.is_complex() or tensor.numel() > _COUNTED:
            continue
        n = len(tensor)
        owners = np.repeat(np.arange(n), tensor.numel() // max(n, 1))
        yield tensor.detach().cpu().numpy().reshape(-1), owners


def _rarest(columns: Any, n: int, n_chosen: int) -> np.ndarray:
    """Of n samples some with each number of a column, the rarest numbers first."""
    found = [np.zeros(0, dtype=int)]
    for numbers, owners in columns:
        _, inverse, counts = np.unique(numbers, return_inverse=True, return_counts=True)
        ranks = np.argsort(np.argsort(counts, kind="stable"), kind="stable")
        rarest = np.full(n, len(counts))
        np.minimum.at(rarest, owners, ranks[inverse])
        order = np.lexsort((rarest, _repetitions(rarest)))
        found.append(order[: max(1, n_chosen // len(columns))])
    return np.concatenate(found)


def _repetitions(numbers: np.ndarray) -> np.ndarray:
    """How often each number stood before (n,)."""
    order = np.argsort(numbers, kind="stable")
    first = np.searchsorted(numbers[order], numbers[order])
    found = np.empty_like(order)
    found[order] = np.arange(len(numbers)) - first
    return found
