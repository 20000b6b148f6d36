"""One pair of minima explored: a path between them, cut into legs at the minima it passes.

Where gradients are cheap the path's profile is examined: each dip is relaxed, and each maximum
between two dips is refined to its saddle, from which descents on both sides show what it really
connects. Such edges are as reliable as the saddle, whatever the path itself was. The surrogate does
all this on its own, in fewer gradients, and its segments are taken as they are; on stochastic
landscapes the path is one leg.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from .._arrays import array_namespace, to_numpy
from ..evaluation import BudgetSpentError, BudgetTooSmallError, Evaluator, LandscapeError
from ..find import find_path
from ..height import evaluate_profile, refine_height
from ..methods import Surrogate
from ..methods.base import Method
from ..optimizers import Minimum, find_saddle
from ..path import SinePath
from ..result import PathResult, Status
from ..saddle import one_point, relax
from ..splitting import dips, piece
from .elements import Edge, Node
from .symmetry import Symmetry

_DEPTH = 0.02
"""How far a dip lies below the tops beside it, in units of the path's rise."""
_STEP = 0.05
"""Trust radius of climbs, in lengths of the chord."""
_STRIDE = 0.02
"""The longest step of a descent, in lengths of the chord: too short to jump over a ridge."""
_FLAT = 1e-3
"""The gradient at which climbs and descents stop, in units of rise over chord."""
_LONGEST = 500
"""Gradients at most for one descent or climb, and for the Hessian from which a climb begins."""
_CLIMB = 100
"""Gradients at most for a climb that began from a Hessian: after these it has gone astray."""
_DIFFERENCE = 1e-4
"""By how much a coordinate is changed to measure a Hessian, in lengths of the chord."""


@dataclass(eq=False)
class Found:
    """The result of one pair."""

    stops: list[Node] = field(default_factory=list)
    """The minima on the way; the first two are the ends."""
    legs: list[Edge] = field(default_factory=list)
    """The ways between two stops, by their numbers in `stops`."""
    n_gradients: int = 0
    n_prior_gradients: int = 0
    message: str = ""
    was_tried: bool = True
    """Whether the budget was enough to begin."""
    was_cut_off: bool = False
    """Whether the budget was used up before the end."""
    is_kept: bool = False
    """Whether the search is in a file of its own, from which it could go on."""


def explore(
    symmetry: Symmetry,
    start: np.ndarray,
    end: np.ndarray,
    method: Method,
    seed: tuple[int, ...],
    max_gradients: int | None,
    checkpoint: Path | None = None,
    *,
    prior: Any = None,
    resume_check: bool = True,
) -> Found:
    """Find a path between two minima, and what lies on it.

    Parameters
    ----------
    symmetry : Symmetry
        The landscape with its symmetries.
    start, end : ndarray (D,)
        The minima; the second is placed as near to the first as symmetry allows.
    method : Method
        How to find the path.
    seed : tuple of int
        For the random numbers of this pair alone.
    max_gradients : int or None
        The budget.
    checkpoint : Path or None
        A file in which the search for the path is kept, and from which it goes on.
    prior : optional
        A cheaper landscape, as in `find_path`.
    resume_check : bool
        Whether it does so only after one recorded point was evaluated again.

    Raises
    ------
    KeyboardInterrupt
        If the search was interrupted: half a search says nothing of a pair.
    """
    abilities = symmetry.abilities
    landscape = abilities.landscape
    ends = (symmetry.native(start), symmetry.native(symmetry.placed(start, end)))
    rng = np.random.default_rng(seed)
    try:
        result = find_path(
            landscape,
            *ends,
            method=method,
            prior=prior,
            rng=rng,
            max_gradients=max_gradients,
            checkpoint=checkpoint,
            resume_check=resume_check,
        )
    except BudgetTooSmallError as error:
        return Found(message=str(error), was_tried=False)
    except (LandscapeError, RuntimeError, ArithmeticError) as error:
        return Found(message=f"{type(error).__name__}: {error}")
    if result.status is Status.INTERRUPTED:
        raise KeyboardInterrupt
    found = Found(
        n_gradients=result.n_gradients,
        n_prior_gradients=result.n_prior_gradients,
        message=result.message,
        was_cut_off=result.status is Status.MAX_GRADIENTS,
        is_kept=checkpoint is not None,
    )
    _add_ends(found, result)
    as_one = abilities.stochastic or array_namespace(ends[0]) is not np
    if isinstance(method, Surrogate) or as_one:
        _add_segments(found, result)
    else:
        budget = None if max_gradients is None else max(max_gradients - result.n_gradients, 0)
        _look(Evaluator(abilities, budget), found, result)
    return found


def _look(evaluator: Evaluator, found: Found, result: PathResult) -> None:
    """Add the minima and saddles on the path, as far as the budget goes."""
    try:
        _Looking(evaluator, result.path, found).look()
    except BudgetSpentError:
        found.was_cut_off = True
        if not found.legs:
            _add_segments(found, result)
    found.n_gradients += evaluator.n_gradients


def _add_ends(found: Found, result: PathResult) -> None:
    path = _in_numpy(result.path)
    found.stops.append(Node(path.start, result.start_value))
    found.stops.append(Node(path.end, result.end_value))


def _add_segments(found: Found, result: PathResult) -> None:
    """The parts that the method itself has split the path into, or the path as one."""
    parts = result.segments or (result,)
    before = 0
    for k, part in enumerate(parts):
        after = 1
        if k + 1 < len(parts):
            found.stops.append(Node(to_numpy(part.path.end), part.end_value))
            after = len(found.stops) - 1
        saddle = None if part.saddle is None else to_numpy(part.saddle.position)
        path = _in_numpy(part.path)
        found.legs.append(
            Edge(before, after, float(part.height), bool(part.certified), path, saddle)
        )
        before = after


class _Looking:
    """Examines the profile of one path, on a landscape whose gradients are cheap."""

    def __init__(self, evaluator: Evaluator, path: SinePath, found: Found) -> None:
        self._evaluator, self._path, self._found = evaluator, path, found
        self._one = one_point(evaluator)
        first = np.linspace(0, 1, 4 * path.n_terms + 1)
        profile = refine_height(
            evaluator, path, evaluate_profile(evaluator, path, first), tol=1e-3, max_gradients=50
        ).profile
        self._times, self._heights = profile.times, profile.heights
        self._chord = float(np.linalg.norm(np.asarray(path.end) - np.asarray(path.start)))
        self._flat = _FLAT * profile.scale / self._chord
        self._depth = _DEPTH * profile.scale

    def look(self) -> None:
        """Add the minima at the dips, the legs between them, and what their tops lead to."""
        found = dips(self._heights, self._depth).tolist()
        bounds = [0, *found, len(self._times) - 1]
        stops = [0, *(self._add(self._descended(self._point(dip))) for dip in found), 1]
        for (low, high), ends in zip(pairwise(bounds), pairwise(stops), strict=True):
            if self._joined_by_climbing(low, high, ends):
                continue
            part = self._piece(low, high, ends)
            height = self._height_of(part)
            self._found.legs.append(Edge(ends[0], ends[1], float(height), False, part))

    def _point(self, index: int) -> np.ndarray:
        return np.asarray(self._path(float(self._times[index])))

    def _add(self, minimum: Minimum) -> int:
        self._found.stops.append(Node(minimum.x, float(minimum.value)))
        return len(self._found.stops) - 1

    def _descended(
        self, x: np.ndarray, callback: Callable[[Minimum], None] | None = None
    ) -> Minimum:
        return relax(
            self._one,
            x,
            gradient_tolerance=self._flat,
            max_gradients=_LONGEST,
            max_step=_STRIDE * self._chord,
            callback=callback,
        )

    def _piece(self, low: int, high: int, ends: tuple[int, int]) -> SinePath:
        """The path between two of its times, as a path of its own between two stops."""
        times = float(self._times[low]), float(self._times[high])
        first, last = (self._found.stops[end].position for end in ends)
        return piece(self._path, times, (first, last), 4 * self._path.n_terms)

    def _height_of(self, part: SinePath) -> float:
        """The continuous height of a part of the path."""
        first = np.linspace(0, 1, 4 * part.n_terms + 1)
        profile = evaluate_profile(self._evaluator, part, first)
        refined = refine_height(self._evaluator, part, profile, tol=1e-3, max_gradients=50)
        return float(refined.profile.height + refined.error)

    def _joined_by_climbing(self, low: int, high: int, ends: tuple[int, int]) -> bool:
        """Climb to the saddle at a leg's top and add what it joins; whether that is its ends."""
        top = low + int(self._heights[low : high + 1].argmax())
        if top in (low, high):
            return False
        time, height = float(self._times[top]), float(self._heights[top])
        point = np.asarray(self._path(time))
        hessian = self._hessian(point)
        saddle = find_saddle(
            self._one,
            point,
            np.asarray(self._path.velocity(time)),
            hessian=hessian,
            gradient_tolerance=self._flat,
            max_gradients=_LONGEST if hessian is None else _CLIMB,
            max_step=_STEP * self._chord,
            project=self._evaluator.abilities.free_motions,
        )
        if not saddle.converged or saddle.value > height + self._depth:
            return False
        ways = [self._way_down(saddle.position, side * saddle.mode) for side in (-1.0, 1.0)]
        start, end = (self._add(minimum) for minimum, _ in ways)
        points = np.concatenate([ways[0][1][::-1], saddle.position[None], ways[1][1]])
        path = _through(points, self._path.n_terms)
        self._found.legs.append(Edge(start, end, float(saddle.value), True, path, saddle.position))
        return self._near(start, ends[0]) and self._near(end, ends[1])

    def _hessian(self, x: np.ndarray) -> np.ndarray | None:
        """The Hessian (D, D) by differences, unless D is so large that a climb costs less."""
        if len(x) > _LONGEST:
            return None
        step = _DIFFERENCE * self._chord
        _, gradients = self._evaluator.value_and_grad(x + step * np.eye(len(x) + 1, len(x), k=-1))
        hessian = (gradients[1:] - gradients[0]) / step
        return np.asarray(hessian + hessian.T) / 2

    def _near(self, one: int, other: int) -> bool:
        stops = self._found.stops
        gap = np.linalg.norm(stops[one].position - stops[other].position)
        return bool(gap < _STRIDE * self._chord)

    def _way_down(self, saddle: np.ndarray, mode: np.ndarray) -> tuple[Minimum, np.ndarray]:
        points: list[np.ndarray] = []
        minimum = self._descended(
            saddle + _STRIDE * self._chord * mode, lambda now: points.append(now.x)
        )
        return minimum, np.array([*points, minimum.x])


def _in_numpy(path: SinePath) -> SinePath:
    parts = (path.start, path.end, path.coefficients)
    return SinePath(*(np.asarray(to_numpy(part), dtype=float) for part in parts))


def _through(points: np.ndarray, n_terms: int) -> SinePath:
    """A path near all of the points, at a steady speed."""
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    times = np.concatenate([[0.0], np.cumsum(steps)]) / steps.sum()
    even = np.linspace(0, 1, 8 * n_terms + 1)[1:-1]
    dense = np.stack([np.interp(even, times, column) for column in points.T], axis=1)
    return SinePath.fit(points[0], points[-1], even, dense, n_terms)


def split_where_it_can(method: Method) -> Method:
    """The surrogate is asked to split its paths; other methods' paths are looked at here."""
    return replace(method, split=True) if isinstance(method, Surrogate) else method
