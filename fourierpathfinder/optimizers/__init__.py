"""Optimizers: plain-array state, array-generic, for one problem or an ensemble of them.

What needs an optional library is loaded when it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .._extras import needs
from .adam import Adam, AdamState
from .golden_section import GoldenSection, golden_section
from .lbfgs import LBFGS, LBFGSState
from .lbfgs_gss import LBFGSGSS, LBFGSGSSState
from .line_search import Armijo, CappedStep, LineSearch, LineStart, LineStep
from .minimize import Minimum, minimize
from .rational_function import StationaryPoint, find_saddle
from .strong_wolfe import StrongWolfe

if TYPE_CHECKING:
    from .torch_optimizer import TorchLBFGSGSS

__all__ = [
    "LBFGS",
    "LBFGSGSS",
    "Adam",
    "AdamState",
    "Armijo",
    "CappedStep",
    "GoldenSection",
    "LBFGSGSSState",
    "LBFGSState",
    "LineSearch",
    "LineStart",
    "LineStep",
    "Minimum",
    "StationaryPoint",
    "StrongWolfe",
    "TorchLBFGSGSS",
    "find_saddle",
    "golden_section",
    "minimize",
]


def __getattr__(name: str) -> Any:
    if name != "TorchLBFGSGSS":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with needs(name, "torch"):
        return import_module(".torch_optimizer", __name__).TorchLBFGSGSS
