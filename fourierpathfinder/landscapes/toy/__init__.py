"""Toy landscapes with known minima, saddles and heights, compiled by Numba.

Each function returns a `Toy`: a landscape that also knows its answers (`toy.start`, `toy.end`,
`toy.height`, `toy.minima`, `toy.saddles`, ...).
"""

from .clusters import lennard_jones
from .gaussians import mueller_brown, two_channels
from .known import Rearrangement, Toy
from .leps import leps_harmonic

__all__ = [
    "Rearrangement",
    "Toy",
    "lennard_jones",
    "leps_harmonic",
    "mueller_brown",
    "two_channels",
]
