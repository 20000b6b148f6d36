"""What torch's layers make of units: which they read, make, keep, or only flatten.

| layer        | reads its inputs on     | makes units on                              |
|--------------|-------------------------|---------------------------------------------|
| linear, conv | weight, axis 1          | weight, axis 0; bias                        |
| transposed   | weight, axis 0          | weight, axis 1; bias                        |
| embedding    | -                       | weight, axis 1                              |
| recurrent    | weight_ih_l0, axis 1    | every gate of all its weights; weight_hh    |
|              |                         | on both axes                                |
"""

from dataclasses import dataclass
from typing import Any

from torch import nn

from .units import Slot

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)
_N_GATES = {nn.LSTM: 4, nn.GRU: 3, nn.RNN: 1}

MAKERS = (nn.Linear, *_CONVOLUTIONS, *_TRANSPOSED, nn.Embedding, *_N_GATES)
"""Layers whose outputs are new units."""

SCALES = (*_BATCH_NORMS, nn.LayerNorm, nn.PReLU)
"""Layers with numbers of their own for each unit that comes in."""

UNITWISE = (
    *(nn.Identity, nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU),
    *(nn.Mish, nn.Softplus, nn.Softsign, nn.Tanh, nn.Sigmoid, nn.Hardtanh, nn.Hardswish),
    *(nn.Hardsigmoid, nn.LogSigmoid, nn.Tanhshrink, nn.Softshrink, nn.Hardshrink, nn.Threshold),
    *(nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout),
)
"""Layers that treat every number alike."""

POOLS = (
    *(nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d),
    *(nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d),
    *(nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d),
    *(nn.Upsample, nn.ZeroPad2d),
)
"""Layers that treat every channel alike."""

UNITWISE_CALLS = frozenset(
    (
        *("relu", "relu_", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish", "tanh"),
        *("softplus", "softsign", "sigmoid", "hardtanh", "hardswish", "logsigmoid", "dropout"),
        *("clamp", "abs", "neg", "square", "sqrt", "exp", "add", "mul", "sub", "truediv"),
        *("contiguous", "clone", "detach", "float", "double", "to"),
    )
)
"""The same as functions and methods; sums and products are with constants."""

POOL_CALLS = frozenset(
    (
        *("max_pool1d", "max_pool2d", "max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d"),
        *("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d"),
        *("adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d"),
        *("interpolate", "dropout2d"),
    )
)
"""The same as functions."""

FLATTEN_CALLS = frozenset({"flatten", "view", "reshape", "mean", "squeeze"})
"""What puts the pixels of a channel side by side, or leaves one of them."""


@dataclass(frozen=True)
class Made:
    """Units that a layer makes, and the places in the layer itself where their order shows."""

    depth: int
    n_units: int
    slots: tuple[Slot, ...]


def refusal(name: str, layer: Any) -> str:
    """Why the units of this layer cannot be exchanged one by one; empty if they can."""
    if isinstance(layer, (*_CONVOLUTIONS, *_TRANSPOSED)) and layer.groups != 1:
        return f"the convolution `{name}` is split into {layer.groups} groups of channels"
    if isinstance(layer, nn.RNNBase) and layer.bidirectional:
        return f"the recurrent layer `{name}` reads in both directions"
    if isinstance(layer, nn.RNNBase) and layer.proj_size:
        return f"the recurrent layer `{name}` projects its hidden state"
    return ""


def read_by(name: str, layer: Any) -> tuple[str, int, int] | None:
    """The parameter and axis on which a layer reads its inputs, and how many it reads."""
    if isinstance(layer, nn.Embedding):
        return None
    if isinstance(layer, nn.RNNBase):
        return f"{name}.weight_ih_l0", 1, int(layer.input_size)
    axis = 0 if isinstance(layer, _TRANSPOSED) else 1
    return f"{name}.weight", axis, int(layer.weight.shape[axis])


def made_by(name: str, layer: Any) -> list[Made]:
    """The units that a layer makes, one set for each layer of a recurrent stack."""
    if isinstance(layer, nn.RNNBase):
        return [_recurrent(name, layer, depth) for depth in range(layer.num_layers)]
    axis = 1 if isinstance(layer, (*_TRANSPOSED, nn.Embedding)) else 0
    slots = [Slot(f"{name}.weight", axis)]
    if getattr(layer, "bias", None) is not None:
        slots.append(Slot(f"{name}.bias", 0))
    return [Made(0, int(layer.weight.shape[axis]), tuple(slots))]


def _recurrent(name: str, layer: Any, depth: int) -> Made:
    n_gates = next(n for kind, n in _N_GATES.items() if isinstance(layer, kind))
    slots = [
        Slot(f"{name}.weight_ih_l{depth}", 0, n_gates),
        Slot(f"{name}.weight_hh_l{depth}", 0, n_gates),
        Slot(f"{name}.weight_hh_l{depth}", 1),
    ]
    if layer.bias:
        slots += [Slot(f"{name}.bias_{part}_l{depth}", 0, n_gates) for part in ("ih", "hh")]
    if depth + 1 < layer.num_layers:
        slots.append(Slot(f"{name}.weight_ih_l{depth + 1}", 1))
    return Made(depth, int(layer.hidden_size), tuple(slots))


def makes_channels(layer: Any) -> bool:
    """Whether the units lie on axis 1, before the pixels, rather than on the last axis."""
    return isinstance(layer, (*_CONVOLUTIONS, *_TRANSPOSED))


def scale_length(layer: Any) -> int:
    """How many numbers each parameter of such a layer has; 0 if they are not on one axis."""
    if isinstance(layer, nn.LayerNorm):
        return int(layer.normalized_shape[0]) if len(layer.normalized_shape) == 1 else 0
    return int(layer.num_parameters if isinstance(layer, nn.PReLU) else layer.num_features)


def scale_names(name: str, layer: Any) -> list[str]:
    """Its parameters and buffers that have one number for each unit."""
    candidates = ("weight", "bias", "running_mean", "running_var")
    return [f"{name}.{each}" for each in candidates if getattr(layer, each, None) is not None]
