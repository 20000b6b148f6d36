"""The paper's own path finder: Adam on the sum of heights plus a smoothness penalty.

Minimised is L = Σ_m f(x(t_m))^p + λ Σ_m |x(t_{m+1}) - x(t_m)|² over the coefficients, from the
straight line, on M uniform times that include both ends. The iterate of least L is kept, as in the
published network notebooks; where noise is added to the gradient, as in the toy notebook, the last
one is: keeping the least L would undo what the noise is for, and does not give the paper's heights.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from .._arrays import Array, array_namespace, like, to_numpy
from .._counts import require_counts
from ..evaluation import Evaluator
from ..height import Profile, refine_height
from ..objectives import TotalHeight
from ..optimizers.adam import Adam, AdamState
from ..path import SinePath
from ..problem import PathProblem
from ..result import Status
from .base import Outcome
from .checks import require_not_negative, require_positive, require_terms
from .measured import measured_outcome


@dataclass(frozen=True)
class Paper:
    """Algorithm 2 of Yu and Morozov, exactly: to reproduce the paper, and to compare with it.

    The reported height is still the continuous one: where the points are so far apart that the
    path jumps over a barrier between two of them, the barrier is found and reported.

    Parameters
    ----------
    n_terms : int
        Number of sine terms N.
    n_points : int
        Number of grid points M, both ends included.
    smoothness : float
        The factor λ of the summed squared steps, in the landscape's unit per squared length.
    learning_rate : float
        Adam's learning rate, in the unit of length.
    n_steps : int
        Adam steps.
    power : int
        The power p of the heights: 1 as in the text, 2 as in the published toy notebook.
    gradient_noise : float
        Standard deviation of Gaussian noise added to the gradient of the terms, as the toy
        notebook does; with it the last iterate is kept, not the one of least loss.
    n_samples : int, optional
        How many samples are used at each point where the landscape is a mean over samples, such
        as a network's loss. They are drawn once for each point and then kept; by default all, as
        published. The final height is always measured over all samples.

    Raises
    ------
    TypeError
        If a number of terms, points or steps is not a whole number.
    ValueError
        If a setting is not positive, or the grid has too few points for the terms.

    References
    ----------
    Yu and Morozov, arXiv:2602.21276 (2026), Eq. 3-5 and Algorithm 2.

    Examples
    --------
    >>> import numpy as np
    >>> from fourierpathfinder import Paper, find_path
    >>> def ring(x):
    ...     return (x @ x - 1) ** 2
    >>> def slope(x):
    ...     return 4 * (x @ x - 1) * x
    >>> start, end = np.array([-1.0, 0.1]), np.array([1.0, 0.1])
    >>> settings = Paper(smoothness=1e-4, learning_rate=0.05, n_steps=200)
    >>> result = find_path(ring, start, end, gradient=slope, method=settings, rng=0)
    >>> bool(result.height < 0.05)
    True
    """

    n_terms: int = 10
    n_points: int = 50
    smoothness: float = 1e-4
    learning_rate: float = 1e-3
    n_steps: int = 100
    power: int = 1
    gradient_noise: float = 0.0
    n_samples: int | None = None
    replays: ClassVar[bool] = False

    def __post_init__(self) -> None:
        require_terms(self.n_terms)
        require_counts(n_points=self.n_points, n_steps=self.n_steps)
        require_positive(learning_rate=self.learning_rate)
        if self.n_terms > self.n_points - 2:
            raise ValueError(
                f"`n_terms` is {self.n_terms} but `n_points` only {self.n_points}; a grid tells at "
                "most n_points - 2 terms apart, so use fewer terms or more points"
            )
        if self.n_samples is not None:
            require_counts(n_samples=self.n_samples)
        require_not_negative(smoothness=self.smoothness, gradient_noise=self.gradient_noise)
        TotalHeight(self.power)

    def start(self, evaluator: Evaluator, path: SinePath, rng: np.random.Generator) -> "PaperRun":
        """A run from `path`."""
        return PaperRun(self, evaluator, path, rng)


@dataclass(frozen=True, eq=False)
class PaperState:
    """All that changes from step to step."""

    coefficients: Array
    adam: AdamState
    n_steps: int
    kept_value: float
    kept_coefficients: Array
    kept_heights: Array | None
    kept_gradients: Array | None
    seed: int = 0
    """Where the choice of samples comes from."""


@lru_cache(maxsize=8)
def _drawn(seed: int, n: int, n_points: int, n_each: int) -> np.ndarray:
    """Samples for each point (M, B), none of them twice at one."""
    rng = np.random.default_rng(seed)
    return np.array([rng.choice(n, n_each, replace=False) for _ in range(n_points)])


class PaperRun:
    """Algorithm 2 on one landscape."""

    def __init__(
        self,
        settings: Paper,
        evaluator: Evaluator,
        path: SinePath,
        rng: np.random.Generator,
    ) -> None:
        self._settings = settings
        self._evaluator = evaluator
        self._rng = rng
        self._adam = Adam(settings.learning_rate)
        times = np.linspace(0, 1, settings.n_points)
        self._objectives = (TotalHeight(settings.power),)
        self._problem = PathProblem(self, path, times, np.ones_like(times), settings.smoothness)
        c = path.coefficients
        seed = int(rng.integers(2**62)) if evaluator.n_samples else 0
        self.state = PaperState(c, self._adam.init(c), 0, float("inf"), c, None, None, seed)

    @property
    def path(self) -> SinePath:
        """The iterate that is kept so far."""
        return self._problem.path.with_coefficients(self.state.kept_coefficients)

    @property
    def height(self) -> float:
        """The largest height of that iterate on the grid."""
        heights = self.state.kept_heights
        return float("nan") if heights is None else float(array_namespace(heights).max(heights))

    @property
    def height_error(self) -> float:
        """Not known before the height is refined."""
        return float("nan")

    @property
    def n_iterations(self) -> int:
        """Adam steps done."""
        return self.state.n_steps

    @property
    def status(self) -> Status | None:
        """Done after the given number of steps."""
        return Status.STEPS_DONE if self.n_iterations >= self._settings.n_steps else None

    @property
    def waiting_for(self) -> str:
        """What the next step evaluates."""
        return f"{self._settings.n_points} points of the path"

    def step(self) -> None:
        """One Adam step."""
        state = self.state
        here = self._problem.evaluate(state.coefficients, self._objectives)
        gradient = here.gradient
        if self._settings.gradient_noise:
            noise = self._settings.gradient_noise * self._rng.standard_normal(gradient.shape)
            gradient = gradient + like(noise, gradient)
        moved, adam = self._adam.step(state.coefficients, gradient, state.adam)
        kept = (state.kept_value, state.kept_coefficients, state.kept_heights, state.kept_gradients)
        if self._settings.gradient_noise or here.value < state.kept_value:
            kept = (here.value, state.coefficients, here.heights, here.point_gradients)
        self.state = PaperState(moved, adam, state.n_steps + 1, *kept, state.seed)

    def value_and_grad(self, points: Array, times: Array) -> tuple[Array, Array]:
        """Values (M,) and gradients (M, D) at the points of the grid, each with its samples."""
        n, n_each = self._evaluator.n_samples, self._settings.n_samples
        if not n or n_each is None or n_each >= n:
            return self._evaluator.value_and_grad(points, times)
        samples = _drawn(self.state.seed, n, self._settings.n_points, n_each)
        return self._evaluator.value_and_grad(points, times, samples=samples)

    def finish(self) -> Outcome:
        """The kept iterate, its height refined over t."""
        if self._evaluator.n_samples:
            rng = np.random.default_rng(self.state.seed)
            return measured_outcome(self._evaluator, self.path, None, rng, self.height)
        path, times = self.path, self._problem.grid.times
        heights, gradients = self.state.kept_heights, self.state.kept_gradients
        profile = Profile.of(path, times, heights, gradients)
        refined = refine_height(self._evaluator, path, profile)
        return Outcome.of_refined(path, refined, to_numpy(times), to_numpy(heights))
