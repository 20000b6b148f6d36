"""Landscapes: functions, compiled and differentiated ones, toys, molecules; one protocol.

Adapters of optional libraries are loaded when they are asked for.
"""

from contextlib import nullcontext
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .._extras import needs
from .check import LandscapeReport, check_landscape
from .differentiated import AutogradLandscape, TorchLandscape
from .function import FunctionLandscape
from .protocols import Landscape
from .resolve import as_landscape

if TYPE_CHECKING:
    from ..atoms import CrystalLandscape, MoleculeLandscape
    from . import toy
    from .alignment import StraightThrough, align_units
    from .compiled import CompiledLandscape
    from .isolation import IsolatedLandscape
    from .network import NetworkLandscape

__all__ = [
    "AutogradLandscape",
    "CompiledLandscape",
    "CrystalLandscape",
    "FunctionLandscape",
    "IsolatedLandscape",
    "Landscape",
    "LandscapeReport",
    "MoleculeLandscape",
    "NetworkLandscape",
    "StraightThrough",
    "TorchLandscape",
    "align_units",
    "as_landscape",
    "check_landscape",
    "toy",
]

_LAZY = {
    "CompiledLandscape": (".compiled", "numba"),
    "CrystalLandscape": ("..atoms", "ase"),
    "IsolatedLandscape": (".isolation", ""),
    "MoleculeLandscape": ("..atoms", "ase"),
    "NetworkLandscape": (".network", "torch"),
    "StraightThrough": (".alignment", "torch"),
    "align_units": (".alignment", "torch"),
    "toy": (".toy", "numba"),
}
"""Where a name lives, and the extra that it needs, if any."""


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, extra = _LAZY[name]
    with nullcontext() if extra is None else needs(name, extra):
        loaded = import_module(module, __name__)
    return loaded if name == "toy" else getattr(loaded, name)


def __dir__() -> list[str]:
    return __all__
