"""Line search for a step that lowers the value and flattens the slope.

With φ(u) = f(x + u p), accepted is a u with

    φ(u) ≤ φ(0) + c₁ u φ'(0)   and   |φ'(u)| ≤ c₂ |φ'(0)|,

the strong Wolfe conditions, under which s·y > 0 and the quasi-Newton update is always defined.
The search keeps the best point so far (`low`) and, once it has one, a point beyond the minimum
(`high`); the next trial is the minimum of the cubic through values and slopes of the two.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from .._arrays import Array, array_namespace, like
from .lbfgs import dot
from .line_search import LineStart, LineStep, Phi, first_trial


class _Trial(NamedTuple):
    step: float
    value: float
    slope: float
    raw_value: Array
    gradient: Array


@dataclass(frozen=True)
class StrongWolfe:
    """Search for a strong Wolfe point; one problem, not an ensemble.

    A value that is not finite counts as too high. A rise within rounding passes the first
    condition, so that the gradient can be lowered further than the value can tell.

    Parameters
    ----------
    sufficient_decrease, slope_decrease : float
        c₁ and c₂, 0 < c₁ < c₂ < 1.
    max_evaluations : int
        When to give up; the lowest point seen is then accepted if it falls enough.

    References
    ----------
    J. Nocedal and S. J. Wright, Numerical Optimization, 2nd ed., Algorithms 3.5 and 3.6,
    DOI 10.1007/978-0-387-40065-5.

    Examples
    --------
    >>> import numpy as np
    >>> def phi(u):
    ...     return (u - 3) ** 2, 2 * np.reshape(u - 3, (1,))
    >>> start = LineStart(np.array(9.0), np.array([-6.0]), np.array([1.0]))
    >>> found = StrongWolfe(slope_decrease=0.1)(phi, start)
    >>> float(found.step), found.n_evaluations
    (3.0, 2)
    """

    sufficient_decrease: float = 1e-4
    slope_decrease: float = 0.9
    max_evaluations: int = 20
    uses_gradient: ClassVar[bool] = True

    def __call__(self, phi: Phi, start: LineStart) -> LineStep:
        """Return the strong Wolfe point; see the class."""
        slope = float(dot(start.gradient, start.direction))
        low = _Trial(0.0, float(start.value), slope, start.value, start.gradient)
        if not slope < 0:
            return _line_step(low, start, 0)
        evaluate = _evaluator(phi, start)
        # Values closer than this cannot be told apart.
        eps = float(array_namespace(start.gradient).finfo(start.gradient.dtype).eps)
        rounding = 4 * eps * abs(low.value)
        high: _Trial | None = None
        previous = low
        step = float(first_trial(start))
        for n_evaluations in range(1, self.max_evaluations + 1):
            trial = evaluate(step)
            bound = float(start.value) + self.sufficient_decrease * step * slope + rounding
            if not trial.value <= min(bound, low.value + rounding):  # true for NaN
                high = trial
            elif abs(trial.slope) <= -self.slope_decrease * slope:
                return _line_step(trial, start, n_evaluations)
            else:
                # Uphill as seen from `low`: the minimum lies between the two.
                if trial.slope * (high.step - low.step if high else 1.0) >= 0:
                    high = low
                previous, low = low, trial
            step = _step_between(low, high) if high else _step_beyond(previous, low)
        return _line_step(low, start, self.max_evaluations)


def _evaluator(phi: Phi, start: LineStart) -> Callable[[float], _Trial]:
    def evaluate(step: float) -> _Trial:
        value, gradient = phi(like(step, start.gradient))
        return _Trial(step, float(value), float(dot(gradient, start.direction)), value, gradient)

    return evaluate


def _line_step(trial: _Trial, start: LineStart, n_evaluations: int) -> LineStep:
    step = like(trial.step, start.gradient)
    return LineStep(step, trial.raw_value, trial.gradient, step > 0, n_evaluations)


def _step_beyond(previous: _Trial, low: _Trial) -> float:
    """Return where the slope would vanish beyond the last two points, which still fall."""
    width = low.step - previous.step
    flattening = low.slope - previous.slope
    factor = -low.slope / flattening if flattening > 0 else math.inf
    return low.step + min(max(factor, 0.1), 4.0) * width


def _step_between(low: _Trial, high: _Trial) -> float:
    """Return the minimum of the cubic through two trials, kept well inside their interval."""
    width = high.step - low.step
    if not math.isfinite(high.value):
        return low.step + 0.1 * width
    fraction = _cubic_minimum(low, high)
    return low.step + (min(max(fraction, 0.1), 0.9) if math.isfinite(fraction) else 0.5) * width


def _cubic_minimum(low: _Trial, high: _Trial) -> float:
    """Return where the cubic has its minimum, as a fraction of the way from `low` to `high`."""
    width = high.step - low.step
    mean = low.slope + high.slope - 3 * (high.value - low.value) / width
    discriminant = mean * mean - low.slope * high.slope
    if not 0 <= discriminant < math.inf:
        return math.nan
    root = math.copysign(math.sqrt(discriminant), width)
    denominator = high.slope - low.slope + 2 * root
    return 1 - (high.slope + root - mean) / denominator if denominator else math.nan
