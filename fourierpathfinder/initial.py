"""What a user gives as `initial`: a first path, and what its points bring along.

Points between the ends are placed one after the other, each as near to the one before as the
landscape can bring it, joined by the landscape's own first paths where they are few, and fitted by
the sine series. Structures that come with energies and forces are data, once one of them has been
evaluated again and is found to agree.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from ._arrays import Array, is_array, like, to_numpy
from .evaluation import Evaluator
from .landscapes.abilities import Abilities
from .path import SinePath
from .result import Evaluations, PathResult
from .storage.content import digest

_log = logging.getLogger(__name__)

_SAME = 1e-6
"""In chords: ends of a path that are nearer than this to those of the run are these."""
_NEAR = 0.02
"""In chords: points nearer than this to an end are that end."""
_BACKWARDS = 0.5
"""What is so much nearer to the ends when it is turned round was given backwards."""
_PIECES = 8
"""Points of each piece that the path is fitted to."""
_AGREES = 2e-3
"""How far a value may be from what is known, in units of the spread of all that is known."""
_TURNED = 0.05
"""The same of a gradient, in units of the largest that is known."""


@dataclass(frozen=True, eq=False)
class Initial:
    """What was given: a path, or points, or nothing; and what is known along it.

    Parameters
    ----------
    path : SinePath or None
        A path between the ends of the run.
    placed : tuple of ndarray (D,)
        Points between the ends, in order, each as near to the one before as it can be.
    known : Evaluations or None
        What the user's structures bring along; not yet compared with the landscape.
    is_turned : bool
        Whether the points were given from the end of the run to its start.
    """

    path: SinePath | None = None
    placed: tuple[np.ndarray, ...] = ()
    known: Evaluations | None = None
    is_turned: bool = False

    @property
    def content(self) -> str:
        """A hash of it all, for checkpoints."""
        coefficients = None if self.path is None else to_numpy(self.path.coefficients)
        known = None if self.known is None else tuple(vars(self.known).values())
        return digest((coefficients, self.placed, known))

    def first_path(
        self,
        abilities: Abilities,
        ends: tuple[Array, Array],
        n_terms: int,
        rng: np.random.Generator,
    ) -> SinePath:
        """The path to begin with; the landscape's own where nothing was given."""
        if self.path is not None:
            return _with_terms(self.path, n_terms)
        if not self.placed:
            return abilities.initial_path(*ends, n_terms, rng)
        return _fitted(abilities, self.placed, *ends, n_terms, rng)


def resolve_initial(given: Any, abilities: Abilities, ends: tuple[Array, Array]) -> Initial:
    """What `initial` is, looked at before anything is evaluated.

    Parameters
    ----------
    given : None, SinePath, PathResult, array (M, D), or sequence of arrays or structures
        As in `find_path`.
    abilities : Abilities
        The landscape.
    ends : (array (D,), array (D,))
        The ends of the run.

    Raises
    ------
    TypeError, ValueError
        If it is no path for these ends.
    """
    a, b = ends
    if given is None:
        return Initial()
    if isinstance(given, PathResult):
        found = resolve_initial(given.path, abilities, ends)
        return replace(found, known=given.evaluations)
    if isinstance(given, SinePath):
        if _is_between(given, a, b):
            return Initial(path=SinePath(a, b, like(given.coefficients, a)))
        given = to_numpy(given(np.linspace(0, 1, 4 * given.n_terms + 1)))
    points = [_point(abilities, k, one, a) for k, one in enumerate(_listed(given))]
    placed = _placed(abilities, points, a)
    is_turned = _runs_backwards(abilities, points, ends)
    if is_turned:
        given, points = list(_listed(given))[::-1], points[::-1]
        placed = _placed(abilities, points, a)
    known = _brought(abilities, given, points, placed)
    return Initial(placed=tuple(placed), known=known, is_turned=is_turned)


def check_known(known: Any, a: Array) -> None:
    """Raise an error where `known` holds no evaluations of points like `a` (D,)."""
    if known is None:
        return
    if not isinstance(known, Evaluations):
        raise TypeError(
            f"`known` is a {type(known).__name__}; pass `Evaluations`, such as those of a result"
        )
    n, shape = len(known.values), (len(known.values), len(a))
    if known.points.shape != shape or known.gradients.shape != shape:
        raise ValueError(
            f"`known` has points of shape {known.points.shape} and gradients of shape "
            f"{known.gradients.shape}; for {n} values and these ends both must be {shape}"
        )


def along(
    known: Evaluations | None, abilities: Abilities, end: Any, ends: tuple[Array, Array]
) -> Evaluations | None:
    """What is known, moved with the second end, which was `end` until it was placed.

    That is all that lies nearer to it than to the first, if it was itself evaluated as it was: it
    need not be evaluated again, and what is close to it stays so.
    """
    if known is None or abilities.turning is None:
        return known
    before = np.asarray(abilities.coordinates(end))
    if np.array_equal(before, ends[1]) or not (known.points == before).all(axis=1).any():
        return known
    to_start, to_end = (np.linalg.norm(known.points - x, axis=1) for x in (ends[0], before))
    beside = to_end < to_start
    points, gradients = known.points.copy(), known.gradients.copy()
    points[beside], gradients[beside] = abilities.turning.turned(
        points[beside], gradients[beside], before, ends[1]
    )
    return Evaluations(points, known.values, gradients)


def joined(one: Evaluations | None, other: Evaluations | None) -> Evaluations | None:
    """All that is known, of two parts of which either may be missing."""
    if one is None or other is None:
        return one if other is None else other
    return one.joined(other)


def confirmed(known: Evaluations | None, evaluator: Evaluator) -> Evaluations | None:
    """What is known, if the landscape agrees at the highest point of it; None if it does not."""
    if known is None or not len(known) or evaluator.remaining < 1:
        return None
    highest = int(known.values.argmax())
    point = known.points[highest][None]
    values, gradients = evaluator.value_and_grad(point, finite=False)
    spread = max(float(np.ptp(known.values)), 1e-6 * abs(float(known.values[highest])))
    steepest = float(np.linalg.norm(known.gradients, axis=1).max())
    off = abs(float(values[0]) - float(known.values[highest]))
    turned = float(np.linalg.norm(gradients[0] - known.gradients[highest]))
    if off <= _AGREES * spread and turned <= _TURNED * steepest:
        return known
    _log.warning(
        "`initial` comes with values of another landscape (%.6g, here %.6g): only its points are "
        "used", known.values[highest], values[0],
    )  # fmt: skip
    if not (np.isfinite(values).all() and np.isfinite(gradients).all()):
        return None
    return Evaluations(point, np.asarray(values), np.asarray(gradients))


def _is_between(path: SinePath, a: Array, b: Array) -> bool:
    if tuple(path.start.shape) != tuple(a.shape):
        raise ValueError(
            f"`initial` is a path of {path.n_coordinates} coordinates, the ends have {len(a)}"
        )
    near = _SAME * float(np.linalg.norm(to_numpy(b) - to_numpy(a)))
    gaps = (to_numpy(path.start) - to_numpy(a), to_numpy(path.end) - to_numpy(b))
    return all(float(np.linalg.norm(gap)) <= near for gap in gaps)


def _with_terms(path: SinePath, n_terms: int) -> SinePath:
    """The path with at least so many terms."""
    missing = n_terms - path.n_terms
    if missing <= 0:
        return path
    more = np.zeros((missing, path.n_coordinates))
    coefficients = np.concatenate([to_numpy(path.coefficients), more])
    return path.with_coefficients(like(coefficients, path.start))


def _listed(given: Any) -> Sequence[Any]:
    if is_array(given):
        given = to_numpy(given)
        return list(given[None] if given.ndim == 1 else given)
    if isinstance(given, list | tuple):
        return given
    return [given]


def _point(abilities: Abilities, k: int, one: Any, a: Array) -> np.ndarray:
    try:
        point = np.asarray(abilities.coordinates(one), dtype=float)
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"`initial`, point {k}: {error}") from error
    if point.shape != tuple(a.shape) or not np.isfinite(point).all():
        raise ValueError(
            f"`initial`, point {k}, has shape {point.shape}; it must be ({len(a)},), like the "
            "ends, and finite"
        )
    return point


def _placed(abilities: Abilities, points: Sequence[np.ndarray], a: Array) -> list[np.ndarray]:
    """The points, each as near to the one before as it can be brought."""
    found, before = [], a
    for k, point in enumerate(points):
        try:
            before = abilities.ends(before, like(point, a))[1]
        except ValueError as error:
            text = str(error).removeprefix("`end`: ")
            raise ValueError(f"`initial`, point {k}: {text}") from error
        found.append(to_numpy(before))
    return found


def _runs_backwards(
    abilities: Abilities, points: Sequence[np.ndarray], ends: tuple[Array, Array]
) -> bool:
    """Whether the points begin beside the end of the run, and end beside its start."""
    if len(points) < 2:
        return False

    def gap(end: Array, point: np.ndarray) -> float:
        placed = to_numpy(abilities.ends(end, like(point, end))[1])
        return float(np.linalg.norm(placed - to_numpy(end)))

    (a, b), first, last = ends, points[0], points[-1]
    as_given = gap(a, first) + gap(b, last)
    return gap(a, last) + gap(b, first) < _BACKWARDS * as_given


def _fitted(
    abilities: Abilities,
    placed: Sequence[np.ndarray],
    a: Array,
    b: Array,
    n_terms: int,
    rng: np.random.Generator,
) -> SinePath:
    start, end = to_numpy(a), to_numpy(b)
    near = _NEAR * float(np.linalg.norm(end - start))
    inner = [x for x in placed if min(np.linalg.norm(x - start), np.linalg.norm(x - end)) > near]
    if not inner:
        return abilities.initial_path(a, b, n_terms, rng)
    stops = [start, *inner, end]
    few = len(inner) < n_terms
    points = np.concatenate([*_pieces(abilities, stops, few, rng), end[None]])
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    fit = SinePath.fit(start, end, lengths[1:-1] / lengths[-1], points[1:-1], n_terms)
    return SinePath(a, b, like(fit.coefficients, a))


def _pieces(
    abilities: Abilities, stops: Sequence[np.ndarray], few: bool, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Points from each stop up to the next one, which is left out."""
    times = np.linspace(0, 1, _PIECES, endpoint=False)
    for here, there in pairwise(stops):
        piece = (
            abilities.initial_path(here, there, _PIECES // 2, rng)
            if few
            else SinePath.straight(here, there, 1)
        )
        yield to_numpy(piece(times))


def _brought(
    abilities: Abilities, given: Any, points: Sequence[np.ndarray], placed: Sequence[np.ndarray]
) -> Evaluations | None:
    """What structures bring along, where their landscape can read it.

    A molecule that was turned keeps its own orientation, in which its forces are; elsewhere they
    are moved with it.
    """
    if abilities.calculated is None or not isinstance(given, list | tuple):
        return None
    turns = abilities.moves_as_a_whole and abilities.n_atoms is not None
    rows = []
    for one, point, place in zip(given, points, placed, strict=True):
        known = abilities.calculated.calculated(one)
        if known is not None:
            value, gradient = known
            at, slope = (point, gradient) if turns else _moved(abilities, point, place, gradient)
            rows.append((at, value, slope))
    if not rows:
        return None
    found, values, gradients = (np.array(column) for column in zip(*rows, strict=True))
    return Evaluations(found, values, gradients)


def _moved(
    abilities: Abilities, point: np.ndarray, place: np.ndarray, gradient: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A point (D,) where it was placed, and its gradient (D,) there."""
    if abilities.turning is None:
        return place, gradient
    moved, turned = abilities.turning.turned(point[None], gradient[None], point, place)
    return moved[0], turned[0]
