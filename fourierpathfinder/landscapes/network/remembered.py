"""Whether a module calculates with what it once computed from its parameters.

A weight that is kept transposed, masked or merged in an attribute was computed before, from the
parameters of that time, and stays the same wherever the path is, at both ends too: no loss there
tells. So copies of the module are called. If another tensor in the place of the kept one changes
the output, the module reads it; and it was computed from parameters if its numbers are theirs, or
if the module, where it lacks it, computes another one from other parameters. What was computed from
frozen parameters is rightly the same everywhere.
"""

import copy
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ..alignment.tracing import tensors_in
from .data import Batch
from .own_loss import OrdinaryModule
from .trees import tensors_of, tree_map

_FACTOR = -2.0
"""By which a kept tensor is multiplied for a moment."""
_FEWEST = 4
"""Different numbers that are not in two tensors by chance, as zeros and ones are."""
_NAMES = frozenset(vars(nn.Module()))
"""Attributes that any module has."""
_ABSENT = object()

Make = Callable[[], OrdinaryModule]


def check_not_remembered(module: Any, make: Make, batch: Batch) -> None:
    """Raise an error if a module calculates with what it once computed from its parameters.

    Parameters
    ----------
    module : torch.nn.Module
        As it was given.
    make : callable
        Makes a copy of it that can be called.
    batch : Batch
        Some samples.

    Raises
    ------
    ValueError
        With the attribute, and what to do.
    """
    for layer, part in module.named_modules():
        for name in [name for name in vars(part) if name not in _NAMES]:
            kept = _Kept(module, make, batch, layer, name)
            if kept.tensors and kept.is_read and (kept.is_of_parameters or kept.is_computed):
                where = f"{layer}.{name}" if layer else name
                raise ValueError(
                    f"the module calculates with its attribute {where!r}, which was computed from "
                    "its parameters before: it would be the same wherever the path is, and the "
                    "losses wrong. Compute it in `forward` at each call, or if it is meant to be "
                    "the same for all networks, keep it as a buffer (`register_buffer`)"
                )


@dataclass(frozen=True)
class _Kept:
    """What a module keeps in an attribute of a layer."""

    module: Any
    make: Make
    batch: Batch
    layer: str
    name: str

    @property
    def tensors(self) -> list[Any]:
        """Those that are neither parameters nor buffers."""
        own = _own(self.module)
        value = vars(self.module.get_submodule(self.layer))[self.name]
        return [tensor for tensor in tensors_in(value) if _is_kept(tensor, own)]

    @property
    def is_read(self) -> bool:
        """Whether the output depends on it."""
        first, second = self.make(), self.make()
        own, attributes = _own(second.module), self._attributes(second)

        def changed(tensor: Any) -> Any:
            return _FACTOR * tensor.detach() if _is_kept(tensor, own) else tensor

        attributes[self.name] = tree_map(changed, attributes[self.name])
        with suppress(Exception):  # of a module that cannot be called, which is said elsewhere
            outputs = [tensors_of(each.output(self.batch)) for each in (first, second)]
            return not _equal(*outputs)
        return False

    @property
    def is_of_parameters(self) -> bool:
        """Whether all its numbers are those of parameters, in any order, or zeros."""
        numbers = _numbers(self.tensors).unique()
        numbers = numbers[numbers != 0]
        moving = [p for p in self.module.parameters() if p.requires_grad]
        return len(numbers) >= _FEWEST and bool(torch.isin(numbers, _numbers(moving)).all())

    @property
    def is_computed(self) -> bool:
        """Whether a module that lacks it computes it, and another from other parameters."""
        value = self._attributes(self.make())[self.name]
        empties = [type(value)()] if type(value) in (dict, list) else [_ABSENT, None]
        for empty in empties:
            one, other = self._computed(empty, 0.0), self._computed(empty, 1.0)
            if one and other and not _equal(one, other):
                return True
        return False

    def _computed(self, empty: Any, move: float) -> list[Any]:
        """The tensors that a call leaves in the empty place, the parameters having been moved."""
        ordinary = self.make()
        self._move(ordinary, move)
        attributes = self._attributes(ordinary)
        attributes.pop(self.name)
        if empty is not _ABSENT:
            attributes[self.name] = copy.copy(empty)
        with suppress(Exception):  # as of a module that cannot do without it
            ordinary.output(self.batch)
        return tensors_in(attributes.get(self.name))

    def _move(self, ordinary: OrdinaryModule, move: float) -> None:
        for name, parameter in self.module.named_parameters():
            if parameter.requires_grad:
                own = ordinary.module.get_parameter(name)
                steps = torch.linspace(0.5, 1, own.numel(), device=own.device)
                own.data = own + move * steps.reshape(own.shape).to(own.dtype)

    def _attributes(self, ordinary: OrdinaryModule) -> dict[str, Any]:
        attributes: dict[str, Any] = vars(ordinary.module.get_submodule(self.layer))
        return attributes


def _own(module: Any) -> set[int]:
    return {id(tensor) for tensor in (*module.parameters(), *module.buffers())}


def _is_kept(tensor: Any, own: set[int]) -> bool:
    return tensor.is_floating_point() and id(tensor) not in own


def _numbers(tensors: list[Any]) -> Any:
    return torch.cat([tensor.detach().cpu().double().flatten() for tensor in tensors])


def _equal(some: Any, others: Any) -> bool:
    if len(some) != len(others):
        return False
    return all(a.shape == b.shape and torch.equal(a, b) for a, b in zip(some, others, strict=True))
