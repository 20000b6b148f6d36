"""Both ways down from a saddle on a surrogate, and what of them is not sure yet."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .._lazy import cached_property
from ..search.knowledge import least_difference
from ..search.policy import BOLD
from ..search.saddle_search import newton_decrement, surrogate_saddle
from .flow import Metric, descended, evenly
from .learner import Learner
from .policy import Following

Gap = Callable[[np.ndarray], float]


@dataclass(frozen=True, eq=False)
class Task:
    """What is followed, and how well.

    Parameters
    ----------
    saddle : array (D,)
        Near which the surrogate's saddle is looked for.
    tangent : array (D,)
        From the path's start to its end there.
    chord : float
        The distance of the path's ends.
    metric : Metric
        What steepest means.
    tol : float
        Tolerance of the values, in E.
    gap : callable (D,) -> float
        How far from a given end a point is; infinite where it is not near.
    numbers : Following
        The policy.
    """

    saddle: np.ndarray
    tangent: np.ndarray
    chord: float
    metric: Metric
    tol: float
    gap: Gap
    numbers: Following


@dataclass(frozen=True, eq=False)
class Branch:
    """One way down.

    Parameters
    ----------
    points : ndarray (K, D)
        From the saddle on; as far as the surrogate is to be trusted at all.
    places : ndarray (L, D)
        Evenly spaced among them.
    deviations : ndarray (L,)
        Calibrated, there.
    is_complete : bool
        Whether it ends at a minimum of the surrogate or at a given end.
    """

    points: np.ndarray
    places: np.ndarray
    deviations: np.ndarray
    is_complete: bool

    @cached_property
    def end(self) -> np.ndarray:
        """The last point (D,)."""
        return np.asarray(self.points[-1])


@dataclass(frozen=True, eq=False)
class Branches:
    """Both of them.

    Parameters
    ----------
    task : Task
    learner : Learner
    saddle : ndarray (D,)
        The surrogate's.
    down : (Branch, Branch)
        Towards the path's start, and towards its end.
    rise : float
        E: how far the saddle lies above the lowest value known.
    """

    task: Task
    learner: Learner
    saddle: np.ndarray
    down: tuple[Branch, Branch]
    rise: float

    @classmethod
    def followed(cls, task: Task, learner: Learner) -> "Branches":
        """Follow the surrogate as it is."""
        model, numbers = learner.model, task.numbers
        saddle = surrogate_saddle(model, task.saddle, task.tangent, task.chord, BOLD.climb).position
        rise = _rise(learner, float(model.predict(saddle[None])[0][0]))
        hessian = model.hessian(saddle)
        mode = task.metric.lowest_mode(hessian)
        along = abs(float(mode @ hessian @ mode))
        step = np.sqrt(2 * numbers.first_drop * task.tol * rise / max(along, 1e-12 * rise))
        step = min(step, numbers.longest_first_step * task.chord)
        mode = mode if mode @ task.tangent > 0 else -mode
        before, after = (
            _branch(task, learner, saddle, side * step * mode, rise) for side in (-1.0, 1.0)
        )
        return cls(task, learner, saddle, (before, after), rise)

    @property
    def tolerance(self) -> float:
        """How well values must be known."""
        return self.task.tol * self.rise

    def wanted(self) -> np.ndarray:
        """The points (M, D) that would tell most, at most one a branch; none if all is well."""
        found = [self._wanted_of(branch) for branch in self.down]
        points = [point for point in found if point is not None]
        # of both branches it may be the saddle itself
        return np.unique(np.reshape(points, (len(points), len(self.saddle))), axis=0)

    def least_known(self) -> np.ndarray:
        """The point (1, D) at which the surrogate is least sure of all; (0, D) if it is known."""
        places = np.concatenate([branch.places for branch in self.down])
        deviations = np.concatenate([branch.deviations for branch in self.down])
        worst = int(deviations.argmax())
        near = self.task.numbers.same * float(np.linalg.norm(places[-1] - self.saddle))
        is_known = self.learner.records.distance_to(places[worst]) <= near
        return places[worst : worst + (0 if is_known else 1)]

    def unsure_beneath(self) -> np.ndarray:
        """The points (M, D), at most one a branch, where a cheaper landscape is to be asked.

        That is where its surrogate is least sure, if that counts beside the tolerance.
        """
        mean, numbers = self.learner.mean, self.task.numbers
        found: list[np.ndarray] = []
        for branch in self.down:
            unsure = np.zeros(1) if mean is None else mean.deviation(branch.places)
            if unsure.max() > numbers.sure_beneath * self.tolerance:
                found.append(branch.places[int(unsure.argmax())])
        return np.unique(np.reshape(found, (len(found), len(self.saddle))), axis=0)

    def _wanted_of(self, branch: Branch) -> np.ndarray | None:
        near = self.task.numbers.same * float(np.linalg.norm(branch.end - self.saddle))
        for k in np.argsort(-branch.deviations):
            if branch.deviations[k] <= self.tolerance:
                break
            if self.learner.records.distance_to(branch.places[k]) > near:
                return np.asarray(branch.places[k])
        if not self.is_minimum(branch) and self.learner.records.distance_to(branch.end) > near:
            return branch.end
        return None

    def is_minimum(self, branch: Branch) -> bool:
        """Whether a branch ends at a given end, or where the true gradient is next to nothing."""
        if not branch.is_complete:
            return False
        if np.isfinite(self.task.gap(branch.end)):
            return True
        numbers, records = self.task.numbers, self.learner.records.known
        gradient = records.gradient_at(branch.end)
        nearest = records.x[((records.x - branch.end) ** 2).sum(axis=1).argmin()]
        left = newton_decrement(self.learner.model, nearest, gradient, numbers.flat)
        moved = self.learner.model.predict(np.stack([nearest, branch.end]))[0]
        allowed = numbers.relaxed * self.tolerance
        return bool(left < allowed and abs(moved[0] - moved[1]) < allowed)

    def is_known(self, branch: Branch) -> bool:
        """Whether a branch is known everywhere to within the tolerance."""
        return bool((branch.deviations <= self.tolerance).all())


def _rise(learner: Learner, top: float) -> float:
    lowest = learner.records.lowest
    return max(top - lowest, least_difference(top, lowest))


def _branch(
    task: Task, learner: Learner, saddle: np.ndarray, step: np.ndarray, rise: float
) -> Branch:
    numbers = task.numbers
    size = float(np.linalg.norm(step))
    descent = descended(
        learner.model,
        saddle + step,
        task.metric,
        numbers.rest * task.tol * rise,
        numbers.step_error * size,
        task.gap,
        numbers,
    )
    points = np.concatenate([saddle[None], descent.points])
    lengths = task.metric.lengths(points)
    at = np.linspace(0, lengths[-1], numbers.n_looks)
    places = evenly(points, lengths, at)
    deviations = learner.deviation(places)
    beyond = deviations > numbers.trusted * rise
    if not beyond.any():
        return Branch(points, places, deviations, descent.is_at_rest)
    last = max(int(beyond.argmax()), 1)
    kept = np.concatenate([points[lengths < at[last]], places[last][None]])
    return Branch(kept, places[: last + 1], deviations[: last + 1], is_complete=False)
