"""Low-height paths between two points of any energy or loss landscape."""

from .chain import minimum_energy_chain
from .curvature import hessian_eigenvalues
from .ensemble import find_paths
from .evaluation import LandscapeError
from .find import find_path
from .graph import LandscapeGraph, connect
from .landscapes.protocols import Landscape
from .methods import Direct, Paper, Stochastic, Surrogate
from .path import SinePath
from .reaction_path import MinimumEnergyPath, RelaxedMinimum, minimum_energy_path, relax
from .result import Evaluations, IntermediateResult, PathResult, Saddle, Status
from .ridge import leave_ridge
from .storage.tensor_file import load_result, save_result
from .table import results_table

__version__: str
"""The version of the installed package."""

__all__ = [
    "Direct",
    "Evaluations",
    "IntermediateResult",
    "Landscape",
    "LandscapeError",
    "LandscapeGraph",
    "MinimumEnergyPath",
    "Paper",
    "PathResult",
    "RelaxedMinimum",
    "Saddle",
    "SinePath",
    "Status",
    "Stochastic",
    "Surrogate",
    "connect",
    "find_path",
    "find_paths",
    "hessian_eigenvalues",
    "leave_ridge",
    "load_result",
    "minimum_energy_chain",
    "minimum_energy_path",
    "relax",
    "results_table",
    "save_result",
]


def __getattr__(name: str) -> str:
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version  # would slow the package's import down

    return version(__name__)
