"""Which samples of its data set a `DataLoader` gives, and which of its settings do not matter.

A path needs a mean over a fixed set of samples. A sampler that chooses some of them, or some more
often, is followed; one that only shuffles is not needed; one that draws at random is drawn from
once, by a seed of its own.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain, islice
from operator import length_hint
from typing import Any

from torch.utils.data import (
    BatchSampler,
    RandomSampler,
    SequentialSampler,
    SubsetRandomSampler,
)

from .repeatable import seeded_once

_log = logging.getLogger(__name__)
_MOST_OFTEN = 10
"""Times that all samples are drawn, on average, by what says nothing of how many it gives."""


def indices_of(loader: Any, n_samples: int | None = None) -> Sequence[int]:
    """The indices of the samples of one epoch, in an order that is always the same.

    Parameters
    ----------
    loader : DataLoader
    n_samples : int, optional
        How many to take from a sampler that never ends.

    Raises
    ------
    ValueError
        If its sampler never ends, and nobody said how many to take.
    """
    _say_what_is_left_out(loader)
    sampler, n = loader.sampler, len(loader.dataset)
    if type(loader.batch_sampler) not in (BatchSampler, type(None)):
        inner = getattr(loader.batch_sampler, "sampler", None)
        draw = partial(chain.from_iterable, loader.batch_sampler)
        holders = [loader, loader.batch_sampler, inner]
        return _drawn(draw, holders, n, n_samples)
    if isinstance(sampler, SequentialSampler):
        return range(n)
    if isinstance(sampler, SubsetRandomSampler):
        return [int(i) for i in sampler.indices]
    if isinstance(sampler, RandomSampler) and not sampler.replacement and len(sampler) == n:
        return range(n)
    return _drawn(lambda: sampler, [loader, sampler], n, n_samples)


def refuse_ready_batches(loader: Any) -> None:
    """Raise an error if a loader hands on what its data set gives, which may be whole batches."""
    if loader.batch_size is None and loader.batch_sampler is None:
        raise ValueError(
            "the loader of `data` has `batch_size=None`, so that its data set may give whole "
            "batches; samples are needed one by one: pass a data set that gives single ones, or "
            "all batches put together, `torch.cat`, as a pair of tensors"
        )


def _drawn(
    draw: Callable[[], Iterable[Any]], holders: Sequence[Any], n: int, n_samples: int | None
) -> Sequence[int]:
    """What one pass of a sampler gives, in ascending order, generators left as they were."""
    with seeded_once(holders):
        draws = draw()
        most = max(_MOST_OFTEN * n, length_hint(draws), n_samples or 0)
        drawn = list(islice(draws, most + 1))
    if len(drawn) > most and n_samples is None:
        raise ValueError(
            f"the sampler of `data` gave more than {most} indices of {n} samples, and may never "
            "end; say with `n_samples=` how many to take"
        )
    indices = sorted(int(i) for i in (drawn if len(drawn) <= most else drawn[:n_samples]))
    _log.info("the sampler of `data` was drawn from once: %d samples", len(indices))
    return indices


def _say_what_is_left_out(loader: Any) -> None:
    if loader.drop_last:
        _log.info("`drop_last` of the loader is left out: all samples count")
    if loader.num_workers:
        _log.info(
            "the loader's %d workers are not used: samples are fetched here", loader.num_workers
        )
