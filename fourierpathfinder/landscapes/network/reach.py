"""Whether a loss, or a penalty, reads the module that was given, besides what it is called with.

The module itself is never called, a copy of it is: what a loss reads of the module (its weights, an
attribute that `forward` set, another call of it) would be the same wherever the path is. A loss
that can reach the module is called twice with one output: with the module as it is, and with other
parameters in it, after a call. If its value changes, it reads the module.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import torch

from ..alignment.copies import attributes
from ..trees import tree_map
from .data import Batch
from .mean_check import quietly
from .network import Network
from .parameters import Tensors

_DEPTH = 6
"""Of objects within objects that are looked through."""
_LIBRARIES = ("torch", "numpy", "fourierpathfinder")
"""Whose functions hold nothing of the user's."""
_FACTOR = -2.0
"""By which parameters are multiplied for a moment: neither squares nor directions stay, and halving
restores every bit."""


def check_not_read(network: Network, module: Any, variables: Tensors, batch: Batch) -> None:
    """Raise an error if the loss reads the module that was given.

    Parameters
    ----------
    network : Network
    module : torch.nn.Module
        As it was given, of which the network calls a copy.
    variables : dict of str to Tensor
        Parameters and statistics of one point.
    batch : Batch
        Some samples.

    Raises
    ------
    ValueError
        With what to do.
    """
    if not can_reach(network.reduction.loss, module):
        return
    args, kwargs, target = network.arguments(tree_map(_copied, batch.tree))
    output = quietly(lambda v, *_: network.output(v, batch), variables, batch)

    def value() -> float:
        mine, other = tree_map(_copied, (output, target))
        return float(network.reduction.total(mine, other, batch.size)[0].detach())

    if _is_read(value, module, lambda each: each(*args, **kwargs)):
        raise ValueError(
            "`loss` reads the module that was given, besides the output and the target (a weight, "
            "an attribute that `forward` sets, or another call of it): that would be the same "
            "wherever the path is, since a copy of the module is called. Let `forward` return what "
            "the loss needs, pass a regulariser of the parameters as `penalty=`, and if it shall "
            "be the same everywhere, as a teacher is, give the loss a copy (`copy.deepcopy`)"
        )


def check_penalty_not_read(network: Network, module: Any, variables: Tensors) -> None:
    """Raise an error if the penalty reads the module that was given.

    Parameters
    ----------
    network : Network
    module : torch.nn.Module
        As it was given.
    variables : dict of str to Tensor
        Parameters of one point.

    Raises
    ------
    ValueError
        With what to do.
    """
    penalty = network.penalty
    if penalty is None or not can_reach(penalty, module):
        return

    def value() -> float:
        return float(penalty({name: x.detach().clone() for name, x in variables.items()}).detach())

    if _is_read(value, module, lambda _: None):
        raise ValueError(
            "`penalty` reads the weights of the module that was given, which are the same wherever "
            "the path is; take those of the point from its argument, a dict of tensors by name, "
            "and where weights shall be the same everywhere, as those that a network was trained "
            "from, give it copies of them (`copy.deepcopy`)"
        )


def _is_read(value: Callable[[], float], module: Any, call: Callable[[Any], Any]) -> bool:
    """Whether a value is another one while a module is otherwise, and the same if it stays."""
    before, again, other = value(), value(), None
    with otherwise(module, call), suppress(Exception):
        other = value()
    return before == again and other != before


def can_reach(loss: Any, module: Any) -> bool:
    """Whether a loss holds the module, a part of it, what it keeps, or its parameters' memory.

    Parameters
    ----------
    loss : callable or None
    module : torch.nn.Module
    """
    parts = {id(part) for part in module.modules()}
    for part in module.modules():
        parts |= {id(kept) for _, kept in attributes(part) if isinstance(kept, dict | list)}
    places = {_place(p) for p in module.parameters() if p.requires_grad and not p.is_meta}
    return any(
        id(found) in parts
        or (isinstance(found, torch.Tensor) and not found.is_meta and _place(found) in places)
        for found in _held(loss, _DEPTH, set())
    )


@contextmanager
def otherwise(module: Any, call: Callable[[Any], Any]) -> Iterator[None]:
    """Within it, a module has other parameters, and has been called with these.

    Parameters
    ----------
    module : torch.nn.Module
        Afterwards it is as it was, to the last bit.
    call : callable
        Calls a module.
    """
    attributes = [(part, dict(vars(part))) for part in module.modules()]
    flags = [part.training for part in module.modules()]
    moving = [p for p in module.parameters() if p.requires_grad]
    _multiply(moving, _FACTOR)
    try:
        module.eval()
        with torch.no_grad(), suppress(Exception):  # it may be on another device, or sharded
            call(module)
        yield
    finally:
        _multiply(moving, 1 / _FACTOR)
        for part, flag in zip(module.modules(), flags, strict=True):
            part.training = flag
        for part, before in attributes:
            vars(part).clear()
            vars(part).update(before)


def _copied(tensor: Any) -> Any:
    return tensor.detach().clone()


def _multiply(parameters: list[Any], factor: float) -> None:
    for parameter in parameters:
        parameter.data.mul_(factor)  # which torch does not count as a change


def _place(tensor: Any) -> int:
    with suppress(RuntimeError, NotImplementedError):  # of kinds that have no memory of their own
        return int(tensor.untyped_storage().data_ptr())
    return id(tensor)


def _held(value: Any, depth: int, seen: set[int]) -> Iterator[Any]:
    """All that can be reached from an object, as far as functions and their like tell."""
    if id(value) in seen or depth < 0:
        return
    seen.add(id(value))
    yield value
    for inner in _within(value):
        yield from _held(inner, depth - 1, seen)


def _within(value: Any) -> list[Any]:
    if isinstance(value, torch.Tensor | str | bytes | int | float | type | ModuleType):
        return []
    if isinstance(value, FunctionType):
        return _of_function(value)
    if isinstance(value, MethodType):
        return [value.__self__, value.__func__]
    if isinstance(value, partial):
        return [value.func, *value.args, *value.keywords.values()]
    if isinstance(value, Mapping | list | tuple | set):
        return list(value.values() if isinstance(value, Mapping) else value)
    kind = type(value)
    methods = [getattr(kind, name, None) for name in ("forward", "__call__")]
    return [*getattr(value, "__dict__", {}).values(), *methods]


def _of_function(function: FunctionType) -> list[Any]:
    if str(function.__module__).partition(".")[0] in _LIBRARIES:
        return []
    cells = []
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # one that is still empty
            cells.append(cell.cell_contents)
    names = set(_names(function.__code__))
    known = [value for name, value in function.__globals__.items() if name in names]
    return [
        *cells,
        *known,
        *(function.__defaults__ or ()),
        *(function.__kwdefaults__ or {}).values(),
    ]


def _names(code: CodeType) -> Iterator[str]:
    """Names that a function looks up, and those that functions within it do."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
