"""From a saddle down: the minimum-energy path, and minima, in few gradients."""

from .follow import minimum_energy_path
from .relax import RelaxedMinimum, relax
from .result import MinimumEnergyPath

__all__ = ["MinimumEnergyPath", "RelaxedMinimum", "minimum_energy_path", "relax"]
