"""Whether two structures are the same system: same atoms, same order, same cell, same fixed atoms.

Each check answers with what differs and what to do, or with nothing.
"""

from typing import NamedTuple

import numpy as np
from ase import Atoms

from .constraints import free_space, names_a_shift, shifts_as_a_whole
from .minimum_image import MinimumImage

_SAME_LENGTH = 1e-3
"""In Å: what structure files round off."""

SAME_CELL = 1e-3
"""In Å: lattice vectors that differ by less were rounded, not relaxed apart."""


class Difference(NamedTuple):
    """One thing in which a structure is not the same system."""

    found: str
    advice: str
    """What to do."""

    def __str__(self) -> str:
        return f"{self.found}; {self.advice}"


def differences(reference: Atoms, other: Atoms) -> list[str]:
    """Why `other` cannot be an end of a path in the system of `reference`.

    Parameters
    ----------
    reference, other : ase.Atoms
        The two structures. Constraints of `other` count only if it has any, as most file formats
        lose them.

    Returns
    -------
    list of str
        One sentence a difference; empty where the structures are the same system.

    Examples
    --------
    >>> from ase.build import molecule
    >>> differences(molecule("H2O"), molecule("NH3"))
    ['it is H3N but the landscape is H2O; both ends must be made of the same atoms']
    """
    return list(map(str, compared(reference, other)))


def compared(reference: Atoms, other: Atoms) -> list[Difference]:
    """What `differences` says, with what was found and what to do apart."""
    grave = _composition(reference, other) or _order(reference, other)
    if grave:
        return [grave]
    checks = (_periodicity, _cell, _constraints, _held_positions)
    return [difference for check in checks if (difference := check(reference, other))]


def _composition(reference: Atoms, other: Atoms) -> Difference | None:
    ours, theirs = (a.get_chemical_formula("hill") for a in (reference, other))
    if sorted(reference.numbers) == sorted(other.numbers):
        return None
    return Difference(
        f"it is {theirs} but the landscape is {ours}", "both ends must be made of the same atoms"
    )


def _order(reference: Atoms, other: Atoms) -> Difference | None:
    differing = np.flatnonzero(reference.numbers != other.numbers)
    if not len(differing):
        return None
    k = int(differing[0])
    return Difference(
        f"its atoms are in another order: atom {k} is {other.symbols[k]} but the landscape has "
        f"{reference.symbols[k]} there",
        "reorder it, or let `superpose(reference, other, permute=True)` find the best order",
    )


def _periodicity(reference: Atoms, other: Atoms) -> Difference | None:
    if (reference.pbc == other.pbc).all():
        return None
    return Difference(
        f"its `pbc` is {other.pbc.tolist()} but the landscape's is {reference.pbc.tolist()}",
        "set both alike with `atoms.pbc = ...`",
    )


def _cell(reference: Atoms, other: Atoms) -> Difference | None:
    difference = cell_difference(reference, other)
    if difference < SAME_CELL:
        return None
    return Difference(
        f"its cell differs from the landscape's by up to {difference:.3g} Å",
        "a path has one cell: recompute one end in the cell of the other, or let the cell change "
        "(`CrystalLandscape`; `--cell` on the command line)",
    )


def cell_difference(reference: Atoms, other: Atoms) -> float:
    """By how much, in Å, the cells of periodic structures differ at most."""
    if not reference.pbc.any():
        return 0.0
    return float(np.abs(np.asarray(reference.cell) - np.asarray(other.cell)).max())


def _constraints(reference: Atoms, other: Atoms) -> Difference | None:
    if not other.constraints:
        return None
    differing = free_space(reference).differs_from(free_space(other))
    if not differing.any():
        return None
    return Difference(
        f"its constraints differ from the landscape's at {listed(np.flatnonzero(differing))}",
        "hold the same coordinates in both, or drop its own (`del atoms.constraints`)",
    )


def _held_positions(reference: Atoms, other: Atoms) -> Difference | None:
    if shifts_as_a_whole(reference):
        return None
    vectors = MinimumImage.of(reference)(other.positions - reference.positions)
    if names_a_shift(reference):
        vectors = vectors - shift_of_held(reference, vectors)
    shifts = np.abs(free_space(reference).kept(vectors))
    moved = (shifts > _SAME_LENGTH).any(axis=1)
    if not moved.any():
        return None
    return Difference(
        f"it has {listed(np.flatnonzero(moved))} elsewhere, by up to {shifts.max():.3g} Å, though "
        f"the landscape holds {'it' if moved.sum() == 1 else 'them'}",
        "relax both ends with what is held at the same places, or free it",
    )


def shift_of_held(reference: Atoms, vectors: np.ndarray) -> np.ndarray:
    """By how much (3,) displacements (n, 3) shift the atoms that are fixed, on average."""
    held = ~free_space(reference).movable
    return np.asarray(vectors[held].mean(axis=0) if held.any() else np.zeros(3))


def listed(indices: np.ndarray) -> str:
    """The first few of some atoms, and how many more there are: `atom 3`, `atoms 3, 4`."""
    shown = ", ".join(map(str, indices[:5]))
    more = f" and {len(indices) - 5} more" if len(indices) > 5 else ""
    return f"atom{'s' if len(indices) != 1 else ''} {shown}{more}"
