"""Molecules, clusters, crystals and surfaces: any ASE calculator as a landscape, in eV and Å.

The coordinates are the positions of the free atoms, flattened. What belongs to a structure
rather than to a point lives here too: which coordinates are free, whether two structures are the
same system, their superposition, a first path that keeps the atoms apart, and the guard that
answers in the calculator's place where atoms overlap.
"""

from .calculation import CalculatorError
from .comparison import differences
from .landscape import MoleculeLandscape
from .output import path_atoms
from .refinement import refine_with_sella
from .superposition import superpose

__all__ = [
    "CalculatorError",
    "MoleculeLandscape",
    "differences",
    "path_atoms",
    "refine_with_sella",
    "superpose",
]
