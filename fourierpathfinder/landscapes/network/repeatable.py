"""Samples that are the same whenever they are asked for, so that the loss is one function.

A data set with augmentation gives another sample at each call, or at some: it is noticed by the
generators, which have gone on, also where that is only so with a few samples that come later, or of
some that are tried by what comes. Then sample i is fetched with the generators of
torch, NumPy and Python set to a seed that depends on i alone, and set back afterwards.
"""

import logging
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from ..trees import tensors_of

_log = logging.getLogger(__name__)
_TRIES = 3


def repeatable(items: Any, indices: Sequence[int]) -> Any:
    """Items that are the same at each call.

    Parameters
    ----------
    items : object with `__getitem__`
    indices : sequence of int
        Some of them, by which it is found out.

    Raises
    ------
    ValueError
        If they are not even with seeded generators.
    """
    with _generators():
        if not any(_is_random(items, index) for index in indices):
            return items
        seeded = SeededItems(items)
        for index in indices:
            if not _agree([seeded[index] for _ in range(_TRIES)]):
                raise ValueError(
                    f"`data` gives another sample {index} at each call, also with the generators "
                    "of torch, NumPy and Python seeded; a path needs a loss that is one function: "
                    "switch the augmentation off, or give it a generator that depends on the index"
                )
    _log.info("`data` is augmented at random; it is fixed by a seed for each sample")
    return seeded


def fetched(items: Any, indices: Sequence[int]) -> tuple[list[Any], bool]:
    """Some items, and whether numbers were drawn for them; generators are left as they were."""
    with _generators():
        before = _states()
        found = [items[index] for index in indices]
        return found, _states() != before


def refuse_random(make: Callable[[], Any]) -> None:
    """Raise an error if a batch of the same samples is another one at each call.

    Parameters
    ----------
    make : callable
        Fetches samples and puts them together.

    Raises
    ------
    ValueError
        With what to do.
    """
    with _generators():
        before = _states()
        tries = [make()]
        if _states() != before or not _agree(tries + [make() for _ in range(_TRIES - 1)]):
            raise ValueError(
                "`collate` (that of the loader, if `data` is one) draws random numbers, or makes "
                "another batch of the same samples at each call, as one that mixes samples or "
                "masks words does; a path needs a loss that is one function: switch that off, or "
                "draw in the data set, where it is fixed by a seed for each sample"
            )


@contextmanager
def seeded_once(holders: Sequence[Any]) -> Iterator[None]:
    """In which one draw is always the same, all generators being set back afterwards.

    Parameters
    ----------
    holders : sequence of object
        What may have a `generator` of torch of its own.
    """
    own = {id(held): held for held in (getattr(each, "generator", None) for each in holders)}
    generators = [held for held in own.values() if isinstance(held, torch.Generator)]
    states = [generator.get_state() for generator in generators]
    with _generators():
        for generator in generators:
            generator.manual_seed(0)
        _seed(0)
        try:
            yield
        finally:
            for generator, state in zip(generators, states, strict=True):
                generator.set_state(state)


def _is_random(items: Any, index: int) -> bool:
    """Whether numbers are drawn for an item, even if nothing came of it now, or it differs."""
    before = _states()
    tries = [items[index]]
    return _states() != before or not _agree(tries + [items[index] for _ in range(_TRIES - 1)])


def _states() -> tuple[bytes, bytes, Any]:
    """Where the global generators are."""
    of_numpy: Any = np.random.get_state()  # noqa: NPY002
    _, keys, position, *_ = of_numpy
    told = keys.tobytes() + bytes(str(position), "ascii")
    return torch.get_rng_state().numpy().tobytes(), told, random.getstate()


class SeededItems:
    """Items fetched under a seed that is that of their index."""

    def __init__(self, items: Any) -> None:
        self._items = items

    def __getitem__(self, index: int) -> Any:
        """Return item `index`."""
        with _generators():
            _seed(index)
            return self._items[index]


def _seed(seed: int) -> None:
    """Set the global generators, from which data sets and samplers draw."""
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002


@contextmanager
def _generators() -> Iterator[None]:
    """Set the global generators back to where they were."""
    of_numpy, of_python = np.random.get_state(), random.getstate()  # noqa: NPY002
    with torch.random.fork_rng(devices=[]):
        try:
            yield
        finally:
            np.random.set_state(of_numpy)  # noqa: NPY002
            random.setstate(of_python)


def _agree(items: list[Any]) -> bool:
    first = tensors_of(_tensorised(items[0]))
    for item in items[1:]:
        other = tensors_of(_tensorised(item))
        same = len(first) == len(other) and all(
            a.shape == b.shape and torch.equal(a.nan_to_num(), b.nan_to_num())
            for a, b in zip(first, other, strict=True)
        )
        if not same:
            return False
    return True


def _tensorised(item: Any) -> Any:
    """Arrays of NumPy as tensors, in tuples and dicts."""
    if isinstance(item, np.ndarray):
        return torch.as_tensor(item)
    if isinstance(item, dict):
        return {key: _tensorised(value) for key, value in item.items()}
    if isinstance(item, tuple | list):
        return [_tensorised(part) for part in item]
    return item
