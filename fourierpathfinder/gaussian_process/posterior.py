"""A Gaussian process conditioned on values and gradients: mean, deviation, Hessian.

    μ(x) = m + Σ_i [κ α_i - 2κ' δ_i·w_i],   δ_i = (φ(x) - φ_i)/l,   σ²(x) = s² (1 - kᵀK⁻¹k)

with α and w from one solve, m the largest value given (so that the unknown counts as high)
and s² in closed form.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.linalg import LinAlgError

from .._arrays import Array
from .._lazy import cached_property
from .features import FeatureMap
from .fit import evidence_of, factored, likeliest, prior_on
from .kernels import Kernel
from .noise import with_known_noise
from .observations import Observations
from .prior import Prior
from .solver import Solver, Weights


@dataclass(frozen=True)
class Posterior:
    """A Gaussian process conditioned on observations.

    Parameters
    ----------
    solver : Solver
        The factored covariance of the observations, and the prior.
    data : Observations
        What was observed.
    signal_variance : float
        s², in the values' unit squared.
    origin : array (P,)
        Features that predictions are taken relative to.
    stack : array (n + n_g, P)
        The observations' features, from the origin and in units of l, above those n_g vectors
        w_i that have a gradient behind them.
    value_weights : array (n,)
        α.
    before : Posterior, optional
        The process on the first of the points under the same prior, where it was extended.
    level : float, optional
        m, where that is not the largest value.
    """

    solver: Solver
    data: Observations
    signal_variance: float
    origin: Array
    stack: Array
    value_weights: Array
    before: "Posterior | None" = field(default=None, repr=False, compare=False)
    level: float | None = None

    @property
    def constant(self) -> float:
        """The prior mean m."""
        return self.data.mean if self.level is None else self.level

    @classmethod
    def of(cls, solver: Solver, data: Observations) -> "Posterior":
        """Condition on `data`, whose inputs `solver` has factored."""
        weights = solver.solve(data.values - data.mean, data.gradients)
        variance = max(weights.quadratic / solver.n_rows, np.finfo(float).tiny)
        return cls.weighted(solver, data, variance, weights)

    @classmethod
    def weighted(
        cls,
        solver: Solver,
        data: Observations,
        variance: float,
        weights: Weights,
        level: float | None = None,
    ) -> "Posterior":
        """The process whose mean has these weights of the points of `data`."""
        scaling = solver.prior.scaling
        at = solver.prior.features.linearise(data.x)
        origin = at.values[0].copy()
        centres = (at.values - origin) / scaling.length
        vectors = at.push_forward(weights.gradient)[data.has_gradient] / scaling.gradient
        stack = np.concatenate([centres, vectors])
        return cls(solver, data, variance, origin, stack, weights.value, level=level)

    @property
    def features(self) -> FeatureMap:
        """What is seen of a point."""
        return self.solver.prior.features

    @property
    def kernel(self) -> Kernel:
        """Correlation by distance in feature space."""
        return self.solver.prior.kernel

    @property
    def length_scale(self) -> float:
        """l, in feature space."""
        return self.solver.prior.scaling.length

    @property
    def noise(self) -> tuple[float, float]:
        """Standard deviations of the noise on values and on gradient components, in their units.

        What was stated, or found; 0 where observations are as good as exact.
        """
        nugget, deviation = self.solver.prior.nugget, float(np.sqrt(self.signal_variance))
        return deviation * float(np.sqrt(nugget.value)), deviation * float(np.sqrt(nugget.gradient))

    @property
    def log_likelihood(self) -> float:
        """Log marginal likelihood, up to a constant, at the best signal variance."""
        solver = self.solver
        n_gradient = solver.n_rows - len(self.data)
        value = -solver.n_rows * np.log(self.signal_variance) - solver.log_determinant
        return float(value / 2 + n_gradient * np.log(solver.prior.scaling.row))

    def under(self, kernel: Kernel) -> "Posterior":
        """The process on the same data under another kernel, at that kernel's own best length.

        What is asked for again is not made again, and where only points were added since, they
        are added to what was made then.
        """
        if kernel == self.kernel:
            return self
        if kernel not in self._others:
            other = self._extended_under(kernel) or self._from_nothing(
                self._likeliest(replace(self.solver.prior, kernel=kernel))[0]
            )
            other._others[self.kernel] = self
            self._others[kernel] = other
        return self._others[kernel]

    def _extended_under(self, kernel: Kernel) -> "Posterior | None":
        """What `before` makes of another kernel, with the points since; None where that fails."""
        if self.before is None:
            return None
        solver, old = self.before.under(kernel).solver, len(self.before.data)
        try:
            wider = solver.extended(self.data.x[old:], self.data.has_gradient[old:])
        except LinAlgError:
            return None
        return Posterior.of(wider, self.data)

    def seen_by(self, features: FeatureMap, least: float = -np.inf) -> "Posterior | None":
        """The process on the same data with other features, at their own best length.

        None where that makes them less likely than `least`; then nothing is factored.
        """
        if features is self.features:
            return self
        prior = self.solver.prior
        x, kernel, nugget = self.data.x, prior.kernel, prior.nugget
        other = prior_on(x, features, kernel, nugget, prior.settings)
        best, likelihood = self._likeliest(other)
        return None if likelihood < least else self._from_nothing(best)

    def _likeliest(self, prior: Prior) -> tuple[Prior, float]:
        """The prior at its best length, and the log likelihood of the data; ∞ if unknown."""
        evidence, reach, noise = evidence_of(prior, self.data), prior.settings.far_reach, self.noise
        if any(noise):
            return with_known_noise(evidence, noise, reach), np.inf
        best, known = likeliest(evidence, reach)
        is_of_all = evidence.n_rows == self.solver.n_rows
        return best, known.value if known is not None and is_of_all else np.inf

    def _from_nothing(self, prior: Prior) -> "Posterior":
        return Posterior.of(factored(prior, self.data), self.data)

    @property
    def is_constant(self) -> bool:
        """Whether all that was observed is one value."""
        return not np.ptp(self.data.values) and not self.data.gradients.any()

    @cached_property
    def _others(self) -> dict[Kernel, "Posterior"]:
        return {}

    def with_values(self, values: Array, gradients: Array) -> "Posterior":
        """The process with other `values` (n,) and `gradients` (n, D) at the same points.

        Only triangular solves are done: this is what a new warp costs.
        """
        data = replace(self.data, values=values, gradients=gradients)
        return Posterior.of(self.solver, data)

    def add(
        self, x: Array, values: Array, gradients: Array, has_gradient: Array | None = None
    ) -> "Posterior":
        """The process with the points `x` (m, D) added at the same length scale.

        Raises
        ------
        scipy.linalg.LinAlgError
            Where a point is too close to another for the nugget.
        """
        return self.extended(self.data.joined(Observations.of(x, values, gradients, has_gradient)))

    def extended(self, data: Observations) -> "Posterior":
        """The process on `data`, which begins with the same points, at the same length scale.

        Raises
        ------
        scipy.linalg.LinAlgError
            As `add`.
        """
        old = len(self.data)
        solver = self.solver.extended(data.x[old:], data.has_gradient[old:])
        return replace(Posterior.of(solver, data), before=self)

    def span(self) -> tuple[Array, Array] | None:
        """Where the mean varies: origin (D,) and directions (k, D), or None for everywhere.

        Away from origin + span(directions) the mean depends on the distance alone, so that
        within any subspace that contains it nothing is lost (`restricted`).
        """
        if not self.features.keeps_distances:
            return None
        data, origin = self.data, self.data.x[0]
        return origin, np.concatenate([data.x - origin, data.gradients[data.has_gradient]])

    def restricted(self, origin: Array, basis: Array) -> "Posterior":
        """The same process as a function of y in x = origin + basis y, for fast predictions.

        Exact where the observations' inputs lie in that affine subspace; gradients are those
        by y. For predictions only: the likelihood and added points belong to the whole process.

        Parameters
        ----------
        origin : array (D,)
            A point of the subspace.
        basis : array (D, q)
            Orthonormal directions.

        Raises
        ------
        TypeError
            Where the mean varies everywhere (`span` is None).
        """
        solver = self.solver.restricted(origin, basis)
        shift = (self.data.x[0] - origin) @ basis
        data = replace(
            self.data, x=(self.data.x - origin) @ basis, gradients=self.data.gradients @ basis
        )
        return replace(
            self,
            solver=solver,
            data=data,
            origin=shift,
            stack=self.stack @ basis,
        )

    def predict(self, x: Array) -> tuple[Array, Array]:
        """Mean (M,) and its gradient (M, D) at the points `x` (M, D)."""
        at = self.features.linearise(x)
        mean, covector = self._mean(at.values)
        return mean, at.pull_back(covector)

    def _mean(self, phi: Array) -> tuple[Array, Array]:
        """The mean (M,) at features (M, P), and its gradient (M, P) there."""
        zeta = (phi - self.origin) * (1 / self.length_scale)
        s, t = self._distances(zeta)
        k0, k1, k2 = self.kernel.derivatives(s)
        seen = self._seen
        mean = self.constant + k0 @ self.value_weights - 2 * (k1[:, seen] * t).sum(axis=1)
        along = 2 * k1 * self.value_weights
        along[:, seen] -= 4 * k2[:, seen] * t
        covector = np.concatenate([along, 2 * k1[:, seen]], axis=1) @ self.stack
        zeta *= along.sum(axis=1)[:, None]
        return mean, (zeta - covector) * (1 / self.length_scale)

    def _distances(self, zeta: Array) -> tuple[Array, Array]:
        """|δ_i|² (M, n) and δ_i·w_i (M, n_g) for scaled features (M, P)."""
        n = len(self.value_weights)
        products = zeta @ self.stack.T
        norms, overlaps = self._constants
        squared = np.einsum("mp,mp->m", zeta, zeta)[:, None] + norms - 2 * products[:, :n]
        return np.maximum(squared, 0.0), products[:, n:] - overlaps

    @cached_property
    def _constants(self) -> tuple[Array, Array]:
        centres, vectors = self._centres_and_vectors
        return (centres**2).sum(axis=1), (centres[self._seen] * vectors).sum(axis=1)

    @property
    def _centres_and_vectors(self) -> tuple[Array, Array]:
        n = len(self.value_weights)
        return self.stack[:n], self.stack[n:]

    @cached_property
    def _seen(self) -> Array | slice:
        """Which of the points have a gradient; a slice where all have, which copies nothing."""
        known = self.data.has_gradient
        return slice(None) if known.all() else np.flatnonzero(known)

    def deviation(self, x: Array) -> Array:
        """Posterior standard deviation (M,) of the value at the points `x` (M, D)."""
        left = np.maximum(1 - self.solver.explained(x), 0.0)
        return np.sqrt(self.signal_variance * left)

    def hessian(self, x: Array) -> Array:
        """Second derivatives (D, D) of the mean at one point `x` (D,)."""
        at = self.features.linearise(x[None])
        zeta = (at.values - self.origin) / self.length_scale
        s, t = (row[0] for row in self._distances(zeta))
        _, k1, k2 = self.kernel.derivatives(s)
        k3 = self.kernel.third(s)
        # In units of l, with the Jacobian at x applied to both sides.
        centres, vectors = self._centres_and_vectors
        d, w = at.pull_back(zeta - centres), at.pull_back(vectors)
        seen = self._seen
        straight = 2 * k1 @ self.value_weights - 4 * k2[seen] @ t
        bends = 4 * k2 * self.value_weights
        bends[seen] -= 8 * k3[seen] * t
        bent = bends[:, None] * d
        mixed = d[seen].T @ (-4 * k2[seen, None] * w)
        metric = at.metric(at)[0, :, 0, :]
        curved = (straight * metric + d.T @ bent + mixed + mixed.T) / self.length_scale**2
        hessian = curved + at.curvature(self._mean(at.values)[1][0])
        return np.asarray(hessian + hessian.T) / 2
