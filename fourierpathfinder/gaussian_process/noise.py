"""How exactly values and gradients may be believed.

Noise of variances ν_v s² on values and ν_g s² on gradient components is found where the
observations are clearly likelier with it than without, together with the length scale: without it,
noise is taken for structure, and the length scale comes out wrong. Nor may structure be taken for
noise: both are as exact as near points agree (`near_pairs`).
"""

from dataclasses import replace

import numpy as np
from numpy.linalg import LinAlgError

from .._arrays import Array
from .fit import at_best_length
from .likelihood import Evidence, Likelihood
from .near_pairs import largest_noise
from .nugget import Nugget
from .observations import Observations
from .prior import Prior
from .settings import FitSettings


def with_known_noise(evidence: Evidence, noise: tuple[float, float], reach: float) -> Prior:
    """The prior for noise of these standard deviations, in the landscape's units.

    Its share of s², and s² with it, settle in a few rounds; so does the length scale, unless
    `reach` is 1.
    """
    prior = evidence.prior
    for _ in range(prior.settings.noise_rounds):
        prior = _sharing(evidence.under(prior), noise)
        if reach > 1:
            prior = at_best_length(evidence.under(prior), reach)
    for _ in range(prior.settings.noise_rounds):
        prior = _sharing(evidence.under(prior), noise)
    return prior


def _sharing(evidence: Evidence, noise: tuple[float, float]) -> Prior:
    """The prior with the noise's share of s² as it is at this length scale."""
    prior = evidence.prior
    try:
        s2 = evidence(float(np.log(prior.scaling.length))).signal_variance
    except LinAlgError:  # points too close together even for this noise
        return prior
    s2, (value, gradient) = max(s2, np.finfo(float).tiny), noise
    return replace(prior, nugget=Nugget(prior.nugget.base, value**2 / s2, gradient**2 / s2))


def with_found_noise(
    evidence: Evidence, data: Observations, known: Likelihood | None = None
) -> Prior:
    """The prior with the noise under which the observations are likeliest.

    Parameters
    ----------
    evidence : Evidence
        With a prior at its best length scale.
    data : Observations
        What it is the evidence of.
    known : Likelihood, optional
        That of this prior, where it was evaluated already.

    Returns
    -------
    Prior
        Without noise where that is about as likely.
    """
    prior = evidence.prior
    exact = replace(prior, nugget=Nugget(prior.nugget.base))
    length = float(np.log(prior.scaling.length))
    try:
        is_exact = prior.nugget == exact.nugget
        here = known if known and is_exact else evidence.under(exact)(length)
        if is_exact and not _may_gain(here, prior.settings):
            return exact
        noisy, likelihood = _likeliest(evidence, length, data)
        # Not to take for noise what another length scale explains as well.
        without = max(here.value, evidence.under(exact)(float(np.log(noisy.scaling.length))).value)
    except LinAlgError:  # points too close together: the fit adds nugget
        return prior
    return noisy if likelihood > without + prior.settings.noise_margin else exact


def _may_gain(exact: Likelihood, settings: FitSettings) -> bool:
    """Whether noise could make observations likelier by as much as it takes to be believed.

    What its slope without noise foretells is more than was ever gained: as long as noise is too
    small the likelihood bends down as its variance grows. That is seen to hold, not proven.
    """
    steepest = sum(max(slope, 0.0) for slope in exact.variance_slopes)
    return settings.largest_noise**2 * steepest > settings.noise_margin


def _likeliest(evidence: Evidence, length: float, data: Observations) -> tuple[Prior, float]:
    """The prior of largest likelihood in length scale and noise, and that likelihood.

    How noisy observations are at most is known in their own units, but looked for in that of the
    signal, which changes with the length scale. Where that does not settle, it is as unlikely as
    can be.
    """
    settings, at_most = evidence.prior.settings, np.array(largest_noise(data))
    largest = np.full(2, settings.largest_noise)
    for _ in range(1 + settings.noise_rounds):
        noisy, likelihood = _likeliest_below(evidence, length, largest)
        signal = evidence.under(noisy)(float(np.log(noisy.scaling.length))).signal_variance
        found = np.sqrt(signal * np.array([noisy.nugget.value, noisy.nugget.gradient]))
        if (found <= at_most).all():
            return noisy, likelihood
        in_rows = np.array([1.0, noisy.scaling.row]) / np.sqrt(signal)
        largest = np.minimum(largest, at_most * in_rows)
    return noisy, -np.inf


def _likeliest_below(evidence: Evidence, length: float, largest: Array) -> tuple[Prior, float]:
    """The same, with noise on scaled rows of at most `largest` (2,) signals."""
    from scipy.optimize import minimize  # costs a third of the package's import

    prior, settings = evidence.prior, evidence.prior.settings
    row, nugget = prior.scaling.row, prior.nugget
    least = _least(prior)
    most = np.maximum(2 * np.log(np.maximum(largest, np.finfo(float).tiny)), least)
    in_rows = np.array([nugget.value, nugget.gradient * row**2])
    start = np.clip(np.log(np.maximum(in_rows, np.exp(least))), least, most)
    width = float(np.log(settings.far_reach))

    def negative(u: Array) -> tuple[float, Array]:
        here = evidence.under(_noisy(prior, float(u[0]), u[1:]))(float(u[0]))
        by_value, by_gradient = here.noise_slopes
        # Noise is given for scaled rows, whose scale grows with l.
        slopes = np.array([here.slope - 2 * by_gradient, by_value, by_gradient])
        return -here.value, -slopes

    longest = max(min(length + width, float(np.log(evidence.longest))), length - width)
    bounds = [(length - width, longest), *zip(least, most, strict=True)]
    options = {"maxfun": settings.n_noise_evaluations}
    first = np.array([length, *start])
    found = minimize(negative, first, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    return _noisy(prior, float(found.x[0]), found.x[1:]), -float(found.fun)


def _least(prior: Prior) -> Array:
    """The logarithms of the smallest variances of noise that are looked at: the nugget's own."""
    return np.full(2, np.log(prior.nugget.base))


def _noisy(prior: Prior, log_length: float, log_noise: Array) -> Prior:
    """The prior with these variances of the noise on scaled rows, in units of s²."""
    scaled = prior.at_length(float(np.exp(log_length)))
    value, gradient = np.exp(log_noise)
    nugget = Nugget(prior.nugget.base, float(value), float(gradient / scaled.scaling.row**2))
    return replace(scaled, nugget=nugget)
