"""The prior at one length scale, as solvers take it."""

from dataclasses import dataclass, replace

from .covariance import Scaling
from .features import FeatureMap
from .kernels import Kernel
from .nugget import Nugget
from .settings import DEFAULTS, FitSettings


@dataclass(frozen=True)
class Prior:
    """What observations are correlated by, in units of the signal variance.

    Parameters
    ----------
    features : FeatureMap
        What is seen of a point.
    kernel : Kernel
        Correlation by distance in feature space.
    scaling : Scaling
        The length scale there, and the size of the features' Jacobian.
    nugget : Nugget
        Additions to the diagonal.
    settings : FitSettings
        How large matrices are cut into parts.
    """

    features: FeatureMap
    kernel: Kernel
    scaling: Scaling
    nugget: Nugget
    settings: FitSettings = DEFAULTS

    def at_length(self, length: float) -> "Prior":
        """The prior with another length scale."""
        return replace(self, scaling=replace(self.scaling, length=length))
