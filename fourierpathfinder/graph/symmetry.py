"""What a landscape says of the equality of minima, with plain distances where it says nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .._arrays import Array, like

Same = Callable[[np.ndarray, np.ndarray], bool]

_SAME_PLACE = 1e-3
"""Points nearer than this fraction of their size are one, where a landscape has no `same`."""


@dataclass(frozen=True)
class Symmetry:
    """The symmetries of a landscape, as far as a graph of minima needs them.

    Parameters
    ----------
    landscape : Landscape
        Its optional `same`, `placing` and `fingerprint` are used.
    given : callable, optional
        The user's own equality, in place of the landscape's.
    mirror : bool
        Whether mirror images are the same, where the landscape asks.
    reference : array, optional
        Of the library, dtype and device that the landscape computes with; NumPy's if left out.
    """

    landscape: Any
    given: Same | None = None
    mirror: bool = False
    reference: Array | None = None

    def native(self, points: np.ndarray) -> Array:
        """Points as the landscape takes them."""
        return points if self.reference is None else like(points, self.reference)

    def same(self, a: np.ndarray, b: np.ndarray) -> bool:
        """Whether two minima are one."""
        if self.given is not None:
            return bool(self.given(a, b))
        if hasattr(self.landscape, "same"):
            return bool(self._asked("same")(a, b))
        size = max(float(np.linalg.norm(a)), float(np.linalg.norm(b)), 1.0)
        return bool(np.linalg.norm(a - b) <= _SAME_PLACE * size)

    def placed(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The equivalent of `b` that lies nearest to `a`, as far as is found."""
        if not hasattr(self.landscape, "placing"):
            return b
        return np.asarray(self._asked("placing")(a, b)(b))

    @property
    def guesses(self) -> bool:
        """Whether distances of fingerprints are not the distances of points laid on each other."""
        return hasattr(self.landscape, "fingerprint") and hasattr(self.landscape, "placing")

    def fingerprint(self, a: np.ndarray) -> np.ndarray:
        """Numbers (F,) that equivalent points share; their distance orders pairs."""
        if hasattr(self.landscape, "fingerprint"):
            return np.asarray(self.landscape.fingerprint(a))
        return np.asarray(a)

    def _asked(self, name: str) -> Callable[..., Any]:
        method: Callable[..., Any] = getattr(self.landscape, name)
        return partial(method, mirror=True) if self.mirror else method
