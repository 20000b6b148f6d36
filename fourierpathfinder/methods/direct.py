"""MaxFlux with a speed penalty, minimised by L-BFGS: for landscapes whose gradients are cheap.

Minimised over the coefficients is

    (1/β) log Σ_m w_m |x'(t_m)| exp(β f(x(t_m))) + κ (⟨s²⟩/⟨s⟩² - 1),

with β and κ in units of the path's own rise E = H - min(f(a), f(b)), which is taken anew in every
iteration: the L-BFGS memory holds what the landscape returned, not gradients of the objective, so
that its pairs always belong to the present β and κ, at no evaluation.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from .._arrays import Array, array_namespace, like, to_numpy
from ..evaluation import BudgetSpentError, Evaluator
from ..height import Profile, refine_height
from ..objectives import MaxFlux, SpeedPenalty
from ..optimizers.lbfgs import LBFGS, LBFGSState
from ..path import SinePath
from ..problem import Objectives, PathProblem
from ..result import Status
from .base import Outcome, kicked, require_positive

_MEMORY = 15
_MAX_MOVE = 0.2
"""The furthest that a point of the path may move in an iteration, in lengths of the chord."""
_KICK = 0.01
"""Size of the random bend that leaves a symmetric start, in lengths of the chord."""
_PATIENCE = 3
"""Iterations over which the height must stay within the tolerance."""
_RESERVE = 4
"""Gradients kept back for refining the height."""
_MAX_ITERATIONS = 500


@dataclass(frozen=True)
class Direct:
    r"""A smooth objective on a few points of the path, minimised without a model in between.

    For analytic and compiled landscapes, and where D is too large for a surrogate.
    `height_error` of the result is how far cubics between the points might rise above the largest
    value seen (`fourierpathfinder.height`). Of the objective's own bias, about 4e-4 E at
    `beta` = 30, it knows nothing: the path found is not quite the lowest.

    Parameters
    ----------
    n_terms : int
        Number of sine terms N.
    n_points : int
        Points M between the ends that are evaluated in each iteration.
    beta : float
        β in units of 1/E: how sharply the highest points dominate.
    speed_penalty : float
        κ in units of E: how evenly the points are spread.
    tol : float
        The height must stay within this, in units of E, over three iterations.

    References
    ----------
    Huo and Straub, J. Chem. Phys. 107, 5000 (1997), DOI 10.1063/1.474863 (MaxFlux).

    Examples
    --------
    >>> from fourierpathfinder import Direct, find_path
    >>> from fourierpathfinder.landscapes.toy import mueller_brown
    >>> toy = mueller_brown()
    >>> result = find_path(toy, toy.start, toy.end, method=Direct())
    >>> round(result.height, 1), round(toy.height, 1)
    (-40.6, -40.7)
    """

    n_terms: int = 8
    n_points: int = 15
    beta: float = 30.0
    speed_penalty: float = 1.0
    tol: float = 1e-3
    replays: ClassVar[bool] = False

    def __post_init__(self) -> None:
        require_positive(
            n_terms=self.n_terms,
            n_points=self.n_points,
            beta=self.beta,
            speed_penalty=self.speed_penalty,
            tol=self.tol,
        )

    def start(self, evaluator: Evaluator, path: SinePath, rng: np.random.Generator) -> "DirectRun":
        """A run from `path`, or where that is straight from a slightly bent one."""
        return DirectRun(self, evaluator, kicked(path, rng, _KICK))


@dataclass(frozen=True, eq=False)
class DirectState:
    """All that changes from iteration to iteration; None before the first."""

    coefficients: Array
    """Of the path to evaluate next, (N, D)."""
    end_heights: Array | None = None
    """Values at the two ends, (2,)."""
    end_gradients: Array | None = None
    """(2, D)."""
    recent_coefficients: Array | None = None
    """Of the last K iterates, the newest last, (K, N, D)."""
    recent_heights: Array | None = None
    """(K, M)."""
    recent_gradients: Array | None = None
    """(K, M, D)."""
    best_coefficients: Array | None = None
    """Of the iterate of least estimated height, (N, D)."""
    best_heights: Array | None = None
    """(M,)."""
    best_gradients: Array | None = None
    """(M, D)."""
    estimates: Array | None = None
    """Estimated continuous heights of all iterates, (I,)."""


class DirectRun:
    """MaxFlux by L-BFGS on one landscape."""

    def __init__(self, settings: Direct, evaluator: Evaluator, path: SinePath) -> None:
        self._settings = settings
        self._evaluator = evaluator
        self._straight = SinePath.straight(path.start, path.end, path.n_terms)
        self._optimizer = LBFGS(memory=_MEMORY)
        times = np.linspace(0, 1, settings.n_points + 2)[1:-1]
        weights = np.full(settings.n_points, 1 / settings.n_points)
        self._problem = PathProblem(evaluator, path, times, weights)
        self._order = like(np.arange(1.0, path.n_terms + 1), path.start)[:, None]
        self.state = DirectState(path.coefficients)

    @property
    def path(self) -> SinePath:
        """The iterate of least estimated height so far."""
        best = self.state.best_coefficients
        return self._at(self.state.coefficients if best is None else best)

    @property
    def height(self) -> float:
        """Its estimated continuous height."""
        return min(self._estimates(), default=float("nan"))

    @property
    def n_iterations(self) -> int:
        """Paths evaluated."""
        return len(self._estimates())

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
        if self._evaluator.remaining < self._settings.n_points + _RESERVE:
            raise BudgetSpentError
        if self.state.end_heights is None:
            self._evaluate_ends()
        self._evaluate_path()
        self._move()

    def finish(self) -> Outcome:
        """The best iterate, its height refined over t."""
        state = self.state
        profile = self._profile(state.best_coefficients, state.best_heights, state.best_gradients)
        refined = refine_height(self._evaluator, self.path, profile, tol=0.1 * self._settings.tol)
        times, heights = self._problem.grid.times, state.best_heights
        return Outcome.of_refined(self.path, refined, to_numpy(times), to_numpy(heights))

    def _at(self, coefficients: Array) -> SinePath:
        return self._straight.with_coefficients(coefficients)

    def _estimates(self) -> list[float]:
        estimates = self.state.estimates
        return [] if estimates is None else [float(height) for height in estimates]

    def _rise(self, height: float) -> float:
        """E, the height above the lower end, kept off zero for paths that only fall."""
        ends = to_numpy(self.state.end_heights)
        return max(height - float(ends.min()), float(np.ptp(ends)), 1e-12)

    def _evaluate_ends(self) -> None:
        xp = array_namespace(self._straight.start)
        ends = xp.stack([self._straight.start, self._straight.end])
        heights, gradients = self._evaluator.value_and_grad(ends, like([0.0, 1.0], ends))
        self.state = replace(self.state, end_heights=heights, end_gradients=gradients)

    def _evaluate_path(self) -> None:
        state, c = self.state, self.state.coefficients
        grid = self._problem.grid
        points = grid.line + grid.basis @ c
        heights, gradients = self._evaluator.value_and_grad(points, grid.times)
        estimate = self._profile(c, heights, gradients).estimate()
        if estimate < self.height or state.estimates is None:
            state = replace(
                state, best_coefficients=c, best_heights=heights, best_gradients=gradients
            )
        self.state = replace(
            state,
            recent_coefficients=_remembered(state.recent_coefficients, c),
            recent_heights=_remembered(state.recent_heights, heights),
            recent_gradients=_remembered(state.recent_gradients, gradients),
            estimates=np.array([*self._estimates(), estimate]),
        )

    def _profile(self, coefficients: Array, heights: Array, gradients: Array) -> Profile:
        """What is known along a path, with its ends."""
        xp = array_namespace(heights)
        state, path = self.state, self._at(coefficients)
        inner = Profile.of(path, self._problem.grid.times, heights, gradients)
        ends = Profile.of(path, xp.asarray([0.0, 1.0]), state.end_heights, state.end_gradients)
        return inner.joined(ends)

    def _move(self) -> None:
        """One quasi-Newton step in the variables n c_n, no point moving too far."""
        state = self.state
        direction = self._direction()
        xp = array_namespace(direction)
        moves = xp.sqrt(xp.sum((self._problem.grid.basis @ direction) ** 2, axis=-1))
        chord = xp.sqrt(xp.sum(self._problem.grid.chord**2))
        first = len(state.recent_heights) == 1
        cap = _MAX_MOVE * (0.5 if first else 1.0) * float(chord) / max(float(xp.max(moves)), 1e-300)
        step = cap if first else min(1.0, cap)
        self.state = replace(state, coefficients=state.coefficients + step * direction)

    def _direction(self) -> Array:
        """The L-BFGS direction in the coefficients (N, D), for the present β and κ."""
        state = self.state
        objectives = self._objectives()
        memory: LBFGSState | None = None
        before: tuple[Array, Array] | None = None
        for c, heights, gradients in zip(
            state.recent_coefficients, state.recent_heights, state.recent_gradients, strict=True
        ):
            gradient = self._problem.assemble(c, heights, gradients, objectives)[1]
            x, g = self._flat(c * self._order), self._flat(gradient / self._order)
            memory = self._optimizer.init(x) if memory is None else memory
            if before is not None:
                memory = self._optimizer.update(memory, x - before[0], g - before[1])
            before = x, g
        assert memory is not None and before is not None
        direction = self._optimizer.direction(before[1], memory)
        return array_namespace(direction).reshape(direction, state.coefficients.shape) / self._order

    def _objectives(self) -> Objectives:
        ends = float(to_numpy(self.state.end_heights).max())
        newest = float(
            array_namespace(self.state.recent_heights).max(self.state.recent_heights[-1])
        )
        rise = self._rise(max(newest, ends))
        return (
            MaxFlux(self._settings.beta / rise),
            SpeedPenalty(self._settings.speed_penalty * rise),
        )

    @staticmethod
    def _flat(terms: Array) -> Array:
        return array_namespace(terms).reshape(terms, (-1,))


def _remembered(kept: Array | None, new: Array) -> Array:
    if kept is None:
        return new[None]
    return array_namespace(new).concat([kept[-_MEMORY:], new[None]])
