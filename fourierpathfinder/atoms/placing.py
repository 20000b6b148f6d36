"""Which of all equivalents of a structure is laid beside another: one that keeps what is bonded.

The nearest in space may exchange like atoms across a molecule, so that a mere turn about a bond
would break others. So that one is taken which breaks and makes fewest bonds and inverts fewest
chiral centres, and of several the nearest: of the nearest in space, the structure with its atoms
as they are numbered, and that with them mapped along the bonds.
"""

from collections.abc import Iterator

import numpy as np
from ase import Atoms

from .alignment import Alignment
from .chirality import chirality_signs
from .cluster import Symmetries
from .mapping import changed_bonds, mapped_order


def bonded_placing(
    symmetries: Symmetries, target: Atoms, other: Atoms, tol: float, *, mirror: bool
) -> Alignment:
    """The symmetry by which two structures coincide, or else the one that changes least.

    Parameters
    ----------
    symmetries : Symmetries
        Of the system.
    target, other : ase.Atoms
        The structure that stays, and the one to place.
    tol : float
        How far, in Å, an atom may be from its counterpart where they coincide.
    mirror : bool
        Whether its mirror image will do as well.
    """
    a, b = target.positions, other.positions
    exact = symmetries.coinciding(a, b, tol, mirror=mirror, labelled=False)
    if exact is not None:
        return exact
    nearest = symmetries.nearest(a, b, mirror=mirror)
    if not _n_changed(target, other, nearest):
        return nearest
    candidates = [nearest, *_numbered(symmetries, target, other, mirror)]
    return min(
        candidates,
        key=lambda one: (_n_changed(target, other, one), float(np.linalg.norm(one(b) - a))),
    )


def _numbered(
    symmetries: Symmetries, target: Atoms, other: Atoms, mirror: bool
) -> Iterator[Alignment]:
    """Alignments in which every atom keeps its number, or the one along the bonds."""
    kinds = symmetries.kinds
    for order in (np.arange(len(target)), mapped_order(target, other)):
        if (kinds[order] == kinds).all():
            found = symmetries.nearest(
                target.positions, other.positions[order], mirror=mirror, labelled=True
            )
            yield Alignment(order[found.order], found.rotation, found.shift)


def _n_changed(target: Atoms, other: Atoms, alignment: Alignment) -> int:
    """Bonds that are made and broken, and centres that are inverted."""
    placed = Atoms.copy(target)
    placed.positions = alignment(other.positions)
    before, after = chirality_signs(target), chirality_signs(placed)
    n_inverted = sum(before[key] * after[key] < 0 for key in before.keys() & after.keys())
    return len(changed_bonds(target, placed)) + n_inverted
