"""What a search asks of a surrogate: means, deviations, curvatures, and how likely it all is."""

from typing import Protocol

from .._arrays import Array
from .features import FeatureMap
from .kernels import Kernel
from .observations import Observations


class Model(Protocol):
    """A surrogate of one landscape.

    `Posterior` is one by itself, `Corrected` one on top of another.
    """

    @property
    def data(self) -> Observations:
        """What was observed."""
        ...

    @property
    def features(self) -> FeatureMap:
        """What is seen of a point."""
        ...

    @property
    def kernel(self) -> Kernel:
        """Correlation by distance in feature space."""
        ...

    @property
    def noise(self) -> tuple[float, float]:
        """Standard deviations of the noise on values and on gradient components."""
        ...

    @property
    def log_likelihood(self) -> float:
        """Log marginal likelihood of what was observed, up to a constant."""
        ...

    def predict(self, x: Array) -> tuple[Array, Array]:
        """Mean (M,) and its gradient (M, D) at the points `x` (M, D)."""
        ...

    def deviation(self, x: Array) -> Array:
        """Standard deviation (M,) of the value at the points `x` (M, D)."""
        ...

    def hessian(self, x: Array) -> Array:
        """Second derivatives (D, D) of the mean at one point `x` (D,)."""
        ...

    def under(self, kernel: Kernel) -> "Model":
        """The same data under another kernel."""
        ...

    def add(self, x: Array, values: Array, gradients: Array) -> "Model":
        """With the points `x` (m, D) added, at the same length scale.

        Raises
        ------
        scipy.linalg.LinAlgError
            Where a point is too close to another.
        """
        ...

    def span(self) -> tuple[Array, Array] | None:
        """Where the mean varies: origin (D,) and directions (k, D), or None for everywhere."""
        ...

    def restricted(self, origin: Array, basis: Array) -> "Model":
        """The same as a function of y in x = origin + basis y.

        Raises
        ------
        TypeError
            Where the mean varies everywhere (`span` is None).
        """
        ...
