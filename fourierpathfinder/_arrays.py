"""The one place that knows which array library an array belongs to.

The core is written against the Python array API standard, so a namespace is all it needs; that of
torch, which follows the standard only in part, comes from array-api-compat. No such library is
imported here: an array of a library proves that the user has imported it.
"""

from typing import Any, TypeAlias

import array_api_compat
import numpy as np
from array_api_compat import is_torch_array

Array: TypeAlias = Any
"""An array of NumPy, torch or any library that follows the array API standard."""


def is_array(value: object) -> bool:
    """Whether `value` is an array of a library that the core can compute with."""
    if isinstance(value, type):  # NumPy's scalar types have what their scalars have
        return False
    # On its kind: some objects have an answer to any name.
    return hasattr(type(value), "__array_namespace__") or is_torch_array(value)


def array_namespace(array: Array) -> Any:
    """The module with the standard's functions for `array` (NumPy, torch, ...)."""
    if isinstance(array, np.ndarray | np.generic):
        return np  # follows the standard itself; to load what adapts it takes longer than NumPy
    if is_array(array):
        return array_api_compat.array_namespace(array)
    raise TypeError(f"expected an array (NumPy, torch or array API), got {type(array).__name__}")


def like(values: object, array: Array) -> Array:
    """Convert `values` to the library, dtype and device of `array`."""
    xp = array_namespace(array)
    if isinstance(values, np.ndarray) and not values.flags.writeable:
        values = values.copy()  # torch would share the memory and warn of it
    return xp.asarray(values, dtype=array.dtype, device=array.device)


def owned(array: Array) -> Array:
    """A copy, which is safe from whoever else holds the array."""
    return array_namespace(array).asarray(array, copy=True)


def detached(array: Array) -> Array:
    """The same numbers without the graph that torch may have attached to them."""
    return array.detach() if is_torch_array(array) else array


def to_numpy(array: Array) -> np.ndarray:
    """A NumPy copy or view of a (possibly GPU) array."""
    if isinstance(array, np.ndarray):
        return array
    if is_torch_array(array):
        detached = array.detach().cpu()
        if detached.element_size() == 2:  # NumPy knows no bfloat16
            detached = detached.float()
        return np.asarray(detached.numpy())
    return np.from_dlpack(array)


def is_real(array: Array) -> bool:
    """Whether the array holds real numbers: no complex ones, no truth values, no words."""
    return _is_of(array, ("real floating", "integral"))


def is_floating(array: Array) -> bool:
    """Whether the array holds real floating-point numbers."""
    return _is_of(array, ("real floating",))


def _is_of(array: Array, kinds: tuple[str, ...]) -> bool:
    return bool(array_namespace(array).isdtype(array.dtype, kinds))
