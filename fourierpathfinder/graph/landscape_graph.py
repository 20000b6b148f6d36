"""Minima and paths between them as a graph, and what follows from it by single linkage."""

# SciPy's parts are imported where they are used: they would double the package's import.
import os
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from ..path import SinePath
from .elements import Contents, Edge, Node
from .record import read, write


def bounds_with(bounds: np.ndarray, i: int, j: int, height: float) -> np.ndarray:
    """The minimax heights (K, K) with a path of some height between nodes i and j added."""
    if height >= bounds[i, j]:
        return bounds
    through = np.maximum(np.maximum(bounds[:, [i]], height), bounds[j])
    lowered: np.ndarray = np.minimum(bounds, np.minimum(through, through.T))
    return lowered


INTERRUPTED = "The run was interrupted."
"""What there is to say of such a graph."""


class LandscapeGraph:
    """Minima, the paths found between them, and minimax heights over all of these.

    Parameters
    ----------
    nodes : sequence of Node
        The minima to begin with.

    Attributes
    ----------
    nodes : list of Node
    edges : list of Edge
    given : list of int
        For each minimum that `connect` was given, its node; equal minima share one.
    n_gradients : int
        Gradients used so far.
    n_prior_gradients : int
        Those of cheaper landscapes beneath.
    message : str
        Why `connect` stopped.

    Examples
    --------
    >>> ends = np.array([[0.0], [1.0], [2.0]])
    >>> graph = LandscapeGraph([Node(end, 0.0) for end in ends])
    >>> for i, j, height in ((0, 1, 3.0), (1, 2, 2.0), (0, 2, 5.0)):
    ...     graph.add_edge(Edge(i, j, height, True, SinePath.straight(ends[i], ends[j], 1)))
    >>> graph.minimax_height(0, 2)
    3.0
    >>> [(edge.start, edge.end) for edge in graph.best_walk(0, 2)]
    [(0, 1), (1, 2)]
    """

    def __init__(self, nodes: Sequence[Node] = ()) -> None:
        self.nodes: list[Node] = []
        self.edges: list[Edge] = []
        self.given: list[int] = []
        self.n_gradients = self.n_prior_gradients = 0
        self.message = ""
        self._bounds = np.empty((0, 0))
        for node in nodes:
            self.add_node(node)

    def __len__(self) -> int:
        return len(self.nodes)

    @property
    def was_interrupted(self) -> bool:
        """Whether the run ended before its time, by Ctrl-C or a signal."""
        return self.message == INTERRUPTED

    def add_node(self, node: Node) -> int:
        """Add a minimum, without comparing it with the others.

        Parameters
        ----------
        node : Node
            The minimum.

        Returns
        -------
        int
            Its number.
        """
        self.nodes.append(node)
        n = len(self.nodes)
        bounds = np.full((n, n), np.inf)
        bounds[:-1, :-1] = self._bounds
        bounds[-1, -1] = node.value
        self._bounds = bounds
        return n - 1

    def add_edge(self, edge: Edge) -> None:
        """Add a path between two nodes.

        Parameters
        ----------
        edge : Edge
            The path; `minimax_height` takes it into account from now on.
        """
        self.edges.append(edge)
        self._bounds = bounds_with(self._bounds, edge.start, edge.end, edge.height)

    @property
    def bounds(self) -> np.ndarray:
        """Minimax heights (K, K), kept up to date edge by edge; infinite where unconnected."""
        return self._bounds

    @property
    def values(self) -> np.ndarray:
        """The nodes' values (K,)."""
        return np.array([node.value for node in self.nodes])

    @property
    def labels(self) -> list[str]:
        """The nodes' labels."""
        return [node.label for node in self.nodes]

    def minimax_heights(self) -> np.ndarray:
        """The minimax heights between all nodes, by single linkage.

        Returns
        -------
        ndarray (K, K)
            Infinite where two nodes are not connected; a node's own value on the diagonal.
        """
        from scipy.cluster.hierarchy import cophenet
        from scipy.spatial.distance import squareform

        if len(self) < 2:
            return np.diag(self.values)
        merged, levels = self._ranked_linkage()
        heights = squareform(levels[np.rint(cophenet(merged)).astype(int)])
        np.fill_diagonal(heights, self.values)
        return np.asarray(heights)

    def linkage(self) -> np.ndarray:
        """The tree of minimax heights as SciPy's linkage matrix.

        Returns
        -------
        ndarray (K-1, 4)
            The first two columns are the clusters that merge, the third is the height at which
            they do, infinite where they are not connected.
        """
        merged, levels = self._ranked_linkage()
        merged[:, 2] = levels[merged[:, 2].astype(int)]
        return np.asarray(merged)

    def _ranked_linkage(self) -> tuple[np.ndarray, np.ndarray]:
        """The linkage with ranks for heights, as SciPy's are finite and positive; and heights."""
        from scipy.cluster.hierarchy import linkage
        from scipy.spatial.distance import squareform

        direct = np.full((len(self), len(self)), np.inf)
        for edge in self.edges:
            if edge.start != edge.end:
                height = min(direct[edge.start, edge.end], edge.height)
                direct[edge.start, edge.end] = direct[edge.end, edge.start] = height
        np.fill_diagonal(direct, 0.0)
        levels, ranks = np.unique(squareform(direct), return_inverse=True)
        return np.asarray(linkage(ranks.astype(float), method="single")), levels

    def minimax_height(self, i: int, j: int) -> float:
        """The lowest height below which known edges join two nodes.

        Parameters
        ----------
        i, j : int
            The nodes.

        Returns
        -------
        float
            The least possible maximum on a walk over known edges; infinite if there is none.
        """
        return float(self._bounds[i, j])

    def minimum_spanning_tree(self) -> list[Edge]:
        """The fewest edges that give all minimax heights.

        Returns
        -------
        list of Edge
            One less than there are nodes, or fewer where not all are connected.
        """
        from scipy.sparse.csgraph import minimum_spanning_tree

        if not self.edges:
            return []
        best: dict[tuple[int, int], Edge] = {}
        for edge in sorted(self.edges, key=lambda edge: edge.height):
            if edge.start != edge.end:
                key = (min(edge.start, edge.end), max(edge.start, edge.end))
                best.setdefault(key, edge)
        # ranks from 1, as zeros are no edges to SciPy
        weights = np.zeros((len(self), len(self)))
        for rank, key in enumerate(best, start=1):
            weights[key] = rank
        tree = minimum_spanning_tree(weights).tocoo()
        return [best[int(i), int(j)] for i, j in zip(tree.row, tree.col, strict=True)]

    def best_walk(self, i: int, j: int) -> list[Edge]:
        """The edges of the lowest walk from one node to another.

        Parameters
        ----------
        i, j : int
            The nodes.

        Returns
        -------
        list of Edge
            In order, each reversed where it is walked from its end to its start.

        Raises
        ------
        ValueError
            If no walk is known.
        """
        from scipy.sparse.csgraph import shortest_path

        if not np.isfinite(self._bounds[i, j]):
            raise ValueError(f"nodes {i} and {j} are not connected; continue `connect` for longer")
        steps: dict[tuple[int, int], Edge] = {}
        for edge in self.minimum_spanning_tree():
            steps[edge.start, edge.end] = edge
            steps[edge.end, edge.start] = turned(edge)
        hops = np.zeros((len(self), len(self)))
        for step in steps:
            hops[step] = 1.0
        _, before = shortest_path(hops, unweighted=True, indices=i, return_predecessors=True)
        walk: list[Edge] = []
        while j != i:
            walk.append(steps[int(before[j]), j])
            j = int(before[j])
        return walk[::-1]

    def best_path(
        self, i: int, j: int, placing: Callable[..., Callable[..., np.ndarray]] | None = None
    ) -> list[SinePath]:
        """The paths of the lowest walk, each beginning where the one before it ends.

        Parameters
        ----------
        i, j : int
            The nodes.
        placing : callable, optional
            `landscape.placing`, where the landscape has symmetries: it moves each path so that
            its start coincides with the end of the one before.

        Returns
        -------
        list of SinePath
            One for each edge of `best_walk`.

        Raises
        ------
        ValueError
            If no walk is known.
        """
        here = self.nodes[i].position
        paths: list[SinePath] = []
        for edge in self.best_walk(i, j):
            path = edge.path
            if placing is not None:
                path = moved(path, placing(here, path.start))
            paths.append(path)
            here = path.end
        return paths

    def merged(
        self, other: "LandscapeGraph", same: Callable[[np.ndarray, np.ndarray], bool]
    ) -> "LandscapeGraph":
        """Both graphs as one, in which nodes that are the `same` are one node.

        Parameters
        ----------
        other : LandscapeGraph
            Of another run on the same landscape.
        same : callable (D,), (D,) -> bool
            Whether two minima are the same, for example `landscape.same`.

        Returns
        -------
        LandscapeGraph
            A new graph; both old ones are unchanged.
        """
        union = self.copy()
        numbers = [union.number_of(node, same) for node in other.nodes]
        for edge in other.edges:
            union.add_edge(replace(edge, start=numbers[edge.start], end=numbers[edge.end]))
        union.given = [*self.given, *(numbers[node] for node in other.given)]
        union.n_gradients = self.n_gradients + other.n_gradients
        union.n_prior_gradients = self.n_prior_gradients + other.n_prior_gradients
        return union

    def number_of(self, node: Node, same: Callable[[np.ndarray, np.ndarray], bool]) -> int:
        """The number of a minimum, which is added if it is new.

        Parameters
        ----------
        node : Node
            The minimum.
        same : callable (D,), (D,) -> bool
            Whether two minima are the same.

        Returns
        -------
        int
            The number of the node that is the `same`, or of the new one.
        """
        by_value = np.argsort(np.abs(self.values - node.value), kind="stable")
        for k in by_value.tolist():
            if same(self.nodes[k].position, node.position):
                return int(k)
        return self.add_node(node)

    def copy(self) -> "LandscapeGraph":
        """An independent graph with the same nodes and edges.

        Returns
        -------
        LandscapeGraph
            The copy.
        """
        copy = LandscapeGraph(self.nodes)
        copy.edges, copy._bounds = list(self.edges), self._bounds
        copy.given, copy.n_gradients = list(self.given), self.n_gradients
        copy.n_prior_gradients, copy.message = self.n_prior_gradients, self.message
        return copy

    def save(self, file: str | os.PathLike[str]) -> None:
        """Write the graph to one file.

        Parameters
        ----------
        file : path-like
            In the format that `fourierpathfinder.graph.record` describes.
        """
        write(file, self.contents())

    @classmethod
    def load(cls, file: str | os.PathLike[str]) -> "LandscapeGraph":
        """Read a graph that was saved, or a checkpoint of `connect`.

        Parameters
        ----------
        file : path-like
            What `save` or `connect(..., checkpoint=)` wrote.

        Returns
        -------
        LandscapeGraph
            The graph.
        """
        return cls.of(read(file))

    @classmethod
    def of(cls, contents: Contents) -> "LandscapeGraph":
        """The graph that a file holds.

        Parameters
        ----------
        contents : Contents
            As it was read.

        Returns
        -------
        LandscapeGraph
            The graph.
        """
        graph = cls(contents.nodes)
        for edge in contents.edges:
            graph.add_edge(edge)
        graph.given, graph.n_gradients = list(contents.given), contents.n_gradients
        graph.n_prior_gradients, graph.message = contents.n_prior_gradients, contents.message
        return graph

    def contents(self) -> Contents:
        """What a file of the graph holds.

        Returns
        -------
        Contents
            Everything, to be written.
        """
        return Contents(
            self.nodes,
            self.edges,
            self.given,
            self.n_gradients,
            self.n_prior_gradients,
            self.message,
        )


def turned(edge: Edge) -> Edge:
    """The same edge walked the other way: sin(nπ(1-t)) = (-1)^(n+1) sin(nπt)."""
    path = edge.path
    signs = (-1.0) ** np.arange(path.n_terms)[:, None]
    reverse = SinePath(path.end, path.start, path.coefficients * signs)
    return replace(edge, start=edge.end, end=edge.start, path=reverse)


def moved(path: SinePath, motion: Callable[[np.ndarray], np.ndarray]) -> SinePath:
    """A path under an affine map."""
    start, end = np.asarray(path.start), np.asarray(path.end)
    origin = motion(start)
    return SinePath(origin, motion(end), motion(start + path.coefficients) - origin)
