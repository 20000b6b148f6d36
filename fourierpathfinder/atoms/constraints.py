"""What ASE's constraints hold, and which energies they add.

A constraint that holds linear combinations of coordinates becomes rows of A x = const (see
`free_space`); one that is an energy (Hookean, ExternalForce) is added to the calculator's; one that
bends the space of structures, or symmetrises it, is refused with what to do instead.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from ase import Atoms
from ase.constraints import (
    ExternalForce,
    FixAtoms,
    FixCartesian,
    FixCom,
    FixedLine,
    FixedMode,
    FixedPlane,
    FixScaled,
    Hookean,
)
from scipy.linalg import null_space
from scipy.sparse import coo_array, csr_array, vstack

from .free_space import FreeSpace

Constraint: TypeAlias = Any
"""A constraint of ASE, whose classes are not typed."""

_ON_A_LINE = 1e-4
"""In Å: atoms that are off a line by less lie on it, as files round places off."""

_INSTEAD = {
    "FixSymmetry": "a path between two structures has their symmetry only by chance: relax the "
    "ends with it, then remove it (`del atoms.constraints`)",
    "FixBondLengths": "a path cannot keep a distance exactly: restrain it by an energy "
    "(`ase.constraints.Hookean`), hold the atoms (`FixAtoms`), or remove it",
    "FixLinearTriatomic": "a path cannot keep a molecule straight: hold its atoms (`FixAtoms`), "
    "restrain them by an energy (`Hookean`), or remove it",
    "FixInternals": "a path cannot keep distances and angles exactly: restrain them by an energy "
    "(`ase.constraints.Hookean`), hold the atoms (`FixAtoms`), or remove it",
}
_OTHERWISE = (
    "only constraints that hold linear combinations of coordinates (FixAtoms, FixCartesian, "
    "FixScaled, FixedPlane, FixedLine, FixCom, FixSubsetCom, FixedMode) and those that are "
    "energies (Hookean, ExternalForce) can be kept along a path: replace or remove it "
    "(`del atoms.constraints`)"
)


def free_space(atoms: Atoms) -> FreeSpace:
    """The coordinates that the constraints of a structure leave free.

    Parameters
    ----------
    atoms : ase.Atoms
        The structure, with or without constraints.

    Returns
    -------
    FreeSpace

    Raises
    ------
    ValueError
        If a constraint holds anything but linear combinations of coordinates.

    Examples
    --------
    >>> from ase.build import molecule
    >>> free_space(molecule("H2O", constraint=FixAtoms([0]))).n_coordinates
    6
    """
    return FreeSpace(_held(atoms), atoms.positions)


def free_coordinates(atoms: Atoms) -> np.ndarray:
    """Which coordinates (n, 3) can change at all, with others or by themselves.

    Examples
    --------
    >>> from ase.build import molecule
    >>> water = molecule("H2O", constraint=FixAtoms([0]))
    >>> free_coordinates(water).sum(axis=1)
    array([0, 3, 3])
    """
    return free_space(atoms).mask


def springs(atoms: Atoms) -> list[Constraint]:
    """The constraints that are energies, to be added to the calculator's."""
    return [one for one in atoms.constraints if isinstance(one, Hookean | ExternalForce)]


def tethers(atoms: Atoms) -> bool:
    """Whether an energy ties an atom to a place, so that shifts of the whole cost energy."""
    return any(not hasattr(spring, "indices") for spring in springs(atoms))


def pulled(atoms: Atoms) -> np.ndarray:
    """The atoms that springs are attached to: none is like any other."""
    ends = [getattr(spring, "indices", [getattr(spring, "index", 0)]) for spring in springs(atoms)]
    return np.unique(np.concatenate([np.empty(0, dtype=int), *map(np.asarray, ends)])).astype(int)


def shifts_as_a_whole(atoms: Atoms) -> bool:
    """Whether a shift of all atoms leaves the energy and everything that is fixed.

    The centre of mass held (FixCom) is no obstacle: it says only which of the shifted structures
    is meant.
    """
    return not _holding(atoms) and not tethers(atoms)


def names_a_shift(atoms: Atoms) -> bool:
    """Whether the centre of mass is fixed (FixCom), so that shifted structures count as one.

    ASE then shifts the whole, atoms that are fixed by other constraints included.
    """
    return any(type(one) is FixCom for one in atoms.constraints)


def moves_as_a_whole(atoms: Atoms) -> bool:
    """Whether rotation and translation leave the energy too: nothing periodic, held or tethered."""
    return not atoms.pbc.any() and shifts_as_a_whole(atoms)


def held_on_a_line(atoms: Atoms) -> np.ndarray | None:
    """The places (k, 3) of held atoms about which all else turns at no cost; None if it does not.

    That is the case where nothing is periodic or tethered, every other atom is free, and the held
    ones lie on one line.

    Examples
    --------
    >>> from ase.build import molecule
    >>> held_on_a_line(molecule("H2O", constraint=FixAtoms([0]))).shape
    (1, 3)
    """
    if atoms.pbc.any() or tethers(atoms) or shifts_as_a_whole(atoms):
        return None
    space = free_space(atoms)
    held = ~space.movable
    if not (held.any() and space.is_plain and (space.mask.all(axis=1) | held).all()):
        return None
    places = atoms.positions[held]
    _, sizes, _ = np.linalg.svd(places - places[0])
    return places if (sizes[1:] < _ON_A_LINE).all() else None


def _held(atoms: Atoms) -> csr_array:
    """The combinations of coordinates that are fixed, one a row (k, 3n)."""
    holding = _holding(atoms)
    if not holding:
        # where anything else is fixed, that says already where the whole is
        holding = [one for one in atoms.constraints if type(one) is FixCom]
    parts = [csr_array((0, 3 * len(atoms))), *(_rows(one, atoms) for one in holding)]
    return csr_array(vstack(parts, format="csr"))


def _holding(atoms: Atoms) -> list[Constraint]:
    """The constraints that hold more than the shift of the whole."""
    return [
        one
        for one in atoms.constraints
        if type(one) is not FixCom and not isinstance(one, Hookean | ExternalForce)
    ]


def _rows(constraint: Constraint, atoms: Atoms) -> csr_array:
    for kind, rows in _ROWS:
        if isinstance(constraint, kind):
            return rows(constraint, atoms)
    name = type(constraint).__name__
    raise ValueError(f"`atoms` has a {name} constraint; {_INSTEAD.get(name, _OTHERWISE)}")


def _same_for_each(constraint: Constraint, atoms: Atoms, directions: np.ndarray) -> csr_array:
    """Rows that hold each of the constraint's atoms along each of the `directions` (k, 3)."""
    index = np.arange(len(atoms))[constraint.index]
    coordinates = 3 * index[:, None, None] + np.arange(3)
    shape = (len(index), len(directions), 3)
    columns = np.broadcast_to(coordinates, shape).ravel()
    values = np.broadcast_to(directions, shape).ravel()
    rows = np.repeat(np.arange(shape[0] * shape[1]), 3)
    return coo_array((values, (rows, columns)), (shape[0] * shape[1], 3 * len(atoms))).tocsr()


def _all_three(constraint: Constraint, atoms: Atoms) -> csr_array:
    return _same_for_each(constraint, atoms, np.eye(3))


def _cartesian(constraint: FixCartesian, atoms: Atoms) -> csr_array:
    # A constraint clears the forces along what it holds; asking it so spares us the meaning of
    # the mask, which ASE has turned round once.
    forces = np.ones((len(atoms), 3))
    constraint.adjust_forces(atoms, forces)
    held = np.flatnonzero(forces == 0)
    return coo_array(
        (np.ones(len(held)), (np.arange(len(held)), held)), (len(held), 3 * len(atoms))
    ).tocsr()


def _scaled(constraint: FixScaled, atoms: Atoms) -> csr_array:
    reciprocal = np.linalg.inv(np.asarray(atoms.cell.complete())).T
    return _same_for_each(constraint, atoms, reciprocal[np.asarray(constraint.mask, dtype=bool)])


def _plane(constraint: FixedPlane, atoms: Atoms) -> csr_array:
    return _same_for_each(constraint, atoms, constraint.dir[None])


def _line(constraint: FixedLine, atoms: Atoms) -> csr_array:
    return _same_for_each(constraint, atoms, null_space(constraint.dir[None]).T)


def _centre_of_mass(constraint: FixCom, atoms: Atoms) -> csr_array:
    index = np.arange(len(atoms))[constraint.index]
    masses = atoms.get_masses()[index]
    columns = (3 * index[None] + np.arange(3)[:, None]).ravel()
    rows = np.repeat(np.arange(3), len(index))
    return coo_array((np.tile(masses, 3), (rows, columns)), (3, 3 * len(atoms))).tocsr()


def _mode(constraint: FixedMode, atoms: Atoms) -> csr_array:
    return csr_array(constraint.mode.reshape(1, -1))


_ROWS: tuple[tuple[type, Callable[[Constraint, Atoms], csr_array]], ...] = (
    (FixAtoms, _all_three),
    (FixCartesian, _cartesian),
    (FixScaled, _scaled),
    (FixedPlane, _plane),
    (FixedLine, _line),
    (FixCom, _centre_of_mass),
    (FixedMode, _mode),
)
