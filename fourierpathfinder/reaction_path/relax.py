"""A minimum in few gradients: the surrogate's is evaluated, the surrogate told, and so on.

From beside a minimum this takes half of the gradients of a quasi-Newton descent or less, and all
of them are known to the path that is sought next. With a cheaper landscape beneath, that is relaxed
first, and asked at each minimum of the surrogate until that stays where it is: only then is the
expensive one evaluated there.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np

from ..evaluation import Evaluator, LandscapeError
from ..inputs import check_budget, check_callback
from ..landscapes.abilities import Abilities, abilities_of
from ..landscapes.resolve import as_landscape
from ..methods import Surrogate
from ..prior import Prior
from ..priors import opened, resolve_priors
from ..result import Evaluations
from ..search.one_thread import one_thread
from ..search.records import Beneath
from .beginning import all_known, process_of
from .beginning import beneath as what_is_known
from .learner import Learner
from .policy import DEFAULTS, RELAXING, Relaxing

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class RelaxedMinimum:
    """Where a relaxation has ended.

    Parameters
    ----------
    position : ndarray (D,)
        The best point that was evaluated.
    value : float
        The landscape there.
    gradient : ndarray (D,)
        Its gradient there.
    largest_force : float
        The largest force on an atom there, or the gradient's norm where there are no atoms.
    n_gradients : int
        Evaluations that it took.
    success : bool
        Whether the force is as small as was asked for.
    message : str
        Why it ended, in words: where the force is small it goes on while much is still to gain
        along a soft way, such as that of a cell.
    evaluations : Evaluations
        All points that were evaluated, and those known before.
    n_prior_gradients : int
        Evaluations of cheaper landscapes beneath.

    Examples
    --------
    >>> import numpy as np
    >>> from fourierpathfinder import relax
    >>> found = relax(lambda x: x @ x, np.array([0.3, 0.2]), gradient=lambda x: 2 * x)
    >>> found.success, bool(np.abs(found.position).max() < 0.01)
    (True, True)
    """

    position: np.ndarray
    value: float
    gradient: np.ndarray
    largest_force: float
    n_gradients: int
    success: bool
    message: str
    evaluations: Evaluations = field(repr=False)
    n_prior_gradients: int = 0


Callback = Callable[[RelaxedMinimum], None]


def relax(
    landscape: Any,
    start: Any,
    *,
    prior: Any = None,
    gradient: Callable[..., Any] | str | None = None,
    force: float = 0.01,
    known: Evaluations | None = None,
    max_gradients: int = 200,
    callback: Callback | None = None,
    policy: Relaxing = RELAXING,
) -> RelaxedMinimum:
    """Go down to a minimum, on a surrogate that sees every gradient.

    Parameters
    ----------
    landscape : Landscape or callable
        The energy or loss: anything that `fourierpathfinder.landscapes.as_landscape` accepts.
    start : array (D,) or what the landscape turns into arrays
        Where to begin; ASE Atoms for molecules.
    prior : optional
        A cheaper landscape of the same coordinates, as in `find_path`: then only the difference is
        to be found, and a few gradients lead from its minimum to that of `landscape`.
    gradient : callable or str, optional
        As in `find_path`, where `landscape` is a plain callable.
    force : float
        The largest force on an atom at the minimum (eV/Å), or where there are no atoms the norm of
        the gradient.
    known : Evaluations, optional
        What is known of the landscape already, such as the `evaluations` of another result.
    max_gradients : int
        The most evaluations to spend.
    callback : callable, optional
        Called with the best point so far after each evaluation; StopIteration ends the relaxation.
    policy : Relaxing
        Every number of it. Its steps are those of atoms, in Å and eV: where minima are another
        `unit` of length wide, and values of another `height`, pass
        ``Relaxing(longest_step=0.5 * unit, first_curvature=70 * height / unit**2)``.

    Returns
    -------
    RelaxedMinimum
        Its `evaluations` may be handed on to `find_path(..., known=)`.

    Raises
    ------
    LandscapeError
        If the landscape cannot be evaluated at the start.
    ValueError
        If `force` is not positive.

    References
    ----------
    Garijo del Río, Mortensen and Jacobsen, Phys. Rev. B 100, 104103 (2019),
    DOI 10.1103/PhysRevB.100.104103; here on inverse distances.

    Examples
    --------
    >>> from ase.build import molecule
    >>> from ase.calculators.emt import EMT
    >>> from fourierpathfinder import relax
    >>> from fourierpathfinder.landscapes import MoleculeLandscape
    >>> atoms = molecule("C2H6")
    >>> atoms.rattle(0.05, seed=0)
    >>> found = relax(MoleculeLandscape(atoms, EMT), atoms)
    >>> found.success, found.largest_force < 0.01
    (True, True)
    """
    check_callback(callback)
    if not force > 0:
        raise ValueError(f"`force` is {force}; it must be positive")
    abilities = abilities_of(as_landscape(landscape, gradient))
    x = np.array(abilities.coordinates(start), dtype=float)
    check_budget(max_gradients)
    evaluator = Evaluator(abilities, max_gradients)
    cheaper = resolve_priors(prior, Surrogate(), abilities, x)
    process = process_of(abilities, None, x)
    with opened(cheaper, None, {}, rechecks=False) as beneath, one_thread():
        learner = Learner(evaluator, process, all_known(len(x), known), DEFAULTS, beneath)
        learner.stand_upon(_beneath(beneath, abilities, x, force, policy))
        if len(learner.records):
            learner.ask(learner.records.x, 0.0)
        return _Relaxation(abilities, learner, x, force, policy).run(callback)


def _beneath(
    prior: Prior | None, abilities: Abilities, x: np.ndarray, force: float, numbers: Relaxing
) -> Beneath | None:
    """What the cheaper landscape's own relaxation leaves; None where that is of no use."""
    if prior is None:
        return None
    process = process_of(abilities, None, x)
    if prior.evaluator is None:
        return what_is_known(prior, process, x[None])
    learner = Learner(prior.evaluator, process, all_known(len(x)), DEFAULTS, prior.beneath)
    learner.stand_upon(_beneath(prior.beneath, abilities, x, force, numbers))

    def enough(now: RelaxedMinimum) -> None:
        if now.n_gradients >= numbers.cheap:
            raise StopIteration

    try:
        _Relaxation(prior.evaluator.abilities, learner, x, force, numbers).run(enough)
    except LandscapeError:
        return None
    return Beneath(learner.records, process.like(learner.model), learner.model, is_asked=True)


class _Reason(Enum):
    """Why it ended; the value is the sentence that a user reads."""

    AT_REST = "The force is as small as was asked for."
    BUDGET = (
        "The budget of gradients was used up before the force was small enough: raise "
        "`max_gradients`, or, where coordinates are not of the size of Å, give a `policy`."
    )
    SOFT = (
        "The force is as small as was asked for, but the budget of gradients was used up on a soft "
        "way that still leads down."
    )
    FAILED = "The landscape could not be evaluated near the best point."
    STOPPED = "The callback stopped the relaxation."


class _Relaxation:
    """One relaxation at work."""

    def __init__(
        self,
        abilities: Abilities,
        learner: Learner,
        start: np.ndarray,
        force: float,
        numbers: Relaxing,
    ) -> None:
        self._abilities, self._learner = abilities, learner
        self._force, self._numbers = force, numbers
        self._best, self._n_failures = start, 0

    def run(self, callback: Callback | None) -> RelaxedMinimum:
        """Evaluate the surrogate's minimum until it is the true one."""
        self._begin()
        point = self._best
        while not self._is_at_rest():
            point = self._next(point)
            if self._learner.remaining < 1:
                return self._now(_Reason.SOFT if self._now().success else _Reason.BUDGET)
            self._evaluate(point)
            if self._n_failures >= self._numbers.failures:
                return self._now(_Reason.FAILED)
            now = self._now()
            _log.info("relaxing: %d gradients, force %.3g", now.n_gradients, now.largest_force)
            try:
                if callback is not None:
                    callback(now)
            except StopIteration:
                return self._now(_Reason.STOPPED)
        return self._now()

    def _begin(self) -> None:
        records = self._learner.records
        if not len(records) or records.distance_to(self._best) > 0:
            self._evaluate(self._best)
        if self._n_failures:
            raise LandscapeError(
                "the landscape cannot be evaluated at `start`: its value or gradient there is not "
                "finite; give another start"
            )
        self._learner.settle(self._learner.records.highest)  # of what was known before, too

    def _evaluate(self, point: np.ndarray) -> None:
        learner = self._learner
        learner.learn(point[None], 0.0)
        records = learner.records
        if records.failed[-1]:
            self._n_failures += 1
            return
        self._n_failures = 0
        learner.settle(records.highest)  # which warps nothing
        if records.values[-1] < records.value_at(self._best):
            self._best = point

    def _now(self, reason: _Reason = _Reason.AT_REST) -> RelaxedMinimum:
        records = self._learner.records
        gradient = records.gradient_at(self._best)
        largest = self._abilities.largest_force(gradient)
        return RelaxedMinimum(
            position=self._best,
            value=records.value_at(self._best),
            gradient=gradient,
            largest_force=largest,
            n_gradients=self._learner.n_gradients,
            success=largest <= self._force,
            message=reason.value,
            evaluations=records.evaluations,
            n_prior_gradients=self._learner.n_prior_gradients,
        )

    def _is_at_rest(self) -> bool:
        """Whether the force is small, and no gain along a soft way is foreseen for sure."""
        now = self._now()
        if not now.success or self._knows_one():
            return now.success
        lowest = self._lowest()
        gain = now.value - self._mean(lowest) - self._deviation(lowest)
        return gain <= self._numbers.left * self._numbers.longest_step * self._force

    def _next(self, last: np.ndarray) -> np.ndarray:
        """The surrogate's minimum, once a cheaper landscape beneath has told what it can of it."""
        near = self._numbers.known * self._numbers.longest_step
        point = self._lowered(last)
        for _ in range(self._numbers.rounds):
            if not self._learner.ask(point[None], near):
                break
            point = self._lowered(last)
        return point

    def _lowered(self, last: np.ndarray) -> np.ndarray:
        """The surrogate's minimum, as far as it is to be trusted."""
        numbers, best, records = self._numbers, self._best, self._learner.records
        if self._n_failures:
            return np.asarray((best + last) / 2)
        if self._knows_one():
            return self._first_step()
        step = self._lowest() - best
        gain = records.value_at(best) - float(self._mean(best + step))
        spread = records.highest - records.lowest
        allowed = max(numbers.trusted * gain, numbers.sure * spread)
        part = 1.0
        while part > numbers.shortest and self._deviation(best + part * step) > allowed:
            part *= numbers.shorter
        reached = best + part * step
        if records.distance_to(reached) < numbers.same * numbers.longest_step:
            return self._first_step()
        return np.asarray(reached)

    def _knows_one(self) -> bool:
        """Whether one gradient is all there is, from which no surrogate foresees anything."""
        return len(self._learner.records.known) == 1 and self._learner.mean is None

    def _first_step(self) -> np.ndarray:
        numbers = self._numbers
        slope = self._learner.records.gradient_at(self._best)
        step = -slope / numbers.first_curvature
        longest = numbers.first_step * numbers.longest_step
        size = float(np.abs(step).max())
        return np.asarray(self._best + min(1.0, longest / size) * step)

    def _deviation(self, x: np.ndarray) -> float:
        return float(self._learner.model.deviation(x[None])[0])

    def _mean(self, x: np.ndarray) -> float:
        return float(self._learner.model.predict(x[None])[0][0])

    def _lowest(self) -> np.ndarray:
        """The surrogate's minimum within reach of the best point known."""
        from scipy.optimize import minimize  # costs a third of the package's import

        def value_and_grad(y: np.ndarray) -> tuple[float, np.ndarray]:
            value, gradient = self._learner.model.predict(y[None])
            return float(value[0]), gradient[0]

        reach = self._numbers.longest_step
        bounds = np.stack([self._best - reach, self._best + reach], axis=1)
        options = {"ftol": self._numbers.precise}
        return np.asarray(
            minimize(
                value_and_grad, self._best, jac=True, method="L-BFGS-B", bounds=bounds,
                options=options,
            ).x
        )  # fmt: skip
