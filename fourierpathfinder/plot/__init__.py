"""Pictures: profiles, maps, and what shows the path between two networks."""

from .drawing import PALETTE
from .map import plot_landscape
from .network import plot_height_against_budget, plot_loss_and_accuracy, plot_plane
from .profile import plot_profile

__all__ = [
    "PALETTE",
    "plot_height_against_budget",
    "plot_landscape",
    "plot_loss_and_accuracy",
    "plot_plane",
    "plot_profile",
]
