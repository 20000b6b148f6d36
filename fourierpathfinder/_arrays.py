"""The one place that knows which array library an array belongs to.

The core is written against the part of the Python array API standard that NumPy,
array-api-strict and torch share under the same names, so a namespace is all it needs.
No library is imported here: an array of a library proves that the user has imported it.
"""

import sys
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any
"""An array of NumPy, torch or any library that follows the array API standard."""


def _is_torch(array: Array) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(array, torch.Tensor)


def is_array(value: object) -> bool:
    """Whether `value` is an array of a library that the core can compute with."""
    return hasattr(value, "__array_namespace__") or _is_torch(value)


def array_namespace(array: Array) -> Any:
    """The module with the array functions for `array` (NumPy, torch, array-api-strict, ...)."""
    if hasattr(array, "__array_namespace__"):
        return array.__array_namespace__()
    if _is_torch(array):
        return sys.modules["torch"]
    raise TypeError(f"expected an array (NumPy, torch or array API), got {type(array).__name__}")


def like(values: object, array: Array) -> Array:
    """Convert `values` to the library, dtype and device of `array`."""
    xp = array_namespace(array)
    if isinstance(values, np.ndarray) and not values.flags.writeable:
        values = values.copy()  # torch would share the memory and warn of it
    return xp.asarray(values, dtype=array.dtype, device=array.device)


def detached(array: Array) -> Array:
    """The same numbers without the graph that torch may have attached to them."""
    return array.detach() if _is_torch(array) else array


def largest(array: Array, axis: int) -> Array:
    """The maximum along one axis, which is kept with length 1 (torch's `max` differs)."""
    if _is_torch(array):
        return array.amax(dim=axis, keepdim=True)
    return array_namespace(array).max(array, axis=axis, keepdims=True)


def cumulative_sum(array: Array) -> Array:
    """The running sum along the last axis (torch's name differs)."""
    if _is_torch(array):
        return array.cumsum(dim=-1)
    return array_namespace(array).cumulative_sum(array, axis=-1)


def to_numpy(array: Array) -> np.ndarray:
    """A NumPy copy or view of a (possibly GPU) array."""
    if isinstance(array, np.ndarray):
        return array
    if _is_torch(array):
        detached = array.detach().cpu()
        if detached.element_size() == 2:  # NumPy knows no bfloat16
            detached = detached.float()
        return np.asarray(detached.numpy())
    return np.from_dlpack(array)


def is_real(array: Array) -> bool:
    """Whether the array holds real numbers: no complex ones, no truth values, no words."""
    if isinstance(array, np.ndarray):
        return array.dtype.kind in "fiu"
    if _is_torch(array):
        return not (array.dtype.is_complex or str(array.dtype) == "torch.bool")
    xp = array_namespace(array)
    return bool(xp.isdtype(array.dtype, ("real floating", "integral")))


def is_floating(array: Array) -> bool:
    """Whether the array holds real floating-point numbers."""
    if _is_torch(array):
        return bool(array.dtype.is_floating_point)
    xp = array_namespace(array)
    return bool(xp.isdtype(array.dtype, "real floating"))
