r"""A landscape of many coordinates in a plane: x(u, v) = a + u e₁ + v e₂."""

from collections.abc import Callable

import numpy as np

from .._arrays import Array, array_namespace, like, to_numpy
from ..landscapes.protocols import Landscape
from ..path import SinePath
from .map import values_of

_CHUNK = 64
"""Points evaluated at once, so that networks of many weights fit into memory."""


class Plane:
    """A landscape in the plane of two orthonormal directions."""

    def __init__(self, landscape: Landscape, origin: Array, axes: Array) -> None:
        self._landscape = landscape
        self._origin = origin
        self._axes = axes

    @classmethod
    def of_path(cls, landscape: Landscape, path: SinePath) -> "Plane":
        """The plane of a path's ends and its bend, the point farthest from the straight line."""
        xp = array_namespace(path.start)
        chord = path.end - path.start
        length = xp.sqrt(xp.sum(chord * chord))
        first = chord / length
        terms = path.coefficients
        off = terms - xp.matmul(terms, first)[:, None] * first[None]
        weights = _sines(path.n_terms, to_numpy(xp.matmul(off, off.T)))
        bend = xp.matmul(like(weights, first), off)
        size = xp.sqrt(xp.sum(bend * bend))
        if not float(size) > 1e-6 * float(length):
            raise ValueError(
                "the path is straight, so that its ends and its bend span no plane; pass one that "
                "was optimised"
            )
        return cls(landscape, path.start, xp.stack([first, bend / size]))

    @classmethod
    def of_points(cls, landscape: Landscape, points: Array) -> "Plane":
        """The plane through three points (3, D), the first of which is its origin."""
        xp = array_namespace(points)
        first, second = points[1] - points[0], points[2] - points[0]
        length = xp.sqrt(xp.sum(first * first))
        first = first / length
        off = second - xp.sum(first * second) * first
        size = xp.sqrt(xp.sum(off * off))
        if not float(size) > 1e-6 * float(length):
            raise ValueError("the three points lie on one line, and span no plane; pass others")
        return cls(landscape, points[0], xp.stack([first, off / size]))

    def places(self, points: Array) -> np.ndarray:
        """Where points (M, D) are projected to (M, 2)."""
        xp = array_namespace(points)
        flat = xp.matmul(points - self._origin[None], xp.linalg.pinv(self._axes))
        return to_numpy(flat).astype(float)

    def value(self, places: np.ndarray) -> np.ndarray:
        """Values (M,) at places (M, 2) in the plane."""
        xp = array_namespace(self._origin)

        def points(chosen: np.ndarray) -> Array:
            return self._origin[None] + xp.matmul(like(chosen, self._origin), self._axes)

        return in_chunks(self._landscape, points, places)

    def projected(self, path: SinePath) -> SinePath:
        """A path's projection, which is a sine path again."""
        xp = array_namespace(self._origin)
        vectors = [path.start - self._origin, path.end - self._origin]
        start, end = (to_numpy(xp.matmul(self._axes, each)) for each in vectors)
        return SinePath(start, end, to_numpy(xp.matmul(path.coefficients, self._axes.T)))


def _sines(n_terms: int, products: np.ndarray) -> np.ndarray:
    """sin(nπt) (N,) at the t where the terms with these products (N, N) are largest."""
    sines = np.sin(np.pi * np.outer(np.linspace(0, 1, 64 * n_terms + 1), np.arange(1, n_terms + 1)))
    squares = np.einsum("tn,nm,tm->t", sines, products, sines)
    return np.asarray(sines[squares.argmax()])


def in_chunks(
    landscape: Landscape, points: Callable[[np.ndarray], Array], places: np.ndarray
) -> np.ndarray:
    """Values (M,) at the points of many places, a few at a time."""
    chunks = np.array_split(places, -(-len(places) // _CHUNK))
    return np.concatenate([values_of(landscape, points(chosen)) for chosen in chunks])
