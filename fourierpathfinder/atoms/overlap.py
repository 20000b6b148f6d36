r"""What stands in for the calculator where atoms overlap.

Electronic-structure codes fail, and some end the whole process, when nuclei nearly coincide. Two
atoms nearer than c (R_i + R_j), R the covalent radii and c = 0.62, are below every true bond
(H-H 0.38 Å, C≡N 0.91 Å, Al-Au 1.59 Å). There the energy is instead

.. math:: E_0 + A \sum_{ij} \bigl[1 - (d_{ij}/s_{ij})^2\bigr]_+^2,
          \qquad s_{ij} = \tfrac{4}{3} c\, (R_i + R_j),

which is smooth in all positions, finite at d = 0, and lies 10 eV above the reference E_0 at the
distance of contact, rising there by 83 eV / (R_i + R_j).
"""

import numpy as np
from ase.data import chemical_symbols, covalent_radii

from .minimum_image import MinimumImage
from .neighbours import Neighbours
from .pairs import AtomPairs

_REACH = 4 / 3
"""Where the repulsion sets in, in distances of contact: still shorter than bonds."""

_HEIGHT_AT_CONTACT = 10.0
"""In eV: above what a sensible path climbs, below what would drown everything else."""


_FEW = 20_000
"""Up to this many pairs all are looked at; of more only those that a tree of the atoms finds."""


class OverlapGuard:
    """Recognises overlapping atoms and gives a repulsive energy for them.

    Parameters
    ----------
    movable : array of bool (n,)
        Which atoms can move; two that cannot are not looked at.
    image : MinimumImage
        Of the cell.
    numbers : array of int (n,)
        The atomic numbers.
    contact : float
        The fraction of the summed covalent radii below which two atoms overlap; 0 for never.
    """

    def __init__(
        self, movable: np.ndarray, image: MinimumImage, numbers: np.ndarray, contact: float
    ) -> None:
        self._movable, self._image = np.asarray(movable), image
        self._numbers, self._contact = numbers, contact
        radii = covalent_radii[numbers]
        self._within = 2 * _REACH * contact * float(radii.max(initial=0))
        n_pairs = int(self._movable.sum()) * len(numbers)
        self._every = AtomPairs.of_movable(self._movable, image) if n_pairs <= _FEW else None

    def triggers(self, positions: np.ndarray) -> bool:
        """Whether any two atoms overlap at `positions` (n, 3)."""
        _, squared, closest = self._near(positions)
        return bool((squared < closest**2).any())

    def overlaps(self, positions: np.ndarray) -> list[str]:
        """One sentence for each two atoms that overlap at `positions` (n, 3), in Å.

        Of many atoms only the nearest to each are told where these overlap: all pairs of a
        structure that has collapsed are more than any memory holds.
        """
        if own := self._of_own_images():
            return own
        told = self._told(*self._measured(self._nearest(positions), positions))
        return told or self._told(*self._near(positions))

    def refuse(self, positions: np.ndarray, name: str) -> None:
        """Raise a ValueError where atoms overlap at `positions` (n, 3) of what has this name."""
        overlaps = self.overlaps(positions)
        if overlaps:
            raise ValueError(
                f"{name} cannot be calculated: {overlaps[0]}; correct the structure, or pass a "
                "smaller `contact` if this calculator's atoms are smaller"
            )

    def _of_own_images(self) -> list[str]:
        """Of a cell so small that atoms overlap their own images: these cannot be counted."""
        radii = covalent_radii[self._numbers]
        closest = 2 * self._contact * np.where(self._movable, radii, 0)
        shortest = self._image.shortest
        found = np.flatnonzero(closest > shortest)[:1].tolist()
        return [
            f"atom {atom} ({chemical_symbols[self._numbers[atom]]}) is {shortest:.2g} Å "
            f"from its own image in the next cell, nearer than {self._contact:g} of twice its "
            f"covalent radius ({closest[atom]:.2f} Å)"
            for atom in found
        ]

    def _told(self, pairs: AtomPairs, squared: np.ndarray, closest: np.ndarray) -> list[str]:
        return [
            self._sentence(pairs, pair, float(np.sqrt(squared[pair])), float(closest[pair]))
            for pair in np.flatnonzero(squared < closest**2).tolist()
        ]

    def value_and_grad(self, positions: np.ndarray) -> tuple[float, np.ndarray]:
        """The repulsion above the reference energy, in eV, and its gradient (n, 3) in eV/Å."""
        pairs, _, closest = self._near(positions)
        vectors = pairs.vectors(positions, self._within)
        reach = _REACH * closest
        depth = np.maximum(1 - ((vectors / reach[:, None]) ** 2).sum(axis=-1), 0)
        height = _HEIGHT_AT_CONTACT / (1 - 1 / _REACH**2) ** 2
        slopes = (-4 * height * depth / reach**2)[:, None] * vectors
        return float(height * (depth**2).sum()), pairs.pull_back(slopes)

    def _near(self, positions: np.ndarray) -> tuple[AtomPairs, np.ndarray, np.ndarray]:
        """The pairs that may overlap, their squared distances and their distances of contact."""
        pairs = self._every
        if pairs is None:
            # with a contact of 0 nothing is near; a tree cannot have no reach at all
            within = max(self._within, 1e-6)
            pairs = AtomPairs.near(positions[None], self._movable, self._image, within)
        return self._measured(pairs, positions)

    def _nearest(self, positions: np.ndarray) -> AtomPairs:
        """Each atom that can move with the nearest other one, where that may overlap it."""
        if self._every is not None:
            return self._every
        moving = np.flatnonzero(self._movable)
        around = Neighbours(positions, self._image, max(self._within, 1e-6))
        others = around.nearest_other(moving, positions)
        found = others < len(positions)
        pairs = np.sort(np.stack([moving[found], others[found]], axis=1), axis=1)
        first, second = np.unique(pairs, axis=0).T
        return AtomPairs(first, second, len(positions), self._image)

    def _measured(
        self, pairs: AtomPairs, positions: np.ndarray
    ) -> tuple[AtomPairs, np.ndarray, np.ndarray]:
        radii = covalent_radii[self._numbers]
        closest = self._contact * (radii[pairs.first] + radii[pairs.second])
        squared = (pairs.vectors(positions, self._within) ** 2).sum(axis=-1)
        return pairs, squared, closest

    def _sentence(self, pairs: AtomPairs, pair: int, distance: float, closest: float) -> str:
        atoms = (int(pairs.first[pair]), int(pairs.second[pair]))
        i, j = (f"{atom} ({chemical_symbols[self._numbers[atom]]})" for atom in atoms)
        return (
            f"atoms {i} and {j} are {distance:.2f} Å apart, nearer than {self._contact:g} of "
            f"their summed covalent radii ({closest:.2f} Å)"
        )
