"""From a saddle down: the minimum-energy path, and minima, in few gradients."""

from .follow import minimum_energy_path
from .result import MinimumEnergyPath

__all__ = ["MinimumEnergyPath", "minimum_energy_path"]
