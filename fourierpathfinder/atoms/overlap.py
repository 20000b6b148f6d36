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
        """One sentence for each two atoms that overlap at `positions` (n, 3), in Å."""
        pairs, squared, closest = self._near(positions)
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
