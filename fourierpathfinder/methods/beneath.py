"""The cheap landscape beneath an expensive one: searched first, then asked where it is of use."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from .._arrays import Array
from ..evaluation import Evaluator, UnusableEndError
from ..gaussian_process import Corrected
from ..path import SinePath
from ..prior import Prior
from ..result import Status
from ..search.beneath import asked, is_of_use, is_unsure, places_ahead, places_to_ask
from ..search.campaign import Campaign
from ..search.channel import Channel
from ..search.one_thread import one_thread
from ..search.policy import Beneath as Numbers
from ..search.prediction import Candidate
from ..search.records import Beneath, Records
from ..threads import promised

_UNUSABLE = "The prior was not used: it could not be evaluated at an end."
_UNLIKELY = "The prior was dropped: without it the evaluations are likelier."
_UNSURE = "The prior was dropped: it is too rough, or too noisy, to be known along the path."
_LEADS_NOWHERE = "The prior was dropped: no saddle was found with it."


@dataclass(frozen=True, eq=False)
class Ground:
    """What the search of the cheap landscape has left.

    Attributes
    ----------
    path : SinePath
        The lowest path there.
    top : array (D,)
        Its saddle, or else its highest point.
    beneath : Beneath
        All that is known of that landscape.
    """

    path: SinePath
    top: Array
    beneath: Beneath

    @classmethod
    def of(cls, best: Channel, records: Records, *, is_asked: bool) -> "Ground":
        """What a search on that landscape has found, which may be asked for more."""
        seen, saddle = best.prediction, best.saddle
        top = seen.points[seen.top] if saddle is None else saddle.position
        beneath = Beneath(records, best.aim.process.like(best.model), best.model, is_asked=is_asked)
        return cls(best.path, top, beneath)


class Searching(Protocol):
    """A run on the cheap landscape."""

    campaign: Campaign | None

    @property
    def status(self) -> Status | None:
        """Why it has ended, or None."""
        ...

    def step(self) -> None:
        """Do one iteration."""
        ...


def searched(run: Searching, evaluator: Evaluator, numbers: Numbers) -> Ground:
    """What a run on the cheap landscape leaves, once it has ended or has taken enough.

    Raises
    ------
    UnusableEndError
        If the landscape cannot be evaluated at an end.
    """
    while run.status is None and evaluator.n_gradients < numbers.gradients:
        run.step()
    assert run.campaign is not None
    return Ground.of(run.campaign.best, run.campaign.records, is_asked=True)


class Cheap:
    """The cheap landscape of one run.

    Parameters
    ----------
    prior : Prior
    search : callable
        Finds out what is there: `searched`, or `earlier.remembered`.
    numbers : Numbers
        The policy.

    Attributes
    ----------
    note : str
        What has become of it, for people.
    """

    def __init__(self, prior: Prior, search: Callable[[], Ground], numbers: Numbers) -> None:
        self._prior, self._search, self._numbers = prior, search, numbers
        self.note = ""
        self._n_unsure = 0

    @property
    def spent(self) -> str:
        """What it was asked for so far, in words behind those of what is evaluated next."""
        return f" ({self._prior.n_gradients} prior)"

    def searched(self) -> Ground | None:
        """What its own search finds; None where it cannot be evaluated at an end."""
        try:
            return self._search()
        except UnusableEndError:
            self.note = _UNUSABLE
            return None

    def helps(self, campaign: Campaign) -> bool:
        """Whether the evaluations are likelier with it, or nearly so, and it leads somewhere."""
        channel = campaign.task.channel
        if not isinstance(channel.model, Corrected):
            return True
        is_judged = self.is_asked or len(campaign.records) >= self._numbers.judged
        if is_judged and not is_of_use(channel.model, self._numbers):
            self.note = _UNLIKELY
            return False
        if self.is_unknown:
            self.note = _UNSURE
            return False
        if len(campaign.records) >= self._patience(channel) and not channel.is_found:
            self.note = _LEADS_NOWHERE
            return False
        return True

    @property
    def is_asked(self) -> bool:
        """Whether it can be asked at all."""
        return self._prior.evaluator is not None

    @property
    def guesses(self) -> bool:
        """Whether what it has chosen was placed by guessing, and is best forgotten."""
        return self.is_unknown or not self.is_asked

    @property
    def is_unknown(self) -> bool:
        """Whether its surrogate stays unsure of the path, for all that it is asked."""
        return self._n_unsure >= self._numbers.unsettled

    def _patience(self, channel: Channel) -> int:
        """By how many evaluations a saddle must have been found."""
        tells_little = not self.is_asked and channel.model.features.keeps_distances
        return self._numbers.patience_without if tells_little else self._numbers.patience

    @contextmanager
    def meanwhile(self, campaign: Campaign, queue: Sequence[Candidate]) -> Iterator[None]:
        """Let it work while the expensive landscape evaluates `queue`, if it has its own processes.

        It is asked where it will be needed if `queue` turns out as foreseen, so that what it says
        does not depend on which of both is ready first. At the end the campaign's records have it.
        """
        places: Sequence[Array] | Array = ()
        if campaign.records.beneath is not None and self._prior.is_apart:
            with one_thread():
                places = places_ahead(campaign.task, campaign.records, queue)
        if not len(places):
            yield
            return
        found = promised(partial(asked, self._prior, places))
        yield  # after an error or Ctrl-C nobody waits for it
        campaign.records = campaign.records.joined_beneath(*found())

    def wanted(
        self, campaign: Campaign, plan: Callable[[Campaign], list[Candidate]]
    ) -> list[Candidate]:
        """What is to be evaluated by a plan, once this landscape has told what it can of it."""
        queue = plan(campaign)
        rounds, n_asked = self._numbers.rounds if self.is_asked else 0, 0
        for _ in range(rounds):
            places = places_to_ask(campaign.task.channel, campaign.records, queue)
            if not len(places):
                break
            n_asked += len(places)
            campaign.learn(campaign.records.joined_beneath(*asked(self._prior, places)))
            queue = plan(campaign)
        unsure = self._is_much(n_asked) and is_unsure(campaign.task.channel, campaign.records)
        self._n_unsure = self._n_unsure + 1 if unsure else 0
        return queue

    def _is_much(self, n_asked: int) -> bool:
        """Whether so many answers would have settled what is smooth, wherever the path went."""
        numbers = self._numbers
        return n_asked >= numbers.much * numbers.rounds * numbers.at_once


class NoPrior:
    """What a run has in place of a `Cheap` landscape where none is beneath its own."""

    note = ""
    spent = ""
    guesses = False

    def searched(self) -> None:
        """Nothing is found there."""

    def helps(self, campaign: Campaign) -> bool:
        """There is nothing to be dropped."""
        return True

    def meanwhile(
        self, campaign: Campaign, queue: Sequence[Candidate]
    ) -> AbstractContextManager[None]:
        """Nothing works beside."""
        return nullcontext()

    def wanted(
        self, campaign: Campaign, plan: Callable[[Campaign], list[Candidate]]
    ) -> list[Candidate]:
        """What is to be evaluated by the plan alone."""
        return plan(campaign)
