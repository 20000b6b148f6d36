"""Parameters that are on the device for one operation at a time.

They stay where they are kept, such as in the computer's memory. Whatever torch does with one is
done with a copy on the device, which is dropped as soon as that is done; what would be kept of it
for the way back is noted instead, and copied again there. So a device holds the activations of a
network and one layer's parameters. Gradients go where the parameters are.
"""

import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_FORMS = {
    getattr(torch.Tensor, name).__get__
    for name in ("shape", "dtype", "ndim", "requires_grad", "is_leaf", "layout", "grad_fn")
} | {torch.Tensor.size, torch.Tensor.dim, torch.Tensor.numel, torch.Tensor.stride}
"""What is known of a parameter without its numbers."""


class Offloaded(TorchFunctionMode):  # type: ignore[misc]
    """Within it, operations with some parameters are done with copies of these on a device.

    Parameters
    ----------
    parameters : iterable of Tensor
        Those that stay where they are.
    device : torch.device
    """

    def __init__(self, parameters: Iterable[Any], device: Any) -> None:
        super().__init__()
        self._parameters = {id(parameter): parameter for parameter in parameters}
        self._device = device
        self._copies: dict[int, tuple[Any, Any]] = {}
        self._hooks = torch.autograd.graph.saved_tensors_hooks(self._noted, _numbers)

    def __enter__(self) -> "Offloaded":
        self._hooks.__enter__()
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self._hooks.__exit__(*error)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in _FORMS:
            return func(*args, **(kwargs or {}))
        return func(*_each(self._fetched, args), **_each(self._fetched, kwargs or {}))

    def _fetched(self, value: Any) -> Any:
        if id(value) not in self._parameters:
            return value
        copy = value.to(self._device, copy=True)
        place = copy.untyped_storage().data_ptr()
        known = weakref.ref(copy, lambda _: self._copies.pop(place, None))
        self._copies[place] = known, value.detach()
        return copy

    def _noted(self, tensor: Any) -> Any:
        """What is kept of a tensor for the way back: of a copy, or a view of one, its origin."""
        known, origin = self._copies.get(tensor.untyped_storage().data_ptr(), (None, None))
        if known is None or known() is None or _is_read_otherwise(tensor, origin):
            return tensor.detach()
        form = tensor.size(), tensor.stride(), tensor.storage_offset()
        return _Noted(origin, self._device, form)


def placed(module: Any, device: Any, home: Any) -> Any:
    """A module with its parameters at home and its buffers, which are small, on the device."""
    module.to(home)
    for part in module.modules():
        for name, buffer in part._buffers.items():
            part._buffers[name] = None if buffer is None else buffer.to(device)
    return module


@dataclass(frozen=True, eq=False)
class _Noted:
    """A parameter, or a view of one, that is not kept on the device."""

    origin: Any
    device: Any
    form: tuple[Any, Any, int]


def _is_read_otherwise(tensor: Any, origin: Any) -> bool:
    """Whether the same memory means other numbers, such as complex ones."""
    return bool(tensor.dtype != origin.dtype or tensor.is_conj() or tensor.is_neg())


def _numbers(kept: Any) -> Any:
    if not isinstance(kept, _Noted):
        return kept
    return kept.origin.to(kept.device, copy=True).as_strided(*kept.form)


def _each(function: Callable[[Any], Any], values: Any) -> Any:
    """Apply a function to what stands in the arguments of a call, also within lists and tuples."""
    if isinstance(values, dict):
        return {name: _each(function, value) for name, value in values.items()}
    if type(values) in (list, tuple):
        return type(values)([_each(function, value) for value in values])
    return function(values)
