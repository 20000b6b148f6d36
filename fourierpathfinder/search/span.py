"""The few directions in which a surrogate on many coordinates varies.

A process on the coordinates, with an isotropic kernel, varies only within the span of its inputs'
differences and gradients, and with the distance from it. A path within the span of those and of
its own terms never leaves it, so that searches over D coordinates become searches over q ≤ 2n + N
without any approximation.
"""

from dataclasses import dataclass, replace

import numpy as np

from .._arrays import Array
from ..gaussian_process.model import Model
from ..path import SinePath
from .path_search import Moved, Pin

_MANY = 100
"""Coordinates from which the detour pays."""
_RANK_TOLERANCE = 1e-10


@dataclass(frozen=True, eq=False)
class Span:
    """The points origin + basis y, with y (q,).

    Attributes
    ----------
    origin : array (D,)
    basis : array (D, q)
        Orthonormal columns.
    """

    origin: Array
    basis: Array

    @staticmethod
    def pays_for(model: Model) -> bool:
        """Whether a surrogate has so many coordinates, and varies in so few, that this helps."""
        n_points, n_coordinates = model.data.x.shape
        return n_coordinates > max(_MANY, 2 * n_points) and model.span() is not None

    @classmethod
    def around(cls, model: Model, origin: Array, others: Array) -> "Span":
        """The span of a surrogate's points from `origin`, of its gradients and `others` (k, D)."""
        data = model.data
        rows = np.concatenate([data.x - origin, data.gradients, others])
        sizes = np.linalg.norm(rows, axis=1, keepdims=True)
        rows = rows / np.where(sizes > 0, sizes, 1.0)
        weights, directions = np.linalg.eigh(rows @ rows.T)
        kept = weights > _RANK_TOLERANCE * weights[-1]
        basis = rows.T @ (directions[:, kept] / np.sqrt(weights[kept]))
        return cls(origin, np.linalg.qr(basis)[0])

    def model(self, model: Model) -> Model:
        """The surrogate as a function of y."""
        return model.restricted(self.origin, self.basis)

    def inwards(self, points: Array) -> Array:
        """The coordinates y (..., q) of points (..., D)."""
        return (points - self.origin) @ self.basis

    def outwards(self, y: Array) -> Array:
        """The points (..., D) with the coordinates y (..., q)."""
        return self.origin + y @ self.basis.T

    def path_inwards(self, path: SinePath) -> SinePath:
        """A path as one in y."""
        start, end = self.inwards(path.start), self.inwards(path.end)
        return SinePath(start, end, path.coefficients @ self.basis)

    def pin_inwards(self, pin: Pin | None) -> Pin | None:
        """A pin as one in y."""
        return None if pin is None else replace(pin, position=self.inwards(pin.position))

    def moved_outwards(self, moved: Moved, path: SinePath) -> Moved:
        """A move in y as one of `path` in x."""
        blocked = None if moved.blocked is None else self.outwards(moved.blocked)
        outer = path.with_coefficients(moved.path.coefficients @ self.basis.T)
        return replace(moved, path=outer, blocked=blocked)
