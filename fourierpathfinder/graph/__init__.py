"""Many minima, the passes between them, and the lowest height that joins any two.

Over a graph whose edges are paths of known height, the minimax height of two minima is

    H(i, j) = min over walks from i to j of the largest height on the walk,

which is single linkage: the height at which i and j fall into one component as edges are added
from the lowest up. `connect` finds the edges, `LandscapeGraph` holds and judges them.
"""

from .connect import connect
from .elements import Edge, Node
from .landscape_graph import LandscapeGraph

__all__ = ["Edge", "LandscapeGraph", "Node", "connect"]
