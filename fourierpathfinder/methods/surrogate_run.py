"""The loop of the surrogate method on one landscape.

Each iteration evaluates a point, tells the surrogate what is known (warped above the present
height), moves the path to the lowest on the surrogate's mean as far as it can be trusted, and
chooses the next point: where the path may be highest, at the surrogate's saddle, or at what
blocks the path. Once a saddle has turned out as predicted the path is pinned through it, and
evaluations become checks of whether anything else on the path might be higher
(`fourierpathfinder.search.channel`).
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..evaluation import Evaluator
from ..gaussian_process import FeatureMap
from ..path import SinePath
from ..result import Status
from ..search.campaign import Campaign, CampaignSettings
from ..search.judgement import Answer, answers_to
from ..search.one_thread import one_thread
from ..search.prediction import WORDS, Candidate
from ..search.records import Records
from .base import Outcome
from .beginning import Beginning
from .beneath import Cheap, NoPrior
from .campaign_outcome import Bookkeeping, campaign_outcome
from .channel_outcome import height_error
from .ending import Ending
from .second_look import SecondLook


class SurrogateRun:
    """The loop on one landscape.

    Parameters
    ----------
    asked : CampaignSettings
        How many starts, whether to split, and what the search is held to.
    settings_with : callable (FeatureMap) -> object
        The method's settings, for the result, with the features that were chosen.
    evaluator : Evaluator
    path : SinePath
        The first path.
    rng : numpy.random.Generator
        Source of further starts.
    cheap : Cheap or NoPrior
        What is beneath the landscape.

    Attributes
    ----------
    campaign : Campaign or None
        All that was found; None before the first step.
    """

    state = None

    def __init__(
        self,
        asked: CampaignSettings,
        settings_with: Callable[[FeatureMap], object],
        evaluator: Evaluator,
        path: SinePath,
        rng: np.random.Generator,
        cheap: Cheap | NoPrior,
    ) -> None:
        self._aim = asked.aim
        self._settings_with = settings_with
        self._evaluator = evaluator
        self._first = path
        self._cheap = cheap
        self._beginning = Beginning(asked, path, evaluator, rng, cheap)
        self._ending = Ending(asked.aim, evaluator)
        self._second_look = SecondLook(evaluator)
        self.campaign: Campaign | None = None
        self._queue: list[Candidate] = []
        self._n_iterations = 0
        self._status: Status | None = None

    @property
    def path(self) -> SinePath:
        """The best path as it is now."""
        return self._first if self.campaign is None else self.campaign.best.path

    @property
    def height(self) -> float:
        """The saddle's value if it is found, else the largest mean; or that of the higher end."""
        if self.campaign is None:
            return float("nan")
        best = self.campaign.best
        with one_thread():  # what is predicted here is kept, and the search goes on from it
            return max(best.height, best.known.higher_end)

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
        if self._beginning.is_to_be_repeated:
            return "the middle of the first path"
        wanted = dict.fromkeys(WORDS[candidate.kind] for candidate in self._queue)
        return (", ".join(wanted) or "nothing") + self._cheap.spent

    def step(self) -> None:
        """Evaluate what is wanted, and find out what is wanted next."""
        if self.campaign is None:
            self.campaign = self._beginning.first()
        elif self._beginning.is_to_be_repeated:
            self.campaign = self._beginning.again(self.campaign.records)
            self._second_look.forget()
        else:
            self._go_on(self.campaign)
        with one_thread():
            self._plan(self.campaign)

    def finish(self) -> Outcome:
        """The best path, its height, and how far to trust it; its channels and segments."""
        assert self.campaign is not None
        with one_thread():
            return self._outcome(self.campaign)

    def _go_on(self, campaign: Campaign) -> None:
        """Evaluate the queue, and take in what came back."""
        with self._cheap.meanwhile(campaign, self._queue):
            answers, new = self._second_look.at(campaign, *self._answers())
        with one_thread():
            campaign.absorb(answers, new)

    def _answers(self) -> tuple[list[Answer], Records]:
        """Evaluate the queue, as far as the budget goes."""
        affordable = int(min(len(self._queue), max(self._evaluator.remaining, 1)))
        asked = self._queue[:affordable]
        points = np.stack([candidate.point for candidate in asked])
        times = np.array([candidate.time for candidate in asked])
        values, gradients = self._evaluator.value_and_grad(points, times, finite=False)
        new = Records.of(points, values, gradients)
        return answers_to(asked, new), new

    def _plan(self, campaign: Campaign) -> None:
        """Find out what to evaluate next, or why to stop."""
        self._n_iterations += 1
        if not self._cheap.helps(campaign):
            campaign = self.campaign = self._beginning.lower(campaign)
        if self._beginning.is_to_be_repeated:
            self._queue = []
            return
        if self._ending.is_near and not campaign.best.is_done:
            campaign.close()
        self._queue = self._cheap.wanted(campaign, self._proposed)
        while not self._queue and campaign.go_on():
            self._queue = self._cheap.wanted(campaign, self._proposed)
        self._status = self._ending.status(campaign, self._queue, self._n_iterations)

    def _proposed(self, campaign: Campaign) -> list[Candidate]:
        """One candidate for each worker; later ones as if earlier ones turned out as expected."""
        queue: list[Candidate] = []
        while len(queue) < self._evaluator.n_workers:
            another = campaign.task.propose(campaign.records, tuple(queue))
            if another is None or any(np.array_equal(another.point, q.point) for q in queue):
                break
            queue.append(another)
        return queue

    def _outcome(self, campaign: Campaign) -> Outcome:
        shared = Bookkeeping(
            campaign.records,
            self._ending.agrees(campaign),
            self._settings_with(campaign.best.model.features),
            self._evaluator.landscape,
            self._evaluator.n_gradients,
            self._n_iterations,
        )
        limit = self._aim.tightness.limit
        outcome = campaign_outcome(campaign, shared, limit, self._cheap.note)
        return replace(
            outcome,
            message=self._ending.failure(campaign.records) or outcome.message,
            n_outliers=self._second_look.n_outliers,
            evaluations=self._beginning.all_of(campaign.records).evaluations,
        )
