"""The length scale of largest marginal likelihood, by its analytic slope.

With R rows y (scaled by c = l/γ where they are gradients), the signal variance takes its best
value s² = yᵀK⁻¹y / R, which leaves

    ℓ(l) = -R/2 log s² - 1/2 log det K + R_g log c

    dℓ/dlog l = (αᵀK'α/2 - αᵀy') / s² - tr(K⁻¹K')/2 + R_g,   α = K⁻¹y, ' = d/dlog l

where y' keeps the gradient rows of y only. Source: Rasmussen and Williams (2006), eq. 5.9.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy

from .._arrays import Array
from .block_cholesky import cholesky
from .covariance import Geometry, Projected, Scaling, Sites, covariance, covariance_slope
from .gram import Gram, rows
from .kernels import Kernel
from .nugget import Nugget

_FIRST_STEP = 0.35


class Likelihood(NamedTuple):
    """log marginal likelihood, up to a constant, and its slope by log l."""

    value: float
    slope: float


class _Part(NamedTuple):
    """What one independent set of rows adds, and the slopes by log l (primed)."""

    quadratic: float  # yᵀα
    quadratic_slope: float  # 2αᵀy' - αᵀK'α
    log_determinant: float
    log_determinant_slope: float


@dataclass(frozen=True)
class Evidence:
    """Observations prepared for evaluating their likelihood at many length scales.

    `inside` and `outside` are the rows in and out of the Gram matrix's frame.
    """

    kernel: Kernel
    nugget: Nugget
    gradient_scale: float
    geometry: Geometry
    point: Array
    component: Array
    table: Array
    outside_products: Array
    has_gradient: Array
    n_outside: int

    @classmethod
    def of(
        cls, gram: Gram, values: Array, gradients: Array, *, most_rows: float = np.inf
    ) -> "Evidence":
        """The evidence of `values` (n,) about the mean and `gradients` (n, D) at gram's inputs.

        Where the matrix would have more than `most_rows` rows, gradients count only in the
        directions in which inputs differ most (and outside of the frame, where they are
        cheap): a sound likelihood, of fewer data.
        """
        frame, seen = gram.frame, gram.has_gradient
        observed = np.where(seen[:, None], gradients, 0.0)
        turned = frame.turned(observed)
        outside = (observed - frame.turned_back(turned))[seen]
        sites, n_points = gram.sites, len(values)
        n_directions = max(1, int(min(most_rows / n_points, frame.n_directions + 1)) - 1)
        if n_directions < frame.n_directions:
            main = _main_directions(frame.within(gram.x), n_directions)
            sites, turned = Sites(Projected(sites.at, main), sites.origin), turned @ main
        point, component = rows(seen, turned.shape[1])
        return cls(
            gram.kernel,
            gram.nugget,
            gram.scaling.gradient,
            Geometry.between(sites, sites),
            point,
            component,
            np.concatenate([values[:, None], turned], axis=1),
            outside @ outside.T,
            seen,
            frame.n_outside,
        )

    @property
    def n_rows(self) -> int:
        """R, the number of scalars observed."""
        return len(self.point) + self.n_outside * int(self.has_gradient.sum())

    def __call__(self, log_length: float) -> Likelihood:
        """ℓ and dℓ/dlog l.

        Raises
        ------
        scipy.linalg.LinAlgError
            Where the covariance matrix is not positive definite.
        """
        scaling = Scaling(float(np.exp(log_length)), self.gradient_scale)
        inside = self._inside(scaling)
        outside = self._outside(scaling) if self.n_outside else _Part(0.0, 0.0, 0.0, 0.0)
        n_rows = self.n_rows
        n_gradient = n_rows - len(self.has_gradient)
        quadratic = inside.quadratic + outside.quadratic
        determinant = inside.log_determinant + self.n_outside * outside.log_determinant
        slope = inside.log_determinant_slope + self.n_outside * outside.log_determinant_slope
        value = -n_rows / 2 * np.log(quadratic / n_rows) - determinant / 2
        fit = (inside.quadratic_slope + outside.quadratic_slope) * n_rows / quadratic
        return Likelihood(
            float(value + n_gradient * np.log(scaling.row)),
            float(n_gradient - (fit + slope) / 2),
        )

    def _inside(self, scaling: Scaling) -> _Part:
        m, width = self.table.shape
        flat = self.point * width + self.component
        pick = np.ix_(flat, flat)
        diagonal = np.diag_indices(len(flat))
        full = covariance(self.kernel, self.geometry, scaling).reshape(m * width, -1)[pick]
        full[diagonal] += self.nugget.diagonal(self.component, scaling)
        moved = covariance_slope(self.kernel, self.geometry, scaling).reshape(m * width, -1)[pick]
        moved[diagonal] += self.nugget.diagonal_slope(self.component, scaling)
        y = self.table[self.point, self.component] * np.where(self.component > 0, scaling.row, 1.0)
        factor = cholesky(full)
        weights = scipy.linalg.cho_solve((factor, True), y)
        gradient_part = float((weights * y)[self.component > 0].sum())
        return _Part(
            float(y @ weights),
            2 * gradient_part - float(weights @ moved @ weights),
            2 * float(np.log(factor.diagonal()).sum()),
            _trace_of_inverse_times(factor, moved),
        )

    def _outside(self, scaling: Scaling) -> _Part:
        seen = np.ix_(self.has_gradient, self.has_gradient)
        squared = self.geometry.squared[seen] / scaling.length**2
        _, k1, k2 = self.kernel.derivatives(squared)
        eye = np.eye(len(squared))
        factor = cholesky(-2 * k1 + self.nugget.on_gradient(scaling) * eye)
        moved = 4 * squared * k2 + self.nugget.on_gradient_slope(scaling) * eye
        products = scaling.row**2 * scipy.linalg.cho_solve((factor, True), self.outside_products)
        quadratic = float(np.trace(products))
        bent = float(np.trace(products @ scipy.linalg.cho_solve((factor, True), moved)))
        return _Part(
            quadratic,
            2 * quadratic - bent,
            2 * float(np.log(factor.diagonal()).sum()),
            _trace_of_inverse_times(factor, moved),
        )


def _main_directions(x: Array, count: int) -> Array:
    """The directions (D, at most `count`) in which points (n, D) differ most."""
    _, _, directions = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    return directions[: min(count, max(1, len(x) - 1))].T


def _trace_of_inverse_times(factor: Array, matrix: Array) -> float:
    """tr(A⁻¹B) of symmetric matrices, from A's lower factor."""
    # The inverse's upper half is zero, as the factor's is.
    lower = scipy.linalg.lapack.dpotri(factor, lower=1)[0]
    products = lower * matrix
    return float(2 * products.sum() - products.diagonal().sum())


def best_log_length(
    evidence: Callable[[float], Likelihood],
    start: float,
    bounds: tuple[float, float],
    *,
    curvature: float,
    n_evaluations: int = 6,
    tolerance: float = 0.03,
) -> float:
    """The log length scale of largest likelihood within `bounds`, by secants on the slope.

    Parameters
    ----------
    evidence : callable
        log l to `Likelihood`.
    start : float
        Where to begin, within bounds: the last length scale.
    bounds : pair of floats
        Smallest and largest log l.
    curvature : float
        A guess of -d²ℓ/d(log l)², for the first step.
    n_evaluations : int
        Largest number of evaluations.
    tolerance : float
        A change of log l below which the search ends.

    Returns
    -------
    float
        The best log l evaluated.

    Examples
    --------
    >>> parabola = lambda u: Likelihood(-((u - 0.3) ** 2), -2 * (u - 0.3))
    >>> round(best_log_length(parabola, 0.0, (-1.0, 1.0), curvature=3.0), 6)
    0.3
    """
    lower, upper = bounds
    u = best = start
    here = highest = evidence(start)
    step = float(np.clip(here.slope / curvature, -_FIRST_STEP, _FIRST_STEP))
    for _ in range(n_evaluations - 1):
        # The slope's sign brackets the maximum: it lies uphill of every point seen.
        lower, upper = (u, upper) if here.slope > 0 else (lower, u)
        following = min(max(u + step, lower), upper)
        if abs(following - u) < tolerance:
            break
        there = evidence(following)
        if there.value > highest.value:
            best, highest = following, there
        step = _secant(following - u, here.slope, there.slope)
        u, here = following, there
    return best


def _secant(step: float, slope: float, next_slope: float) -> float:
    """The next step to where the slope would vanish; a longer one where it does not fall."""
    fallen = (slope - next_slope) / step
    newton = next_slope / fallen if fallen > 0 else np.inf
    longest = 2 * abs(step)
    return float(np.sign(next_slope) * min(abs(newton), longest))
