"""A Gaussian process conditioned on values and gradients: mean, deviation, Hessian.

    μ(x) = m + Σ_i [κ α_i - 2κ' δ_i·w_i],   δ_i = (φ(x) - φ_i)/l,   σ²(x) = s² (1 - kᵀK⁻¹k)

with α and w from one solve, m the largest value given (so that the unknown counts as high)
and s² in closed form.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from .._arrays import Array
from .features import Coordinates
from .gram import Gram


@dataclass(frozen=True)
class Observations:
    """Points `x` (n, D), `values` (n,), `gradients` (n, D) and which gradients are known (n,)."""

    x: Array
    values: Array
    gradients: Array
    has_gradient: Array

    @classmethod
    def of(
        cls, x: Array, values: Array, gradients: Array, has_gradient: Array | None
    ) -> "Observations":
        """Observations, with every gradient known where `has_gradient` is None."""
        known = np.ones(len(x)) if has_gradient is None else has_gradient
        return cls(x, values, gradients, np.asarray(known, dtype=bool))

    @property
    def mean(self) -> float:
        """The prior mean: the largest value."""
        return float(self.values.max())

    def seeing(self, has_gradient: Array) -> "Observations":
        """The same, with other gradients known (n,)."""
        return replace(self, has_gradient=has_gradient)

    def joined(self, other: "Observations") -> "Observations":
        """These observations, then the others."""
        return Observations(
            np.concatenate([self.x, other.x]),
            np.concatenate([self.values, other.values]),
            np.concatenate([self.gradients, other.gradients]),
            np.concatenate([self.has_gradient, other.has_gradient]),
        )


@dataclass(frozen=True)
class Posterior:
    """A Gaussian process conditioned on observations.

    Parameters
    ----------
    gram : Gram
        The factored covariance of the observations.
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
    """

    gram: Gram
    data: Observations
    signal_variance: float
    origin: Array
    stack: Array
    value_weights: Array

    @classmethod
    def of(cls, gram: Gram, data: Observations) -> "Posterior":
        """Condition on `data`, whose inputs `gram` has factored."""
        weights = gram.solve(data.values - data.mean, data.gradients)
        at = gram.features.linearise(data.x)
        origin = at.values[0].copy()
        centres = (at.values - origin) / gram.scaling.length
        vectors = at.push_forward(weights.gradient)[data.has_gradient] / gram.scaling.gradient
        return cls(
            gram,
            data,
            max(weights.quadratic / gram.n_rows, np.finfo(float).tiny),
            origin,
            np.concatenate([centres, vectors]),
            weights.value,
        )

    @property
    def length_scale(self) -> float:
        """l, in feature space."""
        return self.gram.scaling.length

    @property
    def log_likelihood(self) -> float:
        """Log marginal likelihood, up to a constant, at the best signal variance."""
        gram = self.gram
        n_gradient = gram.n_rows - len(gram.x)
        value = -gram.n_rows * np.log(self.signal_variance) - gram.log_determinant
        return float(value / 2 + n_gradient * np.log(gram.scaling.row))

    def with_values(self, values: Array, gradients: Array) -> "Posterior":
        """The process with other `values` (n,) and `gradients` (n, D) at the same points.

        Only triangular solves are done: this is what a new warp costs.
        """
        data = replace(self.data, values=values, gradients=gradients)
        return Posterior.of(self.gram, data)

    def add(
        self, x: Array, values: Array, gradients: Array, has_gradient: Array | None = None
    ) -> "Posterior":
        """The process with the points `x` (m, D) added at the same length scale.

        Raises
        ------
        scipy.linalg.LinAlgError
            Where a point is too close to another for the nugget.
        """
        new = Observations.of(x, values, gradients, has_gradient)
        data = self.data.joined(new)
        return Posterior.of(self.gram.extended(x, new.has_gradient), data)

    def restricted(self, origin: Array, basis: Array) -> "Posterior":
        """The same process as a function of y in x = origin + basis y, for fast predictions.

        Exact where the observations' inputs lie in that affine subspace; gradients are those
        by y. For predictions, and for processes on the coordinates only: the likelihood and
        added points belong to the whole process.

        Parameters
        ----------
        origin : array (D,)
            A point of the subspace.
        basis : array (D, q)
            Orthonormal directions.
        """
        if not isinstance(self.gram.features, Coordinates):
            raise TypeError("only a process on `Coordinates` can be restricted to a subspace")
        shift = (self.data.x[0] - origin) @ basis
        data = replace(
            self.data, x=(self.data.x - origin) @ basis, gradients=self.data.gradients @ basis
        )
        return replace(
            self,
            gram=self.gram.restricted(origin, basis),
            data=data,
            origin=shift,
            stack=self.stack @ basis,
        )

    def predict(self, x: Array) -> tuple[Array, Array]:
        """Mean (M,) and its gradient (M, D) at the points `x` (M, D)."""
        at = self.gram.features.linearise(x)
        mean, covector = self._mean(at.values)
        return mean, at.pull_back(covector)

    def _mean(self, phi: Array) -> tuple[Array, Array]:
        """The mean (M,) at features (M, P), and its gradient (M, P) there."""
        zeta = (phi - self.origin) * (1 / self.length_scale)
        s, t = self._distances(zeta)
        k0, k1, k2 = self.gram.kernel.derivatives(s)
        seen = self._seen
        mean = self.data.mean + k0 @ self.value_weights - 2 * (k1[:, seen] * t).sum(axis=1)
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
        left = np.maximum(1 - self.gram.explained(x), 0.0)
        return np.sqrt(self.signal_variance * left)

    def hessian(self, x: Array) -> Array:
        """Second derivatives (D, D) of the mean at one point `x` (D,)."""
        at = self.gram.features.linearise(x[None])
        zeta = (at.values - self.origin) / self.length_scale
        s, t = (row[0] for row in self._distances(zeta))
        _, k1, k2 = self.gram.kernel.derivatives(s)
        k3 = self.gram.kernel.third(s)
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
