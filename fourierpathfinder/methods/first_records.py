"""What a search on a surrogate begins with: the ends, a point between, and all known before."""

import numpy as np

from .._arrays import Array
from ..evaluation import Evaluator, UnusableEndError
from ..path import SinePath
from ..search.records import Records

_NEAR = 0.05
"""In chords."""
_CLOSE = 0.1
"""In chords, between two places of which one is as good as both."""
_PLACES = 65
"""Of a path, at which what is known is compared with it."""


def first_records(evaluator: Evaluator, points: Array) -> Records:
    """Records of `points` (start, end, another), then of what else is known.

    What is known of these very points is not evaluated again.

    Raises
    ------
    UnusableEndError
        If an end cannot be evaluated.
    """
    known = evaluator.known
    if known is None or not len(known):
        records = Records.of(points, *evaluator.value_and_grad(points, finite=False))
    else:
        records = _with_known(evaluator, points, Records.of(*vars(known).values()))
    for name, failed in zip(("start", "end"), records.failed, strict=False):
        if failed:
            raise UnusableEndError(
                f"the landscape cannot be evaluated at `{name}`: its value or gradient there "
                "is not finite; give another end"
            )
    return records


def _with_known(evaluator: Evaluator, points: Array, known: Records) -> Records:
    points = np.array([*points[:2], _or_known(points, known)])
    places = [np.flatnonzero((known.x == point).all(axis=1)) for point in points]
    missing = np.array([not len(place) for place in places])
    first = [known.part(place[:1]) for place in places]
    if missing.any():
        new = points[missing]
        records = Records.of(new, *evaluator.value_and_grad(new, finite=False))
        for k, place in enumerate(np.flatnonzero(missing)):
            first[place] = records.part(np.array([k]))
    used = np.concatenate(places).astype(int)
    others = _telling(known.part(np.setdiff1d(np.arange(len(known)), used)), points)
    for one in first[1:]:
        first[0] = first[0].joined(one)
    return first[0].joined(others)


def _telling(known: Records, points: Array) -> Records:
    """What is known, without all that lies close to something else.

    Records side by side tell of their own small surroundings, in which nothing happens, and the
    surrogate would take that for the whole. Of such neighbours the most level one is kept: it is
    nearest to a minimum or saddle.
    """
    apart = _CLOSE * float(np.linalg.norm(points[1] - points[0]))
    kept: list[int] = []
    for k in np.argsort(np.linalg.norm(known.gradients, axis=1), kind="stable"):
        others = np.concatenate([points, known.x[kept]])
        if np.linalg.norm(others - known.x[k], axis=1).min() >= apart:
            kept.append(int(k))
    return known.part(np.array(sorted(kept), dtype=int))


def _or_known(points: Array, known: Records) -> Array:
    """The third of the points, or what is known so near to it that it would tell little."""
    gaps = np.linalg.norm(known.x - points[2], axis=1)
    near = _NEAR * float(np.linalg.norm(points[1] - points[0]))
    return np.asarray(known.x[gaps.argmin()] if gaps.min() < near else points[2])


def highest_known(evaluator: Evaluator, path: SinePath) -> float | None:
    """The largest value that was known on a first path before: a first guess of its height.

    What is known beside the path, or of its ends alone, says nothing of that: None then.
    """
    known = evaluator.known
    if known is None or not len(known):
        return None
    near = _NEAR * float(np.linalg.norm(path.end - path.start))
    on_path = _distances(known.points, path(np.linspace(0, 1, _PLACES))) < near
    at_ends = _distances(known.points, np.stack([path.start, path.end])) < near
    told = known.values[on_path & ~at_ends & np.isfinite(known.values)]
    return float(told.max()) if len(told) else None


def _distances(points: Array, places: Array) -> Array:
    """How far each of the points (n, D) is from the nearest of some places (m, D)."""
    return np.asarray([np.linalg.norm(places - point, axis=1).min() for point in points])
