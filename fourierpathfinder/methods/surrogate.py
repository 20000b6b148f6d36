"""A sine path on a Gaussian process that sees every gradient: few evaluations, and certified.

Each iteration evaluates a point, tells the surrogate what is known (warped above the present
height), moves the path to the lowest on the surrogate's mean as far as it can be trusted, and
chooses the next point: where the path may be highest, at the surrogate's saddle, or at what
blocks the path. Once a saddle has turned out as predicted the path is pinned through it, and
evaluations become checks of whether anything else on the path might be higher
(`fourierpathfinder.search.channel`).
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import partial
from typing import ClassVar, Literal

import numpy as np

from ..evaluation import Evaluator
from ..gaussian_process import FeatureMap, FitSettings, GaussianProcess, Kernel
from ..path import SinePath
from ..prior import Prior
from ..result import History, PathResult, Saddle, Status
from ..search.campaign import Campaign, CampaignSettings
from ..search.channel import Channel
from ..search.choose_features import choose_features, choose_kernel
from ..search.images import Image
from ..search.judgement import Answer, answers_to
from ..search.one_thread import one_thread
from ..search.outliers import disagreement
from ..search.policy import BOLD, WARY, Policy
from ..search.prediction import WORDS, Candidate
from ..search.records import Records
from ..search.state import Aim, Sides, Tightness
from .base import Outcome, kicked
from .beneath import Cheap, Ground, remembered, searched
from .channel_outcome import channel_outcome, height_error, image_outcome
from .checks import (
    require_counts,
    require_flags,
    require_kind,
    require_not_negative,
    require_positive,
    require_terms,
)
from .first_records import first_records, highest_known
from .second_look import SecondLook


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
        landscape's units; by default what makes the evaluations likeliest.
    kernel : {"auto"} or Kernel
        Of the Gaussian process: "auto" takes the rational quadratic on inverse distances and the
        squared exponential on coordinates.
    saddle_gradient : float, optional
        Go on at the saddle until the largest force on an atom there is at most this (eV/Å), or
        where there are no atoms the norm of the gradient; by default until its value is known.
    policy : Policy, optional
        Every number of the search (`fourierpathfinder.search.policy`); by default bold for exact
        landscapes and wary for those with noise.

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
    kernel: Literal["auto"] | Kernel = "auto"
    saddle_gradient: float | None = None
    policy: Policy | None = field(default=None, repr=False)
    replays: ClassVar[bool] = True

    def __post_init__(self) -> None:
        require_terms(self.n_terms)
        require_counts(n_starts=self.n_starts)
        require_positive(tol=self.tol)
        if self.saddle_gradient is not None:
            require_positive(saddle_gradient=self.saddle_gradient)
        require_flags(certify=self.certify, split=self.split)
        if self.kernel != "auto":
            kind = '"auto" or a kernel, such as `SquaredExponential()`'
            require_kind(Kernel, kind, kernel=self.kernel)
        if self.policy is not None:
            require_kind(Policy, "a `Policy`, or None", policy=self.policy)
        _check_features(self.features)
        if self.noise is not None:
            _check_noise(self.noise)

    def start(
        self, evaluator: Evaluator, path: SinePath, rng: np.random.Generator
    ) -> "SurrogateRun":
        """A run from `path`, or where that is straight from a slightly bent one."""
        return self.start_upon(None, evaluator, path, rng)

    def start_upon(
        self, prior: Prior | None, evaluator: Evaluator, path: SinePath, rng: np.random.Generator
    ) -> "SurrogateRun":
        """A run with the surrogate of a cheaper landscape as prior mean.

        That landscape's own search, which is done first, wants no certificate. Its random numbers
        are a copy, so that a search without the prior, should it be dropped, is the usual one.
        """
        cheap = None if prior is None else self._cheap(prior, evaluator, path, deepcopy(rng))
        maps = self._maps(evaluator, path)
        return SurrogateRun(self, maps, evaluator, kicked(path, rng), rng, cheap)

    def _maps(self, evaluator: Evaluator, path: SinePath) -> tuple[FeatureMap, ...]:
        """The feature maps to choose from."""
        if self.features == "auto":
            return choose_features(evaluator.abilities, path.start, _policy(self).see)
        return (self.features,)

    def _cheap(
        self, prior: Prior, evaluator: Evaluator, path: SinePath, rng: np.random.Generator
    ) -> Cheap:
        """The cheap landscape, to be searched without a certificate."""
        once = replace(
            self, n_starts=1, certify=False, split=False, noise=None, saddle_gradient=None
        )
        numbers = _policy(self).beneath
        if prior.evaluator is not None:
            run = once.start_upon(prior.beneath, prior.evaluator, path, rng)
            return Cheap(prior, partial(searched, run, prior.evaluator, numbers), numbers)
        aim = _aim(once, once._maps(evaluator, path), evaluator)
        return Cheap(prior, partial(remembered, aim, prior, kicked(path, rng)), numbers)


def _check_features(features: object) -> None:
    if isinstance(features, str):
        if features != "auto":
            raise ValueError(
                f'`features` is {features!r}; pass "auto", or a feature map such as `Coordinates()`'
            )
        return
    require_kind(FeatureMap, '"auto", or a feature map such as `Coordinates()`', features=features)


def _check_noise(noise: object) -> None:
    if not isinstance(noise, Sequence) or isinstance(noise, str) or len(noise) != 2:
        raise TypeError(
            f"`noise` is {noise!r}; give two standard deviations, of values and of components of "
            "gradients"
        )
    require_not_negative(**{"noise of values": noise[0], "noise of gradients": noise[1]})


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
        cheap: Cheap | None = None,
    ) -> None:
        self._settings = settings
        self._cheap = cheap
        self._evaluator = evaluator
        self._first = path
        self._rng = rng
        aim = _aim(settings, features, evaluator)
        self._asked = CampaignSettings(settings.n_starts, settings.split, aim)
        self.campaign: Campaign | None = None
        self._second_look = SecondLook(evaluator)
        self._queue: list[Candidate] = []
        self._n_iterations = 0
        self._status: Status | None = None
        self._agrees: bool | None = None
        self._begins_again = False
        self._set_aside: Records | None = None

    @property
    def path(self) -> SinePath:
        """The best path as it is now."""
        return self._first if self.campaign is None else self.campaign.best.path

    @property
    def height(self) -> float:
        """The saddle's value if it is found, else the largest mean along the path."""
        if self.campaign is None:
            return float("nan")
        with one_thread():  # what is predicted here is kept, and the search goes on from it
            return self.campaign.best.height

    @property
    def height_error(self) -> float:
        """How far the best path may rise above that."""
        if self.campaign is None:
            return float("nan")
        with one_thread():
            return height_error(self.campaign.best, self.height)

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
        if self.campaign is None:
            return "the ends and the middle of the path"
        if self._begins_again:
            return "the middle of the first path"
        wanted = ", ".join(dict.fromkeys(WORDS[candidate.kind] for candidate in self._queue))
        return wanted if self._cheap is None else f"{wanted} ({self._cheap.n_gradients} prior)"

    def step(self) -> None:
        """Evaluate what is wanted, and find out what is wanted next."""
        if self.campaign is None:
            ground = None if self._cheap is None else self._cheap.searched()
            records = self._first_records(ground)
            with one_thread():
                self.campaign = self._begun(records, ground)
                self._plan(self.campaign)
        elif self._begins_again:
            self._begin_again(self.campaign.records)
        else:
            with self._meanwhile(self.campaign):
                answers, new = self._second_look.at(self.campaign, *self._answers())
            with one_thread():
                if self._cheap is not None:
                    self._cheap.told(self.campaign, new)
                self.campaign.absorb(answers, new)
                self._plan(self.campaign)

    def _begun(self, records: Records, ground: Ground | None) -> Campaign:
        """The campaign from the path on the cheap landscape, where that is of use."""
        abilities = self._evaluator.abilities
        if ground is not None:
            upon = records.upon(ground.beneath)
            begun = Campaign(self._asked, ground.path, upon, self._rng, abilities)
            if self._cheap is not None and self._cheap.helps(begun):
                self._cheap.told(begun, records)
                return begun
            self._begins_again = self._evaluator.known is None
        return self._without(records)

    def _begin_again(self, records: Records) -> None:
        """Search as if there had been no prior, from the ends and the first path's middle.

        The point that a useless prior has chosen would mislead the search for longer than it cost.
        """
        asked, times = self._first(0.5)[None], np.array([0.5])
        middle = Records.of(asked, *self._evaluator.value_and_grad(asked, times, finite=False))
        self._set_aside = records.part(np.arange(2, len(records)))
        self._begins_again = False
        with one_thread():
            self.campaign = self._without(records.part(np.arange(2)).joined(middle))
            self._plan(self.campaign)

    def _left(self, campaign: Campaign) -> Campaign:
        """Without the cheap landscape: from the plain first path, where that is surely lower."""
        campaign.learn(campaign.records.upon(None))
        anew = self._without(campaign.records)
        return min(campaign, anew, key=lambda one: one.best.highest_likely)

    def _without(self, records: Records) -> Campaign:
        """The campaign from the first path, with nothing beneath."""
        level, abilities = highest_known(self._evaluator, self._first), self._evaluator.abilities
        return Campaign(self._asked, self._first, records, self._rng, abilities, level)

    def _plan(self, campaign: Campaign) -> None:
        """Find out what to evaluate next, or why to stop."""
        self._n_iterations += 1
        if self._cheap is not None and not self._cheap.helps(campaign):
            campaign = self.campaign = self._left(campaign)
        if self._begins_again:
            self._queue = []
            return
        if self._evaluator.remaining <= self._policy.stop.closing and not campaign.best.is_done:
            campaign.close()
        self._queue = self._wanted(campaign)
        while not self._queue and campaign.go_on():
            self._queue = self._wanted(campaign)
        if self._fails_too_often(campaign.records):
            self._status = Status.FAILED
        elif self._is_hopeless(campaign):
            self._status = Status.STALLED
        elif not self._queue:
            self._status = self._end(campaign)
        elif self._n_iterations >= self._policy.stop.iterations:
            self._status = Status.MAX_ITERATIONS

    def finish(self) -> Outcome:
        """The best path, its height, and how far to trust it; its channels and segments."""
        assert self.campaign is not None
        with one_thread():
            return self._result(self.campaign)

    def _result(self, campaign: Campaign) -> Outcome:
        if self._agrees is None:
            self._agrees = self._do_agree(campaign)
        channels = sorted(campaign.channels, key=lambda channel: channel.height)
        outcome = self._outcome(campaign.best, campaign)
        loose = _loose(outcome.saddle, self._settings.saddle_gradient)
        return replace(
            outcome,
            n_outliers=self._second_look.n_outliers,
            method=self._method(campaign),
            note=" ".join(filter(None, (self._doubt, self._prior_note, loose))),
            channels=tuple(self._part(channel, campaign) for channel in channels),
            segments=tuple(self._part(channel, campaign) for channel in campaign.segments),
            evaluations=self._all_records(campaign).evaluations,
        )

    def _all_records(self, campaign: Campaign) -> Records:
        records = campaign.records
        return records if self._set_aside is None else self._set_aside.joined(records)

    @property
    def _doubt(self) -> str:
        return "" if self._agrees else _DISAGREE

    @property
    def _prior_note(self) -> str:
        return "" if self._cheap is None else self._cheap.note

    def _method(self, campaign: Campaign) -> Surrogate:
        """The settings, with the features that were chosen."""
        return replace(self._settings, features=campaign.best.model.features)

    def _outcome(self, part: Channel | Image, campaign: Campaign) -> Outcome:
        if isinstance(part, Image):
            return image_outcome(part, self._outcome(part.of, campaign))
        outcome = channel_outcome(part, campaign.records)
        return replace(outcome, certified=outcome.certified and bool(self._agrees))

    def _part(self, part: Channel | Image, campaign: Campaign) -> PathResult:
        """A channel or segment as a result of its own; gradients are those of the whole run."""
        outcome = self._outcome(part, campaign)
        status = Status.CERTIFIED if outcome.certified else Status.STALLED
        n_gradients = self._evaluator.n_gradients
        history = History(np.array([n_gradients]), np.array([outcome.height]))
        return outcome.result(
            status,
            n_gradients=n_gradients,
            n_iterations=self.n_iterations,
            history=history,
            method=self._method(campaign),
            landscape=self._evaluator.landscape,
        )

    def _first_records(self, ground: Ground | None) -> Records:
        path = self._first
        middle = path(0.5) if ground is None else ground.top
        points = np.stack([path.start, path.end, middle])
        return first_records(self._evaluator, points)

    def _answers(self) -> tuple[list[Answer], Records]:
        """Evaluate the queue, as far as the budget goes."""
        affordable = int(min(len(self._queue), max(self._evaluator.remaining, 1)))
        asked = self._queue[:affordable]
        points = np.stack([candidate.point for candidate in asked])
        times = np.array([candidate.time for candidate in asked])
        values, gradients = self._evaluator.value_and_grad(points, times, finite=False)
        new = Records.of(points, values, gradients)
        return answers_to(asked, new), new

    def _meanwhile(self, campaign: Campaign) -> AbstractContextManager[None]:
        """What the cheap landscape does while the queue is evaluated."""
        return (
            nullcontext() if self._cheap is None else self._cheap.meanwhile(campaign, self._queue)
        )

    def _wanted(self, campaign: Campaign) -> list[Candidate]:
        """What to evaluate, once the cheap landscape has told what it can."""
        if self._cheap is None:
            return self._proposed(campaign)
        return self._cheap.wanted(campaign, self._proposed)

    def _proposed(self, campaign: Campaign) -> list[Candidate]:
        """One candidate for each worker; later ones as if earlier ones turned out as expected."""
        queue: list[Candidate] = []
        while len(queue) < self._evaluator.n_workers:
            another = campaign.task.propose(campaign.records, tuple(queue))
            if another is None or any(np.array_equal(another.point, q.point) for q in queue):
                break
            queue.append(another)
        return queue

    @property
    def _policy(self) -> Policy:
        return self._asked.aim.policy

    def _fails_too_often(self, records: Records) -> bool:
        n_failed = int(records.failed.sum())
        return n_failed > max(self._policy.stop.failures, len(records) - n_failed)

    def _do_agree(self, campaign: Campaign) -> bool:
        """Whether the gradients may be those of the values."""
        found = disagreement(campaign.best, campaign.records)
        return found <= self._policy.doubt.disagreement

    def _is_hopeless(self, campaign: Campaign) -> bool:
        """Whether they are surely not; looked at now and then."""
        if not self._queue or self._n_iterations % self._policy.stop.without_progress:
            return False
        most = self._policy.doubt.hopeless * len(campaign.records)
        if disagreement(campaign.best, campaign.records) <= most:
            return False
        self._agrees = False
        return True

    def _end(self, campaign: Campaign) -> Status:
        if campaign.best.is_certified:
            self._agrees = self._do_agree(campaign)
            return Status.CERTIFIED if self._agrees else Status.STALLED
        if self._evaluator.remaining <= self._policy.stop.closing:
            return Status.MAX_GRADIENTS
        if self._settings.certify or campaign.best.saddle is None:
            return Status.STALLED
        return Status.CONVERGED


_DISAGREE = (
    "Its gradients are not those of its values, or it has kinks, so nothing is certified: see what "
    "`fourierpathfinder.landscapes.check_landscape` says of it."
)


def _policy(settings: Surrogate) -> Policy:
    """What is asked for, or what suits the noise."""
    is_noisy = settings.noise is not None and settings.noise[0] > 0
    return settings.policy or (WARY if is_noisy else BOLD)


def _loose(saddle: Saddle | None, limit: float | None) -> str:
    """What is to be said where the force at the saddle is not as small as was asked for."""
    if saddle is None or limit is None or saddle.largest_force <= limit:
        return ""
    return f"The force at the saddle is still {saddle.largest_force:.2g}, not {limit:g}."


def _aim(settings: Surrogate, features: tuple[FeatureMap, ...], evaluator: Evaluator) -> Aim:
    """What every search of a run is held to."""
    abilities, known = evaluator.abilities, evaluator.known
    policy = _policy(settings)
    kernel = choose_kernel(features[0]) if settings.kernel == "auto" else settings.kernel
    process = GaussianProcess(
        features[0], (kernel,), policy.see.nugget, settings.noise, alternatives=features,
        settings=FitSettings(longest=policy.see.longest) if known is not None else FitSettings(),
    )  # fmt: skip
    tightness = Tightness(abilities.largest_force, settings.saddle_gradient)
    sides = Sides(abilities.mobility, abilities.free_motions)
    return Aim(process, settings.tol, settings.certify, settings.noise, policy, tightness, sides)
