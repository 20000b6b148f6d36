"""A surrogate on top of another: a prior mean, and a Gaussian process of the difference from it.

    f(x) ~ m(x) + d(x),     σ²(x) = σ_m²(x) (1 - e(x)) + σ_d²(x)

with m the surrogate of another landscape, which may itself be uncertain, and d a process
conditioned on f - m at the points where f is known. There it has taken in the error of m, too, so
that nothing of that is left: e(x) is the part of a variance that observations at these points
explain under m's own kernel and length scale. Length scale, kernel, features and noise of d
are those under which the differences are likeliest. How likely f is without m is known beside it,
so that a prior mean which does not help can be told.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace

import numpy as np

from .._arrays import Array
from .features import FeatureMap
from .fit import factored
from .kernels import Kernel
from .model import Model
from .nugget import Nugget
from .observations import Observations
from .posterior import Posterior
from .process import GaussianProcess
from .solver import Solver


@dataclass(frozen=True)
class Corrected(ABC):
    """The sum of a prior mean and a process of the difference.

    Parameters
    ----------
    data : Observations
        What was observed.
    mean : Model
        The prior mean.
    difference : Posterior
        The process of what is missing.
    alone : Posterior
        The process of the same observations without the prior mean.
    factor : float
        What the prior mean's landscape was multiplied by before it was told.
    """

    data: Observations
    mean: Model
    difference: Posterior
    alone: Posterior
    factor: float = 1.0

    @property
    def features(self) -> FeatureMap:
        """What the difference sees of a point."""
        return self.difference.features

    @property
    def kernel(self) -> Kernel:
        """That of the difference."""
        return self.difference.kernel

    @property
    def noise(self) -> tuple[float, float]:
        """Standard deviations of the noise on values and on gradient components."""
        return self.difference.noise

    @property
    def log_likelihood(self) -> float:
        """Log marginal likelihood of the observations, given the prior mean."""
        return self.difference.log_likelihood

    @property
    def gain(self) -> float:
        """How much likelier, in log likelihood, the prior mean makes the observations.

        0 where the two were not told the same, for want of room.
        """
        told = self.difference.data.has_gradient, self.alone.data.has_gradient
        if not np.array_equal(*told):
            return 0.0
        return self.log_likelihood - self.alone.log_likelihood

    def predict(self, x: Array) -> tuple[Array, Array]:
        """Mean (M,) and its gradient (M, D) at the points `x` (M, D)."""
        (below, slope), (value, gradient) = self.mean.predict(x), self.difference.predict(x)
        return below + value, slope + gradient

    @abstractmethod
    def deviation(self, x: Array) -> Array:
        """Standard deviation (M,) of the value."""

    def hessian(self, x: Array) -> Array:
        """Second derivatives (D, D) of the mean at one point `x` (D,)."""
        return self.mean.hessian(x) + self.difference.hessian(x)

    def under(self, kernel: Kernel) -> "Corrected":
        """The same with another kernel for the difference."""
        return replace(self, difference=self.difference.under(kernel))

    def beyond_mean(self, data: Observations) -> Observations:
        """What of some observations the prior mean leaves to the difference."""
        return data.beyond(*self.mean.predict(data.x))

    @abstractmethod
    def add(self, x: Array, values: Array, gradients: Array) -> "Corrected":
        """With the points `x` (m, D) added at the same length scale; see `Posterior.add`.

        `alone` is left as it is: this is for looking ahead.
        """

    @abstractmethod
    def better_factor(self) -> float:
        """The factor of the prior mean, about the first value, that fits best; NaN if unknown."""

    def span(self) -> tuple[Array, Array] | None:
        """None: where the mean varies is not looked for."""
        return None

    def restricted(self, origin: Array, basis: Array) -> "Corrected":
        """Not to be asked for, since `span` is None.

        Raises
        ------
        TypeError
            Always.
        """
        raise TypeError("a surrogate with a prior mean varies everywhere; ask `span` first")


@dataclass(frozen=True)
class Pinned(Corrected):
    """The sum where the prior mean's landscape is asked wherever the other is.

    Parameters
    ----------
    pins : Solver
        Of the observations' points under the prior of the mean.

    Examples
    --------
    >>> x = np.linspace(0, 3, 7)[:, None]
    >>> cheap = GaussianProcess().fit(x, np.sin(x[:, 0]), np.cos(x))
    >>> few = x[[0, 6]]
    >>> model = corrected(GaussianProcess(), cheap, few, 0.1 + np.sin(few[:, 0]), np.cos(few))
    >>> bool(abs(model.predict(np.array([[1.7]]))[0][0] - 0.1 - np.sin(1.7)) < 1e-3)
    True
    """

    pins: Solver = field(kw_only=True)

    def deviation(self, x: Array) -> Array:
        """Standard deviation (M,) of the value; prior mean and difference are independent."""
        left = np.maximum(1 - self.pins.explained(x), 0.0)
        return np.hypot(self.mean.deviation(x) * np.sqrt(left), self.difference.deviation(x))

    def add(self, x: Array, values: Array, gradients: Array) -> "Pinned":
        """With the points `x` (m, D) added at the same length scale; see `Posterior.add`.

        `alone` is left as it is: this is for looking ahead.
        """
        new = Observations.of(x, values, gradients)
        beyond = self.beyond_mean(new)
        return replace(
            self,
            data=self.data.joined(new),
            difference=self.difference.add(x, beyond.values, beyond.gradients),
            pins=self.pins.extended(x, np.ones(len(x), dtype=bool)),
        )

    def better_factor(self) -> float:
        """The factor of the prior mean, about the first value, that fits best; NaN if unknown."""
        return best_factor(self, float(self.data.values[0]))


def corrected(
    process: GaussianProcess,
    mean: Model,
    x: Array,
    values: Array,
    gradients: Array,
    before: Pinned | None = None,
) -> Pinned:
    """Condition the difference from a prior mean, and the whole beside it.

    Parameters
    ----------
    process : GaussianProcess
        The prior of both.
    mean : Model
        The prior mean; it may have changed.
    x, values, gradients
        All observations, as in `GaussianProcess.fit`.
    before : Pinned, optional
        What was made of the first of them.
    """
    below, slope = mean.predict(x)
    missing, data = (x, values - below, gradients - slope), Observations.of(x, values, gradients)
    pins = _pins(mean, data)
    if before is None:
        alone = process.fit(x, values, gradients)
        return Pinned(data, mean, process.fit(*missing), alone, pins=pins)
    return replace(
        before,
        data=data,
        mean=mean,
        pins=pins,
        difference=process.update(before.difference, *missing),
        alone=process.update(before.alone, x, values, gradients),
    )


def _pins(mean: Model, data: Observations) -> Solver:
    """The observations' points under the prior of the mean, without the noise of that."""
    below = mean
    while isinstance(below, Corrected):
        below = below.difference
    assert isinstance(below, Posterior)
    prior = below.solver.prior
    return factored(replace(prior, nugget=Nugget(prior.nugget.base)), data)


def best_factor(model: Corrected, origin: float) -> float:
    """The factor of the prior mean, about the value `origin`, that fits best; NaN where unknown.

    With y the observations, h the prior mean less `origin`, both with gradients, and K the
    covariance of the difference, the factor ρ and a constant by generalised least squares:

        minimise (y - ρ h - c)ᵀ K⁻¹ (y - ρ h - c)
    """
    data, solver = model.data, model.difference.solver
    below, slope = model.mean.predict(data.x)
    columns = (
        (below - origin, slope),
        (np.ones(len(data)), np.zeros_like(slope)),
        (data.values - origin, data.gradients),
    )
    row = solver.prior.scaling.row
    solved = [solver.solve(*column) for column in columns[:2]]
    products = np.array(
        [[w.value @ v + row * (w.gradient * g).sum() for v, g in columns] for w in solved]
    )
    try:
        change, _ = np.linalg.solve(products[:, :2], products[:, 2])
    except np.linalg.LinAlgError:
        return float("nan")
    return float(model.factor * change)
