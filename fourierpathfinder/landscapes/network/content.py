"""What a network's files belong to: module, loss, data, and what does not move."""

from collections.abc import Callable, Mapping
from typing import Any

from ...storage.content import digest
from ..trees import constants_of
from .data import Batch, Samples, TensorSamples
from .drawn_samples import spread

_SAMPLES = 64
"""Samples of a data set that are looked at, where they cannot all be at hand at once."""


def identity(
    module: Any,
    loss: Callable[[Any, Any], Any] | None,
    samples: Samples,
    fixed: Mapping[str, Any],
    settings: Mapping[str, Any],
) -> dict[str, str]:
    """Part by part, what evaluations of a network's loss belong to.

    Parameters
    ----------
    module : torch.nn.Module
        The network; the numbers that move are not looked at.
    loss : callable or None
    samples : Samples
        All of them where they are tensors, some of them otherwise.
    fixed : mapping
        Frozen parameters, and buffers that are not estimated from the data.
    settings : mapping
        What else changes the value.
    """
    kinds = [type(part) for part in module.modules()]
    return {
        "module": f"{type(module).__name__} ({digest(repr(module), kinds)})",
        "frozen parameters and buffers": digest(dict(fixed)),
        "loss": f"{getattr(loss, '__name__', type(loss).__name__)} ({digest(loss)})",
        "data": f"{len(samples)} samples ({_data(samples)})",
        "settings": ", ".join(f"{name}={value}" for name, value in settings.items()),
    }


def _data(samples: Samples) -> str:
    """A hash of all samples in tensors, or of some that are evenly spread."""
    n = len(samples)
    if isinstance(samples, TensorSamples):
        return _digest(samples.batch(slice(0, n)))
    some = spread(n, _SAMPLES)
    first, second = (_digest(samples.batch(some)) for _ in range(2))
    return first if first == second else "other ones at every look"


def _digest(batch: Batch) -> str:
    return digest(batch.tensors, *constants_of(batch.tree))
