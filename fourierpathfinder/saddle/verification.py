"""Is it the saddle between these two minima: one direction down, and the right places below.

The lowest curvatures are measured at the saddle, and from either side of it a descent shows which
minima it joins.
"""

from functools import partial

import numpy as np

from ..landscapes.abilities import abilities_of
from ..landscapes.protocols import Landscape
from ..landscapes.resolve import landscape_alone
from ..result import PathResult
from .cheap_hessian import CheapHessian
from .curvatures import Curvatures, lowest_curvatures
from .descent import Descent, descend
from .guard import Guarded, NotEvaluatedError
from .recognition import Ends
from .report import Neighbour, SaddleReport

_STEP, _DISPLACEMENT, _MAX_STEP = 0.01, 0.1, 0.2
"""Of finite differences, from the saddle, and of one step of a descent, in the unit below."""
_GRADIENT_TOLERANCE = 0.01
"""The largest component of the gradient at a minimum, in the units below."""


def verify_saddle(
    landscape: Landscape,
    result: PathResult,
    *,
    step: float | None = None,
    displacement: float | None = None,
    gradient_tolerance: float | None = None,
    max_gradients: int = 500,
    prior: Landscape | None = None,
    rng: np.random.Generator | int | None = None,
) -> SaddleReport:
    """Check that a path's saddle is of first order and joins the path's ends.

    Parameters
    ----------
    landscape : Landscape
        What the path was found on.
    result : PathResult
        The path; where it has no saddle, its highest point is examined.
    step : float, optional
        The displacement of the finite differences, in the landscape's unit of length; None for
        0.01 Å with atoms, and without for 1/200 of the distance between the ends.
    displacement : float, optional
        How far from the saddle the descents begin; None for ten times what it is for `step`.
    gradient_tolerance : float, optional
        The largest component of the gradient at a minimum; None for 0.01 eV/Å with atoms, and
        without for a hundredth of the path's rise over half of the distance between the ends.
    max_gradients : int
        Evaluations at most, for each of the curvatures and the two descents.
    prior : Landscape, optional
        A cheaper landscape that resembles this one: its Hessian at the saddle, two of its own
        gradients for each coordinate, leads to the curvatures in fewer of this one's, and the
        descents follow it. All is measured here all the same, so a prior that is wrong costs no
        more than gradients.
    rng : numpy.random.Generator or int, optional
        The source of randomness (:term:`SPEC 7`), for a part of Lanczos' first vector.

    Returns
    -------
    SaddleReport
        Curvatures, the minima on either side, and what it cost.

    Raises
    ------
    TypeError, ValueError
        If `landscape` is none.

    Examples
    --------
    >>> from fourierpathfinder import Surrogate, find_path
    >>> from fourierpathfinder.landscapes.toy import two_channels
    >>> toy = two_channels()
    >>> result = find_path(toy, toy.start, toy.end, method=Surrogate(), rng=0)
    >>> verify_saddle(toy, result, rng=0).connects_the_ends
    True
    """
    landscape = landscape_alone(landscape)
    x, tangent = _top(result)
    unit = _unit_of_length(landscape, result)
    step = _STEP * unit if step is None else step
    displacement = _DISPLACEMENT * unit if displacement is None else displacement
    if gradient_tolerance is None:
        gradient_tolerance = _GRADIENT_TOLERANCE * _unit_of_value(landscape, result) / unit
    guarded, rng = Guarded(landscape), np.random.default_rng(rng)
    cheap = None if prior is None else CheapHessian.of(prior, x, step)
    try:
        found = lowest_curvatures(
            guarded, x, tangent, step=step, max_gradients=max_gradients, cheap=cheap, rng=rng
        )
    except NotEvaluatedError as error:
        problem = error.told("beside the saddle")
        return SaddleReport(0, _nothing(x), (), guarded.n_gradients, problem)
    n_negative = int((found.values < 0).sum())
    if not n_negative:
        return SaddleReport(0, found, (), guarded.n_gradients)
    mode = found.modes[0] * (1 if found.modes[0] @ tangent > 0 else -1)
    ends = Ends(abilities_of(landscape), *_in_numpy(result), x)
    values = float(result.start_value), float(result.end_value)
    go_down = partial(
        descend,
        guarded,
        has_arrived=lambda point: bool(ends.arrived_at(point)),
        origin=x,
        gradient_tolerance=gradient_tolerance,
        displacement=displacement,
        step=step,
        max_step=_MAX_STEP * unit,
        max_gradients=max_gradients,
        leads_on=partial(ends.leads_on, values=values),
        prior=prior,
        rng=rng,
    )
    reached = [go_down(x + side * displacement * mode) for side in (-1, 1)]
    return SaddleReport(n_negative, found, _neighbours(reached, ends), guarded.n_gradients)


def _unit_of_length(landscape: Landscape, result: PathResult) -> float:
    """1 Å with atoms; else, as nobody knows the unit, half of the distance between the ends."""
    if abilities_of(landscape).n_atoms is not None:
        return 1.0
    start, end = _in_numpy(result)
    return float(np.linalg.norm(end - start)) / 2


def _unit_of_value(landscape: Landscape, result: PathResult) -> float:
    """1 eV with atoms; else, as nobody knows the unit, how far the path rises, if it does."""
    rise = float(max(result.barrier, result.reverse_barrier))
    is_known = abilities_of(landscape).n_atoms is not None or not rise > 0
    return 1.0 if is_known else rise


def _top(result: PathResult) -> tuple[np.ndarray, np.ndarray]:
    """The saddle (D,), or else the highest point of the path, and the path's direction there."""
    saddle = result.saddle
    x = np.asarray(result.path(result.height_time) if saddle is None else saddle.position)
    time = result.height_time if saddle is None else saddle.time
    return x, np.asarray(result.path.velocity(time))


def _neighbours(reached: list[Descent], ends: Ends) -> tuple[Neighbour, ...]:
    """What two descents, towards the start and towards the end, have come to."""
    known = ends.both(*(None if one.problem else one.position for one in reached))
    return tuple(
        Neighbour(one.position, one.value, name, symmetry, one.problem)
        for one, (name, symmetry) in zip(reached, known, strict=True)
    )


def _in_numpy(result: PathResult) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(result.path.start), np.asarray(result.path.end)


def _nothing(x: np.ndarray) -> Curvatures:
    return Curvatures(np.empty(0), np.empty(0), np.empty((0, len(x))), 0)
