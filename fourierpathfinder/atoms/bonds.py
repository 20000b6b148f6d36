"""Which atoms are bonded, by their distances alone: d_ij < R_i + R_j + 0.4 Å, R covalent radii.

That is the criterion of structure databases. Between two metal atoms it says little, as their
distances spread; such pairs can be left out.
"""

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.data import covalent_radii

from .minimum_image import MinimumImage
from .neighbours import Neighbours

_SLACK = 0.4
"""In Å: the tolerance of the Cambridge Structural Database."""

_IN_BULK = 3
"""Metal neighbours of an atom in a piece of metal; in complexes it has fewer."""

_NONMETALS = np.isin(
    np.arange(len(covalent_radii)),
    [1, 2, 5, 6, 7, 8, 9, 10, 14, 15, 16, 17, 18, 33, 34, 35, 36, 52, 53, 54],
)


@dataclass(frozen=True, eq=False)
class BondChange:
    """The bonds by which two structures of the same atoms differ.

    Parameters
    ----------
    broken, made : ndarray of int (b, 2)
        Pairs i < j that are bonded in the first structure only, and in the second only.
    """

    broken: np.ndarray
    made: np.ndarray

    def __len__(self) -> int:
        return len(self.broken) + len(self.made)


def bonds(atoms: Atoms, *, metals: bool = True) -> np.ndarray:
    """The bonded pairs i < j (b, 2), sorted.

    Parameters
    ----------
    atoms : ase.Atoms
        The structure.
    metals : bool
        Whether two metal atoms count as bonded where they are near.

    Examples
    --------
    >>> from ase.build import molecule
    >>> bonds(molecule("H2O")).tolist()
    [[0, 1], [0, 2]]
    """
    radii, image = covalent_radii[atoms.numbers], MinimumImage.of(atoms)
    reach = 2 * float(radii.max(initial=0)) + _SLACK
    i, j = Neighbours(atoms.positions, image, reach).pairs(reach)
    vectors = image(atoms.positions[j] - atoms.positions[i])
    near = np.linalg.norm(vectors, axis=1) < radii[i] + radii[j] + _SLACK
    if not metals:
        near &= _NONMETALS[atoms.numbers[i]] | _NONMETALS[atoms.numbers[j]]
    return np.stack([i[near], j[near]], axis=1)


def telling_bonds(atoms: Atoms, bulk: np.ndarray) -> np.ndarray:
    """The bonded pairs (b, 2) without those of two metal atoms, and of elements that are `bulk`."""
    pairs = bonds(atoms, metals=False)
    return np.asarray(pairs[~np.isin(atoms.numbers[pairs], bulk).any(axis=1)])


def bulk_metals(atoms: Atoms) -> np.ndarray:
    """The elements of which a piece of metal is made: an atom has three metal neighbours at least.

    Which of its atoms something sits on changes with every hop, and says nothing of their order.
    """
    pairs = bonds(atoms)
    metallic = pairs[~_NONMETALS[atoms.numbers[pairs]].any(axis=1)]
    counts = np.bincount(metallic.ravel(), minlength=len(atoms))
    return np.unique(atoms.numbers[counts >= _IN_BULK])


def bond_change(before: np.ndarray, after: np.ndarray, n_atoms: int) -> BondChange:
    """What two lists of bonds (b, 2) differ in; pairs may be in any order."""
    first, second = (np.sort(pairs, axis=1) @ [n_atoms, 1] for pairs in (before, after))
    lost, gained = np.setdiff1d(first, second), np.setdiff1d(second, first)
    return BondChange(_pairs(lost, n_atoms), _pairs(gained, n_atoms))


def _pairs(codes: np.ndarray, n_atoms: int) -> np.ndarray:
    return np.stack([codes // n_atoms, codes % n_atoms], axis=1)


def neighbours_of(pairs: np.ndarray, n_atoms: int) -> list[list[int]]:
    """For each atom those it is bonded to, in ascending order."""
    found: list[list[int]] = [[] for _ in range(n_atoms)]
    for i, j in pairs.tolist():
        found[i].append(j)
        found[j].append(i)
    return [sorted(near) for near in found]
