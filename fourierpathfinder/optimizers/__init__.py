"""Optimizers: plain-array state, array-generic, for one problem or an ensemble of them."""

from .adam import Adam, AdamState
from .golden_section import GoldenSection, golden_section
from .lbfgs import LBFGS, LBFGSState
from .line_search import Armijo, CappedStep, LineSearch, LineStart, LineStep
from .minimize import Minimum, minimize
from .rational_function import StationaryPoint, find_saddle
from .strong_wolfe import StrongWolfe

__all__ = [
    "LBFGS",
    "Adam",
    "AdamState",
    "Armijo",
    "CappedStep",
    "GoldenSection",
    "LBFGSState",
    "LineSearch",
    "LineStart",
    "LineStep",
    "Minimum",
    "StationaryPoint",
    "StrongWolfe",
    "find_saddle",
    "golden_section",
    "minimize",
]
