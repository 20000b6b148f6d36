"""MaxFlux with a speed penalty, minimised by L-BFGS: for landscapes whose gradients are cheap.

Minimised over the coefficients is

    (1/β) log ∫ |x'(t)| exp(β f(x(t))) dt + κ (⟨s²⟩/⟨s⟩² - 1),    s = |x'|,

the integral by cubics between few points (`fourierpathfinder.quadrature`), β and κ in units of the
path's own rise E = H - min(f(a), f(b)), which is taken again in every iteration: the L-BFGS memory
holds what the landscape returned, not gradients of the objective, so that its pairs always belong
to the present β and κ, at no evaluation.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from .._arrays import Array, array_namespace, like, to_numpy
from .._counts import require_counts
from ..evaluation import BudgetSpentError, Evaluator
from ..height import Profile, refine_height
from ..objectives import MaxFlux, Objective, SpeedPenalty
from ..optimizers.lbfgs import LBFGS
from ..path import SinePath, sines
from ..quadrature import Quadrature
from ..result import Status
from .base import Outcome, kicked
from .checks import require_positive, require_terms

_MEMORY = 15
_MAX_MOVE = 0.2
"""The furthest that a point of the path may move in an iteration, in lengths of the chord."""
_KICK = 0.02
"""Size of the random bend that leaves a symmetric start, in lengths of the chord."""
_PATIENCE = 3
"""Iterations over which the height must stay within the tolerance."""
_RESERVE = 4
"""Gradients kept back for refining the height."""
_MAX_ITERATIONS = 500
_FLAT = 1e-4
"""The least E that matters, in units of the highest path's: some landscapes have no barrier."""


@dataclass(frozen=True)
class Direct:
    r"""A smooth objective on a few points of the path, minimised without a model in between.

    For analytic and compiled landscapes, and where D is too large for a surrogate.
    `height_error` of the result is how far cubics between the points might rise above the largest
    value seen (`fourierpathfinder.height`). It does not include the bias of the objective, about
    4e-4 E at `beta` = 30: the path found is not quite the lowest.

    Parameters
    ----------
    n_terms : int
        Number of sine terms N.
    n_points : int
        Points M between the ends that are evaluated in each iteration.
    beta : float
        How sharply the highest points dominate: β in units of 1/E.
    speed_penalty : float
        How evenly the points are spread: κ in units of E.
    tol : float
        The run ends when the height has stayed within this, in units of E, for three iterations.

    Raises
    ------
    TypeError
        If a number of terms or points is not a whole number.
    ValueError
        If a setting is not positive.

    References
    ----------
    Huo and Straub, J. Chem. Phys. 107, 5000 (1997), DOI 10.1063/1.474863 (MaxFlux).

    Examples
    --------
    >>> from fourierpathfinder import Direct, find_path
    >>> from fourierpathfinder.landscapes.toy import mueller_brown
    >>> toy = mueller_brown()
    >>> result = find_path(toy, toy.start, toy.end, method=Direct(), rng=0)
    >>> bool(abs(result.height - toy.height) < 0.002 * result.barrier)
    True
    """

    n_terms: int = 8
    n_points: int = 10
    beta: float = 30.0
    speed_penalty: float = 1.0
    tol: float = 1e-3
    replays: ClassVar[bool] = False

    def __post_init__(self) -> None:
        require_terms(self.n_terms)
        require_counts(n_points=self.n_points)
        if self.n_points < 2:
            raise ValueError(f"`n_points` is {self.n_points}; it must be at least 2")
        require_positive(beta=self.beta, speed_penalty=self.speed_penalty, tol=self.tol)

    def start(self, evaluator: Evaluator, path: SinePath, rng: np.random.Generator) -> "DirectRun":
        """A run from `path`, or where that is straight from a slightly bent one."""
        return DirectRun(self, evaluator, kicked(path, rng, _KICK))


@dataclass(frozen=True, eq=False)
class DirectState:
    """All that changes from iteration to iteration."""

    coefficients: Array
    """Of the path to evaluate next, (N, D)."""
    recent_coefficients: Array
    """Of the last K iterates, the newest last, (K, N, D)."""
    recent_heights: Array
    """Both ends included, (K, M + 2)."""
    recent_gradients: Array
    """(K, M + 2, D)."""
    best_coefficients: Array
    """Of the iterate of least estimated height, (N, D)."""
    best_heights: Array
    """(M + 2,)."""
    best_gradients: Array
    """(M + 2, D)."""
    estimates: Array
    """Estimated continuous heights of all iterates, (I,)."""

    @classmethod
    def before(cls, path: SinePath, n_points: int) -> "DirectState":
        """Nothing evaluated yet."""
        c, n_coordinates = path.coefficients, path.n_coordinates
        return cls(
            coefficients=c,
            recent_coefficients=like(np.empty((0, *c.shape)), c),
            recent_heights=like(np.empty((0, n_points)), c),
            recent_gradients=like(np.empty((0, n_points, n_coordinates)), c),
            best_coefficients=c,
            best_heights=like(np.zeros(n_points), c),
            best_gradients=like(np.zeros((n_points, n_coordinates)), c),
            estimates=like(np.empty(0), c),
        )


class DirectRun:
    """MaxFlux by L-BFGS on one landscape."""

    def __init__(self, settings: Direct, evaluator: Evaluator, path: SinePath) -> None:
        self._settings = settings
        self._evaluator = evaluator
        self._straight = SinePath.straight(path.start, path.end, path.n_terms)
        self._optimizer = LBFGS(memory=_MEMORY)
        self._quadrature = Quadrature.of(path, np.linspace(0, 1, settings.n_points + 2))
        self._order = like(np.arange(1.0, path.n_terms + 1), path.start)[:, None]
        self.state = DirectState.before(path, settings.n_points + 2)

    @property
    def path(self) -> SinePath:
        """The iterate of least estimated height so far."""
        return self._at(self.state.best_coefficients)

    @property
    def height(self) -> float:
        """Its estimated continuous height."""
        return min(self._estimates(), default=float("nan"))

    @property
    def height_error(self) -> float:
        """Not known before the height is refined."""
        return float("nan")

    @property
    def n_iterations(self) -> int:
        """Paths evaluated."""
        return int(self.state.estimates.shape[0])

    @property
    def status(self) -> Status | None:
        """Done when the height has stayed within the tolerance."""
        estimates = self._estimates()
        if len(estimates) > _PATIENCE:
            last = estimates[-_PATIENCE - 1 :]
            if max(last) - min(last) <= self._settings.tol * self._rise(self.height):
                return Status.CONVERGED
        return Status.MAX_ITERATIONS if len(estimates) >= _MAX_ITERATIONS else None

    @property
    def waiting_for(self) -> str:
        """What the next step evaluates."""
        return f"{self._settings.n_points} points of the path"

    def step(self) -> None:
        """Evaluate the path, and move it."""
        n_needed = self._settings.n_points + _RESERVE
        if self._evaluator.remaining < n_needed:
            raise BudgetSpentError(self._evaluator.n_gradients + n_needed)
        self._remember(*self._evaluate())
        self._move()

    def finish(self) -> Outcome:
        """The best iterate, its height refined over t."""
        heights, gradients = self.state.best_heights, self.state.best_gradients
        profile = Profile.of(self.path, self._quadrature.times, heights, gradients)
        refined = refine_height(self._evaluator, self.path, profile, tol=0.1 * self._settings.tol)
        times = to_numpy(self._quadrature.times)
        return Outcome.of_refined(self.path, refined, times, to_numpy(heights))

    def _at(self, coefficients: Array) -> SinePath:
        return self._straight.with_coefficients(coefficients)

    def _estimates(self) -> list[float]:
        return [float(height) for height in to_numpy(self.state.estimates)]

    def _rise(self, height: float) -> float:
        """E, the height above the lower end, kept off zero."""
        ends = [float(self.state.recent_heights[-1, m]) for m in (0, -1)]
        highest = max(self._estimates()) - min(ends)
        return max(height - min(ends), max(ends) - min(ends), _FLAT * highest) or 1.0

    def _evaluate(self) -> tuple[Array, Array]:
        """Heights (M + 2,) and gradients (M + 2, D) of the path; the ends only once."""
        path, times, state = self._at(self.state.coefficients), self._quadrature.times, self.state
        if not self.n_iterations:
            return self._evaluator.value_and_grad(path(times), times)
        concat = array_namespace(times).concat
        heights, gradients = self._evaluator.value_and_grad(path(times[1:-1]), times[1:-1])
        f, g = state.recent_heights, state.recent_gradients
        return (
            concat([f[-1, :1], heights, f[-1, -1:]]),
            concat([g[-1, :1, :], gradients, g[-1, -1:, :]]),
        )

    def _remember(self, heights: Array, gradients: Array) -> None:
        state, c = self.state, self.state.coefficients
        profile = Profile.of(self._at(c), self._quadrature.times, heights, gradients)
        estimate = profile.estimate()
        if not estimate >= self.height:
            state = replace(
                state, best_coefficients=c, best_heights=heights, best_gradients=gradients
            )
        self.state = replace(
            state,
            recent_coefficients=_appended(state.recent_coefficients, c),
            recent_heights=_appended(state.recent_heights, heights),
            recent_gradients=_appended(state.recent_gradients, gradients),
            estimates=like([*self._estimates(), estimate], heights),
        )

    def _move(self) -> None:
        """One quasi-Newton step in the variables n c_n, no point moving too far."""
        direction = self._direction()
        xp = array_namespace(direction)
        moves = sines(self._quadrature.times, self._straight.n_terms) @ direction
        furthest = float(xp.max(xp.sum(moves**2, axis=-1))) ** 0.5
        chord = float(xp.sum((self._straight.end - self._straight.start) ** 2)) ** 0.5
        cap = _MAX_MOVE * chord / max(furthest, 1e-300)
        step = 0.5 * cap if self.n_iterations == 1 else min(1.0, cap)
        self.state = replace(self.state, coefficients=self.state.coefficients + step * direction)

    def _direction(self) -> Array:
        """The L-BFGS direction in the coefficients (N, D), for the present β and κ."""
        recent = self.state.recent_coefficients
        shape = tuple(recent.shape[1:])
        xp = array_namespace(recent)
        xs = [xp.reshape(recent[k, ...] * self._order, (-1,)) for k in range(recent.shape[0])]
        gs = [xp.reshape(gradient / self._order, (-1,)) for gradient in self._gradients()]
        memory = self._optimizer.init(xs[0])
        for k in range(1, len(xs)):
            memory = self._optimizer.update(memory, xs[k] - xs[k - 1], gs[k] - gs[k - 1])
        return xp.reshape(self._optimizer.direction(gs[-1], memory), shape) / self._order

    def _gradients(self) -> list[Array]:
        """The present objective's gradients (N, D) at the last iterates."""
        state, objectives = self.state, self._objectives()
        return [
            self._quadrature.gradient(
                self._at(state.recent_coefficients[k, ...]),
                state.recent_heights[k, ...],
                state.recent_gradients[k, ...],
                objectives,
            )
            for k in range(state.recent_heights.shape[0])
        ]

    def _objectives(self) -> tuple[Objective, ...]:
        newest = self.state.recent_heights[-1, ...]
        rise = self._rise(float(array_namespace(newest).max(newest)))
        return (
            MaxFlux(self._settings.beta / rise),
            SpeedPenalty(self._settings.speed_penalty * rise),
        )


def _appended(kept: Array, new: Array) -> Array:
    first = max(kept.shape[0] - _MEMORY, 0)
    return array_namespace(new).concat([kept[first:, ...], new[None, ...]])
