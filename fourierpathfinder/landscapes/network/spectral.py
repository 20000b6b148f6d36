"""Spectral normalisation with exact singular vectors, as functions of the weight.

    W → W / σ,   σ = uᵀ W v

torch keeps u and v in buffers, and renews them in training by a step of the power method; between
two networks those of neither fit. Here they are the leading singular vectors of the weight at hand,
held constant in the gradient, which is exact: dσ/dW = u vᵀ.
"""

from functools import partial
from typing import Any

import torch
from torch.nn.utils.parametrizations import _SpectralNorm
from torch.nn.utils.parametrize import is_parametrized

from .parameters import Tensors


class SpectralLayers:
    """The weights of a module that are normalised so, in either of torch's two ways."""

    def __init__(self, module: Any) -> None:
        self._hooked = list(_hooked(module))
        self._parametrized = list(_parametrized(module))

    @property
    def buffers(self) -> set[str]:
        """The names of the buffers that hold u and v."""
        of_hooks = {f"{name}_{k}" for name, _, _ in self._hooked for k in "uv"}
        return of_hooks | {f"{name}._{k}" for name, _ in self._parametrized for k in "uv"}

    def make_exact(self) -> None:
        """Let the layers use exact vectors; they must be of a copy of the user's module."""
        for _, layer, key in self._hooked:
            hook = layer._forward_pre_hooks[key]
            layer._forward_pre_hooks[key] = partial(_set_weight, hook)
        for _, layer in self._parametrized:
            layer.forward = partial(_divided, layer)

    def vectors(self, state: Tensors) -> Tensors:
        """The buffers that fit the weights of a state dict."""
        found: Tensors = {}
        for name, layer, key in self._hooked:
            hook = layer._forward_pre_hooks[key]
            hook = getattr(hook, "args", (hook,))[0]
            u, v = _leading(hook.reshape_weight_to_matrix(state[f"{name}_orig"]))
            found |= {f"{name}_u": u, f"{name}_v": v}
        for name, layer in self._parametrized:
            original = f"{name.rpartition('.')[0]}.original"
            u, v = _leading(layer._reshape_weight_to_matrix(state[original]))
            found |= {f"{name}._u": u, f"{name}._v": v}
        return found


def _hooked(module: Any) -> Any:
    """Full name of the weight, layer, and the key of its hook."""
    for layer_name, layer in module.named_modules():
        for key, hook in layer._forward_pre_hooks.items():
            if type(hook).__name__ == "SpectralNorm" and hasattr(hook, "reshape_weight_to_matrix"):
                prefix = f"{layer_name}." if layer_name else ""
                yield prefix + hook.name, layer, key


def _parametrized(module: Any) -> Any:
    """Name of the parametrization, and itself.

    Raises
    ------
    ValueError
        If something else is done to the weight before, so that its vectors cannot be told.
    """
    for layer_name, layer in module.named_modules():
        if not is_parametrized(layer):
            continue
        for weight, chain in layer.parametrizations.items():
            for position, part in enumerate(chain):
                if not isinstance(part, _SpectralNorm) or not hasattr(part, "_u"):
                    continue
                prefix = f"{layer_name}." if layer_name else ""
                name = f"{prefix}parametrizations.{weight}.{position}"
                if position:
                    raise ValueError(
                        f"{name!r} is a spectral normalisation after another parametrization; "
                        "register it first"
                    )
                yield name, part


def _set_weight(hook: Any, layer: Any, inputs: Any) -> None:
    weight = getattr(layer, f"{hook.name}_orig")
    setattr(layer, hook.name, weight / _sigma(hook.reshape_weight_to_matrix(weight)))


def _divided(layer: Any, weight: Any) -> Any:
    return weight / _sigma(layer._reshape_weight_to_matrix(weight))


def _sigma(matrix: Any) -> Any:
    u, v = _leading(matrix)
    return torch.dot(u, torch.mv(matrix, v))


def _leading(matrix: Any) -> tuple[Any, Any]:
    """The leading singular vectors u, v, from the smaller of the matrix's two squares."""
    matrix = matrix.detach()
    exact = matrix if matrix.dtype == torch.float64 else matrix.float()
    wide = exact.shape[0] <= exact.shape[1]
    square = exact @ exact.mT if wide else exact.mT @ exact
    first = torch.linalg.eigh(square)[1][:, -1]
    second = exact.mT @ first if wide else exact @ first
    second = second / torch.linalg.vector_norm(second)
    u, v = (first, second) if wide else (second, first)
    return u.to(matrix.dtype), v.to(matrix.dtype)
