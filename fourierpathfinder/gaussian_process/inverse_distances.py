"""Inverse distances between atoms to some power, φ_p = h(|d_p|²), with analytic derivatives.

    h(s) = s^{-q/2}                     for molecules and clusters, with the power q
    h(s) = s^{-q/2} (1 - s/c²)³         with a cutoff c; it reaches 0 with two derivatives
    d_p  = x_i - x_j + o_p              o_p: a lattice vector, or minus a frozen atom's position
    ∇_d φ = 2h' d,   ∇_d² φ = 2h' I + 4h'' d dᵀ

Each pair touches six coordinates at most, so with the signed incidence matrix B (pairs x
atoms) differences are B x, and gradients return by Bᵀ: two sparse products, whatever the
number of atoms.
"""

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from itertools import product

import numpy as np
import scipy

from .._arrays import Array
from .._lazy import cached_property
from .features import Linearisation

# Atoms on top of each other count as this far apart: far from all data, yet finite.
_CLOSEST = 1e-4


@dataclass(frozen=True)
class _Pairs:
    """Pairs of free atoms, or of a free and a frozen one (`second` = -1), and their offsets."""

    first: Array
    second: Array
    offset: Array

    def __getitem__(self, keep: Array) -> "_Pairs":
        return _Pairs(self.first[keep], self.second[keep], self.offset[keep])


class InverseDistances:
    """Inverse distances of free atoms among each other and to frozen atoms.

    Free of rotation and translation where nothing is frozen; relabelling identical atoms permutes
    the features (sorting them would cost the derivatives, so it is not offered).

    In a periodic cell every image within reach is a partner of its own, which is the minimum
    image where the cutoff is below half of the cell and has no kink where it is not. The list
    of pairs is drawn up once, at `reference`, with `margin` to spare: partners that stay
    beyond the cutoff cost nothing, and a free atom may move by half of `margin` from any of
    the reference points before a pair is missed. Points must be continuous: an atom that
    leaves the cell is not to be wrapped.

    Parameters
    ----------
    n_atoms : int
        Number of free atoms; coordinates are (M, 3 n_atoms).
    fixed_positions : array (F, 3), optional
        Positions of frozen atoms, in the coordinates' unit.
    cell : array (3, 3), optional
        Lattice vectors as rows; needed where `pbc` is true.
    pbc : sequence of 3 bools, optional
        Periodic directions; all of them where a cell is given.
    cutoff : float, optional
        Distance at which a feature vanishes; none for clusters, needed for periodic cells.
    reference : array (R, D), optional
        Points, such as both ends, that say which pairs come near; needed with a cutoff.
    margin : float
        What is added to the cutoff in drawing up the list of pairs.
    power : float
        Of the inverse distances: the larger, the less do far pairs count beside near ones.

    Raises
    ------
    ValueError
        Where a cutoff is missing, a shape is wrong, the power is not positive or no pair is
        within reach.

    Examples
    --------
    >>> triangle = np.array([[0.0, 0, 0, 2, 0, 0, 0, 4, 0]])
    >>> InverseDistances(3).linearise(triangle).values.round(4)
    array([[0.5   , 0.25  , 0.2236]])
    """

    def __init__(
        self,
        n_atoms: int,
        fixed_positions: Array | None = None,
        cell: Array | None = None,
        pbc: Array | None = None,
        cutoff: float | None = None,
        reference: Array | None = None,
        margin: float = 2.0,
        power: float = 1.0,
    ) -> None:
        fixed = np.zeros((0, 3)) if fixed_positions is None else np.asarray(fixed_positions, float)
        if fixed.ndim != 2 or fixed.shape[1] != 3:
            raise ValueError(f"`fixed_positions` has shape {fixed.shape}; it must be (F, 3)")
        periodic = np.full(3, cell is not None) if pbc is None else np.asarray(pbc, bool)
        if cutoff is None and periodic.any():
            raise ValueError("a periodic cell needs a `cutoff`, a distance such as 5.0")
        if (cutoff is None) != (reference is None):
            raise ValueError("`cutoff` and `reference` (points that say what is near) go together")
        self.n_atoms, self.cutoff, self.power = n_atoms, cutoff, _positive(power)
        pairs = _all_pairs(n_atoms, fixed)
        if cutoff is not None:
            points = np.asarray(reference, float).reshape(-1, n_atoms, 3)
            lattice = np.zeros((3, 3)) if cell is None else np.asarray(cell, float)
            pairs = _within(cutoff + margin, pairs, points, lattice, periodic)
        if len(pairs.first) == 0:
            raise ValueError(f"no pair of atoms is within the cutoff {cutoff}; raise it")
        self._set_pairs(pairs)

    def _set_pairs(self, pairs: _Pairs) -> None:
        n_pairs, rows = len(pairs.first), np.arange(len(pairs.first))
        free = pairs.second >= 0
        shape = (n_pairs, self.n_atoms)
        plus = scipy.sparse.csr_array((np.ones(n_pairs), (rows, pairs.first)), shape)
        minus = scipy.sparse.csr_array(
            (np.ones(free.sum()), (rows[free], pairs.second[free])), shape
        )
        self._offset, self._n_ends = pairs.offset, 1.0 + free
        self._is_shifted = bool(pairs.offset.any())
        self._difference = (plus - minus).tocsr()
        self._gather = self._difference.T.tocsr()
        self._transposed_jacobian = scipy.sparse.kron(self._gather, np.ones((3, 1)), "csr")
        self._blocks = _outer_incidence(pairs, self.n_atoms)

    def __repr__(self) -> str:
        """The settings that tell one from another, the same in every process."""
        cutoff = "" if self.cutoff is None else f", cutoff={self.cutoff}"
        power = "" if self.power == 1 else f", power={self.power:g}"
        settings = f"n_atoms={self.n_atoms}{cutoff}{power}, n_features={self.n_features}"
        return f"InverseDistances({settings})"

    def with_power(self, power: float) -> "InverseDistances":
        """The same pairs, to another power."""
        other = copy(self)
        other.power = _positive(power)
        return other

    @property
    def keeps_distances(self) -> bool:
        """No: near atoms count more than far ones."""
        return False

    @property
    def n_features(self) -> int:
        """P, the number of pairs."""
        return len(self._offset)

    def linearise(self, x: Array) -> Linearisation:
        """Features and Jacobians at the points `x` (M, D)."""
        d = self._apply(self._difference, _by_atom(x, self.n_atoms))
        if self._is_shifted:
            d += self._offset[:, :, None]
        squared = np.maximum(np.einsum("pam,pam->pm", d, d), _CLOSEST**2)
        h, slope = self._radial(squared)
        return _Distances(self, h, d, slope, squared)

    def _radial(self, s: Array) -> tuple[Array, Array]:
        """H and h' of the squared distance."""
        h = s ** (-self.power / 2)
        slope = -self.power / 2 * h / s
        if self.cutoff is None:
            return h, slope
        inside = np.maximum(1 - s / self.cutoff**2, 0)
        cubed = inside**2 * inside
        return h * cubed, slope * cubed - 3 / self.cutoff**2 * h * inside**2

    def _bend(self, s: Array) -> Array:
        """H'' of the squared distance."""
        half = self.power / 2
        h = s**-half
        bend = half * (half + 1) * h / s**2
        if self.cutoff is None:
            return bend
        u, c = np.maximum(1 - s / self.cutoff**2, 0), self.cutoff**2
        return bend * u**3 + 6 * half * h / s * u**2 / c + 6 * h * u / c**2

    @staticmethod
    def _apply(matrix: Array, stack: Array) -> Array:
        """A sparse matrix times the first axis of (rows, 3, ...)."""
        product_ = matrix @ stack.reshape(stack.shape[0], -1)
        return product_.reshape(matrix.shape[0], *stack.shape[1:])


@dataclass(frozen=True)
class _Distances:
    features: InverseDistances
    h: Array  # (P, M), as all that follows: pairs first
    d: Array  # (P, 3, M)
    slope: Array
    squared: Array

    @property
    def values(self) -> Array:
        return self.h.T

    @property
    def _gradient(self) -> Array:
        return self.d * (2 * self.slope)[:, None, :]

    @property
    def squared_sizes(self) -> Array:
        return self.features._n_ends @ (4 * self.slope**2 * self.squared)

    def pull_back(self, covectors: Array) -> Array:
        f = self.features
        stack = f._apply(f._gather, self.d * (2 * self.slope * covectors.T)[:, None, :])
        return stack.reshape(3 * f.n_atoms, -1).T

    def pull_back_each(self, covectors: Array) -> Array:
        stacked = self._transposed_jacobians @ np.ascontiguousarray(covectors.T)
        n_points = self.d.shape[2]
        return stacked.reshape(n_points, 3 * self.features.n_atoms, covectors.shape[0])

    @cached_property
    def _transposed_jacobians(self) -> Array:
        """The sparse matrix (M D, P) of all Jᵀ, one above the other."""
        one = self.features._transposed_jacobian  # the pattern and signs of one point's
        n_points, n_pairs = self.d.shape[2], self.d.shape[0]
        axis = np.repeat(np.arange(one.shape[0]) % 3, np.diff(one.indptr))
        entries = one.data[:, None] * self._gradient[one.indices, axis]
        starts = np.arange(n_points, dtype=one.indptr.dtype)[:, None] * one.nnz + one.indptr[:-1]
        ends = np.append(starts, one.indptr.dtype.type(n_points * one.nnz))
        return scipy.sparse.csr_array(
            (np.ascontiguousarray(entries.T).ravel(), np.tile(one.indices, n_points), ends),
            (n_points * one.shape[0], n_pairs),
        )

    def push_forward(self, vectors: Array) -> Array:
        f = self.features
        moved = f._apply(f._difference, _by_atom(vectors, f.n_atoms))
        return (self._gradient * moved).sum(axis=1).T

    def metric(self, other: Linearisation) -> Array:
        assert isinstance(other, _Distances)
        left, right = self._gradient, other._gradient
        blocks = left[:, :, :, None, None] * right[:, None, None, :, :]
        return self._spread(blocks)

    def curvature(self, covector: Array) -> Array:
        d = self.d[:, :, 0]
        slope = self.slope[:, 0] * covector
        bend = self.features._bend(self.squared[:, 0]) * covector
        blocks = 4 * bend[:, None, None] * d[:, :, None] * d[:, None, :]
        blocks = blocks + 2 * slope[:, None, None] * np.eye(3)
        return self._spread(blocks[:, :, None, :, None])[0, :, 0, :]

    def _spread(self, blocks: Array) -> Array:
        """Blocks (P, 3, M, 3, K) of pairs, summed into (M, D, K, D)."""
        n = self.features.n_atoms
        summed = self.features._apply(self.features._blocks, blocks)
        _, _, m, _, k = blocks.shape
        summed = summed.reshape(n, n, 3, m, 3, k).transpose(3, 0, 2, 5, 1, 4)
        return summed.reshape(m, 3 * n, k, 3 * n)


def _positive(power: float) -> float:
    if not power > 0:
        raise ValueError(f"`power` is {power}; it must be positive")
    return power


def _by_atom(x: Array, n_atoms: int) -> Array:
    """Points (M, D) as (atoms, 3, M)."""
    return np.ascontiguousarray(x.T).reshape(n_atoms, 3, x.shape[0])


def _all_pairs(n_atoms: int, fixed: Array) -> _Pairs:
    """Every pair of free atoms once, then every free atom with every frozen one."""
    i, j = np.triu_indices(n_atoms, 1)
    atoms, partners = np.repeat(np.arange(n_atoms), len(fixed)), np.tile(fixed, (n_atoms, 1))
    return _Pairs(
        np.concatenate([i, atoms]),
        np.concatenate([j, np.full(len(atoms), -1)]),
        np.concatenate([np.zeros((len(i), 3)), -partners]),
    )


def _within(reach: float, pairs: _Pairs, points: Array, cell: Array, periodic: Array) -> _Pairs:
    """The pairs and lattice images that come within `reach` at one of the points."""
    kept = [
        image[near]
        for image in _images(reach, pairs, points, cell, periodic)
        if (near := _nearest(image, points) < reach).any()
    ]
    parts = [[getattr(part, name) for part in kept] for name in ("first", "second", "offset")]
    return _Pairs(*map(np.concatenate, parts)) if kept else pairs[np.zeros(0, int)]


def _nearest(pairs: _Pairs, points: Array) -> Array:
    """The smallest distance (P,) of each pair over the points (R, atoms, 3)."""
    second = np.where((pairs.second >= 0)[:, None], points[:, pairs.second], 0.0)
    d = points[:, pairs.first] - second + pairs.offset
    return np.asarray(np.linalg.norm(d, axis=-1).min(axis=0))


def _images(
    reach: float, pairs: _Pairs, points: Array, cell: Array, periodic: Array
) -> Iterator[_Pairs]:
    """The pairs, shifted by every lattice vector that can bring one within `reach`."""
    if not periodic.any():
        yield pairs
        return
    # Columns are the reciprocal vectors: planes of a lie 1/|column a| apart.
    reciprocal = np.linalg.pinv(cell * periodic[:, None])
    positions = np.concatenate([points.reshape(-1, 3), -pairs.offset[pairs.second < 0]])
    spread = np.ptp(positions @ reciprocal, axis=0)
    count = np.ceil(reach * np.linalg.norm(reciprocal, axis=0) + spread).astype(int)
    for shift in product(*(range(-c, c + 1) for c in count)):
        yield _Pairs(pairs.first, pairs.second, pairs.offset + np.array(shift) @ cell)


def _outer_incidence(pairs: _Pairs, n_atoms: int) -> Array:
    """The matrix (atoms², P) of B_pa B_pb, which spreads a pair's 3x3 block over atom blocks."""
    rows, free = np.arange(len(pairs.first)), pairs.second >= 0
    i, j, r = pairs.first, pairs.second[free], rows[free]
    ends = np.concatenate([i * (n_atoms + 1), j * (n_atoms + 1)])
    between = np.concatenate([i[free] * n_atoms + j, j * n_atoms + i[free]])
    entries = np.concatenate([np.ones(len(ends)), -np.ones(len(between))])
    columns = np.concatenate([rows, r, r, r])
    where = (np.concatenate([ends, between]), columns)
    return scipy.sparse.csr_array((entries, where), (n_atoms**2, len(rows)))
