"""Pictures: profiles, maps, and what shows the path between two networks."""

from .drawing import PALETTE
from .map import plot_landscape
from .profile import plot_profile

__all__ = ["PALETTE", "plot_landscape", "plot_profile"]
