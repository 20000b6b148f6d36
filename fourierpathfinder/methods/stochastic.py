"""Adam on one point of the path a step and small batches of samples: for losses of networks.

Many small steps are best: mini-batches of a few dozen samples at one random point per step reach in
a fraction of an epoch what full batches at all points of a grid do not reach in a hundred. The
points of the steps that Adam averages over are spread evenly, so that one point with 64 samples
does nearly as well as two with 32 and takes less time. The steps themselves are those of
`fourierpathfinder.methods.lockstep`, here of one path.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .._arrays import Array, array_namespace
from .._counts import require_counts
from ..evaluation import Evaluator
from ..landscapes.abilities import Abilities
from ..optimizers.adam import Adam
from ..path import SinePath
from ..result import Status
from .base import Outcome
from .checks import require_positive, require_terms
from .lockstep import Lockstep, LockstepState, Schedule

_BATCH = 64
"""Samples, where neither the settings nor the landscape say how many."""
_RATE, _LARGEST_RATE = 4.0, 0.05
"""η = _RATE / n_steps^(2/3), at most the largest: runs of 1000 steps of the networks in
`benchmarks.networks` end lowest with about 0.04, those of 8000 with 0.01 rather than 0.016."""
_REMEMBERED = 10
"""The part of a run over which Adam averages squares is one in so many, of 100 to 1000 steps."""


@dataclass(frozen=True)
class Stochastic:
    r"""Low-loss paths on landscapes that are a mean over samples, or noisy.

    The height of the result is measured at the end over all samples, adaptively in t; those of the
    history are running averages of the mini-batches along the path. Of networks, whose values are
    not counted, both ends are measured so before the first step. `height_error` is how far the
    measured profile might rise between its points, plus the standard error where
    `evaluation_samples` are fewer than all. Memory holds three arrays of the size of the terms,
    the two ends, and for each point of a step one more of the size of the network, or two where the
    landscape cannot write gradients over points; besides what the network's own passes need.

    Parameters
    ----------
    n_terms : int
        Number of sine terms N.
    points_per_step : int
        Points of the path in each step, spread evenly, but more densely where it is high.
    batch_size : int, optional
        Samples at each of these points; ignored where the landscape has no samples. By default 64,
        on a network that does little with a sample up to 256, as steps then take hardly longer,
        with batch normalisation 128 at least, and on a GPU up to 512
        (`NetworkLandscape.suitable_batch`).
    learning_rate : float, optional
        Learning rate of the first term, in units of the root mean square distance of a coordinate
        between the ends; term n moves by 1/n of that. After three tenths of the run it falls to
        zero in a straight line. By default 4 / n_steps^(2/3), at most 0.05: longer runs need
        shorter steps to end lower.
    n_steps : int
        Number of steps.
    evaluation_samples : int, optional
        Number of samples that the final height is measured on, at least 32; by default all.
    dtype : str, optional
        With "bfloat16" the terms and Adam's sums take half the memory, on torch tensors; they are
        rounded at random, so that small steps are not lost. By default the dtype of the ends.

    Raises
    ------
    TypeError
        If a count is not a whole number.
    ValueError
        If a setting is not positive, `evaluation_samples` is below 32, or `dtype` is unknown.

    References
    ----------
    Kingma and Ba, ICLR 2015, arXiv:1412.6980 (Adam). Dozat, ICLR 2016 workshop (Nesterov's rule in
    it). Garipov et al., NeurIPS 2018,
    arXiv:1802.10026 (random points of a curve, one per step).

    Examples
    --------
    >>> import numpy as np
    >>> from fourierpathfinder import Stochastic, find_path
    >>> from fourierpathfinder.landscapes import FunctionLandscape
    >>> rng = np.random.default_rng(0)
    >>> def ring(x):
    ...     noise = rng.normal(size=2)
    ...     return (x @ x - 1) ** 2 + noise @ x, 4 * (x @ x - 1) * x + noise
    >>> noisy = FunctionLandscape(ring, True, stochastic=True)
    >>> start, end = np.array([-1.0, 0.1]), np.array([1.0, 0.1])
    >>> result = find_path(noisy, start, end, method=Stochastic(), rng=0)
    >>> bool(np.linalg.norm(result.path(0.5)) > 0.8)
    True
    """

    n_terms: int = 1
    points_per_step: int = 1
    batch_size: int | None = None
    learning_rate: float | None = None
    n_steps: int = 8000
    evaluation_samples: int | None = None
    dtype: str | None = None
    replays: ClassVar[bool] = False

    def __post_init__(self) -> None:
        require_terms(self.n_terms)
        require_counts(points_per_step=self.points_per_step, n_steps=self.n_steps)
        if self.batch_size is not None:
            require_counts(batch_size=self.batch_size)
        if self.learning_rate is not None:
            require_positive(learning_rate=self.learning_rate)
        if self.evaluation_samples is not None:
            require_counts(evaluation_samples=self.evaluation_samples)
        if self.evaluation_samples is not None and self.evaluation_samples < 32:
            raise ValueError(
                f"`evaluation_samples` is {self.evaluation_samples}; a standard error needs at "
                "least 32"
            )

        if self.dtype not in (None, "bfloat16"):
            raise ValueError(f'`dtype` is {self.dtype!r}; it must be None or "bfloat16"')

    def schedule(self, landscape: Abilities, point: Array) -> Schedule:
        """What each step does on a landscape.

        Parameters
        ----------
        landscape : Abilities
            What the landscape offers.
        point : array (D,)
            Any point of it, such as an end of the path.

        Returns
        -------
        Schedule
            With all that these settings leave open.
        """
        size, rate = self.batch_size, self.learning_rate
        if size is None:
            batched = landscape.batched
            size = _BATCH if batched is None else batched.suitable_batch(point)
        if rate is None:
            rate = min(_RATE / self.n_steps ** (2 / 3), _LARGEST_RATE)
        remembered = min(max(self.n_steps / _REMEMBERED, 100), 1000)
        adam = Adam(beta2=1 - 1 / remembered, nesterov=True)
        return Schedule(self.points_per_step, size, self.n_steps, rate, adam)

    def start(
        self, evaluator: Evaluator, path: SinePath, rng: np.random.Generator
    ) -> "StochasticRun":
        """A run from `path`, whose coefficients it goes on with and changes."""
        return StochasticRun(self, evaluator, path, rng)


class StochasticRun:
    """One path, optimised on mini-batches."""

    def __init__(
        self,
        settings: Stochastic,
        evaluator: Evaluator,
        path: SinePath,
        rng: np.random.Generator,
    ) -> None:
        self._settings = settings
        self._evaluator = evaluator
        seeds = rng.integers(2**62, size=1)
        xp = array_namespace(path.start)
        a, b = (xp.reshape(end, (1, -1)) for end in (path.start, path.end))
        one = SinePath(a, b, path.coefficients[None, ...])
        schedule = settings.schedule(evaluator.abilities, path.start)
        self._lockstep = Lockstep(schedule, evaluator, one, seeds, settings.dtype)
        self._has_begun = False

    @property
    def state(self) -> LockstepState:
        """All that changes."""
        return self._lockstep.state

    @state.setter
    def state(self, state: LockstepState) -> None:
        self._lockstep.state = state

    @property
    def is_torn(self) -> bool:
        """Whether the state is between two steps, because one was cut short."""
        return self._lockstep.is_torn

    @property
    def path(self) -> SinePath:
        """The path as it is now."""
        return self._lockstep.path(0)

    @property
    def height(self) -> float:
        """The largest running average of the mini-batches' values along the path."""
        return float(self._lockstep.estimates()[0])

    @property
    def height_error(self) -> float:
        """Not known before the height is measured."""
        return float("nan")

    @property
    def n_iterations(self) -> int:
        """Steps done."""
        return self.state.n_steps

    @property
    def status(self) -> Status | None:
        """Done after the given number of steps."""
        return Status.STEPS_DONE if self.n_iterations >= self._settings.n_steps else None

    @property
    def waiting_for(self) -> str:
        """What the next step evaluates."""
        return f"mini-batches at {self._settings.points_per_step} points of the path"

    def step(self) -> None:
        """One step; before the first the ends are measured."""
        if not self._has_begun:
            self._lockstep.measure_ends(self._settings.evaluation_samples, strict=True)
            self._has_begun = True
        self._lockstep.step(strict=True)

    def finish(self) -> Outcome:
        """The path with its height as measured over all samples."""
        return self._lockstep.outcome(0, self._settings.evaluation_samples)
