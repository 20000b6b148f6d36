r"""Second derivatives by symmetric differences of gradients, along the directions that are wanted.

.. math:: H v \approx \frac{g(x + h v) - g(x - h v)}{2h}

Two gradients a direction. Pairs of known evaluations that lie opposite each other about x, as those
from which the curvatures of a saddle were measured, give their direction for nothing.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import null_space

from ..landscapes.protocols import Landscape
from ..saddle.products import hessian_products
from .directions import told_apart

_OPPOSITE = 1e-3
"""A pair is centred on x if its middle is off by less than this fraction of its half length."""
_NEARER, _FARTHER = 0.3, 3.0
"""Pairs serve whose half length is between these multiples of the step."""
_NEW = 0.9
"""A known direction is used if this much of it is new: less would enlarge its errors."""


@dataclass(frozen=True, eq=False)
class Products:
    """Products of the Hessian with orthonormal directions, known beforehand.

    Parameters
    ----------
    directions : ndarray (k, D)
        Unit vectors.
    products : ndarray (k, D)
        H times each.
    """

    directions: np.ndarray
    products: np.ndarray


def hessian(
    landscape: Landscape,
    x: np.ndarray,
    basis: np.ndarray,
    known: Products,
    step: float,
    model: np.ndarray,
) -> np.ndarray:
    """The Hessian (d, d) at `x` (D,) along the orthonormal columns of `basis` (D, d).

    All points are asked for together, two for each direction of which nothing is known; a cheap
    `model` (D, D) of the Hessian chooses these.
    """
    size = basis.shape[1]
    seen, products = _within(basis, known)
    missing = np.eye(size) if not len(seen) else null_space(seen).T
    missing = told_apart(missing, basis.T @ model @ basis)
    vectors = missing @ basis.T
    if len(vectors):
        products = np.vstack([products, hessian_products(landscape, x, vectors, step)])
    inner = np.vstack([seen, missing]).T @ (products @ basis)
    return np.asarray((inner + inner.T) / 2)


def opposite_pairs(
    x: np.ndarray, points: np.ndarray, gradients: np.ndarray, step: float
) -> Products:
    """What evaluations at `points` (n, D) say of the Hessian at `x` (D,)."""
    offsets = points - x
    lengths = np.linalg.norm(offsets, axis=1)
    near = np.flatnonzero((lengths > _NEARER * step) & (lengths < _FARTHER * step))
    directions, products = [], []
    for place, first in enumerate(near):
        for second in near[place + 1 :]:
            off = np.linalg.norm(offsets[first] + offsets[second]) / 2
            if off < _OPPOSITE * lengths[first]:
                length = np.linalg.norm(offsets[first] - offsets[second])
                directions.append((offsets[first] - offsets[second]) / length)
                products.append((gradients[first] - gradients[second]) / length)
    shape = (-1, len(x))
    return Products(np.reshape(directions, shape), np.reshape(products, shape))


def _within(basis: np.ndarray, known: Products) -> tuple[np.ndarray, np.ndarray]:
    """Known directions in terms of a basis, made orthonormal, and their products."""
    size, n = basis.shape[1], len(basis)
    directions, products = np.empty((0, size)), np.empty((0, n))
    for vector, product in zip(known.directions @ basis, known.products, strict=True):
        if vector @ vector < 1 - 1e-6:  # it leads out of the basis
            continue
        shares = directions @ vector
        rest = vector - shares @ directions
        length = np.linalg.norm(rest)
        if length > _NEW:
            directions = np.vstack([directions, rest / length])
            products = np.vstack([products, (product - shares @ products) / length])
    return directions, products
