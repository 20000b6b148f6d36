"""The saddle of a surrogate's mean next to a path's top, by following one eigenvector.

Along the eigenvector of the Hessian that is lowest (or, where none is negative, nearest to the
path's tangent) the step goes up, along all others down: s_i = ∓ c_i/|λ_i|, with c the gradient in
the eigenvectors. Directions without curvature (rotations, say) are left alone.
"""

from dataclasses import dataclass, replace

import numpy as np

from .._arrays import Array
from ..gaussian_process.model import Model
from .policy import Climb
from .span import Span


@dataclass(frozen=True, eq=False)
class Summit:
    """Where a climb on the surrogate has ended.

    Attributes
    ----------
    position : array (D,)
    is_stationary : bool
        Whether the surrogate's saddle is there; else the climb ended at its reach, or has not
        settled.
    """

    position: Array
    is_stationary: bool


def surrogate_saddle(
    model: Model, top: Array, tangent: Array, chord: float, numbers: Climb, sure: float = 0.0
) -> Summit:
    """The saddle of the mean near `top`.

    Parameters
    ----------
    model : Model
        The surrogate.
    top : array (D,)
        The highest point of the path on it.
    tangent : array (D,)
        The path's direction there.
    chord : float
        The distance of the path's ends, in the unit of the coordinates.
    numbers : Climb
        The policy.
    sure : float
        The deviation up to which nothing new would be learnt, in the unit of the values.

    References
    ----------
    Cerjan and Miller, J. Chem. Phys. 75, 2800 (1981), DOI 10.1063/1.442352.
    """
    seek = _in_the_span if Span.pays_for(model) else _into_the_unknown
    return seek(model, top, tangent, numbers.reach * chord, sure, numbers)


def _in_the_span(
    model: Model, top: Array, tangent: Array, reach: float, sure: float, numbers: Climb
) -> Summit:
    """The saddle, sought among the few directions that matter."""
    span = Span.around(model, top, tangent[None])
    within = np.zeros(span.basis.shape[1])
    small, along = span.model(model), tangent @ span.basis
    summit = _into_the_unknown(small, within, along, reach, sure, numbers)
    return replace(summit, position=span.outwards(summit.position))


def _into_the_unknown(
    model: Model, top: Array, tangent: Array, reach: float, sure: float, numbers: Climb
) -> Summit:
    """The saddle; the reach grows while the climb ends at it, in a place that is known.

    Where the saddle itself is known, slopes in flat directions are gone down, too, if that leads to
    another or into the unknown: they are all that is left of its gradient.
    """
    summit = _climb(model, top, tangent, reach, numbers)
    for _ in range(numbers.extensions):
        held_back = float(np.linalg.norm(summit.position - top)) > (1 - 1e-9) * reach
        if not (held_back and _is_known(model, summit.position, numbers.known * reach, sure)):
            break
        reach *= 2
        summit = _climb(model, top, tangent, reach, numbers)
    near = numbers.known * reach
    if not (summit.is_stationary and _is_known(model, summit.position, near, sure)):
        return summit
    lower = _climb(model, summit.position, tangent, reach, numbers, down_flats=True)
    is_new = lower.is_stationary or not _is_known(model, lower.position, near, sure)
    return lower if is_new else summit


def _is_known(model: Model, x: Array, near: float, sure: float) -> bool:
    """Whether an evaluation at `x` would tell nothing new."""
    nearest = np.sqrt(((model.data.x - x) ** 2).sum(axis=1).min())
    return bool(nearest < near or model.deviation(x[None])[0] < sure)


def _climb(
    model: Model,
    top: Array,
    tangent: Array,
    reach: float,
    numbers: Climb,
    down_flats: bool = False,
) -> Summit:
    x = top
    for _ in range(numbers.steps):
        step = _step(model, x, tangent, numbers.flat, down_flats)
        length = float(np.linalg.norm(step))
        x = x + step * min(1.0, numbers.longest_step * reach / max(length, np.finfo(float).tiny))
        away = float(np.linalg.norm(x - top))
        if away > reach:
            return Summit(np.asarray(top + (x - top) * (reach / away)), is_stationary=False)
        if length < numbers.settled * reach:
            return Summit(x, is_stationary=True)
    return Summit(x, is_stationary=False)


def _step(model: Model, x: Array, tangent: Array, flat: float, down_flats: bool) -> Array:
    curvatures, modes = np.linalg.eigh(model.hessian(x))
    gradient = modes.T @ model.predict(x[None])[1][0]
    up = int(np.abs(modes.T @ tangent).argmax()) if curvatures[0] > 0 else 0
    size = np.abs(curvatures)
    least = flat * size.max()
    step = np.where(down_flats | (size > least), -gradient / np.maximum(size, least), 0.0)
    step[up] = -step[up]
    return np.asarray(modes @ step)


def newton_decrement(
    model: Model, x: Array, gradient: Array, flat: float, noise: float = 0.0
) -> float:
    """How far the landscape at `x` is from its value at the stationary point nearby.

    ½ Σ_i c_i²/|λ_i|, with c the components of the true `gradient` (D,) in the eigenvectors of the
    surrogate's Hessian at `x` (D,) and λ its eigenvalues, of which none counts as smaller than
    `flat` times the largest. Of each component only what exceeds `noise` counts.
    """
    if Span.pays_for(model):
        span = Span.around(model, x, gradient[None])
        model, x = span.model(model), np.zeros(span.basis.shape[1])
        gradient = gradient @ span.basis
    curvatures, modes = np.linalg.eigh(model.hessian(x))
    size = np.abs(curvatures)
    components = np.maximum(np.abs(modes.T @ gradient) - noise, 0.0)
    return float(0.5 * (components**2 / np.maximum(size, flat * size.max())).sum())
