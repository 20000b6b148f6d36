"""A sine path on a Gaussian process that sees every gradient: few evaluations, and certified.

Each iteration evaluates a point, tells the surrogate what is known (warped above the present
height), moves the path to the lowest on the surrogate's mean as far as it can be trusted, and
chooses the next point: where the path may be highest, at the surrogate's saddle, or at what
blocks the path. Once a saddle has turned out as predicted the path is pinned through it, and
evaluations become checks of whether anything else on the path might be higher
(`fourierpathfinder.search.channel`).
"""

from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

import numpy as np

from ..evaluation import Evaluator, LandscapeError
from ..gaussian_process import FeatureMap, GaussianProcess, Kernel, SquaredExponential
from ..path import SinePath
from ..result import History, PathResult, Status
from ..search.campaign import Campaign, CampaignSettings, Task
from ..search.channel import Channel, ChannelSettings
from ..search.choose_features import choose_features
from ..search.images import Image
from ..search.one_thread import one_thread
from ..search.prediction import WORDS, Look, Query
from ..search.records import Records
from .base import Outcome, kicked, require_positive
from .channel_outcome import channel_outcome, height_error, image_outcome

_NUGGET = 1e-10
"""In units of the prior variance: small, so that a tolerance of 1e-6 E can be reached."""
_MAX_FAILURES = 10
"""Failed evaluations after which, if they are more than the others, the run is given up."""
_MAX_ITERATIONS = 300
_PATIENCE = 30
"""Iterations after which a height that no longer moves, yet cannot be certified, is let be."""


@dataclass(frozen=True)
class Surrogate:
    r"""Few gradients, each used as well as possible; for gradients that take milliseconds or more.

    Certified means: the saddle turned out as the surrogate predicted it, the path goes through
    it, the checks on the rest of the path were passed, and nothing on it is higher even with two
    calibrated standard deviations added. `height_error` is how much the path might rise above
    the height with three.

    Parameters
    ----------
    n_terms : int
        Number of sine terms N to begin with; where the path cannot get lower with them, more are
        added.
    tol : float
        Tolerance of the saddle's value, in units of the path's rise E above its lowest point.
    features : {"auto"} or FeatureMap
        What the surrogate sees of a point: `Coordinates()`, `InverseDistances(n_atoms)`. "auto"
        takes inverse distances for free molecules and clusters, to that power under which the
        first six points are likeliest; `result.method` says which.
    n_starts : int
        Starts from differently bent paths, which share all evaluations; the distinct paths that
        they lead to are the result's `channels`, lowest first.
    certify : bool
        Whether to check the rest of the path once the saddle is found.
    split : bool
        Whether to relax minima that the path dips into by more than 0.02 E and to connect them one
        after the other, as the result's `segments`.
    noise : (float, float), optional
        Standard deviations of the noise on values and on gradient components, as in DFT, in the
        landscape's units.
    kernel : Kernel
        The kernel of the Gaussian process.

    Raises
    ------
    TypeError
        If a count is not a whole number.
    ValueError
        If a setting is not positive, or a standard deviation of the noise is negative.

    References
    ----------
    Gaussian processes for minimum-energy paths: Koistinen et al., J. Chem. Phys. 147, 152720
    (2017), DOI 10.1063/1.4986787. Inverse distances as inputs: Koistinen et al., J. Chem. Theory
    Comput. 15, 6738 (2019), DOI 10.1021/acs.jctc.9b00692.

    Examples
    --------
    >>> from fourierpathfinder import Surrogate, find_path
    >>> from fourierpathfinder.landscapes.toy import mueller_brown
    >>> toy = mueller_brown()
    >>> result = find_path(toy, toy.start, toy.end, method=Surrogate(), rng=0)
    >>> result.certified, result.n_gradients < 15, abs(result.height - toy.height) < 0.1
    (True, True, True)
    """

    n_terms: int = 8
    tol: float = 1e-3
    features: Literal["auto"] | FeatureMap = "auto"
    n_starts: int = 1
    certify: bool = True
    split: bool = False
    noise: tuple[float, float] | None = None
    kernel: Kernel = field(default_factory=SquaredExponential)
    replays: ClassVar[bool] = True

    def __post_init__(self) -> None:
        require_positive(n_terms=self.n_terms, tol=self.tol, n_starts=self.n_starts)
        if self.noise is not None and not min(self.noise) >= 0:
            raise ValueError(f"`noise` is {self.noise}; give two standard deviations, not negative")

    def start(
        self, evaluator: Evaluator, path: SinePath, rng: np.random.Generator
    ) -> "SurrogateRun":
        """A run from `path`, or where that is straight from a slightly bent one."""
        features = self.features
        maps = (
            choose_features(evaluator.landscape, path.start) if features == "auto" else (features,)
        )
        return SurrogateRun(self, maps, evaluator, kicked(path, rng), rng)


class SurrogateRun:
    """The loop on one landscape."""

    state = None

    def __init__(
        self,
        settings: Surrogate,
        features: tuple[FeatureMap, ...],
        evaluator: Evaluator,
        path: SinePath,
        rng: np.random.Generator,
    ) -> None:
        self._settings = settings
        self._evaluator = evaluator
        self._first = path
        process = GaussianProcess(
            features[0], (settings.kernel,), _NUGGET, settings.noise, alternatives=features
        )
        noise = settings.noise or (0.0, 0.0)
        held_to = ChannelSettings(settings.tol, settings.certify, *noise)
        asked = CampaignSettings(settings.n_starts, settings.split, held_to)
        self._campaign = Campaign(asked, process, path, rng, evaluator.landscape)
        self._tasks = self._campaign.tasks()
        self._task: Task | None = None
        self._queue: list[Query] = []
        self._n_iterations = 0
        self._heights: list[float] = []
        self._status: Status | None = None

    @property
    def path(self) -> SinePath:
        """The best path as it is now."""
        return self._campaign.best.path

    @property
    def height(self) -> float:
        """The saddle's value if it is found, else the largest mean along the path."""
        return float("nan") if self._task is None else self._campaign.best.height

    @property
    def height_error(self) -> float:
        """How far the best path may rise above that."""
        if self._task is None:
            return float("nan")
        return height_error(self._campaign.best, self.height)

    @property
    def n_iterations(self) -> int:
        """Rounds of evaluations, the first three points counting as one."""
        return self._n_iterations

    @property
    def status(self) -> Status | None:
        """Why the run has ended, or None."""
        return self._status

    @property
    def waiting_for(self) -> str:
        """What is evaluated next, in words."""
        if self._task is None:
            return "the ends and the middle of the path"
        return ", ".join(dict.fromkeys(WORDS[query.kind] for query in self._queue))

    def step(self) -> None:
        """Evaluate what is wanted, and find out what is wanted next."""
        first = self._task is None
        asked, new = ([], self._first_records()) if first else self._answers()
        with one_thread():
            self._take_in(asked, new)

    def _take_in(self, asked: list[Query], new: Records) -> None:
        """Have the task judge the answers to what was asked, and say what it wants next."""
        self._campaign.add(new)
        if self._task is None:
            self._task = next(self._tasks)
        else:
            for query, value, gradient, failed in zip(
                asked, new.values, new.gradients, new.failed, strict=True
            ):
                if not failed:
                    self._task.judge(query, float(value), gradient)
            self._task.learn(self._campaign.records)
        self._n_iterations += 1
        self._queue = self._wanted(self._task)
        while not self._queue and (task := next(self._tasks, None)) is not None:
            self._task = task
            self._heights.clear()  # the best height may rest while another channel is looked at
            self._queue = self._wanted(task)
        if self._fails_too_often():
            self._status = Status.FAILED
        elif not self._queue:
            self._status = self._end()
        else:
            self._status = self._given_up()

    def finish(self) -> Outcome:
        """The best path, its height, and how far to trust it; its channels and segments."""
        with one_thread():
            return self._result()

    def _result(self) -> Outcome:
        campaign = self._campaign
        channels = sorted(campaign.channels, key=lambda channel: channel.height)
        outcome = self._outcome(campaign.best)
        return replace(
            outcome,
            method=self._method,
            channels=tuple(self._part(channel) for channel in channels),
            segments=tuple(self._part(channel) for channel in campaign.segments),
        )

    @property
    def _method(self) -> Surrogate:
        """The settings, with the features that were chosen."""
        return replace(self._settings, features=self._campaign.best.model.features)

    def _outcome(self, part: Channel | Image) -> Outcome:
        if isinstance(part, Image):
            return image_outcome(part, self._outcome(part.of))
        return channel_outcome(part, self._campaign.records)

    def _part(self, part: Channel | Image) -> PathResult:
        """A channel or segment as a result of its own; gradients are those of the whole run."""
        outcome = self._outcome(part)
        status = Status.CERTIFIED if outcome.certified else Status.STALLED
        n_gradients = self._evaluator.n_gradients
        history = History(np.array([n_gradients]), np.array([outcome.height]))
        return outcome.result(
            status,
            n_gradients=n_gradients,
            n_iterations=self.n_iterations,
            history=history,
            method=self._method,
            landscape=self._evaluator.landscape,
        )

    def _first_records(self) -> Records:
        path = self._first
        points = np.stack([path.start, path.end, path(0.5)])
        values, gradients = self._evaluator.value_and_grad(points, finite=False)
        records = Records.of(points, values, gradients)
        for name, failed in zip(("start", "end"), records.failed, strict=False):
            if failed:
                raise LandscapeError(
                    f"the landscape cannot be evaluated at `{name}`: its value or gradient there "
                    "is not finite; give another end"
                )
        return records

    def _answers(self) -> tuple[list[Query], Records]:
        """Evaluate the queue, as far as the budget goes."""
        affordable = int(min(len(self._queue), max(self._evaluator.remaining, 1)))
        asked = self._queue[:affordable]
        points = np.stack([query.point for query in asked])
        times = np.array([query.time for query in asked])
        values, gradients = self._evaluator.value_and_grad(points, times, finite=False)
        return asked, Records.of(points, values, gradients)

    def _wanted(self, task: Task) -> list[Query]:
        """One query for each worker; later ones as if earlier ones had turned out as expected."""
        records = self._campaign.records
        first = task.next_query(records)
        queue = [] if first is None else [first]
        if not isinstance(task, Channel):
            return queue
        look: Look | None = task.look()
        while queue and len(queue) < self._evaluator.n_workers:
            look = None if look is None else task.expected(queue[-1], look)
            another = None if look is None else task.next_query(records, look)
            if another is None or any(np.array_equal(another.point, q.point) for q in queue):
                break
            queue.append(another)
        return queue

    def _fails_too_often(self) -> bool:
        failed = self._campaign.records.failed
        return bool(failed.sum() > max(_MAX_FAILURES, (~failed).sum()))

    def _given_up(self) -> Status | None:
        """Why to stop although more is wanted, or None."""
        self._heights.append(self.height)
        last = self._heights[-_PATIENCE:]
        if len(last) == _PATIENCE and max(last) - min(last) < self._campaign.best.lookout:
            return Status.STALLED
        return Status.MAX_ITERATIONS if self._n_iterations >= _MAX_ITERATIONS else None

    def _end(self) -> Status:
        if self._campaign.best.is_certified:
            return Status.CERTIFIED
        return Status.STALLED if self._settings.certify else Status.CONVERGED
