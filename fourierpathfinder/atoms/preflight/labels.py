"""Atoms in another order, or identical atoms that change places without need.

Two measures say so: the bonds that the order makes and breaks, and the distance between the ends.
"""

import numpy as np
from ase import Atoms

from ..mapping import changed_bonds, mapped_order, reordered
from ..superposition import displacements, superpose
from .finding import Finding, Severity

_MOST_SHOWN = 50
"""So many numbers of atoms are told of an order."""

_NOTICEABLE = 0.5
"""Relabelled ends count as nearer where their distance falls below this fraction."""

_SAME_PLACE = 0.1
"""In Å: an atom that is nearer than this to its counterpart has not moved."""

_MOVED = 0.8
"""In Å: atoms that change places move farther than this."""

_FEWER = 2
"""So many bonds fewer are worth a word."""

_MANY = 0.2
"""Where more than this share of all atoms changes places, the files' order is a mistake if with
another one the ends are as near as `_FAR_NEARER` of their distance."""

_FAR_NEARER = 0.25

_CLEARLY_FEWER = 4
"""With so many bonds fewer, and half of them gone, the files' order is a mistake."""


def order(start: Atoms, end: Atoms) -> Finding | None:
    """Elements in another order."""
    differing = np.flatnonzero(start.numbers != end.numbers)
    if not len(differing):
        return None
    k = int(differing[0])
    best = mapped_order(start, end)
    return Finding(
        "order",
        Severity.STOP,
        f"the product lists its atoms in another order: atom {k} is {end.symbols[k]}, in the "
        f"reactant {start.symbols[k]}",
        f"the best match takes the product's atoms in the order {_shown(best)}; pass --order (or "
        "--fix) to reorder them so",
        (start, reordered(start, end, best)),
        f"they were put in the order {_shown(best)}",
    )


def relabelling(start: Atoms, end: Atoms) -> Finding | None:
    """Identical atoms that change places unnecessarily."""
    given = displacements(start, superpose(start, end))
    if (given > _MOVED).sum() < 2:
        return None
    best = mapped_order(start, end)
    moved = np.flatnonzero(best != np.arange(len(best)))
    if not len(moved):
        return None
    placed = reordered(start, end, best)
    gaps = displacements(start, superpose(start, placed))
    before, after = len(changed_bonds(start, end)), len(changed_bonds(start, placed))
    nearer = np.linalg.norm(gaps) <= _NOTICEABLE * np.linalg.norm(given)
    if before - after < _FEWER and not (nearer and after <= before):
        return None
    mistaken = before - after >= _CLEARLY_FEWER and 2 * after <= before
    mistaken |= len(moved) > _MANY * len(best) and bool(
        np.linalg.norm(gaps) < _FAR_NEARER * np.linalg.norm(given)
    )
    same = " (the product is then the reactant itself)" if gaps.max() < _SAME_PLACE else ""
    bonds = f"{after} bonds would change instead of {before}, and " if before != after else ""
    return Finding(
        "relabelling",
        Severity.WARNING,
        f"identical atoms change places: with atoms {_shown(moved)} of the product in the order "
        f"{_shown(best[moved])}, {bonds}the ends would be {np.linalg.norm(gaps):.2f} Å apart "
        f"instead of {np.linalg.norm(given):.2f} Å{same}",
        f"pass --order {'(or --fix) ' if mistaken else ''}to reorder them so, unless "
        "the exchange is what you want to study",
        (start, placed) if mistaken else None,
        "they were reordered so",
    )


def _shown(order: np.ndarray) -> str:
    shown = " ".join(map(str, order[:_MOST_SHOWN].tolist()))
    left_out = len(order) - _MOST_SHOWN
    return shown + (f" and {left_out} more" if left_out > 0 else "")
