r"""Which atom takes which place: the exchange of identical atoms at the least sum of squares.

.. math:: \min_\pi \sum_i |x_i - y_{\pi(i)}|^2

SciPy solves it for each kind of atom. Where a kind has thousands of atoms, those that are each
other's nearest and near are taken as assigned, so that only what moved is left to solve.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from .minimum_image import MinimumImage
from .neighbours import Neighbours

Distances: TypeAlias = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""All distances (m, k) between places (m, 3) and others (k, 3)."""

_MANY = 1500
"""Atoms of a kind above which pairs that are clear are not put to the assignment problem."""

_CLEAR = 0.7
"""In Å: atoms that are each other's nearest within this are assigned to each other."""

_WITHOUT_CELL = MinimumImage(np.zeros((3, 3)), np.zeros(3, dtype=bool))


def matched(
    kinds: np.ndarray,
    target: np.ndarray,
    positions: np.ndarray,
    image: MinimumImage = _WITHOUT_CELL,
    *,
    many: int = _MANY,
) -> np.ndarray:
    """For each place of `target` the like atom assigned to it, at the least sum of squares.

    Parameters
    ----------
    kinds : ndarray of int (n,)
        Atoms of the same kind may be exchanged; of both structures.
    target, positions : ndarray (n, 3)
        In Å.
    image : MinimumImage
        Of the cell; none by default.
    many : int
        Of more atoms of a kind those that are clear are assigned without a search for the best.

    Returns
    -------
    ndarray of int (n,)

    Examples
    --------
    >>> matched(np.ones(2), np.array([[0.0, 0, 0], [1, 0, 0]]), np.array([[1.1, 0, 0], [0, 0, 0]]))
    array([1, 0])
    """
    order = np.empty(len(kinds), dtype=int)
    for kind in np.unique(kinds):
        own = np.flatnonzero(kinds == kind)
        order[own] = own[_assigned(target[own], positions[own], image, many)]
    return order


def distances_between(places: np.ndarray, others: np.ndarray, image: MinimumImage) -> np.ndarray:
    """All distances (m, k) between places (m, 3) and others (k, 3), to their nearest images."""
    if not image.pbc.any():
        return np.asarray(cdist(places, others))
    return np.asarray(np.linalg.norm(image(others - places[:, None]), axis=-1))


def _assigned(
    target: np.ndarray, positions: np.ndarray, image: MinimumImage, many: int
) -> np.ndarray:
    if len(target) <= many:
        _, chosen = linear_sum_assignment(distances_between(target, positions, image) ** 2)
        return np.asarray(chosen)
    _, there = Neighbours(positions, image, _CLEAR).nearest(target)
    _, back = Neighbours(target, image, _CLEAR).nearest(positions)
    n = len(target)
    clear = (there < n) & (np.append(back, n)[there] == np.arange(n))
    order = np.where(clear, there, -1)
    places, free = np.flatnonzero(~clear), np.setdiff1d(np.arange(n), there[clear])
    if len(places):
        left = distances_between(target[places], positions[free], image)
        _, chosen = linear_sum_assignment(left**2)
        order[places] = free[chosen]
    return order
