"""Tensors in nested structures: tuples, lists, dicts, named tuples and dataclasses.

What is no tensor and no such structure (numbers, names, None) stays as it is.
"""

import copy
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import torch

_PLAIN = (str, bytes, int, float)
"""Kinds of which equal ones are the same."""


def tree_map(
    function: Callable[[Any], Any], tree: Any, other: Callable[[Any], Any] | None = None
) -> Any:
    """The same structure with a function applied to each tensor, and another to what is none.

    Examples
    --------
    >>> import torch
    >>> tree_map(lambda tensor: tensor + 1, {"x": torch.zeros(2), "name": "a"})
    {'x': tensor([1., 1.]), 'name': 'a'}
    """
    if isinstance(tree, torch.Tensor):
        return function(tree)
    if isinstance(tree, Mapping):
        return _mapped(function, tree, other)
    if isinstance(tree, tuple | list):
        parts = [tree_map(function, part, other) for part in tree]
        make: Any = getattr(tree, "_make", type(tree))  # of named tuples, with another `__new__`
        return make(parts)
    if is_dataclass(tree) and not isinstance(tree, type):
        new = copy.copy(tree)
        for field in fields(tree):
            object.__setattr__(
                new, field.name, tree_map(function, getattr(tree, field.name), other)
            )
        return new
    return tree if other is None else other(tree)


def constants_of(tree: Any) -> list[Any]:
    """What a structure holds besides tensors: numbers, names, objects of other kinds."""
    found: list[Any] = []
    tree_map(lambda tensor: tensor, tree, found.append)
    return found


def same_constants(tree: Any, other: Any) -> bool:
    """Whether two structures hold the same besides tensors, as far as that can be told."""
    mine, theirs = constants_of(tree), constants_of(other)
    return len(mine) == len(theirs) and all(
        a is b or (isinstance(a, _PLAIN) and type(a) is type(b) and a == b)
        for a, b in zip(mine, theirs, strict=True)
    )


def tensors_of(tree: Any) -> tuple[Any, ...]:
    """The tensors of a structure, in its order."""
    found: list[Any] = []
    tree_map(found.append, tree)
    return tuple(found)


def are_equal(some: Sequence[Any], others: Sequence[Any]) -> bool:
    """Whether these are the same tensors, to the last bit."""
    if len(some) != len(others):
        return False
    return all(a.shape == b.shape and torch.equal(a, b) for a, b in zip(some, others, strict=True))


def constant(tensor: Any, device: Any) -> Any:
    """A tensor without a history on a device, also if it was made in torch's mode of inference."""
    moved = tensor.detach().to(device)
    outside = moved.is_inference() and not torch.is_inference_mode_enabled()
    return moved.clone() if outside else moved


def filled(tree: Any, tensors: Iterable[Any]) -> Any:
    """The structure with other tensors in the places of its own."""
    following = iter(tensors)
    return tree_map(lambda _: next(following), tree)


def emptied(tree: Any) -> Any:
    """The structure alone, its tensors being empty ones: what `filled` needs and no more."""
    nothing = torch.empty(0)
    return tree_map(lambda _: nothing, tree)


def _mapped(
    function: Callable[[Any], Any], tree: Mapping[Any, Any], other: Callable[[Any], Any] | None
) -> Any:
    """Of a dict a dict; of others a copy, since they may need more than their entries."""
    entries = {key: tree_map(function, value, other) for key, value in tree.items()}
    if type(tree) is dict or not isinstance(tree, MutableMapping):
        return entries
    new = copy.copy(tree)
    for key, value in entries.items():
        new[key] = value
    return new
