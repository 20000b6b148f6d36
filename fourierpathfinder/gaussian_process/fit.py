"""From observations to a factored prior: the most likely length scale, limited rows."""

from dataclasses import replace

import numpy as np
from numpy.linalg import LinAlgError

from .._arrays import Array
from .covariance import Scaling
from .dense_solver import DenseSolver
from .features import FeatureMap
from .kernels import Kernel
from .length_search import best_log_length
from .likelihood import Evidence, Likelihood
from .nugget import Nugget
from .observations import Observations
from .prior import Prior
from .settings import FitSettings
from .solver import Solver
from .span_solver import SpanSolver


def solver_for(features: FeatureMap) -> type[Solver]:
    """The solver that is exact and cheapest for these features."""
    return SpanSolver if features.keeps_distances else DenseSolver


def prior_on(
    x: Array,
    features: FeatureMap,
    kernel: Kernel,
    nugget: Nugget,
    settings: FitSettings,
    length: float | None = None,
) -> Prior:
    """The prior in units that suit the points `x` (n, D); by default l is half of their extent."""
    at = features.linearise(x)
    size = float(np.sqrt(at.squared_sizes.mean() / x.shape[1]))
    length = _half_of_extent(at.values) if length is None else length
    return Prior(features, kernel, Scaling(length, size), nugget, settings)


def _half_of_extent(phi: Array) -> float:
    """Half of the largest distance of features (n, P)."""
    phi = phi - phi[0]
    products = phi @ phi.T
    norms = products.diagonal()
    squared = norms[:, None] + norms - 2 * products
    largest = float(np.sqrt(max(squared.max(), 0.0)))
    return largest / 2 if largest > 0 else 1.0


def evidence_of(prior: Prior, data: Observations) -> Evidence:
    """The observations, prepared for their likelihood at many length scales."""
    found = Evidence.of(prior, solver_for(prior.features).split(prior, data), data)
    extent = 2 * _half_of_extent(prior.features.linearise(data.x).values)
    return replace(found, longest=prior.settings.longest * extent)


def at_best_length(evidence: Evidence, reach: float) -> Prior:
    """The prior of largest likelihood, at most a factor `reach` from the length that it has."""
    return likeliest(evidence, reach)[0]


def likeliest(evidence: Evidence, reach: float) -> tuple[Prior, Likelihood | None]:
    """The same with its likelihood; None where nothing could be evaluated."""
    prior = evidence.prior
    if evidence.is_constant:
        return prior, None  # a constant says nothing about length scales
    start, width = float(np.log(prior.scaling.length)), float(np.log(reach))
    most = max(float(np.log(evidence.longest)), start - width)
    start = min(start, most)
    bounds = (start - width, min(start + width, most))
    # Near the best length scale ℓ falls by about R (Δ log l)².
    curvature = 2.0 * evidence.n_rows
    try:
        best = best_log_length(
            evidence, start, bounds, curvature=curvature, settings=prior.settings
        )
    except LinAlgError:  # points too close together: keep the scale, the fit adds nugget
        return prior, None
    return prior.at_length(float(np.exp(best.log_length))), best.likelihood


def factored(prior: Prior, data: Observations) -> Solver:
    """The factored covariance of the observations, with as much nugget as it takes.

    Raises
    ------
    scipy.linalg.LinAlgError
        Where even the largest nugget does not make it positive definite.
    """
    while True:
        solver = solver_for(prior.features).empty(prior, data.x[0])
        try:
            for part in _parts(data, prior.settings):
                solver = solver.extended(data.x[part], data.has_gradient[part])
            return solver
        except LinAlgError:
            nugget = replace(prior.nugget, base=prior.nugget.base * 10)
            if nugget.base > prior.settings.largest_nugget:
                raise
            prior = replace(prior, nugget=nugget)


def _parts(data: Observations, settings: FitSettings) -> list[slice]:
    n, n_dims = data.x.shape
    size = max(1, settings.rows_of_a_part // (min(n, n_dims) + 1))
    return [slice(start, start + size) for start in range(0, n, size)]


def thinned(prior: Prior, data: Observations, slack: float = 1.0) -> Observations:
    """The data without the gradients of the highest points, where there are too many.

    `slack` is the factor by which they may be too many.
    """
    if prior.features.keeps_distances:
        return data
    settings = prior.settings
    most = max(settings.most_rows // (data.x.shape[1] + 1), 2 * settings.latest)
    if data.has_gradient.sum() <= slack * most:
        return data
    kept = np.zeros(len(data), dtype=bool)
    kept[np.argsort(data.values)[: most - settings.latest]] = True
    kept[-settings.latest :] = True
    return data.seeing(kept & data.has_gradient)
