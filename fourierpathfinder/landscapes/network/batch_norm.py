"""Batch normalisation whose statistics are functions of the parameters.

A layer normalises either with the statistics of its batch, as in training, or with those in its
buffers, as in evaluation; but unlike in torch's own, a gradient passes through the latter too:

    y = γ (x - μ)/√(σ² + ε) + β.
"""

from enum import Enum, auto
from functools import partial
from typing import Any

import torch
from torch.nn.functional import batch_norm
from torch.nn.modules.batchnorm import _BatchNorm

from .parameters import Tensors


class Mode(Enum):
    """Which statistics a layer normalises with."""

    BATCH = auto()
    """Those of the batch."""
    NOTE = auto()
    """Those of the batch, which are noted."""
    GIVEN = auto()
    """Those in its buffers."""


def batch_norms(module: Any) -> dict[str, Any]:
    """The layers of batch normalisation in a module, by name.

    Raises
    ------
    ValueError
        If a layer has no statistics of its own to evaluate it with.
    """
    layers = {name: m for name, m in module.named_modules() if isinstance(m, _BatchNorm)}
    for name, layer in layers.items():
        if layer.running_mean is None:
            raise ValueError(
                f"the layer {name!r} has `track_running_stats=False`, so the loss of a sample "
                "depends on which others are evaluated with it; build the module with "
                "`track_running_stats=True`"
            )
    return layers


def make_differentiable(layers: dict[str, Any]) -> None:
    """Give layers a forward pass of our own, in which a gradient passes through the statistics."""
    for layer in layers.values():
        layer.forward = partial(_normalised, layer)
        layer.mode = Mode.GIVEN


def set_mode(layers: dict[str, Any], mode: Mode) -> None:
    """What the layers do from now on."""
    for layer in layers.values():
        layer.mode = mode


def noted_statistics(layers: dict[str, Any]) -> Tensors:
    """The statistics of the last batch by the names of the buffers, as evaluation uses them."""
    noted: Tensors = {}
    for name, layer in layers.items():
        prefix = f"{name}." if name else ""
        noted[f"{prefix}running_mean"], noted[f"{prefix}running_var"] = layer.noted
        layer.noted = None
    return noted


def _normalised(layer: Any, x: Any) -> Any:
    if layer.mode is Mode.BATCH:
        return batch_norm(x, None, None, layer.weight, layer.bias, training=True, eps=layer.eps)
    if layer.mode is Mode.NOTE:
        mean, variance = _statistics(x)
        n = x.numel() // x.shape[1]
        layer.noted = mean, variance * (n / max(n - 1, 1))
    else:
        mean, variance = layer.running_mean, layer.running_var
    factor = torch.rsqrt(variance + layer.eps)
    if layer.weight is not None:
        factor = factor * layer.weight
    shape = (1, -1, *[1] * (x.ndim - 2))
    y = (x - mean.reshape(shape)) * factor.reshape(shape)
    return y if layer.bias is None else y + layer.bias.reshape(shape)


def _statistics(x: Any) -> tuple[Any, Any]:
    """Mean and biased variance of each channel."""
    axes = [axis for axis in range(x.ndim) if axis != 1]
    variance, mean = torch.var_mean(x, dim=axes, correction=0)
    return mean, variance
