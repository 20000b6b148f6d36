"""Everything that knows atoms: structures as landscapes, their geometry, and what is checked first.

The coordinates are the positions of the free atoms, flattened, in Å; energies are in eV. What
belongs to a structure rather than to a point lives here too: which coordinates are free, whether
two structures are the same system, their alignment, a first path that keeps the atoms apart, and
the guard that answers in the calculator's place where atoms overlap. ASE is loaded when a name
that needs it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .._extras import needs

if TYPE_CHECKING:
    from .band import read_band
    from .batches import BatchCalculator
    from .calculation import CalculatorError
    from .comparison import differences
    from .crystal import CrystalLandscape
    from .metric import BondFeatures, BondMetric
    from .molecule import MoleculeLandscape
    from .output import path_atoms
    from .refinement import refine_with_sella
    from .superposition import superpose

__all__ = [
    "BatchCalculator",
    "BondFeatures",
    "BondMetric",
    "CalculatorError",
    "CrystalLandscape",
    "MoleculeLandscape",
    "differences",
    "path_atoms",
    "read_band",
    "refine_with_sella",
    "superpose",
]

_HOMES = {
    "BatchCalculator": "batches",
    "BondFeatures": "metric",
    "BondMetric": "metric",
    "CalculatorError": "calculation",
    "CrystalLandscape": "crystal",
    "MoleculeLandscape": "molecule",
    "differences": "comparison",
    "path_atoms": "output",
    "read_band": "band",
    "refine_with_sella": "refinement",
    "superpose": "superposition",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with needs(name, "ase"):
        home = import_module(f".{_HOMES[name]}", __name__)
    return getattr(home, name)


def __dir__() -> list[str]:
    return __all__
