"""The chirality of a structure: what a path can only change by breaking a bond or by inversion.

An atom with four neighbours has the sign of their signed volume

    (r_1 - r_4) · [(r_2 - r_4) × (r_3 - r_4)],

an axis between two flat atoms of three neighbours, as in allenes and twisted biaryls, that of

    (r_1 - r_2) · [a × (r_3 - r_4)],

a along the axis, r_1 and r_2 the neighbours at one end, r_3 and r_4 those at the other. Pyramids of
three neighbours (amines) and torsions about bonds of atoms with two (peroxides) invert in ordinary
processes and count as achiral here, as do helices as a whole.
"""

from collections.abc import Iterator

import numpy as np
from ase import Atoms

from .bonds import bonds, neighbours_of
from .minimum_image import MinimumImage

_FLAT = 0.3
"""The three unit vectors from a flat atom to its neighbours add up to less than this; in a
tetrahedron without its fourth neighbour they add up to 1."""

_STRAIGHT = -0.9
"""The cosine between the two bonds of an atom within an axis is below this."""

_LEAST_CENTRE = 1.0
"""A regular tetrahedron of unit vectors has a signed volume of 3.1; flat ones are achiral."""

_LEAST_AXIS = 0.7
"""The sine of 45°: axes twisted less, or by almost half a turn, invert too easily."""


def chirality_signs(atoms: Atoms) -> dict[tuple[int, ...], float]:
    """The signed volumes of all chiral centres and axes.

    Returns
    -------
    dict
        For a centre (atom, its four neighbours); for an axis (its two end atoms, the two further
        neighbours of each). Neighbours are in ascending order, so that labels decide the sign.

    Examples
    --------
    >>> from ase.build import molecule
    >>> [list(chirality_signs(molecule(name))) for name in ("CH4", "C3H4_D2d")]
    [[(0, 1, 2, 3, 4)], [(1, 2, 3, 4, 5, 6)]]
    """
    bonds = _Bonds(atoms)
    centres = {(atom, *near): bonds.volume(atom) for atom, near in enumerate(bonds.of)
               if len(near) == 4}  # fmt: skip
    found = {key: value for key, value in centres.items() if abs(value) > _LEAST_CENTRE}
    for chain in bonds.axes():
        key, value = bonds.twist(chain)
        if abs(value) > _LEAST_AXIS:
            found[key] = value
    return found


class _Bonds:
    """Who is bonded to whom, and in which directions."""

    def __init__(self, atoms: Atoms) -> None:
        self.of = neighbours_of(bonds(atoms), len(atoms))
        self._positions = atoms.positions
        self._image = MinimumImage.of(atoms)

    def volume(self, atom: int) -> float:
        unit = self._directions(atom, self.of[atom])
        return float(np.linalg.det(unit[:3] - unit[3]))

    def axes(self) -> Iterator[list[int]]:
        """Chains of atoms from one flat atom straight to another."""
        ends = [atom for atom in range(len(self.of)) if self._is_flat(atom)]
        for start in ends:
            for follower in self.of[start]:
                chain = self._followed([start, follower])
                if chain[-1] > start and self._is_flat(chain[-1]):
                    yield chain

    def twist(self, chain: list[int]) -> tuple[tuple[int, ...], float]:
        """The key of an axis, and the sine of the angle between its two planes, signed."""
        start, end = chain[0], chain[-1]
        first = [atom for atom in self.of[start] if atom != chain[1]]
        last = [atom for atom in self.of[end] if atom != chain[-2]]
        along = self._directions(start, [chain[1]])[0]
        across = (self._across(start, first, along), self._across(end, last, along))
        return (start, end, *first, *last), float(across[0] @ np.cross(along, across[1]))

    def _across(self, atom: int, pair: list[int], along: np.ndarray) -> np.ndarray:
        first, second = self._directions(atom, pair)
        vector = first - second
        vector = vector - (vector @ along) * along
        return np.asarray(vector / np.linalg.norm(vector))

    def _followed(self, chain: list[int]) -> list[int]:
        while len(self.of[chain[-1]]) == 2 and self._is_straight(chain[-1]):
            following = next(atom for atom in self.of[chain[-1]] if atom != chain[-2])
            if following in chain:
                break
            chain = [*chain, following]
        return chain

    def _is_flat(self, atom: int) -> bool:
        unit = self._directions(atom, self.of[atom])
        return len(unit) == 3 and bool(np.linalg.norm(unit.sum(axis=0)) < _FLAT)

    def _is_straight(self, atom: int) -> bool:
        first, second = self._directions(atom, self.of[atom])
        return bool(first @ second < _STRAIGHT)

    def _directions(self, atom: int, others: list[int]) -> np.ndarray:
        vectors = self._image(self._positions[others] - self._positions[atom])
        return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))
