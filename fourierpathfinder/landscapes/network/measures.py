"""What is measured of a network besides its loss: metrics, and random directions."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch

from .parameters import Layout
from .reduction import Reduction

Metric: TypeAlias = Callable[[Any, Any], Any]
"""metric(output, target): the mean over the samples of a batch, or one value a sample."""


def measured(
    outputs: Sequence[Iterable[tuple[Any, Any, int]]],
    reduction: Reduction,
    metrics: Mapping[str, Metric],
) -> dict[str, np.ndarray]:
    """The means of the loss and of metrics over all data, at several points.

    Parameters
    ----------
    outputs : sequence of iterables of (output, target, number of samples)
        Of each point.
    reduction : Reduction
        Of the loss.
    metrics : mapping of str to Metric

    Returns
    -------
    dict of str to ndarray (M,)
    """
    rows = [_at_one(parts, reduction, metrics) for parts in outputs]
    return {name: np.array([row[name] for row in rows]) for name in ("loss", *metrics)}


def _at_one(
    parts: Iterable[tuple[Any, Any, int]], reduction: Reduction, metrics: Mapping[str, Metric]
) -> dict[str, float]:
    sums = dict.fromkeys(("loss", *metrics), 0.0)
    weights = dict.fromkeys(sums, 0.0)
    for output, target, size in parts:
        total, weight = reduction.total(output, target, size)
        sums["loss"] += float(total)
        weights["loss"] += float(weight)
        for name, metric in metrics.items():
            sums[name] += size * float(torch.as_tensor(metric(output, target)).double().mean())
            weights[name] += size
    return {name: sums[name] / weights[name] for name in sums}


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
