"""Whether both ends are minima, and two of them."""

import numpy as np
from ase import Atoms

from ..superposition import displacements, superpose
from .finding import Finding, Severity

_SAME_PLACE = 0.1
"""In Å: ends in which no atom moves farther than this are one minimum."""

_RELAXED = 0.05
"""In eV/Å: the largest force of an end that counts as relaxed."""

NOT_RELAXED = "is not relaxed"

_RELAX = "pass --relax-ends, or relax it with this same calculator"


def with_article(name: str) -> str:
    """An end's name in a sentence: the reactant, but structure 2."""
    return name if name[-1].isdigit() else f"the {name}"


def same_minimum(start: Atoms, end: Atoms, limit: float = _SAME_PLACE) -> Finding | None:
    """Whether two ends of one system are the same structure, up to motions of the whole.

    Parameters
    ----------
    start, end : ase.Atoms
        The ends.
    limit : float
        How far, in Å, an atom may be from its counterpart.

    Returns
    -------
    Finding or None
    """
    moved = displacements(start, superpose(start, end))
    if moved.max() > limit:
        return None
    return Finding(
        "same minimum",
        Severity.STOP,
        f"the ends are the same minimum: superposed, no atom is more than {moved.max():.2g} Å "
        "away from its counterpart",
        "give two different minima",
    )


def unrelaxed(
    name: str, gradient: np.ndarray, limit: float = _RELAXED, advice: str = _RELAX
) -> Finding | None:
    """Whether an end is a minimum, by its gradient.

    Parameters
    ----------
    name : str
        Of the end, for the sentence.
    gradient : ndarray (..., 3)
        On the free atoms, in eV/Å; forces will do as well.
    limit : float
        The largest force that counts as relaxed, in eV/Å.
    advice : str
        What to do where it is not.

    Returns
    -------
    Finding or None
    """
    force = float(np.linalg.norm(gradient.reshape(-1, gradient.shape[-1]), axis=-1).max())
    if force <= limit:
        return None
    return Finding(
        "relaxation",
        Severity.WARNING,
        f"{with_article(name)} {NOT_RELAXED}: its largest force is {force:.2g} eV/Å, more than "
        f"{limit:g}, so that the barrier would not be measured from a minimum",
        advice,
    )
