"""Pictures: profiles, maps, paths between two networks, and graphs of minima."""

from .drawing import PALETTE
from .graph import plot_disconnectivity, plot_height_distribution, plot_heights
from .map import plot_landscape
from .metrics import plot_metrics
from .network import plot_height_against_budget, plot_loss_and_accuracy, plot_plane
from .profile import plot_profile
from .surface import Surface, plot_contours, plot_surface, random_surface, surface_through

__all__ = [
    "PALETTE",
    "Surface",
    "plot_contours",
    "plot_disconnectivity",
    "plot_height_against_budget",
    "plot_height_distribution",
    "plot_heights",
    "plot_landscape",
    "plot_loss_and_accuracy",
    "plot_metrics",
    "plot_plane",
    "plot_profile",
    "plot_surface",
    "random_surface",
    "surface_through",
]
