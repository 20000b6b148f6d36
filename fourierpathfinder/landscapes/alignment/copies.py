"""Copies of modules, also of those that keep what they computed last."""

import copy
import weakref
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import chain
from types import CellType, FunctionType, MethodType, ModuleType
from typing import Any

import torch

from ..._errors import first_line
from .refusals import whole_or
from .tracing import tensors_in
from .wrapped import is_compiled


def copied(module: Any) -> Any:
    """A deep copy of a module.

    Hooks such as those of `torch.nn.utils.weight_norm` leave a computed weight in the module, which
    has a history of its own and could not be copied; of such tensors the numbers are.

    Raises
    ------
    ValueError
        If the copy would hold parts of the module itself.
    """
    return _apart(_deep(module, _computed(module)), module)


def copied_where_it_moves(module: Any) -> Any:
    """A copy of a module whose frozen parameters are the same memory as the module's own.

    Of a large model that is fine-tuned by adapters, what does not move is held once; but layers
    that do something of their own when they are put into evaluation mode, as those that add their
    adapters to the weight then, have a copy to write on. Compiled parts are called as they were
    written: a program would be made anew for each way of calling it.

    Raises
    ------
    ValueError
        If the copy would hold other parts of the module itself.
    """
    frozen = {
        id(parameter): torch.nn.Parameter(parameter.detach(), requires_grad=False)
        for layer in module.modules()
        for parameter in layer.parameters(recurse=False)
        if not parameter.requires_grad and type(parameter) is torch.nn.Parameter
    }
    for layer in filter(_has_own_modes, module.modules()):
        for parameter in layer.parameters(recurse=False):
            frozen.pop(id(parameter), None)
    made = _apart(_deep(module, _computed(module) | frozen), module)
    for layer in filter(is_compiled, made.modules()):
        layer.forward = layer._orig_mod.forward
    return made


def _deep(module: Any, memo: dict[int, Any]) -> Any:
    """A deep copy, in which functions too hold what is in the copy.

    Such as hooks that write into the module, or another `forward` that calls the former one: for
    Python they are the same in a copy, and would write into the module itself.
    """
    try:
        made = copy.deepcopy(module, memo)
    except (TypeError, RuntimeError, AttributeError, NotImplementedError) as error:
        _refuse_uncopied(module, memo)
        raise TypeError(f"the module could not be copied: {error}") from error
    for layer in made.modules():
        own = vars(layer)
        for held in [own, *(each for each in own.values() if isinstance(each, dict | list))]:
            for name, value in list(held.items() if isinstance(held, dict) else enumerate(held)):
                if isinstance(value, FunctionType | MethodType | weakref.ref):
                    held[name] = _in_copy(value, memo)
    return made


def _refuse_uncopied(module: Any, memo: dict[int, Any]) -> None:
    """Raise an error that names an attribute which cannot be copied, if one is found."""
    for layer, part in module.named_modules():
        for name, value in vars(part).items():
            if name in ("_parameters", "_buffers", "_modules"):
                continue
            try:
                copy.deepcopy(value, dict(memo))
            except Exception as error:
                where = f"{layer}.{name}" if layer else name
                raise TypeError(
                    f"the module's attribute {where!r} ({type(value).__name__}) cannot be copied "
                    f"({first_line(error, type(error).__name__)}), and a path calls a copy of the "
                    "module; take it out (a lock, an open file, a logger, a connection), or keep "
                    "it outside of the module"
                ) from error


def _in_copy(value: Any, memo: dict[int, Any]) -> Any:
    """What stands for a value in the copy; tensors stay, as parameters are given at each call."""
    if not _knows(value, memo, set()):
        return value
    if id(value) in memo:
        return memo[id(value)]
    if isinstance(value, MethodType):
        return MethodType(value.__func__, _in_copy(value.__self__, memo))
    if type(value) is weakref.ref:
        return weakref.ref(_in_copy(value(), memo))
    cells = tuple(CellType() for _ in value.__closure__ or ())
    new = FunctionType(value.__code__, value.__globals__, value.__name__, None, cells or None)
    memo[id(value)] = new  # it may know itself
    new.__dict__.update(value.__dict__)
    new.__qualname__, new.__kwdefaults__ = value.__qualname__, value.__kwdefaults__
    new.__defaults__ = value.__defaults__ and tuple(_in_copy(x, memo) for x in value.__defaults__)
    for cell, held in zip(cells, value.__closure__ or (), strict=True):
        with suppress(ValueError):  # of an empty one
            cell.cell_contents = _in_copy(held.cell_contents, memo)
    return new


def _knows(value: Any, memo: dict[int, Any], seen: set[int]) -> bool:
    """Whether a function, or what it holds, has something of the module that was copied."""
    if isinstance(value, torch.Tensor) or id(value) in seen:
        return False
    if id(value) in memo:
        return True
    seen.add(id(value))
    held: list[Any] = []
    if isinstance(value, MethodType):
        held = [value.__self__]
    elif type(value) is weakref.ref:
        held = [value()]
    elif isinstance(value, FunctionType):
        held = list(value.__defaults__ or ())
        for cell in value.__closure__ or ():
            with suppress(ValueError):
                held.append(cell.cell_contents)
    return any(_knows(each, memo, seen) for each in held)


def _apart(made: Any, module: Any) -> Any:
    """The copy, if nothing that is done to it would be done to the module.

    A `__deepcopy__` of its own may give back the layer, or a new one with the same parameters.
    """
    own = {id(part) for _, part in _with_numbers(module)}
    for name, part in _with_numbers(made):
        if id(part) in own:
            raise ValueError(
                f"{whole_or(name)} would be the same object in a copy, so that a path would write "
                "over your network: some `__deepcopy__` gives back the layer itself, or one with "
                "the same parameters. Let it copy these, or remove it"
            )
    return made


def _with_numbers(module: Any) -> Iterator[tuple[str, Any]]:
    """Layers with parameters or buffers, and then these themselves, by their names."""
    for name, layer in module.named_modules():
        if any(True for _ in chain(layer.parameters(), layer.buffers())):
            yield name, layer
    yield from module.named_parameters()
    yield from module.named_buffers()


def evaluating(module: Any) -> Any:
    """A module in evaluation mode, which it enters from training where it has modes of its own.

    Layers that keep what they computed from their parameters until they are trained are so emptied.
    """
    if any(_has_own_modes(layer) for layer in module.modules()):
        module.train()
    return module.eval()


def _has_own_modes(layer: Any) -> bool:
    kind, plain = type(layer), torch.nn.Module
    return kind.train is not plain.train or kind.eval is not plain.eval


def _computed(module: Any) -> dict[int, Any]:
    """Copies of tensors with a history, which torch would not copy, by their identities."""
    return {
        id(tensor): tensor.detach().clone()
        for part in module.modules()
        for _, value in attributes(part)
        for tensor in tensors_in(value)
        if not tensor.is_leaf
    }


def attributes(layer: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """What a layer holds, by name, and what the objects hold that it holds, by two."""
    for name, value in list(vars(layer).items()):
        yield (name,), value
        if not isinstance(value, _OTHERS) and hasattr(value, "__dict__"):
            yield from (((name, inner), held) for inner, held in list(vars(value).items()))


_OTHERS = (
    *(torch.Tensor, torch.nn.Module, Mapping, list, tuple),
    *(type, ModuleType, FunctionType, MethodType),
)
"""What is looked through otherwise, or is nobody's own."""


def computed_weights(module: Any) -> list[tuple[Any, str]]:
    """Layers and names of weights that a hook computes before each call, in torch's older way."""
    hooks = ((layer, hook) for layer in module.modules() for hook in _hooks(layer))
    return [(layer, hook.name) for layer, hook in hooks if type(hook).__name__ in _OLD_WAY]


_OLD_WAY = ("WeightNorm", "SpectralNorm")


def _hooks(layer: Any) -> list[Any]:
    return list(layer._forward_pre_hooks.values())
