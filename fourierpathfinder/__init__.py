"""Low-height paths between two points of any energy or loss landscape."""

from .ensemble import find_paths
from .evaluation import LandscapeError
from .find import find_path
from .graph import LandscapeGraph, connect
from .landscapes.protocols import Landscape
from .methods import Direct, Paper, Stochastic, Surrogate
from .path import SinePath
from .result import IntermediateResult, PathResult, Saddle, Status
from .storage.tensor_file import load_result, save_result

__all__ = [
    "Direct",
    "IntermediateResult",
    "Landscape",
    "LandscapeError",
    "LandscapeGraph",
    "Paper",
    "PathResult",
    "Saddle",
    "SinePath",
    "Status",
    "Stochastic",
    "Surrogate",
    "connect",
    "find_path",
    "find_paths",
    "load_result",
    "save_result",
]
