"""The minimum-energy path: followed on the surrogate, evaluated where that is unsure.

Both branches are descended on the surrogate. On each, the place where it is least sure is
evaluated, the surrogate told, and both are descended again, until all of it is known to within a
tolerance. What the search has evaluated is known from the start: a few gradients more are enough.
"""

import logging
from enum import Enum
from typing import Any, NamedTuple

import numpy as np

from .._arrays import to_numpy
from ..inputs import check_budget
from ..landscapes.abilities import Abilities, abilities_of
from ..landscapes.resolve import landscape_alone
from ..methods import Surrogate
from ..priors import opened, resolve_priors
from ..result import Evaluations, PathResult
from ..saddle import Neighbour
from ..saddle.recognition import Ends
from ..search.one_thread import one_thread
from .beginning import begun, metric_of
from .branches import Branch, Branches, Task
from .flow import Metric, evenly
from .learner import Learner
from .policy import DEFAULTS, Following
from .result import MinimumEnergyPath

_log = logging.getLogger(__name__)


class _Reason(Enum):
    """Why it ended; the value is the sentence that a user reads."""

    KNOWN = "The path is known everywhere to within its tolerance."
    BUDGET = "The budget of gradients was used up before the path was known everywhere."
    ROUNDS = "After many evaluations the path is still not known everywhere."
    FAILED = "The landscape could not be evaluated at a point of the path."


def minimum_energy_path(
    landscape: Any,
    result: PathResult,
    *,
    prior: Any = None,
    mass_weighted: bool | None = None,
    tol: float = 1e-3,
    n_points: int = 41,
    known: Evaluations | None = None,
    max_gradients: int | None = None,
    policy: Following = DEFAULTS,
) -> MinimumEnergyPath:
    """Follow the steepest descent from a path's saddle to the minima on both sides.

    The path that a search returns is low, not steepest: away from its top it cuts corners. What
    is followed here is what chemists call the minimum-energy path or, mass-weighted, the intrinsic
    reaction coordinate.

    Parameters
    ----------
    landscape : Landscape
        What the path was found on.
    result : PathResult
        The path; it must have a saddle. Best from `Surrogate`, whose evaluations come along.
    prior : optional
        A cheaper landscape of the same coordinates, as in `find_path`: asked along the path first,
        so that only the difference is left to be known.
    mass_weighted : bool, optional
        Whether steepest is meant in mass-weighted coordinates; by default where there are masses.
    tol : float
        Tolerance of the values along the path, in units of E: how far the saddle lies above the
        lowest value known.
    n_points : int
        Points to return, the saddle among them.
    known : Evaluations, optional
        Further evaluations of this landscape that are known.
    max_gradients : int, optional
        The most evaluations to spend here.
    policy : Following
        Every number of it.

    Returns
    -------
    MinimumEnergyPath
        With an error band; where the two branches end is told by its `neighbours`.

    Raises
    ------
    TypeError, ValueError
        If `landscape` is none, the path has no saddle, or the landscape no masses although
        `mass_weighted`.

    References
    ----------
    K. Fukui, Acc. Chem. Res. 14, 363 (1981), DOI 10.1021/ar00072a001.

    Examples
    --------
    >>> from fourierpathfinder import find_path
    >>> from fourierpathfinder.landscapes.toy import mueller_brown
    >>> toy = mueller_brown()
    >>> result = find_path(toy, toy.start, toy.end, rng=0)
    >>> followed = minimum_energy_path(toy, result)
    >>> followed.success, followed.n_gradients < 25
    (True, True)
    """
    abilities = abilities_of(landscape_alone(landscape))
    _check(result, tol, n_points, max_gradients)
    assert result.saddle is not None
    metric = metric_of(abilities, len(result.path.start), mass_weighted)
    cheaper = resolve_priors(prior, Surrogate(), abilities, to_numpy(result.path.start))
    ends = _ends(abilities, result)
    task = _task(result, metric, tol, ends, policy)
    with opened(cheaper, None, {}, rechecks=False) as beneath, one_thread():
        learner = begun(abilities, result, known, max_gradients, policy, beneath)
        branches, reason = _known_everywhere(task, learner)
        return _result(branches, ends, reason, n_points, landscape)


def _known_everywhere(task: Task, learner: Learner) -> tuple[Branches, _Reason]:
    """Both branches, followed until there is nothing to ask, and why it ended.

    A few evaluations may be enough, which say little of how sure the surrogate is: so in the end
    the least known place must turn out as it was expected.
    """
    numbers, is_tested = task.numbers, False
    for _ in range(numbers.most_rounds):
        branches = _followed(task, learner)
        points = branches.wanted()
        is_test = not len(points) and not is_tested
        if is_test:
            points = branches.least_known()
        if not len(points):
            return branches, _Reason.KNOWN
        if len(points) > learner.remaining:
            return branches, _Reason.BUDGET
        band = numbers.assurance * learner.deviation(points) + numbers.relaxed * branches.tolerance
        misses = learner.learn(points, numbers.least_miss * branches.tolerance)
        is_tested = is_test and bool((misses <= band).all())
        learner.settle()
        worst = max(float(branch.deviations.max()) for branch in branches.down)
        _log.info("reaction path: %d gradients, ± %.2g", learner.n_gradients, worst)
        if learner.records.failed[-len(points) :].any():
            return Branches.followed(task, learner), _Reason.FAILED
    return branches, _Reason.ROUNDS


def _followed(task: Task, learner: Learner) -> Branches:
    """Both branches, once a cheaper landscape beneath has told what it can of them."""
    branches = Branches.followed(task, learner)
    for _ in range(task.numbers.rounds):
        if not learner.ask(branches.unsure_beneath(), 0.0):
            break
        branches = Branches.followed(task, learner)
    return branches


def _check(result: PathResult, tol: float, n_points: int, max_gradients: int | None) -> None:
    check_budget(max_gradients)
    if not isinstance(result, PathResult):
        raise TypeError(
            f"`result` is a {type(result).__name__}; it must be what `find_path` returned"
        )
    if result.saddle is None:
        raise ValueError(
            "the path has no saddle to go down from; find it with `Surrogate()`, and see its "
            "`message`"
        )
    if not tol > 0:
        raise ValueError(f"`tol` is {tol}; it must be positive")
    if n_points < 3:
        raise ValueError(f"`n_points` is {n_points}; it must be at least 3: two ends, a saddle")


def _ends(abilities: Abilities, result: PathResult) -> Ends:
    assert result.saddle is not None
    path = result.path
    return Ends(abilities, *map(to_numpy, (path.start, path.end, result.saddle.position)))


def _task(result: PathResult, metric: Metric, tol: float, ends: Ends, numbers: Following) -> Task:
    assert result.saddle is not None
    path = result.path
    velocity = to_numpy(path.velocity(result.saddle.time))
    return Task(
        saddle=to_numpy(result.saddle.position),
        tangent=velocity / np.linalg.norm(velocity),
        chord=float(np.linalg.norm(to_numpy(path.end) - to_numpy(path.start))),
        metric=metric,
        tol=tol,
        gap=ends.gap,
        numbers=numbers,
    )


def _result(
    branches: Branches, ends: Ends, reason: _Reason, n_points: int, landscape: Any
) -> MinimumEnergyPath:
    """What is known of both branches, from the one end to the other."""
    task, learner = branches.task, branches.learner
    before, after = (_sampled(task.metric, branch) for branch in branches.down)
    neighbours = (
        _neighbour(branches, branches.down[0], ends, "start"),
        _neighbour(branches, branches.down[1], ends, "end"),
    )
    share = before.lengths[-1] / (before.lengths[-1] + after.lengths[-1])
    n_before = int(np.clip(round(share * (n_points - 1)), 1, n_points - 2))
    points, lengths = _joined(before, after, n_before, n_points - 1 - n_before)
    values, gradients = learner.model.predict(points)
    success = reason is _Reason.KNOWN and not any(one.problem for one in neighbours)
    return MinimumEnergyPath(
        points=points,
        lengths=lengths,
        values=values,
        gradients=gradients,
        errors=np.maximum(task.numbers.assurance * learner.deviation(points), branches.tolerance),
        top=n_before,
        neighbours=neighbours,
        mass_weighted=task.metric.is_weighted,
        success=success,
        message=reason.value,
        n_gradients=learner.n_gradients,
        n_prior_gradients=learner.n_prior_gradients,
        evaluations=learner.evaluations,
        landscape=landscape,
    )


class _Sampled(NamedTuple):
    """A branch, and lengths along it."""

    points: np.ndarray
    lengths: np.ndarray

    def at(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """`n` points (n, D) beyond the first, evenly spaced, and their lengths (n,)."""
        lengths = np.linspace(0, self.lengths[-1], n + 1)[1:]
        return evenly(self.points, self.lengths, lengths), lengths


def _sampled(metric: Metric, branch: Branch) -> _Sampled:
    return _Sampled(branch.points, metric.lengths(branch.points))


def _joined(
    before: _Sampled, after: _Sampled, n_before: int, n_after: int
) -> tuple[np.ndarray, np.ndarray]:
    """Points (M, D) and lengths (M,) from the end of the one to the end of the other."""
    left, left_lengths = before.at(n_before)
    right, right_lengths = after.at(n_after)
    points = np.concatenate([left[::-1], before.points[:1], right])
    return points, np.concatenate([-left_lengths[::-1], [0.0], right_lengths])


def _neighbour(branches: Branches, branch: Branch, ends: Ends, expected: str) -> Neighbour:
    """Where a branch ends, and what that is known as."""
    value = float(branches.learner.model.predict(branch.end[None])[0][0])
    name, symmetry = ends.recognised(branch.end, expected)
    if name:
        return Neighbour(branch.end, value, name, symmetry)
    problem = "" if branches.is_minimum(branch) else "the descent came to no minimum"
    return Neighbour(branch.end, value, "", symmetry, problem)
