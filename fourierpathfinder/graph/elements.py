"""What a graph of minima is made of: nodes, and the paths between them."""

from dataclasses import dataclass, field

import numpy as np

from ..path import SinePath


@dataclass(frozen=True, eq=False)
class Node:
    """A minimum.

    Parameters
    ----------
    position : ndarray (D,)
        In the landscape's unit of length.
    value : float
        The landscape there.
    label : str
        Its group, for pictures; empty for minima that were found on the way.

    Examples
    --------
    >>> Node(np.array([0.0, 1.0]), -3.5, label="reactant").value
    -3.5
    """

    position: np.ndarray
    value: float
    label: str = ""


@dataclass(frozen=True, eq=False)
class Edge:
    """A path between two nodes.

    Parameters
    ----------
    start, end : int
        The nodes.
    height : float
        The largest value on the way.
    certified : bool
        Whether the height is that of a saddle below which both nodes lie, or was certified by
        the method that found the path.
    path : SinePath
        From the start to the end or, where the landscape has symmetries, between points
        equivalent to them.
    saddle : ndarray (D,) or None
        The saddle at its top, where it was searched for.

    Examples
    --------
    >>> line = SinePath.straight(np.zeros(2), np.ones(2), 1)
    >>> edge = Edge(start=0, end=1, height=0.7, certified=True, path=line)
    >>> edge.path(0.5)
    array([0.5, 0.5])
    """

    start: int
    end: int
    height: float
    certified: bool
    path: SinePath
    saddle: np.ndarray | None = None


@dataclass(eq=False)
class Contents:
    """All that a file of a graph holds, as it was written.

    Parameters
    ----------
    nodes : list of Node
    edges : list of Edge
    given : list of int
        For each minimum that was given, its node.
    n_gradients : int
        Gradients used.
    n_prior_gradients : int
        Those of cheaper landscapes beneath.
    message : str
        Why the run stopped.
    pairs : list of (int, int)
        Pairs that were tried, in order.
    """

    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    given: list[int] = field(default_factory=list)
    n_gradients: int = 0
    n_prior_gradients: int = 0
    message: str = ""
    pairs: list[tuple[int, int]] = field(default_factory=list)
