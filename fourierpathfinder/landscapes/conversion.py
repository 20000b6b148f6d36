"""Points of any array library to NumPy's doubles and results back, for adapters that compute there.

A landscape answers in the library, dtype and device that it was asked in.
"""

import numpy as np

from .._arrays import Array, is_array, is_floating, like, to_numpy


def to_doubles(points: Array, n_coordinates: int | None = None) -> np.ndarray:
    """A contiguous float64 copy (M, D) of `points`, so that nobody can write to the caller's."""
    if not is_array(points) or not is_floating(points):
        kind = points.dtype if is_array(points) else type(points).__name__
        raise TypeError(f"`points` must be an array of floats (M, D), got {kind}")
    shape = tuple(points.shape)
    if len(shape) != 2 or shape[1] != (n_coordinates or shape[1]):
        raise ValueError(f"`points` has shape {shape}; it must be (M, {n_coordinates or 'D'})")
    return np.array(to_numpy(points), dtype=np.float64, order="C")


def back(values: np.ndarray, gradients: np.ndarray, points: Array) -> tuple[Array, Array]:
    """Values and gradients in the library, dtype and device of `points`."""
    if isinstance(points, np.ndarray) and points.dtype == np.float64:
        return values, gradients
    return like(values, points), like(gradients, points)
