"""Which coordinates of a structure are free: all but those that ASE's constraints hold.

A path moves each free coordinate independently of the others, so only constraints that fix single
coordinates fit: FixAtoms and FixCartesian.
"""

import numpy as np
from ase import Atoms
from ase.constraints import FixAtoms, FixCartesian


def free_coordinates(atoms: Atoms) -> np.ndarray:
    """Which coordinates may move.

    Parameters
    ----------
    atoms : ase.Atoms
        The structure, with or without constraints.

    Returns
    -------
    ndarray of bool (n, 3)

    Raises
    ------
    ValueError
        If a constraint is of another kind than FixAtoms and FixCartesian.

    Examples
    --------
    >>> from ase.build import molecule
    >>> water = molecule("H2O", constraint=FixAtoms([0]))
    >>> free_coordinates(water).sum(axis=1)
    array([0, 3, 3])
    """
    # A constraint clears the forces along what it holds; asking it so spares us the meaning of
    # FixCartesian's mask, which ASE has turned round once.
    forces = np.ones((len(atoms), 3))
    for constraint in atoms.constraints:
        if not isinstance(constraint, FixAtoms | FixCartesian):
            raise ValueError(
                f"`atoms` has a {type(constraint).__name__} constraint, but only FixAtoms and "
                "FixCartesian can be kept along a path; replace or remove it "
                "(`del atoms.constraints`)"
            )
        constraint.adjust_forces(atoms, forces)
    return np.asarray(forces != 0)


def moves_as_a_whole(atoms: Atoms) -> bool:
    """Whether turning and shifting the structure leaves its energy: nothing periodic or held."""
    return not atoms.pbc.any() and bool(free_coordinates(atoms).all())
