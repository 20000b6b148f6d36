"""Minimise a smooth function: direction, line search, memory, until the gradient is small.

One iteration is x ← x + u p, with p the L-BFGS direction at x and u from the line search; the
step and the change of the gradient over it go into the memory. Where a search finds nothing
along p, the memory is dropped and the plain gradient tried once before giving up.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from .._arrays import Array, array_namespace
from .lbfgs import LBFGS
from .line_search import LineSearch, LineStart, LineStep, Phi
from .strong_wolfe import StrongWolfe

_PATIENCE = 20
_LBFGS = LBFGS()
_STRONG_WOLFE = StrongWolfe()


@dataclass(frozen=True)
class Minimum:
    """The result of a minimisation: the lowest point that it met.

    Parameters
    ----------
    x : array (P,)
        The point.
    value : array ()
        The function's value there.
    gradient : array (P,)
        Its gradient there.
    n_evaluations, n_iterations : int
        Calls of the function, and steps taken.
    converged : bool
        Whether no component of the gradient exceeds the tolerance.
    message : str
        Why it ended.
    """

    x: Array
    value: Array
    gradient: Array
    n_evaluations: int
    n_iterations: int
    converged: bool
    message: str


def minimize(
    value_and_grad: Callable[[Array], tuple[Array, Array]],
    x: Array,
    *,
    optimizer: LBFGS = _LBFGS,
    search: LineSearch = _STRONG_WOLFE,
    max_iterations: int = 1000,
    gradient_tolerance: float = 1e-6,
    preconditioner: Array | None = None,
    callback: Callable[[Minimum], None] | None = None,
) -> Minimum:
    """Minimise a smooth function of (P,) variables.

    Parameters
    ----------
    value_and_grad : callable, x (P,) -> (value (), gradient (P,))
        The function; its value is an array or a number of the library's own.
    x : array (P,)
        Where to start.
    optimizer : LBFGS
        Gives the directions.
    search : LineSearch
        Gives the steps: `StrongWolfe`, `Armijo`, `CappedStep` or `GoldenSection`.
    max_iterations : int
        Steps at most.
    gradient_tolerance : float
        The largest component of the gradient at which to stop.
    preconditioner : array that broadcasts against `x`, optional
        Diagonal of the initial inverse Hessian, see `LBFGS.direction`.
    callback : callable, optional
        Called with the current `Minimum` after every step; `StopIteration` ends the run.

    Returns
    -------
    Minimum
        The lowest point met; `converged` says whether the tolerance was reached.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.optimize import rosen, rosen_der
    >>> found = minimize(lambda x: (rosen(x), rosen_der(x)), np.array([-1.2, 1.0]))
    >>> found.converged, found.x.round(5)
    (True, array([1., 1.]))
    """
    xp = array_namespace(x)
    value, gradient = value_and_grad(x)
    now = best = Minimum(x, value, gradient, 1, 0, False, "The run has not ended.")
    state = optimizer.init(x)
    last_improvement = 0
    while True:
        if float(xp.max(xp.abs(now.gradient))) <= gradient_tolerance:
            converged = replace(now, converged=True)
            return _ended(converged, now, "The gradient is within its tolerance.")
        if why := _exhausted(now.n_iterations, last_improvement, max_iterations):
            return _ended(best, now, why)
        direction = optimizer.direction(now.gradient, state, preconditioner)
        is_empty = bool(state.is_empty)
        is_scaled = preconditioner is not None or not is_empty
        start = LineStart(now.value, now.gradient, direction, is_scaled)
        found = search(_along(value_and_grad, now.x, direction, search), start)
        if not bool(found.accepted):
            now = replace(now, n_evaluations=now.n_evaluations + found.n_evaluations)
            if is_empty:
                return _ended(best, now, "The line search found no lower value.")
            state = optimizer.init(x)
            continue
        before, now = now, _moved(value_and_grad, now, direction, found)
        state = optimizer.update(state, now.x - before.x, now.gradient - before.gradient)
        if float(now.value) < float(best.value):
            best, last_improvement = now, now.n_iterations
        try:
            if callback is not None:
                callback(now)
        except StopIteration:
            return _ended(best, now, "The callback ended the run.")


def _exhausted(n_iterations: int, last_improvement: int, max_iterations: int) -> str:
    """Why there is no further step; empty where there is one."""
    if n_iterations == max_iterations:
        return f"The limit of {max_iterations} iterations was reached."
    if n_iterations - last_improvement == _PATIENCE:
        return f"The last {_PATIENCE} steps did not lower the value."
    return ""


def _along(
    value_and_grad: Callable[[Array], tuple[Array, Array]],
    x: Array,
    direction: Array,
    search: LineSearch,
) -> Phi:
    if search.uses_gradient:
        return lambda step: value_and_grad(x + step * direction)
    return lambda step: value_and_grad(x + step * direction)[0]


def _moved(
    value_and_grad: Callable[[Array], tuple[Array, Array]],
    before: Minimum,
    direction: Array,
    found: LineStep,
) -> Minimum:
    x, n_evaluations = before.x + found.step * direction, before.n_evaluations + found.n_evaluations
    value, gradient = found.value, found.gradient
    if gradient is None:
        value, gradient = value_and_grad(x)
        n_evaluations += 1
    return replace(
        before,
        x=x,
        value=value,
        gradient=gradient,
        n_evaluations=n_evaluations,
        n_iterations=before.n_iterations + 1,
    )


def _ended(point: Minimum, last: Minimum, message: str) -> Minimum:
    """Return `point` with the counts of the whole run."""
    return replace(
        point, n_evaluations=last.n_evaluations, n_iterations=last.n_iterations, message=message
    )
