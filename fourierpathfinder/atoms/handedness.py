r"""Groups of atoms that distances would let turn inside out on a path, and what holds them.

Distances tell nothing of left and right. Where a group turns by half a turn, the straight line
squeezes it flat, and from there a first path by distances alone may lead it back into either form:
a methyl group goes inside out and comes back, over many eV, where it only has to turn. What tells
the two forms apart is the signed volume of four atoms,

.. math:: V = (r_1 - r_4) \cdot [(r_2 - r_4) \times (r_3 - r_4)],

which should change linearly along the path:

.. math:: \sum_q \frac{(V_q(t) - (1-t) V_q(0) - t\, V_q(1))^2}{s_q^8},
          \quad s_q^3 = \min(|V_q(0)|, |V_q(1)|) .

The power of s gives it the unit of the image-dependent pair potential, Å^-2.
"""

from dataclasses import dataclass

import numpy as np
from ase import Atoms

from .bonds import bonds, neighbours_of
from .pairs import AtomPairs, Image

_LEAST = 0.3
"""Four atoms of less volume, in units of that spanned by three right angles at the fourth, are
nearly flat: a tetrahedron's neighbours have 0.7, an ammonia's 0.8."""

_CENTRES = (3, 4)
"""How many neighbours an atom has around which there is such a group: with two it is flat, and in
a metal, where it has more, nothing turns inside out."""


@dataclass(frozen=True, eq=False)
class Groups:
    """Groups of four atoms which have the same handedness at both ends of a path.

    They are the four neighbours of an atom, or its three neighbours and itself.

    Attributes
    ----------
    pairs : AtomPairs
        From the atom in the middle of each group to the group's four.
    ends : array (2, k)
        The groups' volumes at the start and at the end, in Å³.
    """

    pairs: AtomPairs
    ends: np.ndarray

    @classmethod
    def of(cls, start: Atoms, end: Atoms, image: Image) -> "Groups":
        """The groups around the atoms that keep three or four neighbours."""
        found = _around(start, end)
        pairs = _pairs(found, len(start), image)
        edges = _edges(pairs.vectors(np.stack([start.positions, end.positions])))
        volumes = np.linalg.det(edges)
        shapes = volumes / np.linalg.norm(edges, axis=-1).prod(axis=-1)
        kept = (np.abs(shapes) > _LEAST).all(axis=0) & (volumes[0] * volumes[1] > 0)
        return cls(_pairs(found[kept], len(start), image), volumes[:, kept])

    def __len__(self) -> int:
        return int(self.ends.shape[1])

    def n_turned(self, positions: np.ndarray) -> int:
        """How many of the groups are inside out anywhere on a path, at `positions` (M, n, 3)."""
        volumes = np.linalg.det(_edges(self.pairs.vectors(positions)))
        return int((volumes * self.ends[0] < 0).any(axis=0).sum())

    def misfit(self, positions: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The sum above (M,) at `positions` (M, n, 3) and `times` (M,), and its derivatives."""
        first, second, third = np.moveaxis(_edges(self.pairs.vectors(positions)), -2, 0)
        faces = [np.cross(second, third), np.cross(third, first), np.cross(first, second)]
        wanted = (1 - times)[:, None] * self.ends[0] + times[:, None] * self.ends[1]
        misfit = (first * faces[0]).sum(axis=-1) - wanted
        weights = np.abs(self.ends).min(axis=0) ** (-8 / 3)
        sides = np.stack([*faces, -np.sum(faces, axis=0)], axis=-2)
        slopes = (2 * weights * misfit)[..., None, None] * sides
        values = (weights * misfit**2).sum(axis=-1)
        return values, self.pairs.pull_back(slopes.reshape(len(times), -1, 3))


def _around(start: Atoms, end: Atoms) -> np.ndarray:
    """Each group's four atoms, and the one in their middle (k, 5), where both ends have it."""
    ours, theirs = (neighbours_of(bonds(atoms, metals=False), len(atoms)) for atoms in (start, end))
    shared = [sorted({*a} & {*b}) for a, b in zip(ours, theirs, strict=True)]
    found = [
        [*[*near, atom][:4], atom] for atom, near in enumerate(shared) if len(near) in _CENTRES
    ]
    return np.array(found, dtype=int).reshape(-1, 5)


def _pairs(groups: np.ndarray, n_atoms: int, image: Image) -> AtomPairs:
    """From each middle to its four, so that what is across a small cell is not taken for near."""
    return AtomPairs(np.repeat(groups[:, 4], 4), groups[:, :4].ravel(), n_atoms, image)


def _edges(vectors: np.ndarray) -> np.ndarray:
    """From each group's fourth atom to the others (..., k, 3, 3), of vectors (..., 4k, 3)."""
    four = vectors.reshape(*vectors.shape[:-2], -1, 4, 3)
    return np.asarray(four[..., :3, :] - four[..., 3:, :])
