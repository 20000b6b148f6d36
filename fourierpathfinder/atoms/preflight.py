"""Two structures checked before a calculator is called: may a path join them, and should it.

Each check answers with a `Finding`: a plain sentence that says what to do and, where that is safe,
the ends with it done. Handedness is judged centre by centre and axis by axis
(`fourierpathfinder.atoms.chirality`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import numpy as np
from ase import Atoms

from .chirality import chirality_signs
from .comparison import differences
from .constraints import free_coordinates, moves_as_a_whole
from .minimum_image import MinimumImage
from .overlap import OverlapGuard
from .pairs import AtomPairs
from .superposition import superpose

Ends = tuple[Atoms, Atoms]

_SAME_PLACE = 0.1
"""In Å: ends in which no atom moves farther than this are one minimum."""

_NOTICEABLE = 0.5
"""Relabelled ends count as nearer where their distance falls below this fraction."""

_RELAXED = 0.05
"""In eV/Å: the largest force of an end that counts as relaxed."""

_MAX_REPAIRS = 10


class Severity(Enum):
    """How much a finding matters."""

    STOP = "error"
    """No path can be computed."""
    WARNING = "warning"
    """A path can be computed, but probably not the one that is meant."""
    NOTE = "note"
    """Taken care of, or only worth knowing."""


@dataclass(frozen=True, eq=False)
class Finding:
    """One thing that was noticed.

    Parameters
    ----------
    subject : str
        What it is about: "composition", "order", "cell", "wrapping", "overlap", "handedness",
        "relaxation", "same minimum" or "fixed atoms".
    severity : Severity
        How much it matters.
    sentence : str
        What was found, and what to do.
    repaired : tuple of ase.Atoms, optional
        The ends with it corrected, where that is safe.
    """

    subject: str
    severity: Severity
    sentence: str
    repaired: Ends | None = None

    def __str__(self) -> str:
        return f"{self.severity.value}: {self.sentence}"


def preflight(start: Atoms, end: Atoms, *, contact: float = 0.62) -> list[Finding]:
    """Look two structures over before anything is calculated.

    Parameters
    ----------
    start, end : ase.Atoms
        The ends of a path. Constraints of the start hold for both.
    contact : float
        The fraction of the summed covalent radii below which atoms overlap; 0 for never.

    Returns
    -------
    list of Finding
        The gravest first; empty where there is nothing to say.

    Examples
    --------
    >>> from ase.build import molecule
    >>> for finding in preflight(molecule("H2O"), molecule("NH3")):
    ...     print(finding)
    error: the product is H3N but the reactant is H2O; both must be made of the same atoms
    """
    for check in (_constraints, _composition, _order, _cell, _held_atoms):
        if found := check(start, end):
            return [found]  # the later ones compare atom with atom
    found_overlaps = list(_overlaps(start, end, contact))
    if found_overlaps:
        return found_overlaps
    checks = (_same_minimum, _handedness, _labels, _wrapping, _half_cell)
    findings = [finding for check in checks if (finding := check(start, end))]
    if any(finding.subject == "same minimum" for finding in findings):
        findings = [finding for finding in findings if finding.subject != "relabelling"]
    return sorted(findings, key=lambda finding: list(Severity).index(finding.severity))


def repair(
    start: Atoms, end: Atoms, *, contact: float = 0.62
) -> tuple[Atoms, Atoms, list[Finding]]:
    """Correct what can be corrected safely, one thing after the other.

    Returns
    -------
    tuple of (ase.Atoms, ase.Atoms, list of Finding)
        The ends, and what was corrected.
    """
    corrected: list[Finding] = []
    for _ in range(_MAX_REPAIRS):
        findings = preflight(start, end, contact=contact)
        finding = next((finding for finding in findings if finding.repaired), None)
        if finding is None or finding.repaired is None:
            break
        start, end = finding.repaired
        corrected.append(finding)
    return start, end, corrected


def mirrored(atoms: Atoms) -> Atoms:
    """The mirror image of a molecule, with its atoms in the same order."""
    mirror = Atoms.copy(atoms)
    mirror.positions = atoms.positions * [-1, 1, 1]
    return mirror


def unrelaxed(name: str, gradient: np.ndarray, limit: float = _RELAXED) -> Finding | None:
    """Whether an end is a minimum, by its gradient on the free atoms (..., 3) in eV/Å."""
    force = float(np.linalg.norm(gradient.reshape(-1, gradient.shape[-1]), axis=-1).max())
    if force <= limit:
        return None
    return Finding(
        "relaxation",
        Severity.WARNING,
        f"the {name} is not relaxed: its largest force is {force:.2g} eV/Å, more than {limit:g}, "
        "so that the barrier would not be measured from a minimum; pass --relax-ends, or relax it "
        "with this same calculator",
    )


def same_minimum(start: Atoms, end: Atoms, limit: float = _SAME_PLACE) -> Finding | None:
    """Whether two ends of one system are the same structure, up to motions of the whole."""
    moved = _displacements(start, superpose(start, end))
    if moved.max() > limit:
        return None
    return Finding(
        "same minimum",
        Severity.STOP,
        f"the ends are the same minimum: superposed, no atom is more than {moved.max():.2g} Å "
        "away from its counterpart; give two different minima",
    )


def _constraints(start: Atoms, end: Atoms) -> Finding | None:
    for name, atoms in (("reactant", start), ("product", end)):
        try:
            free = free_coordinates(atoms)
        except ValueError as error:
            sentence = str(error).replace("`atoms`", f"the {name}")
            return Finding("fixed atoms", Severity.STOP, sentence)
        if not free.any():
            return Finding(
                "fixed atoms",
                Severity.STOP,
                f"the {name} has no free atom; remove some of its constraints",
            )
    return None


def _composition(start: Atoms, end: Atoms) -> Finding | None:
    if sorted(start.numbers) == sorted(end.numbers):
        return None
    ours, theirs = (a.get_chemical_formula("hill") for a in (start, end))
    return Finding(
        "composition",
        Severity.STOP,
        f"the product is {theirs} but the reactant is {ours}; both must be made of the same atoms",
    )


def _order(start: Atoms, end: Atoms) -> Finding | None:
    differing = np.flatnonzero(start.numbers != end.numbers)
    if not len(differing):
        return None
    k = int(differing[0])
    placed, order = _relabelled(start, end)
    return Finding(
        "order",
        Severity.STOP,
        f"the product lists its atoms in another order: atom {k} is {end.symbols[k]}, in the "
        f"reactant {start.symbols[k]}; the best match takes the product's atoms in the order "
        f"{' '.join(map(str, order))}; pass --fix to reorder them so",
        (start, placed),
    )


def _cell(start: Atoms, end: Atoms) -> Finding | None:
    boxless = not end.pbc.any() and not np.asarray(end.cell).any()
    if start.pbc.any() and boxless:
        taken = Atoms.copy(end)
        taken.cell, taken.pbc = start.cell.copy(), start.pbc.copy()
        return Finding(
            "cell",
            Severity.STOP,
            "the product has no cell but the reactant is periodic, probably because the file "
            "format keeps none; pass --fix to take the reactant's",
            (start, taken),
        )
    bare = [Atoms.copy(end)]
    del bare[0].constraints
    bare[0].positions = start.positions
    sentences = differences(start, bare[0])
    if not sentences:
        return None
    return Finding("cell", Severity.STOP, _about_ends(sentences[0]))


def _held_atoms(start: Atoms, end: Atoms) -> Finding | None:
    sentences = differences(start, end)
    if not sentences:
        return None
    return Finding(
        "fixed atoms", Severity.STOP, _about_ends(sentences[0]), _shifted_back(start, end)
    )


def _shifted_back(start: Atoms, end: Atoms) -> Ends | None:
    """The ends with the second shifted as a whole, where all its fixed atoms are off alike."""
    held = ~free_coordinates(start).any(axis=1)
    if not held.any() or (end.constraints and (free_coordinates(end).any(axis=1) == held).any()):
        return None
    shifts = MinimumImage.of(start)(end.positions - start.positions)[held]
    if np.ptp(shifts, axis=0).max() > 1e-3:
        return None
    shifted = Atoms.copy(end)
    shifted.positions = end.positions - shifts.mean(axis=0)
    return start, shifted


def _overlaps(start: Atoms, end: Atoms, contact: float) -> Iterator[Finding]:
    for name, atoms in (("reactant", start), ("product", end)):
        movable = np.asarray(free_coordinates(start).any(axis=1))
        pairs = AtomPairs.of_movable(movable, MinimumImage.of(atoms))
        sentences = OverlapGuard(pairs, atoms.numbers, contact).overlaps(atoms.positions)
        if sentences:
            yield Finding(
                "overlap",
                Severity.STOP,
                f"atoms overlap in the {name}: {sentences[0]}; correct the structure (is it in Å, "
                "and its cell right?)",
            )


def _same_minimum(start: Atoms, end: Atoms) -> Finding | None:
    return same_minimum(start, end)


def _handedness(start: Atoms, end: Atoms) -> Finding | None:
    """Centres and axes that would have to turn over."""
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
            f"{places}; pass --mirror to use the product's mirror image instead, which has the "
            "same energy",
        )
    return Finding(
        "handedness",
        Severity.WARNING,
        f"{places} would have to invert, as the chirality there is opposite in the product; "
        "exchange two identical neighbours there, or take the other enantiomer",
    )


def _named(key: tuple[int, ...], atoms: Atoms) -> str:
    """A centre by its atom, an axis by its two end atoms."""
    kind, ends = ("atom", key[:1]) if len(key) == 5 else ("the axis of atoms", key[:2])
    return f"{kind} " + " and ".join(f"{atom} ({atoms.symbols[atom]})" for atom in ends)


def _labels(start: Atoms, end: Atoms) -> Finding | None:
    """Identical atoms that change places unnecessarily."""
    if len(start) > 200:
        return None
    given = np.linalg.norm(_displacements(start, superpose(start, end)))
    placed, order = _relabelled(start, end)
    best = np.linalg.norm(_displacements(start, placed))
    if (order == np.arange(len(order))).all() or best > _NOTICEABLE * given:
        return None
    swapped = np.flatnonzero(order != np.arange(len(order)))
    same = " (the product is then the reactant itself)" if best < _SAME_PLACE else ""
    return Finding(
        "relabelling",
        Severity.NOTE,
        f"identical atoms change places: with atoms {', '.join(map(str, swapped))} of the product "
        f"in the order {' '.join(map(str, order[swapped]))}, the ends would be {best:.2f} Å apart "
        f"instead of {given:.2f} Å{same}; reorder them unless the exchange is what you want to "
        "study",
    )


def _wrapping(start: Atoms, end: Atoms) -> Finding | None:
    """Atoms that left the cell on one side and came in on the other."""
    if not start.pbc.any():
        return None
    straight = end.positions - start.positions
    nearest = MinimumImage.of(start)(straight)
    crossing = np.flatnonzero(np.abs(nearest - straight).max(axis=1) > 1e-6)
    if not len(crossing):
        return None
    placed = superpose(start, end)
    return Finding(
        "wrapping",
        Severity.NOTE,
        f"atoms {_listed(crossing)} of the product are on the other side of the cell; they are "
        "taken at their images nearest to the reactant's",
        (start, placed),
    )


def _half_cell(start: Atoms, end: Atoms) -> Finding | None:
    """Atoms whose nearest image is a matter of rounding."""
    if not start.pbc.any():
        return None
    nearest = MinimumImage.of(start)(end.positions - start.positions)
    fractions = np.abs(start.cell.scaled_positions(nearest)[:, start.pbc])
    torn = np.flatnonzero((fractions > 0.45).any(axis=1))
    if not len(torn):
        return None
    return Finding(
        "wrapping",
        Severity.NOTE,
        f"atoms {_listed(torn)} move by half a cell, so that both directions are equally long; "
        "they move as the files place them: shift them by a cell for the other direction, or use "
        "a larger cell",
    )


def _relabelled(start: Atoms, end: Atoms) -> tuple[Atoms, np.ndarray]:
    """The end in its best order, placed on the start, and that order (n,)."""
    numbered = Atoms.copy(end)
    numbered.arrays["_order"] = np.arange(len(end))
    del numbered.constraints
    placed = superpose(start, numbered, permute=True)
    order = placed.arrays.pop("_order")
    return placed, order


def _displacements(start: Atoms, placed: Atoms) -> np.ndarray:
    return np.asarray(
        np.linalg.norm(MinimumImage.of(start)(placed.positions - start.positions), axis=1)
    )


def _about_ends(sentence: str) -> str:
    """A sentence about a structure and a landscape, told of a product and a reactant."""
    words = (("it has", "the product has"), ("its ", "the product's "), ("it is", "the product is"))
    for old, new in words:
        if sentence.startswith(old):
            sentence = new + sentence.removeprefix(old)
            break
    return sentence.replace("the landscape's", "the reactant's").replace(
        "the landscape", "the reactant"
    )


def _listed(indices: np.ndarray) -> str:
    shown = ", ".join(map(str, indices[:5]))
    return shown + (f" and {len(indices) - 5} more" if len(indices) > 5 else "")
