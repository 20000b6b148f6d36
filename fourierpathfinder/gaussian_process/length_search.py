"""The length scale of largest likelihood, by secants on the likelihood's slope."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .likelihood import Likelihood
from .settings import DEFAULTS, FitSettings


@dataclass(frozen=True)
class BestLength:
    """The best log length scale evaluated, and its likelihood."""

    log_length: float
    likelihood: Likelihood


def best_log_length(
    evidence: Callable[[float], Likelihood],
    start: float,
    bounds: tuple[float, float],
    *,
    curvature: float,
    settings: FitSettings = DEFAULTS,
) -> BestLength:
    """The log length scale of largest likelihood within `bounds`.

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
    settings : FitSettings
        How many evaluations, and how fine.

    Returns
    -------
    BestLength
        The best log l evaluated.

    Examples
    --------
    >>> parabola = lambda u: Likelihood(-((u - 0.3) ** 2), -2 * (u - 0.3))
    >>> round(best_log_length(parabola, 0.0, (-1.0, 1.0), curvature=3.0).log_length, 6)
    0.3
    """
    lower, upper = bounds
    u, here = start, evidence(start)
    best = BestLength(u, here)
    longest = settings.first_step
    step = float(np.clip(here.slope / curvature, -longest, longest))
    for _ in range(settings.n_evaluations - 1):
        # The slope's sign brackets the maximum: it lies uphill of every point seen.
        lower, upper = (u, upper) if here.slope > 0 else (lower, u)
        following = min(max(u + step, lower), upper)
        if abs(following - u) < settings.length_tolerance:
            break
        there = evidence(following)
        if there.value > best.likelihood.value:
            best = BestLength(following, there)
        step = _secant(following - u, here.slope, there.slope)
        u, here = following, there
    return best


def _secant(step: float, slope: float, next_slope: float) -> float:
    """The next step to where the slope would vanish; a longer one where it does not fall."""
    fallen = (slope - next_slope) / step
    newton = next_slope / fallen if fallen > 0 else np.inf
    longest = 2 * abs(step)
    return float(np.sign(next_slope) * min(abs(newton), longest))
