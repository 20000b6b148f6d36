"""Which pair of minima to try next: the one that may lower a wanted minimax height at least cost.

The minimax height H of a wanted pair (i, j) can only be lowered by a path from the nodes that i
reaches below H to those that j reaches below H. Of these the nearest two are tried; if i and j are
not connected yet that joins the gap between their components where it is narrowest. A pair whose
height equals the value of one of its minima cannot be improved and is finished; so is one that has
been tried at its present height as often as is allowed.

With several workers, running attempts are assumed to succeed without a barrier: pairs whose heights
that would lower come after all others.
"""

from collections.abc import Callable, Iterable
from functools import cache

import numpy as np

from .landscape_graph import LandscapeGraph, bounds_with

_FEW = 12
"""Pairs whose true distance is asked for, to choose one."""

Pair = tuple[int, int]

_SETTLED = 1e-6
"""A height this near to the higher of two minima, in units of the spread of heights, is final."""


class Schedule:
    """The pairs of a growing graph, in the order in which they are worth trying.

    Parameters
    ----------
    graph : LandscapeGraph
        The graph; its new nodes and edges are seen as they come.
    fingerprints : list of ndarray (F,)
        Of each node; appended to by the owner together with the nodes.
    wanted : sequence of pairs
        The nodes whose minimax heights are asked for.
    n_tries : int or None
        Attempts at lowering one minimax height before it is accepted; None for no limit.
    distance : callable, optional
        The true distance of two nodes, where that of their fingerprints is only a guess: it
        decides among the few pairs whose fingerprints are nearest.
    """

    def __init__(
        self,
        graph: LandscapeGraph,
        fingerprints: list[np.ndarray],
        wanted: list[Pair],
        n_tries: int | None,
        distance: Callable[[int, int], float] | None = None,
    ) -> None:
        self._graph, self._fingerprints = graph, fingerprints
        self._distance = None if distance is None else cache(distance)
        self._n_tries = n_tries
        self._wanted = np.array(sorted({_ordered(*p) for p in wanted if p[0] != p[1]}), dtype=int)
        self._wanted = self._wanted.reshape(-1, 2)
        self._tries = np.zeros(len(self._wanted))
        self._tried_at = np.full(len(self._wanted), np.inf)
        self._distances = np.empty((0, 0))
        self._taken = np.empty((0, 0), dtype=bool)
        self._apart, self._floors = np.empty(0), np.empty(0)

    def take(self, pair: Pair) -> None:
        """Never propose a pair again: it is being tried, or was."""
        self._grow()
        self._taken[pair] = self._taken[pair[::-1]] = True

    def next_pair(self, under_way: Iterable[Pair] = ()) -> Pair | None:
        """The pair to try next, taken at once; None if nothing is left that may improve.

        Parameters
        ----------
        under_way : iterable of pairs
            Those that others try at this moment.
        """
        self._grow()
        bounds = self._graph.bounds
        rows, columns = self._wanted.T
        heights, floors = bounds[rows, columns], self._floors
        self._tries[heights < self._tried_at] = 0
        self._tried_at = heights
        slack = _SETTLED * self._spread(bounds)
        awaits = self._hoped(bounds, under_way)[rows, columns] < heights
        while True:
            k = self._most_promising(heights, floors + slack, awaits)
            if k is None:
                return None
            pair = self._across(int(rows[k]), int(columns[k]), slack)
            if pair is not None:
                self._tries[k] += 1
                self.take(pair)
                return pair
            self._tries[k] = np.inf

    def _hoped(self, bounds: np.ndarray, under_way: Iterable[Pair]) -> np.ndarray:
        """The minimax heights (n, n) if all that is running succeeds without a ridge."""
        values = self._graph.values
        for a, b in under_way:
            bounds = bounds_with(bounds, a, b, max(values[a], values[b]))
        return bounds

    def _most_promising(
        self, heights: np.ndarray, floors: np.ndarray, awaits: np.ndarray
    ) -> int | None:
        """The wanted pair with most to gain over its distance.

        Those that await nothing come first, then unconnected ones.
        """
        limit = np.inf if self._n_tries is None else self._n_tries
        is_open = (heights > floors) & (self._tries < limit)
        if not is_open.any():
            return None
        if (is_open & ~awaits).any():
            is_open &= ~awaits
        distances = self._apart
        unconnected = is_open & np.isinf(heights)
        if unconnected.any():
            return int(np.where(unconnected, distances, np.inf).argmin())
        gains = np.where(is_open, heights - floors, -1.0)
        return int((gains / (distances * (1 + np.minimum(self._tries, 1e9)))).argmax())

    def _across(self, i: int, j: int, slack: float) -> Pair | None:
        """The nearest untried pair that could lower the height between two nodes."""
        bounds, values = self._graph.bounds, self._graph.values
        height = bounds[i, j]
        near_i, near_j = bounds[i] < height, bounds[j] < height
        near_i[i] = near_j[j] = True
        low = values < height - slack
        pair = self._nearest(np.flatnonzero(near_i & low), np.flatnonzero(near_j & low))
        if pair is not None or self._n_tries is not None:
            return pair
        near = near_i | near_j
        return self._nearest(np.flatnonzero(near & low), np.flatnonzero(~near & low))

    def _nearest(self, ours: np.ndarray, theirs: np.ndarray) -> Pair | None:
        """The nearest untried pair between two sets of nodes."""
        distances = np.where(
            self._taken[np.ix_(ours, theirs)], np.inf, self._distances[np.ix_(ours, theirs)]
        )
        if not np.isfinite(distances).any():
            return None
        flat = distances.ravel()
        few = np.argpartition(flat, _FEW)[:_FEW] if len(flat) > _FEW else np.arange(len(flat))
        pairs = [(int(ours[k // len(theirs)]), int(theirs[k % len(theirs)])) for k in
                 few[np.argsort(flat[few], kind="stable")] if np.isfinite(flat[k])]  # fmt: skip
        distance = self._distance
        return pairs[0] if distance is None else min(pairs, key=lambda pair: distance(*pair))

    def _spread(self, bounds: np.ndarray) -> float:
        finite = bounds[np.isfinite(bounds)]
        return float(np.ptp(finite)) if len(finite) else 1.0

    def _grow(self) -> None:
        """Distances of nodes that are new."""
        known, n = len(self._distances), len(self._graph)
        if known == n:
            return
        distances, taken = np.zeros((n, n)), np.eye(n, dtype=bool)
        distances[:known, :known], taken[:known, :known] = self._distances, self._taken
        every = np.stack(self._fingerprints)
        for k in range(known, n):
            distances[k] = distances[:, k] = np.linalg.norm(every - every[k], axis=1)
        self._distances, self._taken = distances, taken
        rows, columns = self._wanted.T
        values = self._graph.values
        self._apart = distances[rows, columns] + 1e-300
        self._floors = np.maximum(values[rows], values[columns])


def wanted_pairs(pairs: str | list[Pair], given: list[int], fingerprints: np.ndarray) -> list[Pair]:
    """The nodes of the pairs asked for: all, a list, or those of the three nearest neighbours."""
    if not isinstance(pairs, str):
        return [(given[i], given[j]) for i, j in pairs]
    if pairs == "all":
        nodes = list(dict.fromkeys(given))
        return [(a, b) for k, a in enumerate(nodes) for b in nodes[k + 1 :]]
    nodes = list(dict.fromkeys(given))
    chosen = fingerprints[nodes]
    distances = np.linalg.norm(chosen[:, None] - chosen, axis=-1)
    order = np.argsort(distances, axis=1, kind="stable")[:, 1:4]
    return [(a, nodes[k]) for a, row in zip(nodes, order, strict=True) for k in row]


def _ordered(i: int, j: int) -> Pair:
    return (i, j) if i < j else (j, i)
