"""What is measured of a network besides its loss: metrics, and random directions.

A metric is a mean over samples, as the loss is: that of all data is the mean of those of batches,
which is tried on some samples from all over the data. What is no such mean, as a count or the area
under a curve, would depend on how many samples are computed at once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, TypeAlias

import numpy as np
import torch

from ..trees import tensors_of, tree_map
from .parameters import Layout
from .reduction import Reduction

Metric: TypeAlias = Callable[[Any, Any], Any]
"""metric(output, target): the mean over a batch, one value a sample, or the pair (sum, weight)."""

_ALIKE = 1e-3
"""How far a mean may be from that of its parts, as a fraction: rounding in single precision."""
N_TRIED, _IN_A_PART = 24, 3
"""Samples on which that is tried; in small parts what is no mean differs most."""


def check_metrics(metrics: Any) -> None:
    """Raise an error if these are no metrics by name.

    Raises
    ------
    TypeError, ValueError
        With what to pass.
    """
    if not isinstance(metrics, Mapping):
        raise TypeError(
            f"`metrics` is a {type(metrics).__name__}; pass a dict of functions by name, "
            '`{"error": error}`'
        )
    for name, metric in metrics.items():
        if not callable(metric):
            raise TypeError(
                f"the metric {name!r} is a {type(metric).__name__}; pass a function of output and "
                "target"
            )
    if "loss" in metrics:
        raise ValueError(
            'a metric is called "loss", which is the name of the landscape\'s own; give it another'
        )


def measured(
    outputs: Sequence[Iterable[tuple[Any, Any, int]]],
    reduction: Reduction,
    metrics: Mapping[str, Metric],
) -> dict[str, np.ndarray]:
    """The means of the loss and of metrics over all data, at several points.

    Parameters
    ----------
    outputs : sequence of iterables of (output, target, number of samples)
        Of each point: some samples by which metrics are tried, and then all in parts.
    reduction : Reduction
        Of the loss.
    metrics : mapping of str to Metric

    Returns
    -------
    dict of str to ndarray (M,)

    Raises
    ------
    ValueError
        If a metric is no mean over samples.
    """
    rows = [_at_one(parts, reduction, metrics) for parts in outputs]
    return {name: np.array([row[name] for row in rows]) for name in ("loss", *metrics)}


def _at_one(
    parts: Iterable[tuple[Any, Any, int]], reduction: Reduction, metrics: Mapping[str, Metric]
) -> dict[str, float]:
    sums = dict.fromkeys(("loss", *metrics), 0.0)
    weights = dict.fromkeys(sums, 0.0)
    following = iter(parts)
    tried = next(following)
    for name, metric in metrics.items():
        _check_mean(name, metric, *tried)
    for output, target, size in following:
        total, weight = reduction.total(output, target, size)
        found = {"loss": (float(total), float(weight))}
        for name, metric in metrics.items():
            found[name] = _of_batch(name, metric, output, target, size)
        for name, (total, weight) in found.items():
            sums[name] += total
            weights[name] += weight
    return {name: sums[name] / weights[name] if weights[name] else np.nan for name in sums}


def _of_batch(
    name: str, metric: Metric, output: Any, target: Any, size: int
) -> tuple[float, float]:
    """The sum of a metric over a batch, and the weight of the batch; it may write over both."""
    found = metric(*tree_map(lambda tensor: tensor.clone(), (output, target)))
    if isinstance(found, tuple) and len(found) == 2:
        total, weight = (_numbers(name, part) for part in found)
        return float(total.sum()), float(weight.sum())
    return size * float(_numbers(name, found).mean()), float(size)


def _numbers(name: str, found: Any) -> Any:
    try:
        return torch.as_tensor(found).double()
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(
            f"the metric {name!r} returned a {type(found).__name__}; it must return a number (the "
            "mean over the batch), one value a sample, or the pair (sum, weight)"
        ) from error


def _check_mean(name: str, metric: Metric, output: Any, target: Any, size: int) -> None:
    """Raise an error if the mean over some samples is not that of parts of these; if it can.

    A network that makes no mistake tells little, so the targets are tried with others' outputs too.
    """
    if size < 2 or any(not t.ndim or len(t) != size for t in tensors_of((output, target))):
        return
    _check_parts(name, metric, (output, target), size)
    others = tree_map(lambda tensor: tensor.roll(1, 0), target)
    try:
        _of_batch(name, metric, output, others, size)
    except Exception:  # of what goes with its own target alone, such as a length
        return
    _check_parts(name, metric, (output, others), size)


def _check_parts(name: str, metric: Metric, tree: Any, size: int) -> None:
    parts = [slice(first, min(first + _IN_A_PART, size)) for first in range(0, size, _IN_A_PART)]
    mean = _mean_of_parts(name, metric, tree, [slice(0, size)])
    try:
        together = _mean_of_parts(name, metric, tree, parts)
    except Exception as error:
        raise ValueError(_no_mean(name, f"it failed for {_IN_A_PART} samples, {error}")) from error
    size_of_both = max(abs(mean), abs(together))
    if np.isfinite(mean) and not abs(mean - together) <= _ALIKE * size_of_both:
        found = (
            f"{mean:.6g} for {size} samples, but {together:.6g} from {len(parts)} parts of these"
        )
        raise ValueError(_no_mean(name, found))


def _mean_of_parts(name: str, metric: Metric, tree: Any, parts: Sequence[slice]) -> float:
    total = weight = 0.0
    for part in parts:
        output, target = tree_map(itemgetter(part), tree)
        found = _of_batch(name, metric, output, target, part.stop - part.start)
        total, weight = total + found[0], weight + found[1]
    return total / weight if weight else np.nan


def _no_mean(name: str, found: str) -> str:
    return (
        f"the metric {name!r} is no mean over samples: {found}. Return the mean over the batch or "
        "one value a sample, or where samples weigh differently the pair (sum, weight); what is no "
        "mean, as the area under a curve, take from all outputs, `landscape.outputs(point)`"
    )


def filter_normalised(layout: Layout, point: Any, rng: Any) -> Any:
    """A random direction (D,) with the norms of the point's filters; biases and norms stay.

    Parameters
    ----------
    layout : Layout
    point : Tensor (D,)
    rng : int or numpy.random.Generator, optional
    """
    random = np.random.default_rng(rng).normal(size=len(point))
    direction = torch.as_tensor(random).to(point)
    here = layout.views(point)
    for name, part in layout.views(direction).items():
        if part.ndim < 2:
            part.zero_()
            continue
        wanted, found = (each.flatten(1).norm(dim=1) for each in (here[name], part))
        scales = wanted / found.clamp(min=1e-30)
        part.mul_(scales.reshape(-1, *[1] * (part.ndim - 1)))
    return direction
