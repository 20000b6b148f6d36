"""Layers that normalise with running statistics, which here are functions of the parameters.

A layer of batch or (tracked) instance normalisation keeps its own forward pass, whatever a
subclass makes of it; only its call of `torch.nn.functional.batch_norm` or `instance_norm` is
replaced. It normalises either with the statistics of its batch, as in training, or with those in
its buffers, as in evaluation; but unlike in torch's own, a gradient passes through the latter too:

    y = γ (x - μ)/√(σ² + ε) + β.
"""

from enum import Enum, auto
from functools import partial
from typing import Any

import torch
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm, _NormBase
from torch.overrides import TorchFunctionMode

from .parameters import Tensors

_BUFFERS = ("running_mean", "running_var")
_ONE_VALUE = (
    "a layer of batch normalisation is given one sample alone, with one value a channel, which has "
    "no variance: pass `batch_size=` of 2 at least, that of the landscape or of `Stochastic`, or "
    'keep the statistics of the module, `batch_norm="frozen"`'
)


class Mode(Enum):
    """Which statistics a layer normalises with."""

    BATCH = auto()
    """Those of the batch."""
    NOTE = auto()
    """Those of the batch, which are noted."""
    GIVEN = auto()
    """Those in its buffers."""


def tracked_norms(module: Any) -> dict[str, Any]:
    """The layers with running statistics in a module, by each of their names.

    Without those that the module keeps in evaluation mode even while it is trained, as one does
    with a backbone that was trained before: these keep their statistics, as in training.

    Parameters
    ----------
    module : torch.nn.Module
        A copy in evaluation mode.

    Raises
    ------
    ValueError
        If a layer of batch normalisation has no statistics of its own to evaluate it with.
    """
    everything = module.named_modules(remove_duplicate=False)
    layers = {name: layer for name, layer in everything if isinstance(layer, _NormBase)}
    for name, layer in layers.items():
        if layer.running_mean is None and isinstance(layer, _BatchNorm):
            raise ValueError(
                f"the layer {name!r} has `track_running_stats=False`, so the loss of a sample "
                "depends on which others are evaluated with it; build the module with "
                "`track_running_stats=True`"
            )
    tracked = {name: layer for name, layer in layers.items() if layer.running_mean is not None}
    if tracked:
        module.train()
        tracked = {name: layer for name, layer in tracked.items() if layer.training}
        module.eval()
    return tracked


def buffers_of(layers: dict[str, Any]) -> set[str]:
    """The names of all buffers that are functions of the parameters, or count batches."""
    kinds = (*_BUFFERS, "num_batches_tracked")
    return {_prefix(name) + kind for name in layers for kind in kinds}


def make_differentiable(layers: dict[str, Any]) -> None:
    """Let a gradient pass through the statistics with which layers normalise."""
    for layer in layers.values():
        if "forward" not in vars(layer):  # a layer of several names is met several times
            layer.forward = partial(_forward, layer)
            layer.mode = Mode.GIVEN
            layer.noted = []


def set_mode(layers: dict[str, Any], mode: Mode) -> None:
    """What the layers do from now on."""
    for layer in layers.values():
        layer.mode = mode
        layer.noted = []


def noted_statistics(layers: dict[str, Any]) -> Tensors:
    """The statistics of the last batch by the names of the buffers, as evaluation uses them.

    Of a layer that was used several times they are the mean of all, as torch's own are with
    `momentum=None`; layers that were not used have none.
    """
    found: Tensors = {}
    for layer_name, layer in layers.items():
        noted, layer.noted = layer.noted, []
        if noted:
            for buffer, tensors in zip(_BUFFERS, zip(*noted, strict=True), strict=True):
                found[_prefix(layer_name) + buffer] = sum(tensors) / len(tensors)
    return found


def by_all_names(layers: dict[str, Any], found: Tensors) -> Tensors:
    """The same statistics under all names that their layers have in a state dict."""
    firsts: dict[int, str] = {}
    everything = dict(found)
    for name, layer in layers.items():
        first = firsts.setdefault(id(layer), name)
        for buffer in _BUFFERS:
            if _prefix(first) + buffer in found:
                everything[_prefix(name) + buffer] = found[_prefix(first) + buffer]
    return everything


class _Replaced(TorchFunctionMode):  # type: ignore[misc]
    """Within it, a layer's call of the function that normalises is ours."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self._layer = layer

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is functional.batch_norm:
            return _batch_normalised(self._layer, *args, **kwargs)
        if func is functional.instance_norm:
            return _instance_normalised(self._layer, *args, **kwargs)
        return func(*args, **kwargs)


def _forward(layer: Any, *args: Any, **kwargs: Any) -> Any:
    with _Replaced(layer):
        return type(layer).forward(layer, *args, **kwargs)


def _batch_normalised(
    layer: Any,
    x: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    if layer.mode is not Mode.GIVEN and x.numel() == x.shape[1]:
        raise ValueError(_ONE_VALUE)
    if layer.mode is Mode.BATCH:
        return functional.batch_norm(x, None, None, weight, bias, training=True, eps=eps)
    if layer.mode is Mode.NOTE:
        axes = [axis for axis in range(x.ndim) if axis != 1]
        variance, mean = torch.var_mean(x, dim=axes, correction=0)
        n = x.numel() // x.shape[1]
        layer.noted.append((mean, variance * (n / (n - 1))))
        return _normalised(x, mean, variance, weight, bias, eps)
    return _normalised(x, running_mean, running_var, weight, bias, eps)


def _instance_normalised(
    layer: Any,
    x: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """In a batch it is normalised with the mean of the statistics that evaluation would use."""
    if layer.mode is Mode.GIVEN:
        return _normalised(x, running_mean, running_var, weight, bias, eps)
    variance, mean = torch.var_mean(x, dim=list(range(2, x.ndim)))
    mean, variance = mean.mean(0), variance.mean(0)
    if layer.mode is Mode.NOTE:
        layer.noted.append((mean, variance))
        return functional.instance_norm(x, None, None, weight, bias, eps=eps)
    return _normalised(x, mean, variance, weight, bias, eps)


def _normalised(x: Any, mean: Any, variance: Any, weight: Any, bias: Any, eps: float) -> Any:
    factor = torch.rsqrt(variance + eps)
    if weight is not None:
        factor = factor * weight
    shape = (1, -1, *[1] * (x.ndim - 2))
    y = (x - mean.reshape(shape)) * factor.reshape(shape)
    y = y if bias is None else y + bias.reshape(shape)
    return y.to(x.dtype)


def _prefix(name: str) -> str:
    return f"{name}." if name else ""
