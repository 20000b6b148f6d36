"""Whether two clusters are the same structure: any rotation, place and order of identical atoms.

Two necessary conditions come first, as they are quick: if atoms can be laid within a tolerance of
each other, sorted distances from the centre and sorted distances between atoms agree within twice
that. What passes is decided by construction: two atoms well off the centre and off one line fix
the rotation, and there are only as many to try as there are pairs of atoms like these two.
"""

from collections.abc import Iterator

import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist, pdist

from .alignment import Alignment, best_rotation
from .assignment import matched

_LOOSE = 5.0
"""Before the rotation is fitted to all atoms they may be off by this many tolerances."""


def coinciding(
    kinds: np.ndarray,
    target: np.ndarray,
    positions: np.ndarray,
    tol: float,
    *,
    mirror: bool = False,
) -> Alignment | None:
    """The alignment that lays every atom of a free cluster within `tol` of its place, if any does.

    Parameters
    ----------
    kinds : ndarray of int (n,)
        Atoms of the same kind may be exchanged.
    target, positions : ndarray (n, 3)
        The two structures.
    tol : float
        In the unit of length.
    mirror : bool
        Whether mirror images count as the same.

    Examples
    --------
    >>> square = np.array([[1.0, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0.5]])
    >>> turned = square[[1, 2, 3, 0]] @ np.diag([-1, -1, 1])
    >>> coinciding(np.ones(4), square, turned, 0.01).order
    array([3, 0, 1, 2])
    """
    if not _alike(kinds, target, positions, 2 * tol):
        return None
    for sign in (1.0, -1.0) if mirror else (1.0,):
        for rotation in _rotations(kinds, _centred(target), sign * _centred(positions), tol):
            alignment = _checked(kinds, target, positions, sign * rotation, tol)
            if alignment is not None:
                return alignment
    return None


def _alike(kinds: np.ndarray, target: np.ndarray, positions: np.ndarray, margin: float) -> bool:
    """Whether sorted distances agree, for each kind of atom and each kind of pair."""
    radii, other_radii = (_radii(_centred(structure)) for structure in (target, positions))
    if not _sorted_alike(kinds, radii, other_radii, margin):
        return False
    first, second = np.triu_indices(len(kinds), 1)
    low, high = np.minimum(kinds[first], kinds[second]), np.maximum(kinds[first], kinds[second])
    labels = low * (kinds.max(initial=0) + 1) + high
    return _sorted_alike(labels, pdist(target), pdist(positions), margin)


def _sorted_alike(labels: np.ndarray, first: np.ndarray, second: np.ndarray, margin: float) -> bool:
    gaps = first[np.lexsort((first, labels))] - second[np.lexsort((second, labels))]
    return bool(np.abs(gaps).max(initial=0) <= margin)


def _rotations(
    kinds: np.ndarray, target: np.ndarray, positions: np.ndarray, tol: float
) -> Iterator[np.ndarray]:
    """Every rotation (3, 3) that lays two chosen atoms on atoms like them."""
    i, j = _anchors(kinds, target)
    ours, theirs = cdist(target, target), cdist(positions, positions)
    radii, their_radii = _radii(target), _radii(positions)

    def fitting(anchor: int) -> np.ndarray:
        return np.flatnonzero(
            (kinds == kinds[anchor]) & (np.abs(their_radii - radii[anchor]) <= 2 * tol)
        )

    k, m = (index.ravel() for index in np.meshgrid(fitting(i), fitting(j), indexing="ij"))
    kept = (np.abs(theirs[k, m] - ours[i, j]) <= 2 * tol) & ((k == m) == (i == j))
    frames = _frames(positions[k[kept]], positions[m[kept]])
    rotations = _frames(target[[i]], target[[j]]).swapaxes(1, 2) @ frames
    places = cKDTree(target)
    for rotation in rotations:
        gaps, _ = places.query(positions @ rotation.T)
        if gaps.max() <= _LOOSE * tol:
            yield rotation


def _anchors(kinds: np.ndarray, target: np.ndarray) -> tuple[int, int]:
    """Two atoms far from the centre and from one line through it, of kinds with few atoms.

    Both are the same atom where all lie on one line, or there is only one.
    """
    _, kind_of, counts = np.unique(kinds, return_inverse=True, return_counts=True)
    rarity = 1.0 / counts[kind_of]
    areas = np.linalg.norm(np.cross(target[:, None], target), axis=-1)
    if areas.max() < 1e-3 * max((target**2).sum(axis=1).max(), 1e-12):
        i = int(np.argmax(_radii(target)))
        return i, i
    good = areas >= 0.5 * areas.max()
    best = int(np.argmax(good * rarity[:, None] * rarity))
    return best // len(kinds), best % len(kinds)


def _frames(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Right-handed orthonormal rows (k, 3, 3): along `first` (k, 3), and in its plane."""
    along = _unit(first)
    aside = second - (second * along).sum(axis=1, keepdims=True) * along
    on_line = np.linalg.norm(aside, axis=1) < 1e-6 * np.linalg.norm(first, axis=1)
    axes = np.eye(3)[np.abs(along).argmin(axis=1)]
    aside = np.where(on_line[:, None], axes - (axes * along).sum(1, keepdims=True) * along, aside)
    aside = _unit(aside)
    return np.stack([along, aside, np.cross(along, aside)], axis=1)


def _checked(
    kinds: np.ndarray, target: np.ndarray, positions: np.ndarray, rotation: np.ndarray, tol: float
) -> Alignment | None:
    """The alignment near a rotation, with that fitted to all atoms; None if one is still off."""
    centre, middle = target.mean(axis=0), positions.mean(axis=0)
    sign = np.sign(np.linalg.det(rotation))
    order = matched(kinds, target, (positions - middle) @ rotation.T + centre)
    rotation = sign * best_rotation(target - centre, sign * (positions[order] - middle))
    alignment = Alignment(order, rotation, centre - rotation @ middle)
    gaps = _radii(alignment(positions) - target)
    return alignment if gaps.max() <= tol else None


def _centred(positions: np.ndarray) -> np.ndarray:
    return np.asarray(positions - positions.mean(axis=0))


def _radii(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.norm(vectors, axis=-1))


def _unit(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    # an atom in the centre has no direction; any will do
    return np.where(lengths > 1e-12, vectors / np.maximum(lengths, 1e-300), [1.0, 0, 0])
