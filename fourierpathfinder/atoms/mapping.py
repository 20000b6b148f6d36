r"""Which atom of one structure is which of the other, where that need not be as the files say.

Among the orders that exchange only like atoms the one is sought for which fewest bonds are made and
broken, and of those the one that lies nearest. Candidates are the order as given, the nearest in
space, and those grown along the bonds: one atom is laid on one like it, its neighbours on that
one's neighbours, and so on, those first whose surroundings agree best. Atoms that only hang on
(like hydrogens) are assigned by their places.

Largest common subgraphs are hard to find; what is found here is good, not proven best.
"""

from collections import deque

import numpy as np
from ase import Atoms
from scipy.optimize import linear_sum_assignment

from .bonds import BondChange, bond_change, bulk_metals, neighbours_of, telling_bonds
from .superposition import best_order, displacements, superpose

_SHELLS = 4
"""Bonds away up to which surroundings are compared."""

_SEEDS = 40
"""Pairs of atoms to grow from, at most."""

_MOST = 300
"""Atoms above which no order is grown along bonds."""


def changed_bonds(start: Atoms, end: Atoms) -> BondChange:
    """The bonds by which two structures differ, those of metals left out.

    Left out are all bonds of atoms of a piece of metal, and those between two metal atoms.

    Examples
    --------
    >>> from ase.build import molecule
    >>> water, apart = molecule("H2O"), molecule("H2O")
    >>> apart.positions[1] += [0, 2.0, 0]
    >>> changed_bonds(water, apart).broken.tolist()
    [[0, 1]]
    """
    bulk = bulk_metals(start)
    return bond_change(telling_bonds(start, bulk), telling_bonds(end, bulk), len(start))


def mapped_order(start: Atoms, end: Atoms) -> np.ndarray:
    """For each atom of `start` the atom of `end` that it becomes (n,).

    Parameters
    ----------
    start, end : ase.Atoms
        Made of the same atoms, in any order.

    Examples
    --------
    >>> from ase.build import molecule
    >>> ethanol = molecule("CH3CH2OH")
    >>> order = mapped_order(ethanol, ethanol[::-1])
    >>> len(changed_bonds(ethanol, ethanol[::-1][order]))
    0
    """
    bare = [Atoms(a.numbers, a.positions, cell=a.cell, pbc=a.pbc) for a in (start, end)]
    bare[0].set_constraint(start.constraints)  # they say whether the whole turns and shifts
    candidates = [best_order(start, end)]
    if (start.numbers == end.numbers).all():
        candidates.append(np.arange(len(start)))
    if len(start) <= _MOST:
        bulk = bulk_metals(start)
        graphs = [_Graph(atoms, bulk) for atoms in bare]
        grown = _grown_orders(*graphs)
        candidates += [_hung(bare[0], bare[1], graphs[0], order) for order in grown]
    return min(candidates, key=lambda order: _cost(bare[0], bare[1][order]))


def reordered(start: Atoms, end: Atoms, order: np.ndarray) -> Atoms:
    """The end with its atoms in an order (n,), laid on the start; constraints are the start's."""
    bare = Atoms.copy(end)
    del bare.constraints
    return superpose(start, bare[order])


def _cost(start: Atoms, end: Atoms) -> tuple[int, float]:
    gaps = displacements(start, superpose(start, end))
    return len(changed_bonds(start, end)), float(np.linalg.norm(gaps))


class _Graph:
    """The bonds of a structure, and what surrounds each atom."""

    def __init__(self, atoms: Atoms, bulk: np.ndarray) -> None:
        self.numbers = atoms.numbers
        self.pairs = telling_bonds(atoms, bulk)
        self.near = neighbours_of(self.pairs, len(atoms))
        kinds = np.unique(atoms.numbers)
        counts = (atoms.numbers[:, None] == kinds).astype(float)
        adjacency = np.zeros((len(atoms), len(atoms)))
        adjacency[self.pairs[:, 0], self.pairs[:, 1]] = 1
        adjacency += adjacency.T
        shells = [counts]
        for _ in range(_SHELLS):
            shells.append(adjacency @ shells[-1])
        # walks of k bonds to each kind, near ones weighing most
        self.surroundings = np.concatenate([s / 3.0**k for k, s in enumerate(shells)], axis=1)


def _unlike(ours: _Graph, theirs: _Graph) -> np.ndarray:
    """How much the surroundings (n, n) of every two atoms differ; infinite for other elements."""
    gaps = np.abs(ours.surroundings[:, None] - theirs.surroundings).sum(axis=-1)
    return np.where(ours.numbers[:, None] == theirs.numbers, gaps, np.inf)


def _grown_orders(ours: _Graph, theirs: _Graph) -> list[np.ndarray]:
    unlike = _unlike(ours, theirs)
    # seeds that are rare and heavy decide most: few atoms could take their place
    like = (unlike <= unlike.min(axis=1, keepdims=True) + 1e-9).sum(axis=1)
    firsts = np.lexsort((-ours.numbers, like))
    seeds = [(i, j) for i in firsts[:8] for j in np.argsort(unlike[i], kind="stable")
             if np.isfinite(unlike[i, j])][: 4 * _SEEDS]  # fmt: skip
    seeds.sort(key=lambda seed: unlike[seed])
    found = {tuple(_grown(ours, theirs, unlike, seed).tolist()) for seed in seeds[:_SEEDS]}
    scored = sorted(found, key=lambda order: (_n_changed(ours, theirs, np.array(order)), order))
    least = _n_changed(ours, theirs, np.array(scored[0]))
    orders = [np.array(order) for order in scored]
    return [order for order in orders if _n_changed(ours, theirs, order) == least]


def _grown(ours: _Graph, theirs: _Graph, unlike: np.ndarray, seed: tuple[int, int]) -> np.ndarray:
    """An order grown from one pair of atoms along the bonds, and again where a part ends."""
    n = len(unlike)
    order, taken = np.full(n, -1), np.zeros(n, dtype=bool)
    waiting = deque([(int(seed[0]), int(seed[1]))])
    order[seed[0]], taken[seed[1]] = seed[1], True
    while (order < 0).any():
        while waiting:
            i, j = waiting.popleft()
            mine = [a for a in ours.near[i] if order[a] < 0]
            other = [b for b in theirs.near[j] if not taken[b]]
            for a, b in _best_pairs(unlike, mine, other):
                order[a], taken[b] = b, True
                waiting.append((a, b))
        left, free = np.flatnonzero(order < 0), np.flatnonzero(~taken)
        if len(left):
            row, column = divmod(int(np.argmin(unlike[np.ix_(left, free)])), len(free))
            i, j = int(left[row]), int(free[column])
            order[i], taken[j] = j, True
            waiting.append((i, j))
    return order


def _best_pairs(unlike: np.ndarray, mine: list[int], other: list[int]) -> list[tuple[int, int]]:
    if not mine or not other:
        return []
    gaps = unlike[np.ix_(mine, other)]
    forbidden = 1e6
    rows, columns = linear_sum_assignment(np.where(np.isfinite(gaps), gaps, forbidden))
    return [(mine[r], other[c]) for r, c in zip(rows, columns, strict=True)
            if np.isfinite(gaps[r, c])]  # fmt: skip


def _n_changed(ours: _Graph, theirs: _Graph, order: np.ndarray) -> int:
    back = np.argsort(order)
    return len(bond_change(ours.pairs, back[theirs.pairs], len(order)))


def _hung(start: Atoms, end: Atoms, graph: _Graph, order: np.ndarray) -> np.ndarray:
    """The order with like atoms that hang on the same atom assigned by their places."""
    for _ in range(2):
        placed = superpose(start, end[order])
        gaps = start.positions[:, None] - placed.positions
        squared = (gaps**2).sum(axis=-1)
        for parent in range(len(order)):
            leaves = np.array([a for a in graph.near[parent] if len(graph.near[a]) == 1], dtype=int)
            for number in np.unique(start.numbers[leaves]):
                own = leaves[start.numbers[leaves] == number]
                _, chosen = linear_sum_assignment(squared[np.ix_(own, own)])
                order = order.copy()
                order[own] = order[own[chosen]]
    return order
