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

from .pairs import AtomPairs

_REACH = 4 / 3
"""Where the repulsion sets in, in distances of contact: still shorter than bonds."""

_HEIGHT_AT_CONTACT = 10.0
"""In eV: above what a sensible path climbs, below what would drown everything else."""


class OverlapGuard:
    """Recognises overlapping atoms and gives a repulsive energy for them.

    Parameters
    ----------
    pairs : AtomPairs
        The pairs to watch.
    numbers : array of int (n,)
        The atomic numbers.
    contact : float
        The fraction of the summed covalent radii below which two atoms overlap; 0 for never.
    """

    def __init__(self, pairs: AtomPairs, numbers: np.ndarray, contact: float) -> None:
        self._pairs = pairs
        self._numbers = numbers
        self._contact = contact
        radii = covalent_radii[numbers]
        self._closest = contact * (radii[pairs.first] + radii[pairs.second])
        self._within = _REACH * self._closest.max(initial=0)

    def triggers(self, positions: np.ndarray) -> bool:
        """Whether any two atoms overlap at `positions` (n, 3)."""
        return bool((self._squared_distances(positions) < self._closest**2).any())

    def overlaps(self, positions: np.ndarray) -> list[str]:
        """One sentence for each two atoms that overlap at `positions` (n, 3), in Å."""
        distances = np.sqrt(self._squared_distances(positions))
        return [
            self._sentence(pair, distances[pair])
            for pair in np.flatnonzero(distances < self._closest).tolist()
        ]

    def value_and_grad(self, positions: np.ndarray) -> tuple[float, np.ndarray]:
        """The repulsion above the reference energy, in eV, and its gradient (n, 3) in eV/Å."""
        vectors = self._pairs.vectors(positions, self._within)
        reach = _REACH * self._closest
        depth = np.maximum(1 - ((vectors / reach[:, None]) ** 2).sum(axis=-1), 0)
        height = _HEIGHT_AT_CONTACT / (1 - 1 / _REACH**2) ** 2
        slopes = (-4 * height * depth / reach**2)[:, None] * vectors
        return float(height * (depth**2).sum()), self._pairs.pull_back(slopes)

    def _squared_distances(self, positions: np.ndarray) -> np.ndarray:
        return np.asarray((self._pairs.vectors(positions, self._within) ** 2).sum(axis=-1))

    def _sentence(self, pair: int, distance: float) -> str:
        atoms = (int(self._pairs.first[pair]), int(self._pairs.second[pair]))
        i, j = (f"{atom} ({chemical_symbols[self._numbers[atom]]})" for atom in atoms)
        return (
            f"atoms {i} and {j} are {distance:.2f} Å apart, nearer than {self._contact:g} of "
            f"their summed covalent radii ({self._closest[pair]:.2f} Å)"
        )
