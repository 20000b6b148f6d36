r"""Whether two structures of one system are the same: the symmetries of its energy, and which fits.

What leaves the energy depends on what is periodic or fixed:

- nothing: all rotations and translations, exchange of identical atoms, and (where asked) the
  mirror image;
- a cell, nothing fixed: every shift, lattice translations of single atoms, exchange of identical
  atoms;
- fixed atoms: the shifts that map the fixed atoms onto each other (a surface's own translations),
  lattice translations and exchange of identical atoms that are free alike.

In the last two cases a shift lays some atom of the rarest kind on another one of it, which leaves
as many shifts to try as there are such atoms. Rotations that map a cell to itself are not tried.
"""

from collections.abc import Iterator

import numpy as np
from ase import Atoms

from .alignment import Alignment
from .assignment import matched
from .cluster import FreeCluster, Symmetries, labels
from .constraints import moves_as_a_whole, pulled, shifts_as_a_whole
from .free_space import FreeSpace
from .minimum_image import MinimumImage
from .neighbours import Neighbours
from .shifts import shifted_nearest, shifted_order

_SAME_HELD = 1e-3
"""In Å: fixed atoms superposed by a surface's translation agree to this."""


def symmetries_of(atoms: Atoms, space: FreeSpace, image: MinimumImage) -> Symmetries:
    """Those of a structure whose atoms can move within `space`, in a cell with that `image`."""
    own = np.zeros(len(atoms), dtype=int)
    own[pulled(atoms)] = 1 + pulled(atoms)
    blocks = space.atom_blocks().reshape(len(atoms), 9).round(6) + 0.0  # no negative zeros
    labels = np.column_stack([atoms.numbers, own, blocks])
    kinds = np.unique(labels, axis=0, return_inverse=True)[1].reshape(-1)
    if moves_as_a_whole(atoms):
        return FreeCluster(kinds)
    held, template = ~space.movable, atoms.positions.copy()
    return BoundSystem(kinds, held, template, image, shifts_as_a_whole(atoms))


class BoundSystem:
    """The symmetries of a system in a cell or with fixed atoms.

    Parameters
    ----------
    kinds : ndarray of int (n,)
        Atoms that may be exchanged have the same; those of one element and equally free.
    held : ndarray of bool (n,)
        Atoms that cannot move.
    template : ndarray (n, 3)
        Positions with the fixed atoms at their places.
    image : MinimumImage
        Of the system's cell.
    shifts : bool
        Whether shifts of all atoms leave the energy and what is fixed.
    """

    def __init__(
        self,
        kinds: np.ndarray,
        held: np.ndarray,
        template: np.ndarray,
        image: MinimumImage,
        shifts: bool,
    ) -> None:
        self.kinds, self._held, self._template = kinds, held, template
        self._image, self._shifts_freely = image, shifts
        self._held_shifts: list[np.ndarray] | None = None

    def coinciding(
        self, target: np.ndarray, positions: np.ndarray, tol: float, *, mirror: bool, labelled: bool
    ) -> Alignment | None:
        """The symmetry that lays each atom within `tol` of a like one's place, if there is one."""
        kinds = labels(self.kinds, labelled=labelled)
        for shift in self._shifts(target, positions, labelled):
            alignment = self._shifted(kinds, target, positions, shift, tol)
            if alignment is not None:
                return alignment
        return None

    def nearest(
        self,
        target: np.ndarray,
        positions: np.ndarray,
        *,
        mirror: bool,
        labelled: bool = False,
    ) -> Alignment:
        """The symmetry that lays one structure nearest to another, shifts of surfaces left out."""
        kinds, shift = labels(self.kinds, labelled=labelled), np.zeros(3)
        if self._shifts_freely:
            order = kinds if labelled else shifted_order(kinds, target, positions, self._image)
            first = int(order[0])
            shift = shifted_nearest(target, positions[order], self._image)[0] - positions[first]
        return self._aligned(kinds, target, positions, shift)

    def _shifts(
        self, target: np.ndarray, positions: np.ndarray, labelled: bool
    ) -> Iterator[np.ndarray]:
        yield np.zeros(3)
        if not self._shifts_freely:
            if self._held.any() and not labelled:
                yield from self._shifts_of_held()
            return
        if labelled:
            aligned = shifted_nearest(target, positions, self._image)
            yield aligned[0] - positions[0]
            return
        own = _rarest(self.kinds)
        yield from target[own[0]] - positions[own]

    def _shifts_of_held(self) -> list[np.ndarray]:
        """The translations that lay all fixed atoms on identical ones."""
        if self._held_shifts is None:
            kinds, places = self.kinds[self._held], self._template[self._held]
            own = _rarest(kinds)
            shifts = self._image(places[own[0]] - places[own[1:]])
            self._held_shifts = [
                shift for shift in shifts if self._same_held(kinds, places, places + shift)
            ]
        return self._held_shifts

    def _same_held(self, kinds: np.ndarray, places: np.ndarray, shifted: np.ndarray) -> bool:
        return self._close(kinds[:8], places[:8], kinds, shifted, _SAME_HELD) and self._close(
            kinds, places, kinds, shifted, _SAME_HELD
        )

    def _close(
        self,
        kinds: np.ndarray,
        places: np.ndarray,
        other_kinds: np.ndarray,
        others: np.ndarray,
        within: float,
    ) -> bool:
        """Whether near each place there is a like atom among the others."""
        values, first, counts = np.unique(other_kinds, return_index=True, return_counts=True)
        place = np.searchsorted(values, kinds)
        alone = counts[place] == 1
        vectors = self._image(others[first[place[alone]]] - places[alone])
        if not (np.linalg.norm(vectors, axis=-1) <= within).all():
            return False
        for kind in np.unique(kinds[~alone]):
            around = Neighbours(others[other_kinds == kind], self._image, 1.01 * within)
            if not (around.nearest(places[kinds == kind])[0] <= within).all():
                return False
        return True

    def _shifted(
        self,
        kinds: np.ndarray,
        target: np.ndarray,
        positions: np.ndarray,
        shift: np.ndarray,
        tol: float,
    ) -> Alignment | None:
        """The alignment near a shift; None if an atom is off by more than `tol`."""
        # a shift that lays one atom in its place exactly is off by as much as that atom was
        loose = 2 * tol if self._shifts_freely else tol
        free = ~self._held
        if not self._close(kinds[free], target[free], kinds, positions + shift, loose):
            return None
        alignment = self._aligned(kinds, target, positions, shift)
        gaps = alignment(positions) - target
        return alignment if np.linalg.norm(gaps, axis=-1).max() <= tol else None

    def _aligned(
        self, kinds: np.ndarray, target: np.ndarray, positions: np.ndarray, shift: np.ndarray
    ) -> Alignment:
        shifted = positions + shift
        order = matched(kinds, target, shifted, self._image)
        straight = shifted[order] - target
        images = self._image(straight) - straight
        if self._shifts_freely:
            images = images - (straight + images).mean(axis=0)
        return Alignment(order, np.eye(3), shift + images)


def _rarest(kinds: np.ndarray) -> np.ndarray:
    """The indices of the atoms of the kind with the fewest."""
    values, counts = np.unique(kinds, return_counts=True)
    return np.flatnonzero(kinds == values[counts.argmin()])
