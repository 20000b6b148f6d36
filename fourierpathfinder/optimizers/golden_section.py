"""Golden-section search: a line minimum from values alone, in a fixed number of evaluations.

The search keeps a bracket a ≤ m ≤ b whose best point is m, and tries next the point at a
fraction c = 0.382 (that is 1 - 1/golden ratio) into the larger side, seen from m. Whichever of
the two is higher becomes an end of the bracket. One rule covers all that is asked of a search
from u = 0 along a direction, where the bracket begins as a = m = 0, b = ∞:

- b = ∞: nothing has risen yet; try the first step, then double it;
- m = 0: nothing has fallen yet; the rule tries 0.382 b, which shrinks the step towards 0;
- otherwise golden-section steps.

Only a strictly lower value moves m, so that a rise is never accepted; NaN counts as high. All
members of an ensemble are evaluated together, each with its own bracket.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from .._arrays import Array, array_namespace
from .line_search import LineStart, LineStep, Phi

GOLDEN_FRACTION = (3 - math.sqrt(5)) / 2


class _Bracket(NamedTuple):
    lower: Array
    best: Array
    upper: Array
    value: Array

    def narrow(self, trial: Array, value: Array) -> "_Bracket":
        """Take in the value at a trial between `lower` and `upper`."""
        xp = array_namespace(trial)
        improves = value < self.value
        right = trial > self.best
        lower_end = xp.where(right, self.best, trial)
        upper_end = xp.where(right, trial, self.best)
        # The trial displaces the end on its own side, or `best` becomes the end on the other.
        return _Bracket(
            xp.where(improves == right, lower_end, self.lower),
            xp.where(improves, trial, self.best),
            xp.where(improves == right, self.upper, upper_end),
            xp.where(improves, value, self.value),
        )

    def into_larger_side(self, fraction: float) -> Array:
        """Return the point at `fraction` from `best` into the larger side of the bracket."""
        left, right = self.best - self.lower, self.upper - self.best
        xp = array_namespace(left)
        return self.best + fraction * xp.where(right >= left, right, -left)


def _nan_is_high(value: Array) -> Array:
    xp = array_namespace(value)
    return xp.where(xp.isnan(value), xp.full_like(value, math.inf), value)


@dataclass(frozen=True)
class GoldenSection:
    """Line search of a fixed number of evaluations, without gradients, for ensembles too.

    Parameters
    ----------
    n_evaluations : int
        Evaluations in all, those that find the bracket included.
    first_step : float
        The first trial, in units of the direction's length; doubled while the value falls.
    shrink : float
        Factor of the step while nothing lower is found, and the fraction of the golden section.

    Raises
    ------
    ValueError
        If `n_evaluations` is below 1, or `shrink` does not lie between 0 and 0.5.

    References
    ----------
    J. Yu and A. V. Morozov, Neural network optimization strategies and the topography of the
    loss landscape, arXiv:2602.21276, Algorithm 1.

    J. Kiefer, Sequential minimax search for a maximum, Proc. Amer. Math. Soc. 4, 502 (1953),
    DOI 10.1090/S0002-9939-1953-0055639-3.

    Examples
    --------
    >>> import numpy as np
    >>> minima = np.array([0.05, 1.0])
    >>> start = LineStart(minima**2, -2 * minima[:, None], np.ones((2, 1)))
    >>> found = GoldenSection(n_evaluations=14)(lambda u: (u - minima) ** 2, start)
    >>> np.allclose(found.step, minima, rtol=0.02)
    True
    """

    n_evaluations: int = 6
    first_step: float = 0.2
    shrink: float = 0.382
    uses_gradient: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.n_evaluations < 1:
            raise ValueError(f"`n_evaluations` is {self.n_evaluations}; it must be at least 1")
        if not 0 < self.shrink < 0.5:
            raise ValueError(f"`shrink` is {self.shrink}; it must lie between 0 and 0.5")

    def __call__(self, phi: Phi, start: LineStart) -> LineStep:
        """Return the lowest point met, or a step of 0; see the class."""
        xp = array_namespace(start.direction)
        zero = xp.zeros_like(start.direction[..., 0])
        infinity = xp.full_like(zero, math.inf)
        bracket = _Bracket(zero, zero, infinity, _nan_is_high(start.value))
        for _ in range(self.n_evaluations):
            trial = self._next_trial(bracket)
            bracket = bracket.narrow(trial, phi(trial))
        found = bracket.best > 0
        value = xp.where(found, bracket.value, start.value)
        return LineStep(bracket.best, value, None, found, self.n_evaluations)

    def _next_trial(self, bracket: _Bracket) -> Array:
        xp = array_namespace(bracket.best)
        first = xp.full_like(bracket.best, self.first_step)
        further = xp.where(bracket.best > 0, 2 * bracket.best, first)
        inside = bracket.into_larger_side(self.shrink)
        return xp.where(xp.isinf(bracket.upper), further, inside)


def golden_section(
    function: Callable[[Array], Array], a: Array, b: Array, *, n_evaluations: int = 30
) -> tuple[Array, Array]:
    r"""Minimise a function of one variable within a bracket.

    Where the function has a single minimum in the bracket, the best point is within
    0.618^(n_evaluations - 1) \|b - a\| of it.

    Parameters
    ----------
    function : callable, u (...) -> values (...)
        What to minimise, elementwise; NaN counts as high.
    a, b : array (...), floating point
        The ends of the bracket, in any order; they are not evaluated themselves.
    n_evaluations : int
        Evaluations in all.

    Returns
    -------
    best : array (...)
        The evaluated point with the lowest value.
    value : array (...)
        The value there.

    Raises
    ------
    ValueError
        If `n_evaluations` is below 1.

    References
    ----------
    J. Kiefer, Sequential minimax search for a maximum, Proc. Amer. Math. Soc. 4, 502 (1953),
    DOI 10.1090/S0002-9939-1953-0055639-3.

    Examples
    --------
    >>> import numpy as np
    >>> best, value = golden_section(lambda u: (u + 3) ** 2, np.array(5.0), np.array(-4.0))
    >>> float(best.round(4))
    -3.0
    """
    if n_evaluations < 1:
        raise ValueError(f"`n_evaluations` is {n_evaluations}; it must be at least 1")
    xp = array_namespace(a)
    lower, upper = xp.where(a < b, a, b), xp.where(a < b, b, a)
    best = lower + GOLDEN_FRACTION * (upper - lower)
    bracket = _Bracket(lower, best, upper, _nan_is_high(function(best)))
    for _ in range(n_evaluations - 1):
        trial = bracket.into_larger_side(GOLDEN_FRACTION)
        bracket = bracket.narrow(trial, function(trial))
    return bracket.best, bracket.value
