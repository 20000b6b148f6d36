"""Off a ridge: searches on either side of a top from which a second direction leads down.

A certified path is as low as its own top, which may lie on a ridge between two passes. Where the
curvatures there were measured, the second way down is known, and both sides of it are searched.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ._arrays import Array, to_numpy
from .find import find_path
from .inputs import check_budget
from .methods import Surrogate
from .path import SinePath
from .result import IntermediateResult, PathResult, Status
from .saddle import SaddleReport
from .search.policy import BOLD
from .search.ridges import pushed


def leave_ridge(
    landscape: Any,
    result: PathResult,
    report: SaddleReport,
    *,
    prior: Any = None,
    max_gradients: int | None = None,
    rng: np.random.Generator | int | None = 0,
    callback: Callable[[IntermediateResult], None] | None = None,
) -> PathResult:
    """The lowest path beside a top from which a second direction leads down.

    The path is pushed along that direction, to one side and to the other, and each is the first
    path of a search that knows all that was evaluated before.

    Parameters
    ----------
    landscape : Landscape or callable
        What the path was found on.
    result : PathResult
        The path.
    report : SaddleReport
        What `verify_saddle` has found out about its top.
    prior : optional
        As in `find_path`.
    max_gradients : int, optional
        The most evaluations to spend on each side.
    rng : numpy.random.Generator or int, optional
        For the searches (:term:`SPEC 7`).
    callback : callable, optional
        As in `find_path`.

    Returns
    -------
    PathResult
        The lowest of the certified paths, with all gradients counted, those of `result` among them;
        `result` itself, counted likewise, where neither side is lower by more than the errors of
        both.

    Raises
    ------
    ValueError
        If the report tells of no second way down.
    KeyboardInterrupt
        Where it is interrupted; `result` is as good as it was.

    Examples
    --------
    >>> import numpy as np
    >>> from fourierpathfinder import Surrogate, find_path, leave_ridge
    >>> from fourierpathfinder.landscapes.toy import two_channels
    >>> from fourierpathfinder.saddle import verify_saddle
    >>> toy = two_channels()
    >>> above = find_path(toy, toy.start, toy.end, method=Surrogate(), rng=0)
    >>> report = verify_saddle(toy, above, rng=0)
    >>> report.n_negative  # of a ridge it is two, and only then there is a way off it
    1
    >>> leave_ridge(toy, above, report)
    Traceback (most recent call last):
    ...
    ValueError: the report tells of no second way down (...): there is no ridge to leave
    """
    check_budget(max_gradients)
    down = second_way_down(result, report)
    if down is None:
        lowest = " and ".join(f"{value:.3g}" for value in report.curvatures.values[:2])
        raise ValueError(
            "the report tells of no second way down (lowest curvatures "
            f"{lowest or 'not measured'}): there is no ridge to leave"
        )
    method = result.method if isinstance(result.method, Surrogate) else Surrogate()
    method = replace(method, certify=True, n_starts=1)  # on each side one path is known
    numbers = (method.policy or BOLD).across
    best, known, path = result, result.evaluations, _in_numpy(result.path)
    n_gradients, n_prior_gradients = result.n_gradients, result.n_prior_gradients
    for side in (1, -1):
        found = find_path(
            landscape,
            path.start,
            path.end,
            method=method,
            initial=pushed(path, side * down, numbers),
            known=known,
            prior=prior,
            max_gradients=max_gradients,
            rng=rng,
            callback=callback,
        )
        n_gradients += found.n_gradients
        n_prior_gradients += found.n_prior_gradients
        known = found.evaluations
        best = found if _is_lower(found, best) else best
        if found.status is Status.INTERRUPTED:
            raise KeyboardInterrupt
        if found.status is Status.STOPPED:
            break
    return replace(
        best, evaluations=known, n_gradients=n_gradients, n_prior_gradients=n_prior_gradients
    )


def second_way_down(result: PathResult, report: SaddleReport) -> Array | None:
    """The direction (D,) across the path, of length 1, in which its top goes down; or None.

    It is taken from the two lowest modes, of which a path over a ridge may follow any mixture.

    Parameters
    ----------
    result : PathResult
    report : SaddleReport

    Returns
    -------
    array (D,) or None
    """
    found = report.curvatures
    surely = found.values + found.errors < 0
    if report.problem or surely.sum() < 2:
        return None
    time = result.height_time if result.saddle is None else result.saddle.time
    along = found.modes[:2] @ to_numpy(result.path.velocity(time))
    size = float(np.linalg.norm(along))
    mixture = np.array([0.0, 1.0]) if size == 0 else np.array([-along[1], along[0]]) / size
    return np.asarray(mixture @ found.modes[:2])


def _in_numpy(path: SinePath) -> SinePath:
    return SinePath(*(to_numpy(part) for part in (path.start, path.end, path.coefficients)))


def _is_lower(found: PathResult, best: PathResult) -> bool:
    """Whether a path is lower than the best so far by more than both may be wrong."""
    return found.certified and found.height < best.height - found.height_error - best.height_error
