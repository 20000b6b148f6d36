r"""One structure laid on another by what leaves the energy: turns, shifts, exchange of like atoms.

.. math:: y_i = Q\, x_{\pi(i)} + s_i

with Q orthogonal, π a permutation that exchanges only like atoms, and s the same for all atoms
unless they go to periodic images. The best Q for a fixed π is in closed form (Kabsch), the best π
for a fixed Q an assignment problem; `nearest` lets the two take turns from about a hundred turns
relative to the principal axes, and takes the best result.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.spatial.transform import Rotation

_MAX_TURNS = 30
"""Turn and assignment settle within a few rounds; this bounds a tie that goes on for ever."""

_N_TURNS = 100
"""Turns of the whole structure from which the best exchange is sought."""


@dataclass(frozen=True, eq=False)
class Placing:
    """A rigid motion, mirroring or not, together with an exchange of atoms.

    Parameters
    ----------
    order : ndarray of int (n,)
        For each place the atom that takes it.
    turn : ndarray (3, 3)
        Orthogonal.
    shift : ndarray (3,) or (n, 3)
        Added after turning.

    Examples
    --------
    >>> swap = Placing(np.array([1, 0]), np.eye(3), np.zeros(3))
    >>> swap(np.array([[0.0, 0, 0], [1, 0, 0]]))
    array([[1., 0., 0.],
           [0., 0., 0.]])
    """

    order: np.ndarray
    turn: np.ndarray
    shift: np.ndarray

    def __call__(self, positions: np.ndarray) -> np.ndarray:
        """Where the atoms at `positions` (..., n, 3) come to lie."""
        return np.asarray(positions[..., self.order, :] @ self.turn.T + self.shift)


def nearest(
    kinds: np.ndarray, target: np.ndarray, positions: np.ndarray, *, mirror: bool = False
) -> Placing:
    """The placing of a free cluster that lays it nearest to another; searched for, not proven.

    Parameters
    ----------
    kinds : ndarray of int (n,)
        Atoms of the same kind may be exchanged.
    target, positions : ndarray (n, 3)
        The structure that stays, and the one to place.
    mirror : bool
        Whether its mirror image will do as well.
    """
    hands = (1.0, -1.0) if mirror else (1.0,)
    candidates = [
        settled(kinds, target, positions, turn * hand)
        for hand in hands
        for turn in turns_to_try(target, positions * hand)
    ]
    return min(candidates, key=lambda placing: float(((placing(positions) - target) ** 2).sum()))


def settled(
    kinds: np.ndarray, target: np.ndarray, positions: np.ndarray, turn: np.ndarray
) -> Placing:
    """The placing at which turn and assignment agree, begun from one turn."""
    hand = np.sign(np.linalg.det(turn))
    centre, middle = target.mean(axis=0), positions.mean(axis=0)
    order: np.ndarray | None = None
    for _ in range(_MAX_TURNS):
        better = matched(kinds, target, (positions - middle) @ turn.T + centre)
        if order is not None and (better == order).all():
            break
        order = better
        turn = hand * best_turn(target - centre, hand * (positions[order] - middle))
    assert order is not None
    return Placing(order, turn, centre - turn @ middle)


def matched(
    kinds: np.ndarray,
    target: np.ndarray,
    positions: np.ndarray,
    distances: Callable[[np.ndarray, np.ndarray], np.ndarray] = cdist,
) -> np.ndarray:
    """For each place of `target` the like atom assigned to it, at the least sum of squares."""
    order = np.empty(len(kinds), dtype=int)
    for kind in np.unique(kinds):
        own = np.flatnonzero(kinds == kind)
        _, chosen = linear_sum_assignment(distances(target[own], positions[own]) ** 2)
        order[own] = own[chosen]
    return order


def best_turn(target: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """The rotation (3, 3) that brings centred `positions` nearest to `target`, both (n, 3).

    References
    ----------
    W. Kabsch, Acta Cryst. A 34, 827 (1978), DOI 10.1107/S0567739478001680.
    """
    left, _, right = np.linalg.svd(target.T @ positions)
    left[:, -1] *= np.sign(np.linalg.det(left @ right))
    return np.asarray(left @ right)


def turns_to_try(target: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Turns (k, 3, 3) of the principal axes of one structure at many angles to the other's.

    The half-turns by which principal axes are ambiguous, and rotations spread evenly on a
    super-Fibonacci spiral (Alexa, CVPR 2022, DOI 10.1109/CVPR52688.2022.00811), so that no
    symmetry of a cluster makes several of them alike.
    """
    i = np.arange(_N_TURNS) + 0.5
    near, far = np.sqrt(i / _N_TURNS), np.sqrt(1 - i / _N_TURNS)
    alpha, beta = 2 * np.pi * i / np.sqrt(2), 2 * np.pi * i / 1.533751168755204288
    spiral = np.stack(
        [near * np.sin(alpha), near * np.cos(alpha), far * np.sin(beta), far * np.cos(beta)], axis=1
    )
    half_turns = Rotation.create_group("D2").as_quat()
    turns = Rotation.from_quat(np.concatenate([half_turns, spiral])).as_matrix()
    return np.asarray(_principal_axes(target) @ turns.swapaxes(1, 2) @ _principal_axes(positions).T)


def _principal_axes(positions: np.ndarray) -> np.ndarray:
    centred = positions - positions.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    return np.asarray(axes * np.linalg.det(axes))
