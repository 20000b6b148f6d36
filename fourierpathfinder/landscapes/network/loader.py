"""Which samples of its data set a `DataLoader` gives, and which of its settings do not matter.

A path needs a mean over a fixed set of samples. A sampler that chooses some of them, or some more
often, is followed; one that only shuffles is not needed; one that draws at random is drawn from
once, by a seed of its own.
"""

import logging
from collections.abc import Sequence
from itertools import chain
from typing import Any

import torch
from torch.utils.data import (
    BatchSampler,
    RandomSampler,
    SequentialSampler,
    SubsetRandomSampler,
)

_log = logging.getLogger(__name__)


def indices_of(loader: Any) -> Sequence[int]:
    """The indices of the samples of one epoch, in an order that is always the same."""
    _say_what_is_left_out(loader)
    sampler, n = loader.sampler, len(loader.dataset)
    if type(loader.batch_sampler) not in (BatchSampler, type(None)):
        return _drawn(lambda: chain.from_iterable(loader.batch_sampler))
    if isinstance(sampler, SequentialSampler):
        return range(n)
    if isinstance(sampler, SubsetRandomSampler):
        return [int(i) for i in sampler.indices]
    if isinstance(sampler, RandomSampler) and not sampler.replacement and len(sampler) == n:
        return range(n)
    return _drawn(lambda: sampler)


def refuse_ready_batches(loader: Any) -> None:
    """Raise an error if a loader hands on what its data set gives, which may be whole batches."""
    if loader.batch_size is None and loader.batch_sampler is None:
        raise ValueError(
            "the loader of `data` has `batch_size=None`, so that its data set may give whole "
            "batches; samples are needed one by one: pass a data set that gives single ones, or "
            "all batches put together, `torch.cat`, as a pair of tensors"
        )


def _drawn(iterable: Any) -> Sequence[int]:
    """What one pass of a sampler gives, in ascending order, the global generator left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        indices = sorted(int(i) for i in iterable())
    _log.info("the sampler of `data` was drawn from once: %d samples", len(indices))
    return indices


def _say_what_is_left_out(loader: Any) -> None:
    if loader.drop_last:
        _log.info("`drop_last` of the loader is left out: all samples count")
    if loader.num_workers:
        _log.info(
            "the loader's %d workers are not used: samples are fetched here", loader.num_workers
        )
