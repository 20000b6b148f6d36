"""Down from a saddle with a cheaper landscape's help.

To the cheap landscape a linear term is added that makes its gradient the expensive one's where that
was evaluated last; what that leads down to within a reach is evaluated next. The reach grows where
the value falls as was foretold, and shrinks where it does not (a first-order model in a trust
region: Alexandrov, Dennis, Lewis and Torczon, Struct. Optim. 15, 16 (1998),
DOI 10.1007/BF01197433). A cheap landscape that misleads, or is slow, twice is left.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..optimizers import CappedStep, Minimum, minimize
from .guard import NotEvaluatedError

_log = logging.getLogger(__name__)

_REACH, _FARTHEST = 0.3, 0.6
"""How far the first step may lead and any later one, in units of length."""
_STEP = 0.1
"""The longest step on the cheap landscape, in the same."""
_STEPS = 60
"""Gradients of the cheap landscape at most for one of the expensive one."""
_CLOSER = 0.1
"""The part of the present force down to which the cheap landscape is followed."""
_WELL, _BADLY = 0.5, 0.1
"""Parts of the foretold fall from which the reach grows, and below which a step has failed."""
_FAR = 0.5
"""The part of the reach that a step must take, unless it leaves less than half of the force."""
_MISLED = 2
"""Steps that may fail, or get on no better."""

Function = Callable[[np.ndarray], tuple[Any, np.ndarray]]


@dataclass(frozen=True, eq=False)
class _Model:
    """The cheap landscape, agreeing with the expensive one's gradient at `x`."""

    cheap: Function
    x: np.ndarray
    missing: np.ndarray
    base: Any

    @classmethod
    def at(cls, cheap: Function, x: np.ndarray, gradient: np.ndarray) -> "_Model":
        base, slope = cheap(x)
        return cls(cheap, x, gradient - slope, base)

    def __call__(self, x: np.ndarray) -> tuple[Any, np.ndarray]:
        value, gradient = self.cheap(x)
        return value - self.base + float(self.missing @ (x - self.x)), gradient + self.missing


def descend_upon(
    function: Function,
    cheap: Function,
    x: np.ndarray,
    *,
    max_gradients: int,
    callback: Callable[[Minimum], None],
    unit: float = 1.0,
) -> tuple[Minimum, bool]:
    """Descend for as long as the cheap landscape leads down.

    Parameters
    ----------
    function : callable, x (D,) -> (value, gradient (D,))
        The expensive landscape.
    cheap : callable, the same
        The other one; `NotEvaluatedError` where it fails.
    x : ndarray (D,)
        Where to begin.
    max_gradients : int
        Of the expensive landscape.
    callback : callable
        Called with each point that lies below the one before; `StopIteration` ends the descent.
    unit : float
        The unit of length: 1 Å with atoms, and what is as long without.

    Returns
    -------
    Minimum
        The lowest point, and how many gradients it took.
    bool
        Whether `callback` has ended it.
    """
    now = _evaluated(function, x, 1, 0)
    n_gradients, n_misled, reach = 1, 0, _REACH * unit
    while n_gradients < max_gradients and n_misled < _MISLED:
        try:
            foretold = _followed(cheap, now, reach, _STEP * unit)
        except NotEvaluatedError as error:
            _log.info("the prior is of no use on the way down: %s", error.why)
            break
        if not float(foretold.value) < 0:
            break
        n_gradients += 1
        there = _evaluated(function, foretold.x, n_gradients, now.n_iterations + 1)
        fallen = float((there.value - now.value) / foretold.value)
        if fallen < _BADLY:
            n_misled, reach = n_misled + 1, reach / 4
            continue
        n_misled += 0 if _has_got_on(now, there, reach) else 1
        reach = min(2 * reach, _FARTHEST * unit) if fallen > _WELL else reach
        now = there
        try:
            callback(now)
        except StopIteration:
            return now, True
    return replace(now, n_evaluations=n_gradients), False


def _has_got_on(before: Minimum, now: Minimum, reach: float) -> bool:
    """Whether a step went as far as it might, or has left less than half of the force."""
    had, has = (float(np.linalg.norm(one.gradient)) for one in (before, now))
    return has < had / 2 or bool(np.linalg.norm(now.x - before.x) > _FAR * reach)


def _evaluated(function: Function, x: np.ndarray, n_gradients: int, n_steps: int) -> Minimum:
    value, gradient = function(x)
    return Minimum(x, np.asarray(value), gradient, n_gradients, n_steps, False, "")


def _followed(cheap: Function, now: Minimum, reach: float, longest: float) -> Minimum:
    """Where the cheap landscape leads to from a point, at most so far; the value is the change."""

    def stop(there: Minimum) -> None:
        if np.linalg.norm(there.x - now.x) > reach:
            raise StopIteration

    return minimize(
        _Model.at(cheap, now.x, now.gradient),
        now.x,
        search=CappedStep(min(longest, reach), first_fraction=0.25),
        gradient_tolerance=_CLOSER * float(np.abs(now.gradient).max()),
        max_iterations=_STEPS,
        callback=stop,
    )
