"""A module run once, with the labels of all axes followed from operation to operation.

Nothing is asked of how the module is written: the operations that torch carries out are watched
(`TorchDispatchMode`), so that residual connections, attention, tied weights, functions and layers
of other libraries are all the same to it.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from .axes import Axes, Axis, fix, fixed_axes, is_fixed, new_axis
from .call import Call, Places
from .operations import rule_of, stacked

Note = Callable[[str, Any, int], None]
"""Told of each linear operation: its and the weight's name, the result, the units' axis in it."""

_TURNS = frozenset(("t", "transpose", "permute"))
_VIEWS = _TURNS | {
    "detach",
    "alias",
    "view",
    "_unsafe_view",
    "unsqueeze",
    "expand",
    "clone",
    "_to_copy",
}
_TURNED = " turned"
_CREATED = frozenset(("zeros_like", "ones_like", "full_like", "new_zeros", "new_ones", "new_full"))
"""Operations whose results know nothing of the tensor that tells their kind."""
_LINEAR = {
    "mm": ("self", "mat2"),
    "addmm": ("mat1", "mat2"),
    "bmm": ("", "mat2"),
    "baddbmm": ("", "batch2"),
    "convolution": ("", "weight"),
    "embedding": ("", "weight"),
}
"""Operations that make units, and their factors: by the first on axis 0, else the other's."""


@dataclass(frozen=True)
class Trace:
    """What was found.

    Parameters
    ----------
    state : dict of str to Axes
        Of the parameters and buffers that were used, by their names.
    made : dict of str to Axis
        Along which results of linear operations have their units, by their and the weights' names.
    crossed : set of str
        Names of those results whose other axes run over units as well.
    others : list of Axes
        Of everything in between.
    """

    state: dict[str, Axes]
    made: dict[str, Axis]
    crossed: set[str]
    others: list[Axes]


def traced(module: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Trace:
    """Run a module, and follow the axes of its parameters.

    Parameters
    ----------
    module : torch.nn.Module
        In evaluation mode.
    args, kwargs
        What to call it with.

    Returns
    -------
    Trace
    """
    watch = _Watch(module)
    for tensor in tensors_in([*args, *kwargs.values()]):
        watch.known(tensor, fixed_axes(tensor.shape))
    output = _run(module, args, kwargs, watch)
    for tensor in outputs_in(output):
        for axis in watch.axes_of(tensor):
            fix(axis)
    return watch.trace()


def reached(module: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> set[str]:
    """Run a module, and find the names of the parameters that any operation read.

    A module that chooses by its input, as one of several experts, does not read all of them.
    """
    watch = _Reading(module)
    _run(module, args, kwargs, watch)
    return watch.names


def watched(module: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], note: Note) -> None:
    """Run a module, and tell of each of its linear operations."""
    _run(module, args, kwargs, _Watch(module, note))


def tensors_in(tree: Any) -> list[torch.Tensor]:
    """All tensors in nested sequences, mappings and dataclasses."""
    if isinstance(tree, torch.Tensor):
        return [tree]
    if isinstance(tree, Mapping):
        tree = list(tree.values())
    elif is_dataclass(tree) and not isinstance(tree, type):
        tree = [getattr(tree, field.name) for field in fields(tree)]
    if isinstance(tree, list | tuple):
        return [tensor for part in tree for tensor in tensors_in(part)]
    return []


def outputs_in(output: Any) -> list[torch.Tensor]:
    """All tensors that a module returned, in whatever object.

    What such an object holds in further ones, as the keys and values that a transformer keeps for
    the next word, is no output by itself.
    """
    found = tensors_in(output)
    return found or tensors_in(list(getattr(output, "__dict__", {}).values()))


def _run(
    module: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], watch: TorchDispatchMode
) -> Any:
    flags = [parameter.requires_grad for parameter in module.parameters()]
    try:
        # Fused kernels, which hide what they do, are for when no gradient is asked for.
        for parameter in module.parameters():
            parameter.requires_grad_(parameter.dtype.is_floating_point)
        with _plain_kernels(), torch.enable_grad(), watch:
            return module(*args, **kwargs)
    finally:
        for parameter, flag in zip(module.parameters(), flags, strict=True):
            parameter.requires_grad_(flag)


@contextmanager
def _plain_kernels() -> Iterator[None]:
    """Recurrent layers in single steps."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with torch.backends.mkldnn.flags(enabled=False), torch.backends.cudnn.flags(enabled=False):
            yield


class _Reading(TorchDispatchMode):  # type: ignore[misc]
    """Notes which parameters are read."""

    def __init__(self, module: Any) -> None:
        super().__init__()
        self._unread = {id(parameter): name for name, parameter in module.named_parameters()}
        self.names: set[str] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Carry the operation out, and look at what it is given."""
        for tensor in tensors_in([*args, *(kwargs or {}).values()]):
            name = self._unread.pop(id(tensor), None)
            self.names |= {name} if name is not None else set()
        return func(*args, **(kwargs or {}))


class _Watch(TorchDispatchMode):  # type: ignore[misc]
    """Follows labels; with a `note`, tells of linear operations instead."""

    def __init__(self, module: Any, note: Note | None = None) -> None:
        super().__init__()
        named = module.state_dict(keep_vars=True)
        self._names: dict[int, str] = {}
        self._all_names: dict[str, list[str]] = {}
        for name, tensor in named.items():
            if isinstance(tensor, torch.Tensor):
                first = self._names.setdefault(id(tensor), name)
                self._all_names.setdefault(first, []).append(name)
        self._note = note
        self._axes: dict[int, Axes] = {}
        self._origins: dict[int, str] = {}
        self._kept: list[Any] = []  # ids are of living tensors
        self._state: dict[str, Axes] = {}
        self._linear: list[tuple[str, Any, int]] = []
        self._stacks: dict[int, Call] = {}
        self._places: dict[int, Places] = {}

    def known(self, tensor: Any, axes: Axes) -> None:
        """Remember the axes of a tensor."""
        assert len(axes) == tensor.ndim, (axes, tensor.shape)
        self._axes[id(tensor)] = axes
        self._kept.append(tensor)

    def axes_of(self, tensor: Any) -> Axes:
        """The axes of a tensor, labelled now if it is met for the first time."""
        if id(tensor) in self._stacks:
            stack = self._stacks.pop(id(tensor))
            self.known(tensor, stacked(stack))
        if id(tensor) in self._places:
            places = self._places.pop(id(tensor))
            fix(places.along)
            self.known(tensor, places.axes)
        if id(tensor) not in self._axes:
            name = self._names.get(id(tensor))
            is_number = tensor.is_floating_point() or tensor.is_complex()
            if name is not None and is_number:
                self.known(tensor, tuple(new_axis(size) for size in tensor.shape))
                self._state |= dict.fromkeys(self._all_names[name], self._axes[id(tensor)])
            else:
                self.known(tensor, _axes_of_constant(tensor))
        return self._axes[id(tensor)]

    def trace(self) -> Trace:
        """All that was found."""
        made: dict[str, Axis] = {}
        crossed: set[str] = set()
        for origin, output, axis in self._linear:
            axes = list(self.axes_of(output))
            made.setdefault(origin, axes.pop(axis))
            if not all(map(is_fixed, axes)):
                crossed.add(origin)
        return Trace(self._state, made, crossed, list(self._axes.values()))

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Carry the operation out, and follow it."""
        output = func(*args, **(kwargs or {}))
        call = Call(_bound(func, args, kwargs or {}), output, self.axes_of)
        name = func.overloadpacket.__name__
        self._follow_origin(name, call)
        if self._note is None:
            self._kept.append(output)
            if name in _CREATED:
                return output
            if any(map(self._is_followed, call.tensors)) and not self._follow_stack(name, call):
                self._follow(func, call)
        return output

    def _is_followed(self, tensor: Any) -> bool:
        """Whether it has labels; what is made of constants alone is a constant."""
        return (
            id(tensor) in self._axes
            or id(tensor) in self._stacks
            or id(tensor) in self._places
            or (id(tensor) in self._names and tensor.is_floating_point())
        )

    def _follow(self, func: Any, call: Call) -> None:
        if func._schema.is_mutable and _is_view(call.arguments):
            for tensor in call.tensors:
                for axis in self.axes_of(tensor):
                    fix(axis)
        found = rule_of(func)(call)
        outputs = call.output if isinstance(call.output, list | tuple) else [call.output]
        several = found if isinstance(found, list) else [found]
        for output, axes in zip(outputs, several, strict=False):
            if isinstance(axes, Places):
                self._places[id(output)] = axes
            elif isinstance(output, torch.Tensor):
                self.known(output, axes)
        for output in outputs[len(several) :]:
            if isinstance(output, torch.Tensor):
                self.known(output, fixed_axes(output.shape))

    def _follow_stack(self, name: str, call: Call) -> bool:
        """Take out of a stack what was put in: layers of a recurrent network stay apart."""
        if name == "stack":
            self._stacks[id(call.output)] = call
            return True
        stack = self._stacks.get(id(call.arguments.get("self")))
        if name != "select" or stack is None or stack["dim"] != call["dim"]:
            return False
        self.known(call.output, self.axes_of(stack["tensors"][call["index"]]))
        return True

    def _follow_origin(self, name: str, call: Call) -> None:
        """Know views of parameters, and what is made with them."""
        if name in _VIEWS:
            origin = self._origin(call["self"])
            if origin and isinstance(call.output, torch.Tensor):
                self._origins[id(call.output)] = _turned(origin) if name in _TURNS else origin
                self._kept.append(call.output)
        if name not in _LINEAR:
            return
        left, right = _LINEAR[name]
        axis = 1 if name == "convolution" else -1
        origin = self._origin(call[right])
        if not origin and left:
            origin, axis = self._origin(call[left]), 0
        if origin and self._note is not None:
            self._note(f"{name} {origin}", call.output, axis)
        elif origin:
            self._linear.append((f"{name} {origin}", call.output, axis))

    def _origin(self, tensor: Any) -> str | None:
        return self._origins.get(id(tensor)) or self._names.get(id(tensor))


def _turned(origin: str) -> str:
    """The name of a weight whose axes were exchanged, which makes other units than itself."""
    return origin.removesuffix(_TURNED) if origin.endswith(_TURNED) else origin + _TURNED


def _bound(func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    schema = func._schema.arguments
    bound = {argument.name: argument.default_value for argument in schema}
    bound |= {argument.name: value for argument, value in zip(schema, args, strict=False)}
    return bound | dict(kwargs)


def _is_view(arguments: Mapping[str, Any]) -> bool:
    """Whether what is written into is a part of something else."""
    target = arguments.get("self")
    return isinstance(target, torch.Tensor) and target._is_view()


def _axes_of_constant(tensor: Any) -> Axes:
    """Axes along which a constant is the same everywhere may be exchanged with it."""
    return tuple(
        new_axis(size, fixed=size > 1 and not _is_constant_along(tensor, place))
        for place, size in enumerate(tensor.shape)
    )


def _is_constant_along(tensor: Any, place: int) -> bool:
    return bool((tensor == tensor.select(place, 0).unsqueeze(place)).all())
