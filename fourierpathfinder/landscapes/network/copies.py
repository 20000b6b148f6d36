"""Copies of modules, also of those that keep what they computed last."""

import copy
from typing import Any

import torch


def copied(module: Any) -> Any:
    """A deep copy of a module.

    Hooks such as those of `torch.nn.utils.weight_norm` leave a computed weight in the module, which
    has a history of its own and could not be copied; of such tensors the numbers are.
    """
    computed = {
        id(tensor): tensor.detach().clone()
        for part in module.modules()
        for tensor in vars(part).values()
        if isinstance(tensor, torch.Tensor) and not tensor.is_leaf
    }
    return copy.deepcopy(module, computed)


def computed_weights(module: Any) -> list[tuple[Any, str]]:
    """Layers and names of weights that a hook computes before each call, in torch's older way."""
    hooks = ((layer, hook) for layer in module.modules() for hook in _hooks(layer))
    return [(layer, hook.name) for layer, hook in hooks if type(hook).__name__ in _OLD_WAY]


_OLD_WAY = ("WeightNorm", "SpectralNorm")


def _hooks(layer: Any) -> list[Any]:
    return list(layer._forward_pre_hooks.values())
