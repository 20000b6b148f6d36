r"""One structure aligned with another by what leaves the energy: rotation, shift, identical atoms.

.. math:: y_i = Q\, x_{\pi(i)} + s_i

with Q orthogonal, π a permutation that exchanges only identical atoms, and s the same for all atoms
unless they go to periodic images. The best Q for a fixed π is in closed form (SciPy's
`Rotation.align_vectors`), the best π for a fixed Q an assignment problem; `nearest` alternates the
two from about a hundred rotations relative to the principal axes, and takes the best result.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from .assignment import matched

_MAX_ROUNDS = 30
"""Rotation and assignment settle within a few rounds; this bounds a tie that goes on for ever."""

_N_ROTATIONS = 100
"""Rotations of the whole structure from which the best exchange is sought."""

_FEW = 60
"""Up to this many atoms every rotation is settled; of more only the most promising ones are."""

_PROMISING = 8

_TIE = 1e-10
"""How much three unit vectors that stay where they are weigh beside the atoms: where several
rotations are equally good (atoms on a line), nearly the least of them is taken."""

_UNEQUAL = np.array([1.0, 2.0, 4.0])
"""The weights of the three among each other, so that no half-turn is as good as another."""


_SHALLOW = 0.01
"""Placings of which one is nearer by less than this part of what lies between them, squared, are
equally near: at a lone nearest one it is about all of it."""


@dataclass(frozen=True, eq=False)
class Alignment:
    """A rigid motion, mirroring or not, together with an exchange of atoms.

    Parameters
    ----------
    order : ndarray of int (n,)
        For each place the atom that takes it.
    rotation : ndarray (3, 3)
        Orthogonal; with a determinant of -1 it mirrors.
    shift : ndarray (3,) or (n, 3)
        Added after the rotation.

    Examples
    --------
    >>> swap = Alignment(np.array([1, 0]), np.eye(3), np.zeros(3))
    >>> swap(np.array([[0.0, 0, 0], [1, 0, 0]]))
    array([[1., 0., 0.],
           [0., 0., 0.]])
    """

    order: np.ndarray
    rotation: np.ndarray
    shift: np.ndarray

    def __call__(self, positions: np.ndarray) -> np.ndarray:
        """Where the atoms at `positions` (..., n, 3) come to lie."""
        return np.asarray(positions[..., self.order, :] @ self.rotation.T + self.shift)


def nearest(
    kinds: np.ndarray, target: np.ndarray, positions: np.ndarray, *, mirror: bool = False
) -> Alignment:
    """The alignment of a free cluster that lays it nearest to another; searched for, not proven.

    Parameters
    ----------
    kinds : ndarray of int (n,)
        Atoms of the same kind may be exchanged.
    target, positions : ndarray (n, 3)
        The structure that stays, and the one to place.
    mirror : bool
        Whether its mirror image will do as well.
    """
    candidates = [
        settled(kinds, target, positions, rotation * sign)
        for sign in ((1.0, -1.0) if mirror else (1.0,))
        for rotation in _promising(target, positions * sign)
    ]
    return min(candidates, key=lambda found: float(((found(positions) - target) ** 2).sum()))


def settled(
    kinds: np.ndarray, target: np.ndarray, positions: np.ndarray, rotation: np.ndarray
) -> Alignment:
    """The alignment at which rotation and assignment agree, begun from one rotation."""
    sign = np.sign(np.linalg.det(rotation))
    centre, middle = target.mean(axis=0), positions.mean(axis=0)
    order: np.ndarray | None = None
    for _ in range(_MAX_ROUNDS):
        better = matched(kinds, target, (positions - middle) @ rotation.T + centre)
        if order is not None and (better == order).all():
            break
        order = better
        rotation = sign * best_rotation(target - centre, sign * (positions[order] - middle))
    assert order is not None
    return Alignment(order, rotation, centre - rotation @ middle)


def _promising(target: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """The rotations that leave the atoms nearest to some place, whichever that is."""
    rotations = rotations_to_try(target, positions)
    if len(target) <= _FEW:
        return rotations
    places, centred = cKDTree(target - target.mean(axis=0)), positions - positions.mean(axis=0)
    misfits = [(places.query(centred @ rotation.T)[0] ** 2).sum() for rotation in rotations]
    return np.asarray(rotations[np.argsort(misfits, kind="stable")[:_PROMISING]])


def best_rotation(
    target: np.ndarray, positions: np.ndarray, *, axis: np.ndarray | None = None
) -> np.ndarray:
    """The rotation (3, 3) that brings centred `positions` nearest to `target`, both (n, 3).

    Parameters
    ----------
    target, positions : ndarray (n, 3)
        From the point about which is rotated.
    axis : ndarray (3,), optional
        Only rotations about it count, unless it has no length.

    References
    ----------
    W. Kabsch, Acta Cryst. A 34, 827 (1978), DOI 10.1107/S0567739478001680.
    """
    if axis is not None and axis.any():
        return _best_turn(target, positions, axis / np.linalg.norm(axis))
    size = float(np.linalg.norm(target) * np.linalg.norm(positions))
    weights = np.concatenate([np.ones(len(target)), _TIE * max(size, 1e-30) * _UNEQUAL])
    still = np.eye(3)
    rotation, _ = Rotation.align_vectors(
        np.vstack([target, still]), np.vstack([positions, still]), weights=weights
    )
    return np.asarray(rotation.as_matrix())


def _best_turn(target: np.ndarray, positions: np.ndarray, along: np.ndarray) -> np.ndarray:
    """The best rotation (3, 3) about an axis, a unit vector (3,), through the origin."""
    sine = np.cross(positions, target).sum(axis=0) @ along
    cosine = np.vdot(positions, target) - (positions @ along) @ (target @ along)
    return np.asarray(Rotation.from_rotvec(np.arctan2(sine, cosine) * along).as_matrix())


def is_tie(target: np.ndarray, positions: np.ndarray, placed: np.ndarray) -> bool:
    """Whether `positions` are as near to `target` as `placed`, where several places are (n, 3).

    Such are those of a mirror image. `best_rotation` then takes nearly the least rotation, another
    from each place that it begins at; what it may lose by that is no reason to go on.
    """
    between = float(((placed - positions) ** 2).sum())
    gain = float(((positions - target) ** 2).sum() - ((placed - target) ** 2).sum())
    spread = [np.linalg.norm(one - one.mean(axis=0)) for one in (target, positions)]
    lost = 4 * _UNEQUAL.sum() * _TIE * spread[0] * spread[1]
    return bool(gain <= min(_SHALLOW * between, lost))


def rotations_to_try(target: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Rotations (k, 3, 3) that lay one structure's principal axes at many angles to the other's.

    The half-turns by which principal axes are ambiguous, and rotations spread evenly on a
    super-Fibonacci spiral (Alexa, CVPR 2022, DOI 10.1109/CVPR52688.2022.00811), so that no
    symmetry of a cluster makes several of them alike.
    """
    i = np.arange(_N_ROTATIONS) + 0.5
    near, far = np.sqrt(i / _N_ROTATIONS), np.sqrt(1 - i / _N_ROTATIONS)
    alpha, beta = 2 * np.pi * i / np.sqrt(2), 2 * np.pi * i / 1.533751168755204288
    spiral = np.stack(
        [near * np.sin(alpha), near * np.cos(alpha), far * np.sin(beta), far * np.cos(beta)], axis=1
    )
    half_turns = Rotation.create_group("D2").as_quat()
    between = Rotation.from_quat(np.concatenate([half_turns, spiral])).as_matrix()
    axes, other_axes = _principal_axes(target), _principal_axes(positions)
    return np.asarray(axes @ between.swapaxes(1, 2) @ other_axes.T)


def _principal_axes(positions: np.ndarray) -> np.ndarray:
    centred = positions - positions.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    return np.asarray(axes * np.linalg.det(axes))
