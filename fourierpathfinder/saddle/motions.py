"""Translations and rotations of all atoms, whose curvature is zero on any landscape."""

import numpy as np

from ..landscapes.abilities import Abilities


def free_motions(abilities: Abilities, x: np.ndarray) -> np.ndarray:
    """Orthonormal directions (k, D) of shifts and turns that leave the landscape's value.

    A cluster or molecule is told by `n_atoms` with D = 3 n_atoms, as everywhere in this package;
    where something is held there are none, in a crystal without anything held only shifts.
    A landscape that knows its own says so by `free_motions(x (D,)) -> (k, D)`.
    """
    if abilities.mobile is not None:
        return np.asarray(abilities.mobile.free_motions(x))
    n_atoms = abilities.n_atoms or 0
    if 3 * n_atoms != len(x) or len(abilities.fixed):
        return np.empty((0, len(x)))
    centred = x.reshape(-1, 3) - x.reshape(-1, 3).mean(axis=0)
    shifts = [np.tile(axis, n_atoms) for axis in np.eye(3)]
    turns = [np.cross(axis, centred).ravel() for axis in np.eye(3)]
    motions = np.array(shifts + turns if abilities.moves_as_a_whole else shifts)
    _, sizes, directions = np.linalg.svd(motions, full_matrices=False)
    return np.asarray(directions[sizes > 1e-3 * sizes[0]])  # a line of atoms has two turns
