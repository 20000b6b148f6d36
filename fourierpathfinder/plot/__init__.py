"""Pictures: profiles, maps, paths between two networks, and graphs of minima."""

from .drawing import PALETTE
from .graph import plot_disconnectivity, plot_height_distribution, plot_heights
from .map import plot_landscape
from .network import plot_height_against_budget, plot_loss_and_accuracy, plot_plane
from .profile import plot_profile

__all__ = [
    "PALETTE",
    "plot_disconnectivity",
    "plot_height_against_budget",
    "plot_height_distribution",
    "plot_heights",
    "plot_landscape",
    "plot_loss_and_accuracy",
    "plot_plane",
    "plot_profile",
]
