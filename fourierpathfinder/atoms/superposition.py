r"""The nearest of all equivalent placings of a structure: over rotations, shifts and like atoms.

.. math:: \min_{R,\, s,\, \pi} \sum_i |x_i - (R\, y_{\pi(i)} + s)|^2

Without the permutation π this is solved in closed form (quaternions, as in ASE). With it the two
halves take turns, rotation for a fixed π and the assignment problem for a fixed rotation, from
about a hundred rotations relative to the principal axes; the best result counts. Where
something is periodic or held there is no free rotation or shift: the minimum image takes its place.
"""

from collections.abc import Callable

import numpy as np
from ase import Atoms
from ase.build.rotate import rotation_matrix_from_points
from scipy.optimize import linear_sum_assignment
from scipy.spatial.transform import Rotation

from .constraints import moves_as_a_whole
from .minimum_image import MinimumImage

_MAX_TURNS = 30
"""Rotation and assignment settle within a few turns; this bounds a tie that goes on for ever."""

_N_TURNS = 100
"""Placings of the whole structure from which the best exchange is sought."""


def superpose(start: Atoms, end: Atoms, *, permute: bool = False) -> Atoms:
    """Place `end` as near to `start` as rotation, translation or periodicity allow.

    Parameters
    ----------
    start : ase.Atoms
        The structure that stays. Its cell and constraints decide: where anything is periodic or
        held, atoms are only moved to their nearest periodic images.
    end : ase.Atoms
        The structure to place; left unchanged.
    permute : bool
        Whether atoms of the same element may be exchanged. It then suffices that both have the
        same composition, and the result has the order of `start`. The best exchange of many
        atoms is searched for, not proven.

    Returns
    -------
    ase.Atoms
        A copy of `end` with other positions (and order).

    Raises
    ------
    ValueError
        If the two are not made of the same atoms in, without `permute`, the same order.

    References
    ----------
    Melander, Laasonen and Jónsson, J. Chem. Theory Comput. 11, 1055 (2015),
    DOI 10.1021/ct501155k (rotation by quaternions).

    Examples
    --------
    >>> from ase.build import molecule
    >>> water = molecule("H2O")
    >>> turned = water.copy()
    >>> turned.rotate(50, (1, 2, 3))
    >>> bool(abs(superpose(water, turned).positions - water.positions).max() < 1e-9)
    True
    """
    numbers = [sorted(a.numbers) if permute else a.numbers.tolist() for a in (start, end)]
    if numbers[0] != numbers[1]:
        raise ValueError(
            f"`start` is {start.symbols} and `end` {end.symbols}; they must hold the same atoms"
            + ("" if permute else " in the same order, unless `permute=True`")
        )
    whole = moves_as_a_whole(start)
    image = MinimumImage.of(start)
    if permute:
        end = end[_order(start, end, whole, image)]
    placed = Atoms.copy(end)
    placed.positions = (
        _rotated(start.positions, end.positions)
        if whole
        else start.positions + image(end.positions - start.positions)
    )
    return placed


def _order(start: Atoms, end: Atoms, whole: bool, image: MinimumImage) -> np.ndarray:
    """For each atom of `start` the atom of `end` that takes its place."""

    def match(positions: np.ndarray) -> np.ndarray:
        return _matched(start.numbers, start.positions, end.numbers, positions, image)

    if not whole:
        return match(end.positions)
    settled = [
        _settled(start.positions, end.positions, placing, match)
        for placing in _placings(start.positions, end.positions)
    ]
    distances = [
        np.linalg.norm(start.positions - _rotated(start.positions, end.positions[order]))
        for order in settled
    ]
    return settled[int(np.argmin(distances))]


def _settled(
    target: np.ndarray,
    positions: np.ndarray,
    placing: np.ndarray,
    match: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """The order at which rotation and assignment agree, begun from one placing."""
    order = match(placing)
    for _ in range(_MAX_TURNS):
        turn, shift = _motion(target, positions[order])
        better = match(positions @ turn.T + shift)
        if (better == order).all():
            break
        order = better
    return order


def _matched(
    numbers: np.ndarray,
    positions: np.ndarray,
    other_numbers: np.ndarray,
    other_positions: np.ndarray,
    image: MinimumImage,
) -> np.ndarray:
    """The assignment of like atoms with the least sum of squared distances."""
    order = np.empty(len(numbers), dtype=int)
    for number in np.unique(numbers):
        ours, theirs = np.flatnonzero(numbers == number), np.flatnonzero(other_numbers == number)
        vectors = image(other_positions[theirs] - positions[ours, None])
        _, chosen = linear_sum_assignment((vectors**2).sum(axis=-1))
        order[ours] = theirs[chosen]
    return order


def _placings(target: np.ndarray, positions: np.ndarray) -> list[np.ndarray]:
    """`positions` on `target`'s centre, their principal axes at many angles to its own."""
    centre = target.mean(axis=0)
    centred = (positions - positions.mean(axis=0)) @ _principal_axes(positions)
    back = _principal_axes(target).T
    return [centred @ turn @ back + centre for turn in _turns()]


def _turns() -> np.ndarray:
    """The half-turns by which principal axes are ambiguous, and rotations spread evenly.

    These lie on a super-Fibonacci spiral (Alexa, CVPR 2022, DOI 10.1109/CVPR52688.2022.00811), so
    that no symmetry of a cluster makes several of them alike.
    """
    i = np.arange(_N_TURNS) + 0.5
    near, far = np.sqrt(i / _N_TURNS), np.sqrt(1 - i / _N_TURNS)
    alpha, beta = 2 * np.pi * i / np.sqrt(2), 2 * np.pi * i / 1.533751168755204288
    spiral = np.stack(
        [near * np.sin(alpha), near * np.cos(alpha), far * np.sin(beta), far * np.cos(beta)], axis=1
    )
    half_turns = Rotation.create_group("D2").as_quat()
    return np.asarray(Rotation.from_quat(np.concatenate([half_turns, spiral])).as_matrix())


def _principal_axes(positions: np.ndarray) -> np.ndarray:
    centred = positions - positions.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    return np.asarray(axes * np.linalg.det(axes))


def _rotated(target: np.ndarray, positions: np.ndarray) -> np.ndarray:
    turn, shift = _motion(target, positions)
    return np.asarray(positions @ turn.T + shift)


def _motion(target: np.ndarray, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rotation matrix and shift that bring `positions` nearest to `target`."""
    centre, target_centre = positions.mean(axis=0), target.mean(axis=0)
    turn = rotation_matrix_from_points((positions - centre).T, (target - target_centre).T)
    return turn, target_centre - turn @ centre
