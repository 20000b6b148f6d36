"""Gaussian processes that observe values and gradients, and their features.

Nothing here knows of paths: `fourierpathfinder.search` asks it for means, deviations and Hessians.
"""

from .corrected import Corrected, Pinned
from .features import Coordinates, FeatureMap
from .inverse_distances import InverseDistances
from .kernels import Kernel, Matern52, RationalQuadratic, SquaredExponential
from .model import Model
from .observations import Observations
from .posterior import Posterior
from .process import GaussianProcess
from .settings import FitSettings

__all__ = [
    "Coordinates",
    "Corrected",
    "FeatureMap",
    "FitSettings",
    "GaussianProcess",
    "InverseDistances",
    "Kernel",
    "Matern52",
    "Model",
    "Observations",
    "Pinned",
    "Posterior",
    "RationalQuadratic",
    "SquaredExponential",
]
