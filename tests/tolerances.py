"""How far two results of the same arithmetic may lie apart: the one tolerance of exact tests.

Two correct ways to one number differ by rounding: by the unit roundoff of the type, times the size
of the numbers that were added on the way, times what the computation amplifies. Nothing else is
allowed for; an oracle that is itself approximate (finite differences, sampling) needs its own
tolerance, with the reason beside it.
"""

from typing import Any

import numpy as np

from fourierpathfinder._arrays import to_numpy

EPS = float(np.finfo(np.float64).eps)

ROUNDINGS = 1000
"""As many roundings of the largest number may add up: sums of a few thousand terms stay below."""

OF_MINIMUM = (ROUNDINGS * EPS) ** -0.5
"""Amplification for the place of a minimum found from values, which are level there."""


def assert_close(
    actual: Any, desired: Any, *, scale: float | None = None, amplification: float = 1.0
) -> None:
    """Assert that two results differ by rounding only.

    Parameters
    ----------
    actual, desired : array-like
        The results, of NumPy or torch; the coarser of their types sets the roundoff.
    scale : float, optional
        The size of the numbers that were added up on the way, where results are smaller than those
        because terms cancel, or are zero; the largest of `desired` unless given.
    amplification : float
        By what rounding grows on the way: a condition number, the number of steps that each add
        their own, or `OF_MINIMUM`.
    """
    actual, desired = as_numpy(actual), as_numpy(desired)
    if scale is None:
        scale = float(np.abs(desired).max(initial=0.0))
    allowed = ROUNDINGS * roundoff(actual, desired) * amplification * scale
    np.testing.assert_allclose(actual, desired, rtol=0, atol=allowed)


def roundoff(*arrays: np.ndarray) -> float:
    """The unit roundoff of the coarsest floating type among arrays."""
    return max((float(np.finfo(a.dtype).eps) for a in arrays if a.dtype.kind == "f"), default=EPS)


def as_numpy(values: Any) -> np.ndarray:
    """Numbers of any library as an array."""
    return to_numpy(values) if hasattr(values, "__dlpack__") else np.asarray(values)
