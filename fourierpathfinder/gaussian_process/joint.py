"""Observations as the sum of two processes: one told elsewhere already, and one of the difference.

    f = m + d,     f - μ ~ N(0, s_m² A + s_d² B)

with μ and s_m² A what the observations of m have left of its mean and covariances, and B the
correlations of d. How likely f is, given those observations of m, is the likelihood of this; what
of f is m and what is d follows from it, without a guess.
"""

from dataclasses import dataclass, replace

import numpy as np
import scipy
from numpy.linalg import LinAlgError

from .._arrays import Array
from .._lazy import cached_property
from .block_cholesky import cholesky
from .features import FeatureMap
from .fit import factored, prior_on
from .nugget import Nugget
from .observations import Observations
from .posterior import Posterior
from .prior import Prior
from .solver import Weights
from .unexplained import Unexplained


@dataclass(frozen=True, eq=False)
class Joint:
    """The two processes and their observations, at one length scale and variance of the second.

    Parameters
    ----------
    mean : Posterior
        m, as it was told elsewhere.
    data : Observations
        Of f.
    missing : Observations
        What of these m did not foresee.
    left : Unexplained
        A.
    apart : Unexplained
        B, without its diagonal's addition.
    variance : float
        s_d², in the values' unit squared.
    noise : (float, float)
        Standard deviations of the noise on values of f and on components of its gradients.
    """

    mean: Posterior
    data: Observations
    missing: Observations
    left: Unexplained
    apart: Unexplained
    variance: float
    noise: tuple[float, float]

    @classmethod
    def of(
        cls,
        mean: Posterior,
        data: Observations,
        prior: Prior,
        variance: float,
        noise: tuple[float, float],
        before: "Joint | None" = None,
    ) -> "Joint":
        """Both, with what another has worked out where that is of the same points."""
        asked = mean.solver, data.x, data.has_gradient
        same = before is not None and before.left.is_by(*asked)
        left = before.left if before is not None and same else Unexplained.by(*asked)
        missing = data.beyond(*mean.predict(data.x))
        return cls(mean, data, missing, left, left.by_nothing(prior), variance, noise)

    def at(self, length: float, variance: float) -> "Joint":
        """The same with another length scale, and another variance, of the difference."""
        if length == self.length:
            return replace(self, variance=variance)
        other = replace(self, variance=variance)
        return other._with(self.prior.at_length(length))

    def seen_by(self, features: FeatureMap) -> "Joint":
        """The same with a difference that sees other features, at a length scale like that of m."""
        now, x = self.prior, self.data.x
        other = self._with(prior_on(x, features, now.kernel, now.nugget, now.settings))
        return other._with(other.prior.at_length(other.unit))

    def _with(self, prior: Prior) -> "Joint":
        return replace(self, apart=self.left.by_nothing(prior))

    @property
    def prior(self) -> Prior:
        """That of d."""
        return self.apart.wanted.inside.prior

    @cached_property
    def unit(self) -> float:
        """The length scale of m, as it would be in the features of d."""
        x, own = self.mean.data.x, self.mean.solver.prior
        extents = (
            prior_on(x, one.features, one.kernel, one.nugget, one.settings).scaling.length
            for one in (self.prior, own)
        )
        return own.scaling.length * next(extents) / next(extents)

    @property
    def scale(self) -> float:
        """What gradient rows are multiplied by, as those of m are."""
        return self.mean.solver.prior.scaling.row

    @property
    def length(self) -> float:
        """Length scale of the difference."""
        return self.prior.scaling.length

    @cached_property
    def _turns(self) -> list[Array]:
        """What makes rows scaled for m of rows scaled for d, (R, 1) and (n_g, 1)."""
        turn = self.scale / self.prior.scaling.row
        rows = self.left.wanted.inside.component[:, None]
        beyond = np.full((int(self.data.has_gradient.sum()), 1), turn)
        return [np.where(rows == 0, 1.0, turn), beyond][: len(self.left.parts)]

    @cached_property
    def nugget(self) -> Nugget:
        """Additions to the diagonal, relative to s_d²; the base is relative to both variances."""
        whole = 1 + self.mean.signal_variance / self.variance
        value, gradient = (one**2 / self.variance for one in self.noise)
        return Nugget(self.prior.nugget.base * whole, value, gradient)

    @cached_property
    def _factors(self) -> list[Array]:
        """Lower factors of the covariances, in the frame and beyond it."""
        scaling = self.prior.scaling
        component = self.left.wanted.inside.component
        added = [self.nugget.diagonal(component, scaling), self.nugget.on_gradient(scaling)]
        found = []
        for below, beside, turn, diagonal in zip(
            self.left.parts, self.apart.parts, self._turns, added, strict=False
        ):
            other = turn * (beside.own + diagonal * np.eye(len(turn))) * turn.T
            found.append(cholesky(self.mean.signal_variance * below.left + self.variance * other))
        return found

    @cached_property
    def level(self) -> float:
        """The prior mean of d: its larger value at the first two points, the ends of a path."""
        return float(self.missing.values[:2].max())

    def told(self, values: Array, gradients: Array) -> list[Array]:
        """Values and gradients at the points of f, as rows."""
        return self.left.wanted.of(values, gradients, self.scale)

    def solved(self, rows: list[Array]) -> list[Array]:
        """The inverse of the covariances, applied to rows."""
        return [
            scipy.linalg.cho_solve((factor, True), y)
            for factor, y in zip(self._factors, rows, strict=True)
        ]

    @cached_property
    def _weights(self) -> list[Array]:
        return self.solved(self._rows)

    @cached_property
    def _rows(self) -> list[Array]:
        return self.told(self.missing.values - self.level, self.missing.gradients)

    @cached_property
    def log_likelihood(self) -> float:
        """That of f, given what m was told, up to the constant of `Posterior.log_likelihood`."""
        fit, n_rows = 0.0, 0
        for factor, y, w, copies in zip(
            self._factors, self._rows, self._weights, self._copies, strict=False
        ):
            fit += float((y * w).sum()) + copies * 2 * float(np.log(factor.diagonal()).sum())
            n_rows += copies * len(factor)
        n_gradient = n_rows - len(self.data)
        return (n_rows - fit) / 2 + n_gradient * float(np.log(self.scale))

    @property
    def _copies(self) -> tuple[int, int]:
        frame = self.left.wanted.frame
        return 1, 0 if frame is None else frame.n_outside

    def deviation(self, x: Array) -> Array:
        """Standard deviation (M,) of f at the points `x` (M, D)."""
        within, away = self.left.places(x)
        below, s_m, s_d = self.left.parts, self.mean.signal_variance, self.variance
        variance = np.full(len(x), s_m + s_d)
        for one, other, turn, factor in zip(
            below, self.apart.parts, self._turns, self._factors, strict=True
        ):
            rows, known = one.with_values(within, away)
            rows = s_m * rows + s_d * turn * other.with_values(within, away)[0]
            half = scipy.linalg.solve_triangular(factor, rows, lower=True)
            variance -= s_m * known + (half * half).sum(axis=0)
        return np.sqrt(np.maximum(variance, 0.0))

    def parted(self) -> tuple[Posterior, Posterior]:
        """What m is with all that is known, and what d is."""
        mean = self._mean()
        data = self.data.beyond(*mean.predict(self.data.x))
        turned = zip(self._turns, self._weights, strict=True)
        weights = self.left.wanted.weights([self.variance * turn * w for turn, w in turned])
        solver = factored(replace(self.prior, nugget=self.nugget), data)
        return mean, Posterior.weighted(solver, data, self.variance, weights, self.level)

    def _mean(self) -> Posterior:
        m, variance = self.mean, self.mean.signal_variance
        rows = [variance * w for w in self._weights]
        carried = [part.carried(w) for part, w in zip(self.left.parts, rows, strict=True)]
        own = m.solver.solve(m.data.values - m.constant, m.data.gradients)
        less, more = self.left.known.weights(carried), self.left.wanted.weights(rows)
        weights = Weights(
            np.concatenate([own.value - less.value, more.value]),
            np.concatenate([own.gradient - less.gradient, more.gradient]),
            own.quadratic,
        )
        nothing = replace(self.data, values=0 * self.data.values, gradients=0 * self.data.gradients)
        data = m.data.joined(nothing)
        return Posterior.weighted(m.solver, data, variance, weights, m.constant)

    def factor_of_mean(self, origin: float) -> float:
        """The factor of m, about the value `origin`, that fits best; NaN where unknown.

        With K the covariance of f - m, the factor ρ and a constant by generalised least squares.
        """
        below, slope = self.mean.predict(self.data.x)
        values, gradients = self.data.values - origin, self.data.gradients
        columns = [
            self.told(below - origin, slope),
            self.told(np.ones(len(below)), 0 * slope),
            self.told(values, gradients),
        ]
        products = np.array(
            [[_product(w, v) for v in columns] for w in map(self.solved, columns[:2])]
        )
        try:
            return float(np.linalg.solve(products[:, :2], products[:, 2])[0])
        except LinAlgError:
            return float("nan")


def _product(one: list[Array], other: list[Array]) -> float:
    return sum(float((a * b).sum()) for a, b in zip(one, other, strict=True))
