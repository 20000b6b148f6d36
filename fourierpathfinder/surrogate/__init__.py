"""A Gaussian process with gradients, its features, and the warp of what it is told."""

from .features import Coordinates, FeatureMap
from .gaussian_process import GaussianProcess
from .inverse_distances import InverseDistances
from .kernels import Kernel, Matern52, SquaredExponential
from .posterior import Observations, Posterior
from .warp import Warp

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
    "Warp",
]
