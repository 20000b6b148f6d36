r"""Whether two structures of one system are the same: the symmetries of its energy, and which fits.

What leaves the energy depends on what is periodic or held:

- nothing: every turn and shift, exchange of like atoms, and (where asked) the mirror image;
- a cell, nothing held: every shift, lattice translations of single atoms, exchange of like atoms;
- held atoms: the shifts that lay the held atoms on each other (a surface's own translations),
  lattice translations and exchange of like atoms that are free alike.

In the last two cases a shift lays some atom of the rarest kind on another one of it, which leaves
as many shifts to try as there are such atoms. Rotations that map a cell to itself are not tried.
"""

from collections.abc import Iterator

import numpy as np
from ase import Atoms

from .coincidence import coinciding
from .minimum_image import MinimumImage
from .placing import Placing, matched, nearest

_SAME_HELD = 1e-3
"""In Å: held atoms laid on each other by a surface's translation agree to this."""


class Identity:
    """The symmetries of one system, and the comparison of structures up to them.

    Parameters
    ----------
    kinds : ndarray of int (n,)
        Atoms that may be exchanged have the same; those of one element and equally free.
    held : ndarray of bool (n,)
        Atoms that cannot move.
    template : ndarray (n, 3)
        Positions with the held atoms at their places.
    image : MinimumImage
        Of the system's cell.
    whole : bool
        Whether rotations of all atoms leave the energy: nothing is periodic or held.
    """

    def __init__(
        self,
        kinds: np.ndarray,
        held: np.ndarray,
        template: np.ndarray,
        image: MinimumImage,
        whole: bool,
    ) -> None:
        self._kinds, self._held, self._template = kinds, held, template
        self._image, self._whole = image, whole
        self._held_shifts: list[np.ndarray] | None = None

    @classmethod
    def of(cls, atoms: Atoms, is_free: np.ndarray, image: MinimumImage) -> "Identity":
        """That of a structure of which the coordinates `is_free` (n, 3) can move."""
        labels = np.column_stack([atoms.numbers, is_free])
        _, kinds = np.unique(labels, axis=0, return_inverse=True)
        whole = not atoms.pbc.any() and bool(is_free.all())
        held = np.asarray(~is_free.any(axis=1))
        return cls(kinds.reshape(-1), held, atoms.positions.copy(), image, whole)

    def coinciding(
        self, target: np.ndarray, positions: np.ndarray, tol: float, *, mirror: bool, labelled: bool
    ) -> Placing | None:
        """The symmetry that lays each atom within `tol` of a like one's place, if there is one."""
        kinds = np.arange(len(self._kinds)) if labelled else self._kinds
        if self._whole:
            return coinciding(kinds, target, positions, tol, mirror=mirror)
        for shift in self._shifts(target, positions, labelled):
            placing = self._shifted(kinds, target, positions, shift, tol)
            if placing is not None:
                return placing
        return None

    def nearest(self, target: np.ndarray, positions: np.ndarray, *, mirror: bool) -> Placing:
        """The symmetry that lays one structure nearest to another, shifts of surfaces left out."""
        if self._whole:
            return nearest(self._kinds, target, positions, mirror=mirror)
        return self._placing(self._kinds, target, positions, np.zeros(3))

    def _shifts(
        self, target: np.ndarray, positions: np.ndarray, labelled: bool
    ) -> Iterator[np.ndarray]:
        yield np.zeros(3)
        if self._held.any():
            if not labelled:
                yield from self._shifts_of_held()
            return
        if labelled:
            yield target[0] - positions[0]
            return
        own = _rarest(self._kinds)
        yield from target[own[0]] - positions[own]

    def _shifts_of_held(self) -> list[np.ndarray]:
        """The translations that lay all held atoms on like ones."""
        if self._held_shifts is None:
            kinds, places = self._kinds[self._held], self._template[self._held]
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
        gaps = self._distances(places, others)
        gaps = np.where(kinds[:, None] == other_kinds, gaps, np.inf)
        return bool((gaps.min(axis=1) <= within).all())

    def _distances(self, places: np.ndarray, others: np.ndarray) -> np.ndarray:
        return np.asarray(np.linalg.norm(self._image(others - places[:, None]), axis=-1))

    def _shifted(
        self,
        kinds: np.ndarray,
        target: np.ndarray,
        positions: np.ndarray,
        shift: np.ndarray,
        tol: float,
    ) -> Placing | None:
        """The placing near a shift; None if an atom is off by more than `tol`."""
        # a shift that lays one atom in its place exactly is off by as much as that atom was
        loose = tol if self._held.any() else 2 * tol
        free = ~self._held
        if not self._close(kinds[free], target[free], kinds, positions + shift, loose):
            return None
        placing = self._placing(kinds, target, positions, shift)
        gaps = placing(positions) - target
        if not self._held.any():
            gaps = gaps - gaps.mean(axis=0)
        return placing if np.linalg.norm(gaps, axis=-1).max() <= tol else None

    def _placing(
        self, kinds: np.ndarray, target: np.ndarray, positions: np.ndarray, shift: np.ndarray
    ) -> Placing:
        shifted = positions + shift
        order = matched(kinds, target, shifted, self._distances)
        straight = shifted[order] - target
        images = self._image(straight) - straight
        if not self._held.any():
            images = images - (straight + images).mean(axis=0)
        return Placing(order, np.eye(3), shift + images)


def _rarest(kinds: np.ndarray) -> np.ndarray:
    """The indices of the atoms of the kind with the fewest."""
    values, counts = np.unique(kinds, return_counts=True)
    return np.flatnonzero(kinds == values[counts.argmin()])
