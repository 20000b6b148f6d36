"""Copies of modules, also of those that keep what they computed last."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import torch


def copied(module: Any) -> Any:
    """A deep copy of a module.

    Hooks such as those of `torch.nn.utils.weight_norm` leave a computed weight in the module, which
    has a history of its own and could not be copied; of such tensors the numbers are.
    """
    return copy.deepcopy(module, _computed(module))


def copied_where_it_moves(module: Any) -> Any:
    """A copy of a module whose frozen parameters are the same memory as the module's own.

    Of a large model that is fine-tuned by adapters, what does not move is held once.
    """
    frozen = {
        id(parameter): torch.nn.Parameter(parameter.detach(), requires_grad=False)
        for parameter in module.parameters()
        if not parameter.requires_grad and type(parameter) is torch.nn.Parameter
    }
    return copy.deepcopy(module, _computed(module) | frozen)


def _computed(module: Any) -> dict[int, Any]:
    """Copies of tensors with a history, which torch would not copy, by their identities."""
    return {
        id(tensor): tensor.detach().clone()
        for part in module.modules()
        for value in vars(part).values()
        for tensor in _tensors_in(value)
        if not tensor.is_leaf
    }


def _tensors_in(value: Any) -> Iterator[Any]:
    """Tensors, also in lists and dicts in which a module keeps what its layers put out."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _tensors_in(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _tensors_in(part)


def computed_weights(module: Any) -> list[tuple[Any, str]]:
    """Layers and names of weights that a hook computes before each call, in torch's older way."""
    hooks = ((layer, hook) for layer in module.modules() for hook in _hooks(layer))
    return [(layer, hook.name) for layer, hook in hooks if type(hook).__name__ in _OLD_WAY]


_OLD_WAY = ("WeightNorm", "SpectralNorm")


def _hooks(layer: Any) -> list[Any]:
    return list(layer._forward_pre_hooks.values())
