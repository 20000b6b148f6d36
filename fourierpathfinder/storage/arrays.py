"""Arrays as JSON can hold them: `dtype`, `shape` and, as base64, the little-endian numbers.

So nothing is rounded, and NaN and infinity stay what they are.
"""

import base64
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .._arrays import Array, to_numpy

_KINDS = "biuf"
"""Truth values, whole numbers and real ones: what results are made of."""


def encoded(array: Array) -> dict[str, Any]:
    """An array as JSON can hold it."""
    numbers = np.ascontiguousarray(to_numpy(array))
    little = numbers.astype(numbers.dtype.newbyteorder("<"), copy=False)
    return {
        "dtype": little.dtype.str,
        "shape": list(numbers.shape),
        "base64": base64.b64encode(little.tobytes()).decode(),
    }


def decoded(entry: Mapping[str, Any]) -> np.ndarray:
    """What `encoded` took apart.

    Raises
    ------
    ValueError
        If it is nothing of that kind.
    """
    if not isinstance(entry, Mapping) or not entry.keys() >= {"dtype", "shape", "base64"}:
        raise ValueError("an array is missing")
    dtype = checked_dtype(entry["dtype"])
    shape = entry["shape"]
    if not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in shape):
        raise ValueError(f"an array's shape is {shape!r}")
    content = base64.b64decode(str(entry["base64"]), validate=True)
    if len(content) != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"an array of shape {shape} has {len(content)} bytes")
    return np.frombuffer(content, dtype=dtype).reshape(shape).astype(dtype.newbyteorder("="))


def checked_dtype(name: object) -> np.dtype[Any]:
    """The type of numbers that `name` stands for, if it is one of plain numbers."""
    try:
        dtype = np.dtype(str(name))
    except TypeError as error:
        raise ValueError(f"an array's type is {name!r}") from error
    if dtype.kind not in _KINDS:
        raise ValueError(f"an array's type is {name!r}, which is no plain number")
    return dtype
