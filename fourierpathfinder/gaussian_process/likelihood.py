"""The marginal likelihood of observations, with its analytic slopes.

With R rows y (scaled by c = l/γ where they are gradients), the signal variance takes its best
value s² = yᵀK⁻¹y / R, which leaves

    ℓ(l) = -R/2 log s² - 1/2 log det K + R_g log c

    dℓ/dlog l = (αᵀK'α/2 - αᵀy') / s² - tr(K⁻¹K')/2 + R_g,   α = K⁻¹y, ' = d/dlog l

    dℓ/dlog ν = ν (Σ_i α_i²/s² - Σ_i (K⁻¹)_ii)/2,   for noise of variance ν s² on the rows i

where y' keeps the gradient rows of y only. Source: Rasmussen and Williams (2006), eq. 5.9.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import scipy

from .._arrays import Array
from .block_cholesky import cholesky
from .covariance import Geometry, Projected, Scaling, Sites, covariance, covariance_slope
from .dense_solver import rows
from .observations import Observations
from .prior import Prior
from .solver import Split


class Likelihood(NamedTuple):
    """log marginal likelihood, up to a constant, its slopes, and the s² that goes with it.

    `slope` is by log l, `noise_slopes` are by the logarithms of the noise's variances (on values,
    on gradients) in units of s², `variance_slopes` by these variances on scaled rows themselves.
    """

    value: float
    slope: float
    noise_slopes: tuple[float, float] = (0.0, 0.0)
    signal_variance: float = 1.0
    variance_slopes: tuple[float, float] = (0.0, 0.0)


class _Part(NamedTuple):
    """What one independent set of rows adds, and the slopes by log l (primed)."""

    quadratic: float  # yᵀα
    quadratic_slope: float  # 2αᵀy' - αᵀK'α
    log_determinant: float
    log_determinant_slope: float
    squares: Array  # Σα² over the rows of values, and over those of gradients
    traces: Array  # tr K⁻¹ over the same


@dataclass(frozen=True)
class Evidence:
    """Observations prepared for evaluating their likelihood at many length scales.

    `geometry`, `point`, `component` and `table` are of the rows in directions that interact,
    `outside_products` of those that do not (`solver.Split`).
    """

    prior: Prior
    geometry: Geometry
    point: Array
    component: Array
    table: Array
    outside_products: Array
    has_gradient: Array
    n_outside: int
    longest: float = np.inf
    """The largest length scale that is to be considered."""

    @classmethod
    def of(cls, prior: Prior, split: Split, data: Observations) -> "Evidence":
        """The evidence of observations, divided as in `split`.

        Where the matrix would have too many rows, gradients count only in the directions in
        which inputs differ most (and in those that do not interact, where they are cheap): a
        sound likelihood, of fewer data.
        """
        sites, inside, n_points = split.sites, split.inside, len(data)
        n_directions = inside.shape[1]
        room = max(1, int(min(prior.settings.likelihood_rows / n_points, n_directions + 1)) - 1)
        if room < n_directions:
            main = _main_directions(split.points, room)
            sites, inside = Sites(Projected(sites.at, main), sites.origin), inside @ main
        point, component = rows(data.has_gradient, inside.shape[1])
        outside = split.outside[data.has_gradient]
        return cls(
            prior,
            Geometry.between(sites, sites),
            point,
            component,
            np.concatenate([(data.values - data.mean)[:, None], inside], axis=1),
            outside @ outside.T,
            data.has_gradient,
            split.n_outside,
        )

    @property
    def n_rows(self) -> int:
        """R, the number of scalars observed."""
        return len(self.point) + self.n_outside * int(self.has_gradient.sum())

    @property
    def is_constant(self) -> bool:
        """Whether all values are the same and all gradients zero."""
        observed = self.table[self.point, self.component]
        return not observed.any() and not self.outside_products.any()

    @property
    def inside(self) -> "Evidence":
        """Without what gradients are in directions that do not interact: it foretells nothing."""
        return replace(self, n_outside=0, outside_products=np.zeros_like(self.outside_products))

    @property
    def of_values(self) -> "Evidence":
        """The values alone."""
        return self._rows(self.component == 0).inside

    @property
    def of_gradients(self) -> "Evidence":
        """The gradients alone."""
        return self._rows(self.component > 0)

    def _rows(self, which: Array) -> "Evidence":
        return replace(self, point=self.point[which], component=self.component[which])

    def under(self, prior: Prior) -> "Evidence":
        """The same observations under another prior on the same features, as finely scaled."""
        return replace(self, prior=prior)

    def __call__(self, log_length: float) -> Likelihood:
        """ℓ and its slopes.

        Raises
        ------
        scipy.linalg.LinAlgError
            Where the covariance matrix is not positive definite.
        """
        scaling = self.prior.at_length(float(np.exp(log_length))).scaling
        inside, outside = self._inside(scaling), self._outside(scaling)
        n_rows, n_outside = self.n_rows, self.n_outside
        n_gradient = n_rows - int((self.component == 0).sum())
        quadratic = inside.quadratic + outside.quadratic
        determinant = inside.log_determinant + n_outside * outside.log_determinant
        slope = inside.log_determinant_slope + n_outside * outside.log_determinant_slope
        variance = quadratic / n_rows
        value = -n_rows / 2 * np.log(variance) - determinant / 2
        fit = (inside.quadratic_slope + outside.quadratic_slope) / variance
        noise = np.array([self.prior.nugget.value, self.prior.nugget.gradient * scaling.row**2])
        misfit = (inside.squares + outside.squares) / variance
        by_variance = (misfit - inside.traces - n_outside * outside.traces) / 2
        by_log = noise * by_variance
        return Likelihood(
            float(value + n_gradient * np.log(scaling.row)),
            float(n_gradient - (fit + slope) / 2),
            (float(by_log[0]), float(by_log[1])),
            float(variance),
            (float(by_variance[0]), float(by_variance[1])),
        )

    def _inside(self, scaling: Scaling) -> _Part:
        kernel, nugget = self.prior.kernel, self.prior.nugget
        full = self._picked(covariance(kernel, self.geometry, scaling))
        np.einsum("rr->r", full)[:] += nugget.diagonal(self.component, scaling)
        moved = self._picked(covariance_slope(kernel, self.geometry, scaling))
        np.einsum("rr->r", moved)[:] += nugget.diagonal_slope(self.component, scaling)
        y = self.table[self.point, self.component] * np.where(self.component > 0, scaling.row, 1.0)
        factor = cholesky(full)
        weights = scipy.linalg.cho_solve((factor, True), y)
        inverse = _Inverse.of(factor)
        on_gradient = self.component > 0
        return _Part(
            float(y @ weights),
            2 * float((weights * y)[on_gradient].sum()) - float(weights @ moved @ weights),
            2 * float(np.log(factor.diagonal()).sum()),
            inverse.trace_times(moved),
            _by_kind(weights**2, on_gradient),
            _by_kind(inverse.lower.diagonal(), on_gradient),
        )

    def _picked(self, covariances: Array) -> Array:
        """The rows (R, R) that were observed, of covariances (n, 1+D, n, 1+D)."""
        whole = covariances.reshape(self.table.size, -1)
        if len(self.point) == self.table.size:
            return whole
        flat = self.point * self.table.shape[1] + self.component
        return whole[np.ix_(flat, flat)]

    def _outside(self, scaling: Scaling) -> _Part:
        if not self.n_outside:
            return _Part(0.0, 0.0, 0.0, 0.0, np.zeros(2), np.zeros(2))
        nugget = self.prior.nugget
        seen = np.ix_(self.has_gradient, self.has_gradient)
        squared = self.geometry.squared[seen] / scaling.length**2
        _, k1, k2 = self.prior.kernel.derivatives(squared)
        eye = np.eye(len(squared))
        factor = cholesky(-2 * k1 + nugget.on_gradient(scaling) * eye)
        moved = 4 * squared * k2 + nugget.on_gradient_slope(scaling) * eye
        products = scaling.row**2 * scipy.linalg.cho_solve((factor, True), self.outside_products)
        quadratic = float(np.trace(products))
        bent = float(np.trace(products @ scipy.linalg.cho_solve((factor, True), moved)))
        squares = float(np.trace(scipy.linalg.cho_solve((factor, True), products.T)))
        inverse = _Inverse.of(factor)
        return _Part(
            quadratic,
            2 * quadratic - bent,
            2 * float(np.log(factor.diagonal()).sum()),
            inverse.trace_times(moved),
            np.array([0.0, squares]),
            np.array([0.0, float(inverse.lower.trace())]),
        )


@dataclass(frozen=True)
class _Inverse:
    """The lower half of the inverse of a symmetric matrix; the upper half is zero."""

    lower: Array

    @classmethod
    def of(cls, factor: Array) -> "_Inverse":
        """From the matrix's lower factor."""
        return cls(scipy.linalg.lapack.dpotri(factor, lower=1)[0])

    def trace_times(self, matrix: Array) -> float:
        """tr(A⁻¹B) for a symmetric matrix B."""
        products = self.lower * matrix
        return float(2 * products.sum() - products.diagonal().sum())


def _by_kind(rows_: Array, on_gradient: Array) -> Array:
    """Sums over the rows of values, and over those of gradients."""
    return np.array([rows_[~on_gradient].sum(), rows_[on_gradient].sum()])


def _main_directions(x: Array, count: int) -> Array:
    """The directions (D, at most `count`) in which points (n, D) differ most."""
    _, _, directions = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    return directions[: min(count, max(1, len(x) - 1))].T
