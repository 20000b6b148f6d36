"""Line searches: how far to go along a direction p, as objects that compose with any optimizer.

With φ(u) = f(x + u p), every search is called as `search(phi, start)` and returns a `LineStep`.
What it asks of φ differs:

- `GoldenSection` needs `phi(u) -> values`, no gradients (`uses_gradient` is false);
- `CappedStep`, `Armijo` and `StrongWolfe` need `phi(u) -> (values, gradients)`, the gradient
  being f's at x + u p, so that the accepted point's gradient need not be computed again.

Here u and the values have shape (...) and gradients (..., P): one problem, or an ensemble whose
members search independently (`StrongWolfe`: one problem only). A search may evaluate a finished
member again at the same u.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeAlias

from .._arrays import Array, array_namespace
from .lbfgs import dot

Phi: TypeAlias = Callable[[Any], Any]
"""u (...) -> values (...), or u (...) -> (values (...), gradients (..., P))."""


@dataclass(frozen=True)
class LineStart:
    """What is known at u = 0.

    Parameters
    ----------
    value : array (...)
        φ(0).
    gradient, direction : array (..., P)
        f's gradient at x, and p.
    is_scaled : bool or boolean array (...)
        Whether |p| is a sensible length for the step, as it is once curvature is known. Where
        it is not (p is a plain gradient), searches begin with a step that is short of it.
    """

    value: Array
    gradient: Array
    direction: Array
    is_scaled: bool | Array = True


@dataclass(frozen=True)
class LineStep:
    """What a search found.

    Parameters
    ----------
    step : array (...)
        u, in units of the direction; 0 where nothing was accepted.
    value : array (...)
        φ(u).
    gradient : array (..., P) or None
        f's gradient at x + u p, if the search evaluated it.
    accepted : boolean array (...)
        Whether the search's condition was met.
    n_evaluations : int
        How often φ was called.
    """

    step: Array
    value: Array
    gradient: Array | None
    accepted: Array
    n_evaluations: int


class LineSearch(Protocol):
    """What `minimize` asks of a search."""

    @property
    def uses_gradient(self) -> bool:
        """Whether φ must return `(values, gradients)` rather than `values`."""
        ...

    def __call__(self, phi: Phi, start: LineStart) -> LineStep:
        """Choose a step along the direction."""
        ...


def _length(vectors: Array) -> Array:
    return array_namespace(vectors).sqrt(dot(vectors, vectors))


def first_trial(start: LineStart) -> Array:
    """Return the u (...) to try first: 1, or at most unit length along an unscaled direction."""
    xp = array_namespace(start.direction)
    length = _length(start.direction)
    one = xp.ones_like(length)
    too_long = (length > 1) & ~_is_scaled(start, length)
    return one / xp.where(too_long, length, one)


def _is_scaled(start: LineStart, length: Array) -> Array:
    """Return `start.is_scaled` as a boolean array (...) whatever it was given as."""
    return (length == length) & start.is_scaled  # noqa: PLR0124  (not NaN)


@dataclass(frozen=True)
class CappedStep:
    """Take the whole step, shortened where it is longer than `max_step`; one evaluation.

    Nothing is checked, so the value may rise: for quasi-Newton directions on smooth functions
    whose evaluations are expensive.

    Parameters
    ----------
    max_step : float
        The longest displacement.
    first_fraction : float
        The fraction of `max_step` that an unscaled direction (a plain gradient) is given.
    length : callable (..., P) -> (...), optional
        How a displacement is measured, linear in its size; the Euclidean norm if left out.

    Examples
    --------
    >>> import numpy as np
    >>> def phi(u):
    ...     return (u - 3) ** 2, 2 * np.reshape(u - 3, (1,))
    >>> start = LineStart(np.array(9.0), np.array([-6.0]), np.array([6.0]))
    >>> float(CappedStep(max_step=1.5)(phi, start).step)
    0.25
    """

    max_step: float
    first_fraction: float = 0.5
    length: Callable[[Array], Array] = _length
    uses_gradient: ClassVar[bool] = True

    def __call__(self, phi: Phi, start: LineStart) -> LineStep:
        """Return the capped step; see the class."""
        xp = array_namespace(start.direction)
        length = self.length(start.direction)
        one = xp.ones_like(length)
        whole = self.max_step / xp.where(length > 0, length, one)
        capped = xp.where(whole < 1, whole, one)
        step = xp.where(_is_scaled(start, length), capped, self.first_fraction * whole)
        value, gradient = phi(step)
        return LineStep(step, value, gradient, xp.isfinite(value), 1)


@dataclass(frozen=True)
class Armijo:
    """Go back from the full step until the value falls by a fraction of what the slope promises.

    Accepted is the first u with φ(u) ≤ φ(0) + c₁ u φ'(0); the next trial is the minimum of the
    parabola through φ(0), φ'(0) and φ(u), kept within 0.1 u and 0.5 u.

    Parameters
    ----------
    sufficient_decrease : float
        c₁.
    max_evaluations : int
        When to give up.

    References
    ----------
    J. Nocedal and S. J. Wright, Numerical Optimization, 2nd ed., Section 3.5,
    DOI 10.1007/978-0-387-40065-5.

    Examples
    --------
    >>> import numpy as np
    >>> def phi(u):
    ...     return (u - 0.25) ** 2, 2 * np.reshape(u - 0.25, (1,))
    >>> start = LineStart(np.array(0.0625), np.array([-0.5]), np.array([1.0]))
    >>> float(Armijo()(phi, start).step)
    0.25
    """

    sufficient_decrease: float = 1e-4
    max_evaluations: int = 20
    uses_gradient: ClassVar[bool] = True

    def __call__(self, phi: Phi, start: LineStart) -> LineStep:
        """Return the first step that falls enough; see the class."""
        xp = array_namespace(start.direction)
        slope = dot(start.gradient, start.direction)
        step = first_trial(start)
        n_evaluations = 0
        while True:
            value, gradient = phi(step)
            n_evaluations += 1
            bound = start.value + self.sufficient_decrease * step * slope
            accepted = (value <= bound) & (slope < 0)  # false for NaN
            if n_evaluations == self.max_evaluations or bool(xp.all(accepted | ~(slope < 0))):
                break
            step = xp.where(accepted, step, _parabola_step(step, value - start.value, slope))
        return LineStep(
            xp.where(accepted, step, xp.zeros_like(step)),
            xp.where(accepted, value, start.value),
            xp.where(accepted[..., None], gradient, start.gradient),
            accepted,
            n_evaluations,
        )


def _parabola_step(step: Array, rise: Array, slope: Array) -> Array:
    """Return the minimum of the parabola through the last trial, within 0.1 and 0.5 of it."""
    xp = array_namespace(step)
    curvature = rise - step * slope
    usable = xp.isfinite(curvature) & (curvature > 0)
    fraction = -0.5 * step * slope / xp.where(usable, curvature, xp.ones_like(curvature))
    fraction = xp.where(usable, fraction, xp.full_like(fraction, 0.5))
    return step * xp.clip(fraction, 0.1, 0.5)
