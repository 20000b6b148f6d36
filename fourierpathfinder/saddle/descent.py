"""From beside a saddle down to the minimum below.

At a saddle the force vanishes as it does at a minimum. Going down from there it first rises and
then falls, so that a small force alone says nothing: a descent ends where the force is within its
tolerance, has fallen well below the largest on the way, and the landscape curves up along the last
step. A place where it still curves down in some direction is no minimum, and is left that way.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .._arrays import owned
from ..landscapes.protocols import Landscape
from ..optimizers import CappedStep, Minimum, minimize
from .cheap_descent import descend_upon
from .cheap_hessian import CheapHessian
from .curvatures import Curvatures, lowest_curvatures
from .guard import Guarded, NotEvaluatedError

_LONGEST = 0.2
"""The longest displacement in one step, in units of length: Å with atoms."""
_FALLEN = 1 / 3
"""At a minimum the force has fallen below this fraction of the largest on the way."""
_LOOKS = 40
"""Gradients at most to see whether a place where the force vanishes curves up."""
_LOOKS_IN_DOUBT = 200
"""The same where these leave open whether it curves up or down."""
_RIDGES = 5
"""Places that are no minima after which a descent is given up."""
_STRICTEST = 0.1
"""The least that the tolerance is lowered to where it was met at such places, as a fraction."""


@dataclass(frozen=True, eq=False)
class Descent:
    """Where a descent has led.

    Parameters
    ----------
    position : ndarray (D,)
        The last point, in the landscape's unit of length.
    value : float
        The landscape there.
    problem : str
        Why that is not known to be a minimum; empty where it is one, or where it has arrived.
    """

    position: np.ndarray
    value: float
    problem: str = ""


def descend(
    landscape: Landscape,
    x: np.ndarray,
    has_arrived: Callable[[np.ndarray], bool] = lambda x: False,
    *,
    origin: np.ndarray | None = None,
    gradient_tolerance: float = 0.01,
    displacement: float = 0.1,
    step: float = 0.01,
    max_step: float = _LONGEST,
    max_gradients: int = 500,
    leads_on: Callable[[Minimum], bool] = lambda now: False,
    prior: Landscape | None = None,
    rng: np.random.Generator | int | None = None,
) -> Descent:
    """Go down from beside a saddle to a minimum.

    Parameters
    ----------
    landscape : Landscape
        The landscape.
    x : ndarray (D,)
        Where to begin: not on the saddle itself, where the gradient says nothing.
    has_arrived : callable (D,) -> bool
        Whether a point on the way is where the descent may end at once.
    origin : ndarray (D,), optional
        The saddle, `x` if left out: from there to where it rests the landscape is most likely to
        curve down still.
    gradient_tolerance : float
        The largest component of the gradient at a minimum.
    displacement : float
        How far a place that is no minimum is left before the descent goes on.
    step : float
        The displacement of finite differences.
    max_step : float
        The longest displacement in one step.
    max_gradients : int
        Evaluations at most, but for the last look.
    leads_on : callable, Minimum -> bool
        Whether the slope at a place where the force is within its tolerance would still lead to
        where the descent may end; it then goes on, to a tenth of the tolerance.
    prior : Landscape, optional
        A cheaper landscape that resembles this one, and leads down for as long as it does.
    rng : numpy.random.Generator or int, optional
        The source of randomness (SPEC 7), for the look at curvatures.

    Returns
    -------
    Descent
        The minimum, or how far it came and why no further.

    Examples
    --------
    >>> import numpy as np
    >>> from fourierpathfinder.landscapes.toy import two_channels
    >>> toy = two_channels()
    >>> found = descend(toy, toy.saddle + np.array([0.1, 0.0]))
    >>> bool(np.linalg.norm(toy.minima - found.position, axis=1).min() < 0.01), found.problem
    (True, '')
    """
    guarded, rng = Guarded(landscape), np.random.default_rng(rng)
    above = x if origin is None else origin
    course = _Course(x, gradient_tolerance, has_arrived, leads_on)
    try:
        for _ in range(_RIDGES):
            left = max_gradients - guarded.n_gradients
            if left < 2 or not _at_rest(guarded, course, left, prior, max_step):
                return course.ended(f"it was given up after {guarded.n_gradients} gradients")
            if course.has_arrived:
                return course.ended()
            here, travelled = course.position, course.position - above
            cheap = None if prior is None else CheapHessian.of(prior, here, step)
            look = partial(lowest_curvatures, guarded, here, n=1, step=step, cheap=cheap, rng=rng)
            left = max(max_gradients - guarded.n_gradients, 4)
            found = _lowest(look, travelled, left)
            if found.values[0] + found.errors[0] >= 0:
                return course.ended()
            side = 1.0 if found.modes[0] @ travelled >= 0 else -1.0
            course.leave(here + side * displacement * found.modes[0])
    except NotEvaluatedError as error:
        return course.ended(error.told("on the way down"))
    return course.ended("it ends where the landscape still curves down")


def _lowest(
    look: Callable[..., Curvatures], direction: np.ndarray, max_gradients: int
) -> Curvatures:
    """The lowest curvature, looked at longer where a few gradients leave its sign in doubt."""
    found = look(direction, max_gradients=min(_LOOKS, max_gradients))
    left = min(_LOOKS_IN_DOUBT, max_gradients - found.n_gradients)
    if left < _LOOKS or not abs(found.values[0]) < found.errors[0]:
        return found
    return look(found.modes[0], max_gradients=left)


class _Course:
    """What a descent has met."""

    def __init__(
        self,
        x: np.ndarray,
        tolerance: float,
        has_arrived: Callable[[np.ndarray], bool],
        leads_on: Callable[[Minimum], bool],
    ) -> None:
        self.position, self._value = x, float("nan")
        self.has_arrived = self.is_at_rest = False
        self._tolerance = self._asked_tolerance = tolerance
        self._asked, self._leads_on = has_arrived, leads_on
        self._force = self._largest = 0.0
        self._last: Minimum | None = None

    def leave(self, x: np.ndarray) -> None:
        """Go on from another point: there the force has yet to rise, and to fall below this."""
        least = _STRICTEST * self._asked_tolerance
        self._tolerance = min(self._tolerance, max(_FALLEN * self._force, least))
        self.position, self._largest, self._last, self.is_at_rest = x, 0.0, None, False

    def __call__(self, now: Minimum) -> None:
        """Take in a step; `StopIteration` where it is the last one."""
        force = self._force = float(np.abs(now.gradient).max())
        last, self._last = self._last, now
        self._largest = max(self._largest, force)
        self.position, self._value = now.x, float(now.value)
        self.has_arrived = self._asked(now.x)
        curves_up = last is not None and (now.x - last.x) @ (now.gradient - last.gradient) > 0
        small = force <= min(self._tolerance, _FALLEN * self._largest)
        self.is_at_rest = bool(small and curves_up)
        least = _STRICTEST * self._asked_tolerance
        if self.is_at_rest and force > least and self._leads_on(now):
            self._tolerance, self.is_at_rest = least, False
        if self.has_arrived or self.is_at_rest:
            raise StopIteration

    def ended(self, problem: str = "") -> Descent:
        """What to say of it."""
        return Descent(self.position, self._value, problem)


def _at_rest(
    landscape: Landscape,
    course: _Course,
    max_gradients: int,
    prior: Landscape | None,
    max_step: float,
) -> bool:
    """Go down until there is nowhere to go, or to what was waited for; whether that was reached."""
    if prior is not None:
        found, is_over = descend_upon(
            one_point(landscape), one_point(Guarded(prior)), course.position,
            max_gradients=max_gradients, callback=course, unit=max_step / _LONGEST,
        )  # fmt: skip
        max_gradients -= found.n_evaluations
        if is_over or max_gradients < 2:
            return is_over
        course.position = found.x
    found = relax(
        one_point(landscape),
        course.position,
        gradient_tolerance=0.0,
        max_gradients=max_gradients,
        max_step=max_step,
        callback=course,
    )
    if found.converged:  # the gradient is nothing at all
        course.position = found.x
    return course.has_arrived or course.is_at_rest or found.converged


def relax(
    value_and_grad: Callable[[np.ndarray], tuple[Any, np.ndarray]],
    x: np.ndarray,
    *,
    gradient_tolerance: float = 0.01,
    max_gradients: int = 500,
    max_step: float = _LONGEST,
    callback: Callable[[Minimum], None] | None = None,
) -> Minimum:
    """Descend to a minimum by L-BFGS with steps that are never long.

    Parameters
    ----------
    value_and_grad : callable, x (D,) -> (value, gradient (D,))
        The landscape at one point.
    x : ndarray (D,)
        Where to start.
    gradient_tolerance : float
        The largest component of the gradient at which to stop.
    max_gradients : int
        Evaluations at most.
    max_step : float
        The longest displacement in one step.
    callback : callable, optional
        Called with the current `Minimum` after every step; `StopIteration` ends the descent.

    Returns
    -------
    Minimum

    Examples
    --------
    >>> import numpy as np
    >>> relax(lambda x: ((x**2).sum(), 2 * x), np.ones(3)).converged
    True
    """
    return minimize(
        value_and_grad,
        x,
        search=CappedStep(max_step, first_fraction=0.25),
        gradient_tolerance=gradient_tolerance,
        max_iterations=max_gradients - 1,
        callback=callback,
    )


def one_point(landscape: Landscape) -> Callable[[np.ndarray], tuple[Any, np.ndarray]]:
    """The landscape as a function of one point (D,)."""

    def value_and_grad(x: np.ndarray) -> tuple[Any, np.ndarray]:
        values, gradients = landscape.value_and_grad(owned(x[None]))
        return values[0], owned(gradients[0])

    return value_and_grad
