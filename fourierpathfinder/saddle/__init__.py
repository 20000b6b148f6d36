"""Saddles examined: how many directions lead down, and to which minima."""

from .curvatures import Curvatures, lowest_curvatures
from .descent import one_point, relax
from .report import Neighbour, SaddleReport
from .verification import verify_saddle

__all__ = [
    "Curvatures",
    "Neighbour",
    "SaddleReport",
    "lowest_curvatures",
    "one_point",
    "relax",
    "verify_saddle",
]
