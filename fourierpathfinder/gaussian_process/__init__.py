"""Gaussian processes that are told values and gradients, and their features.

Nothing here knows of paths: `fourierpathfinder.search` asks it for means, deviations and Hessians.
"""

from .features import Coordinates, FeatureMap
from .inverse_distances import InverseDistances
from .kernels import Kernel, Matern52, SquaredExponential
from .posterior import Observations, Posterior
from .process import GaussianProcess

__all__ = [
    "Coordinates",
    "FeatureMap",
    "GaussianProcess",
    "InverseDistances",
    "Kernel",
    "Matern52",
    "Observations",
    "Posterior",
    "SquaredExponential",
]
