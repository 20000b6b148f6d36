"""Cells and their boundaries: other cells, atoms on the other side, a molecule alone in a box."""

import numpy as np
from ase import Atoms
from ase.neighborlist import neighbor_list
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ..bonds import bonds
from ..comparison import SAME_CELL, cell_difference, compared, listed
from ..constraints import shifts_as_a_whole
from ..minimum_image import MinimumImage
from ..superposition import superpose
from .finding import Finding, Severity
from .held import about_ends
from .vectors import in_its_vectors

_LAST_DIGITS = 0.02
"""In Å: cells that differ by less were relaxed separately, or written with few digits."""

_CROSSED = 1.0
"""In Å: shorter than any lattice vector, longer than any difference in the shift of the whole."""

_ROOM = 3.5
"""In Å: a molecule farther than this from its images is alone."""


def cell(start: Atoms, end: Atoms) -> Finding | None:
    """No cell, another one, or one that differs by its last digits."""
    boxless = not end.pbc.any() and not np.asarray(end.cell).any()
    if start.pbc.any() and boxless:
        taken = Atoms.copy(end)
        taken.cell, taken.pbc = start.cell.copy(), start.pbc.copy()
        return Finding(
            "cell",
            Severity.STOP,
            "the product has no cell but the reactant is periodic, probably because the file "
            "format keeps none",
            "pass --fix to take the reactant's",
            (start, taken),
            "the reactant's was taken",
        )
    difference = cell_difference(start, end)
    if SAME_CELL <= difference < _LAST_DIGITS and (start.pbc == end.pbc).all():
        taken = Atoms.copy(end)
        taken.set_constraint()
        taken.set_cell(start.cell, scale_atoms=True)
        taken.set_constraint(end.constraints)
        return Finding(
            "cell",
            Severity.STOP,
            f"the cells of the two ends differ by {difference:.2g} Å, as after separate "
            "relaxations or rounding",
            "a path has one cell: pass --fix to take the reactant's, with the product's atoms "
            "scaled along, and relax the product in it",
            (start, taken),
            "the reactant's was taken, with the product's atoms scaled along; relax the product",
        )
    same = in_its_vectors(start, end, _LAST_DIGITS) if difference > _LAST_DIGITS else None
    if same is not None:
        return Finding(
            "cell",
            Severity.STOP,
            f"the product's cell is the reactant's {same[1]}",
            "pass --fix to take the reactant's",
            (start, same[0]),
            "the reactant's was taken",
        )
    bare = Atoms.copy(end)
    del bare.constraints
    bare.positions = start.positions
    found = compared(start, bare)
    return Finding("cell", Severity.STOP, *about_ends(found[0])) if found else None


def wrapping(start: Atoms, end: Atoms) -> Finding | None:
    """Atoms that left the cell on one side and came in on the other."""
    if not start.pbc.any():
        return None
    placed = superpose(start, end)
    moved = placed.positions - end.positions
    if shifts_as_a_whole(start):
        moved = moved - np.median(moved, axis=0)  # a shift of the whole is no crossing
    crossing = np.flatnonzero(np.abs(moved).max(axis=1) > _CROSSED)
    if not len(crossing):
        return None
    are = "is" if len(crossing) == 1 else "are"
    return Finding(
        "wrapping",
        Severity.NOTE,
        f"in the product {listed(crossing)} {are} on the other side of the cell",
        "the images nearest to the reactant are taken",
        (start, placed),
    )


def half_cell(start: Atoms, end: Atoms) -> Finding | None:
    """Atoms whose nearest image is a matter of rounding."""
    if not start.pbc.any():
        return None
    nearest = MinimumImage.of(start)(superpose(start, end).positions - start.positions)
    fractions = np.abs(start.cell.scaled_positions(nearest)[:, start.pbc])
    torn = np.flatnonzero((fractions > 0.45).any(axis=1))
    if not len(torn):
        return None
    return Finding(
        "wrapping",
        Severity.NOTE,
        f"{listed(torn)} {'moves' if len(torn) == 1 else 'move'} by half a cell, so that both "
        "directions are equally long",
        "the direction is that in which the files place them: shift by a cell for the other one, "
        "or use a larger cell",
    )


def lone_molecule(start: Atoms, end: Atoms) -> Finding | None:
    """A molecule that meets none of its images: only the cell keeps it from turning."""
    if not start.pbc.any() or not shifts_as_a_whole(start):
        return None
    if not (_is_alone(start) and _is_alone(end)):
        return None
    return Finding(
        "periodicity",
        Severity.NOTE,
        "the structure is one molecule alone in a periodic box, in which it cannot be turned",
        "where the calculator does not need the box switch periodicity off in both files "
        "(`atoms.pbc = False`), so that the ends are laid on each other",
    )


def _is_alone(atoms: Atoms) -> bool:
    """Whether the atoms hang together and none is near an image of another part of the whole."""
    n, image = len(atoms), MinimumImage.of(atoms)
    pairs = bonds(atoms)
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (n, n))
    if connected_components(graph, directed=False)[0] > 1:
        return False
    # made whole along its bonds, a molecule is near to itself only where it stands
    whole = Atoms(atoms.numbers, _made_whole(atoms.positions, pairs, image), cell=atoms.cell)
    whole.pbc = image.pbc
    return not neighbor_list("S", whole, _ROOM).any()


def _made_whole(positions: np.ndarray, pairs: np.ndarray, image: MinimumImage) -> np.ndarray:
    """Positions with each atom at the image next to the atom that it hangs on."""
    whole, known = positions.copy(), np.zeros(len(positions), dtype=bool)
    known[0] = True
    links = np.concatenate([pairs, pairs[:, ::-1]])
    while True:
        fresh = links[known[links[:, 0]] & ~known[links[:, 1]]]
        if not len(fresh):
            return whole
        vectors = image(positions[fresh[:, 1]] - positions[fresh[:, 0]])
        whole[fresh[:, 1]] = whole[fresh[:, 0]] + vectors
        known[fresh[:, 1]] = True
