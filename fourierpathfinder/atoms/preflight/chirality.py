"""Centres and axes that would have to turn over."""

import numpy as np
from ase import Atoms

from ..chirality import chirality_signs
from ..constraints import moves_as_a_whole
from .finding import Finding, Severity

TAKE_THE_MIRROR_IMAGE = (
    "pass --mirror to use the product's mirror image instead, which has the same energy"
)


def chirality(start: Atoms, end: Atoms) -> Finding | None:
    """Whether the product is built like a mirror image, at all chiral places or at some."""
    ours, theirs = chirality_signs(start), chirality_signs(end)
    shared = ours.keys() & theirs.keys()
    inverted = sorted(key for key in shared if ours[key] * theirs[key] < 0)
    if not inverted:
        return None
    places = ", ".join(_named(key, start) for key in inverted)
    if len(inverted) == len(shared) and moves_as_a_whole(start):
        return Finding(
            "handedness",
            Severity.WARNING,
            f"the product has the opposite chirality: it is the mirror image of the reactant at "
            f"{places}",
            TAKE_THE_MIRROR_IMAGE,
        )
    return Finding(
        "handedness",
        Severity.WARNING,
        f"{places} would have to invert, as the chirality there is opposite in the product",
        "exchange two identical neighbours there, or take the other enantiomer",
    )


def mirrored(atoms: Atoms) -> Atoms:
    """The mirror image of a molecule, with its atoms in the same order.

    Parameters
    ----------
    atoms : ase.Atoms
        The molecule, left unchanged.

    Returns
    -------
    ase.Atoms
    """
    mirror = Atoms.copy(atoms)
    mirror.positions = atoms.positions * np.array([-1, 1, 1])
    return mirror


def _named(key: tuple[int, ...], atoms: Atoms) -> str:
    """A centre by its atom, an axis by its two end atoms."""
    kind, ends = ("atom", key[:1]) if len(key) == 5 else ("the axis of atoms", key[:2])
    return f"{kind} " + " and ".join(f"{atom} ({atoms.symbols[atom]})" for atom in ends)
