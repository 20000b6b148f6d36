"""What the constraints hold: kinds that a path cannot keep, and held atoms elsewhere."""

import numpy as np
from ase import Atoms

from ..comparison import Difference, compared
from ..constraints import free_space, held_on_a_line
from ..mapping import reordered
from ..minimum_image import MinimumImage
from ..superposition import best_order
from .finding import Ends, Finding, Severity

_ALIKE = 1e-3
"""In Å: held atoms that are off by the same shift to within this were shifted as a whole."""


def constraints(start: Atoms, end: Atoms) -> Finding | None:
    """Constraints that a path cannot keep, or that leave nothing free."""
    for name, atoms in (("reactant", start), ("product", end)):
        try:
            space = free_space(atoms)
        except ValueError as error:
            sentence = str(error).replace("`atoms`", f"the {name}")
            return Finding("fixed atoms", Severity.STOP, sentence)
        if not space.n_coordinates:
            return Finding(
                "fixed atoms",
                Severity.STOP,
                f"the {name} has no free atom",
                "remove some of its constraints",
            )
    return None


def held_atoms(start: Atoms, end: Atoms) -> Finding | None:
    """Other atoms held, or held atoms elsewhere."""
    found = compared(start, end)
    if not found:
        return None
    different = about_ends(found[0])
    order = best_order(start, end)
    sorted_back = reordered(start, end, order)
    as_many = not end.constraints or (
        free_space(end).n_coordinates == free_space(start).n_coordinates
    )
    if as_many and (order != np.arange(len(order))).any() and not compared(start, sorted_back):
        return Finding(
            "order",
            Severity.STOP,
            different.found,
            "the product lists identical atoms in another order, in which all fixed atoms are in "
            "their places: pass --order (or --fix) to reorder them so",
            (start, sorted_back),
            "identical atoms were put in another order, which has all fixed atoms in place",
        )
    return Finding(
        "fixed atoms",
        Severity.STOP,
        *different,
        _shifted_back(start, end),
        "the product was shifted as a whole, so that they are at the same places",
    )


def needless(start: Atoms, end: Atoms) -> Finding | None:
    """A single atom that is held in a molecule, which turns about it all the same."""
    held = held_on_a_line(start)
    if held is None or len(held) > 1:
        return None
    free = Atoms.copy(start), Atoms.copy(end)
    for atoms in free:
        del atoms.constraints
    index = int(np.flatnonzero(~free_space(start).movable)[0])
    return Finding(
        "fixed atoms",
        Severity.WARNING,
        f"atom {index} is held, alone in a molecule that turns about it all the same",
        "hold none (or pass --fix): shifts and turns are taken out of the path anyhow, with fewer "
        "gradients, and only the rates of a molecule that is free count its turns",
        free,
        "it is free now",
    )


def _shifted_back(start: Atoms, end: Atoms) -> Ends | None:
    """The ends with the second shifted as a whole, where all its fixed atoms are off alike."""
    held = ~free_space(start).movable
    if not held.any() or (end.constraints and (free_space(end).movable == held).any()):
        return None
    shifts = MinimumImage.of(start)(end.positions - start.positions)[held]
    if np.ptp(shifts, axis=0).max() > _ALIKE:
        return None
    shifted = Atoms.copy(end)
    shifted.positions = end.positions - shifts.mean(axis=0)
    return start, shifted


def about_ends(difference: Difference) -> Difference:
    """What differs between a structure and a landscape, told of a product and a reactant."""
    return Difference(*map(_about_ends, difference))


def _about_ends(sentence: str) -> str:
    words = (("it has", "the product has"), ("its ", "the product's "), ("it is", "the product is"))
    for old, new in words:
        if sentence.startswith(old):
            sentence = new + sentence.removeprefix(old)
            break
    return sentence.replace("the landscape's", "the reactant's").replace(
        "the landscape", "the reactant"
    )
