r"""The shift by which a crystal without fixed atoms lies nearest to another structure of it.

.. math:: \min_s \sum_i |v_i + s|^2, \qquad v_i = y_i - x_i \text{ to its nearest image after } s

For fixed images the best shift is minus the mean of the vectors; which images are nearest depends
on the shift, so several are tried: none, and those that lay one of a few atoms on its counterpart.
Where atoms may be exchanged as well, atoms with an unusual neighbourhood say which shifts to try.
"""

import numpy as np

from .assignment import matched
from .minimum_image import MinimumImage
from .neighbours import Neighbours

_ROUNDS = 20
"""Shift and images settle within a few rounds; this bounds a tie."""

_TRIED = 48
"""Atoms whose own displacement is tried as that of the whole."""

_MANY = 1000
"""Of more atoms so many choose the few of these displacements that all are then laid by."""

_BEST = 3
"""How few."""

_ANCHORS = 8
"""Atoms with the most unusual neighbourhoods, from which shifts are tried where order is free."""

_TELLING = 500
"""Atoms by which shifts are compared before atoms are assigned."""

_SHELL = 12
"""Near neighbours whose distances describe a neighbourhood."""

_REACH = 6.0
"""In Å: neighbours farther away do not count."""

_FAR = 1.0
"""In Å: atoms farther than this from any counterpart are as wrong as can be."""

_REFINED = 4
"""Of the shifts tried, those that are best without assignment get one."""


def shifted_nearest(target: np.ndarray, positions: np.ndarray, image: MinimumImage) -> np.ndarray:
    """Positions (n, 3) moved to periodic images and shifted as a whole, nearest to `target`.

    Parameters
    ----------
    target, positions : ndarray (n, 3)
        Two structures with their atoms in the same order, in Å.
    image : MinimumImage
        Of the cell.

    Returns
    -------
    ndarray (n, 3)
        The mean displacement from `target` is zero.
    """
    vectors = positions - target
    some = np.unique(np.linspace(0, len(vectors) - 1, min(_TRIED, len(vectors))).astype(int))
    starts = np.concatenate([[np.zeros(3), -vectors.mean(axis=0)], -vectors[some]])
    if len(vectors) > _MANY:
        starts = _best_starts(vectors, starts, image)
    settled = [_settled(vectors, shift, image) for shift in starts]
    best = min(settled, key=lambda moved: float((moved**2).sum()))
    return np.asarray(target + best)


def _best_starts(vectors: np.ndarray, starts: np.ndarray, image: MinimumImage) -> np.ndarray:
    """Those of the starts (k, 3) that suit some of the atoms best."""
    some = vectors[np.linspace(0, len(vectors) - 1, _MANY).astype(int)]
    misfits = [float((_settled(some, shift, image) ** 2).sum()) for shift in starts]
    return np.asarray(starts[np.argsort(misfits, kind="stable")[:_BEST]])


def _settled(vectors: np.ndarray, shift: np.ndarray, image: MinimumImage) -> np.ndarray:
    """The nearest images and the shift that agree with each other, begun from one shift."""
    for _ in range(_ROUNDS):
        moved = image(vectors + shift)
        step = moved.mean(axis=0)
        shift = shift - step
        if np.abs(step).max() < 1e-12:
            break
    return np.asarray(moved - step)


def shifted_order(
    kinds: np.ndarray, target: np.ndarray, positions: np.ndarray, image: MinimumImage
) -> np.ndarray:
    """For each place the atom that takes it (n,), where the crystal may be shifted as a whole.

    Parameters
    ----------
    kinds : ndarray of int (n,)
        Atoms of the same kind may be exchanged.
    target, positions : ndarray (n, 3)
        Two structures of one system, in Å; atom i is of the same kind in both.
    image : MinimumImage
        Of the cell.
    """
    shifts, telling = _shifts_to_try(kinds, target, positions, image)
    misfits = _misfits(shifts, kinds, target, positions, image, telling)
    best_order, best = np.arange(len(kinds)), np.inf
    for shift in shifts[_promising(misfits, shifts, kinds, target, positions, image)]:
        order = matched(kinds, target, positions + shift, image)
        moved = shifted_nearest(target, positions[order], image) - target
        if (moved**2).sum() < best - 1e-9:
            best_order, best = order, float((moved**2).sum())
    return best_order


def _misfits(
    shifts: np.ndarray,
    kinds: np.ndarray,
    target: np.ndarray,
    positions: np.ndarray,
    image: MinimumImage,
    telling: np.ndarray,
) -> np.ndarray:
    """How far, squared, the telling places are from the nearest like atom after each shift (k,)."""
    total = np.zeros(len(shifts))
    for kind in np.unique(kinds[telling]):
        around = Neighbours(positions[kinds == kind], image, _FAR)
        places = target[telling[kinds[telling] == kind]]
        gaps = np.array([around.nearest(places - shift)[0] for shift in shifts])
        total += (np.minimum(gaps, _FAR) ** 2).sum(axis=1)
    return total


def _promising(
    misfits: np.ndarray,
    shifts: np.ndarray,
    kinds: np.ndarray,
    target: np.ndarray,
    positions: np.ndarray,
    image: MinimumImage,
) -> np.ndarray:
    """The numbers of the best shifts; of those that leave alike few atoms over, the nearest."""
    ranked = np.argsort(misfits, kind="stable")[:_TRIED]
    ranked = ranked[misfits[ranked] <= 2 * misfits[ranked[0]] + _FAR**2]
    if len(ranked) <= _REFINED:
        return np.asarray(ranked)
    gaps = []
    for shift in shifts[ranked]:
        order = matched(kinds, target, positions + shift, image, many=0)
        gaps.append((image(positions[order] + shift - target) ** 2).sum())
    return np.asarray(ranked[np.argsort(gaps, kind="stable")[:_REFINED]])


def _shifts_to_try(
    kinds: np.ndarray, target: np.ndarray, positions: np.ndarray, image: MinimumImage
) -> tuple[np.ndarray, np.ndarray]:
    """Shifts (k, 3), and the atoms (m,) with the most unusual neighbourhoods: they tell most."""
    ours, theirs = (
        Neighbours(structure, image, _REACH).distances(structure, _SHELL + 1)
        for structure in (target, positions)
    )
    unusual = np.linalg.norm(ours - np.median(ours, axis=0), axis=1)
    tried = [np.zeros((1, 3))]
    telling = np.argsort(-unusual, kind="stable")[:_TELLING]
    for anchor in telling[:_ANCHORS]:
        like = np.flatnonzero(kinds == kinds[anchor])
        alike = np.linalg.norm(theirs[like] - ours[anchor], axis=1)
        chosen = like[np.argsort(alike, kind="stable")[:_ANCHORS]]
        tried.append(target[anchor] - positions[chosen])
    for kind in np.unique(kinds):
        like = np.flatnonzero(kinds == kind)[:_TRIED]
        tried.append(target[like[0]] - positions[like])
    return np.concatenate(tried), telling
