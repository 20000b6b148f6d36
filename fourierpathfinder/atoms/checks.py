"""Checks of what a landscape of atoms is made of; each error says what was given."""

import numpy as np
from ase import Atoms

from .constraints import springs

_FARTHEST = 1e8
"""In Å: half of the digits of a coordinate are left there for distances."""


def check_atoms(atoms: Atoms) -> None:
    """Raise where `atoms` is no structure that energies can be calculated of."""
    if not isinstance(atoms, Atoms):
        raise TypeError(f"`atoms` is a {type(atoms).__name__}; it must be an ase.Atoms")
    if not len(atoms):
        raise ValueError("`atoms` is empty; it must hold at least one atom")
    check_places(atoms.positions, "`atoms`")
    vectors = np.asarray(atoms.cell)[atoms.pbc]
    finite = np.isfinite(vectors).all()
    if len(vectors) and not (finite and np.linalg.matrix_rank(vectors) == len(vectors)):
        raise ValueError(
            f"`atoms` has the cell {np.asarray(atoms.cell).tolist()}, which spans no lattice in "
            "its periodic directions; mend the cell, or switch periodicity off"
        )


def check_places(positions: np.ndarray, whose: str) -> None:
    """Raise a ValueError where atoms are nowhere, or so far off that distances have no digits."""
    wrong = np.flatnonzero(~(np.abs(positions) < _FARTHEST).all(axis=1))  # NaN too
    if len(wrong):
        raise ValueError(
            f"{whose} has atom {wrong[0]} at {positions[wrong[0]].tolist()}; coordinates must be "
            f"finite and below {_FARTHEST:g} Å"
        )


def check_contact(contact: object) -> None:
    """Raise where `contact` is no share of covalent radii."""
    if isinstance(contact, bool) or not isinstance(contact, int | float | np.number):
        raise TypeError(f"`contact` is {contact!r}; it must be a number")
    if not 0 <= contact < float("inf"):
        raise ValueError(f"`contact` is {contact}; it must be 0 or a positive, finite number")


def require_changeable(atoms: Atoms) -> None:
    """Raise a ValueError for a structure whose cell cannot change."""
    if atoms.pbc.sum() < 2 or atoms.cell.rank < 3:
        raise ValueError(
            f"`atoms` has `pbc` {atoms.pbc.tolist()} and a cell of rank {atoms.cell.rank}; a cell "
            "can change where two or three directions are periodic and all three lattice vectors "
            "are given (of a layer the third spans the vacuum): keep the cell fixed otherwise"
        )
    if springs(atoms):
        raise ValueError(
            "`atoms` has constraints that are energies (Hookean, ExternalForce), which say "
            "nothing of a stress; remove them, or keep the cell fixed"
        )


def check_cell_numbers(pressure: object, length: object, *, layer: bool) -> None:
    """Raise where the pressure on a cell, or the length of its strain, makes no sense."""
    for name, value in (("pressure", pressure), ("length", length)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise TypeError(f"`{name}` is {value!r}; it must be a number")
    if not abs(float(pressure)) < float("inf"):  # type: ignore[arg-type]
        raise ValueError(f"`pressure` is {pressure}; it must be finite, in GPa")
    if length is not None and not 0 < float(length) < float("inf"):  # type: ignore[arg-type]
        raise ValueError(f"`length` is {length}; it must be positive and finite, in Å")
    if layer and pressure:
        raise ValueError(
            f"`pressure` is {pressure} GPa, but the structure is periodic in two directions "
            "only and has no volume; leave it out"
        )
