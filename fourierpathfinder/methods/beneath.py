"""The cheap landscape beneath an expensive one: searched first, then asked where it is of use."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from .._arrays import Array
from ..evaluation import Evaluator, UnusableEndError
from ..path import SinePath
from ..prior import Prior
from ..result import Evaluations, Status
from ..search.beneath import is_of_use, places_to_ask
from ..search.campaign import Campaign
from ..search.channel import Channel
from ..search.phases import begun, settled
from ..search.policy import Beneath as Numbers
from ..search.prediction import Candidate
from ..search.records import Beneath, Records
from ..search.state import Aim

_UNUSABLE = "The prior was not used: it could not be evaluated at an end."
_DROPPED = "The prior was dropped: without it the evaluations are likelier."


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
    def of(cls, best: Channel, records: Records) -> "Ground":
        """What a search on that landscape has found."""
        seen, saddle = best.prediction, best.saddle
        top = seen.points[seen.top] if saddle is None else saddle.position
        beneath = Beneath(records, best.aim.process.like(best.model), best.model)
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
    return Ground.of(run.campaign.best, run.campaign.records)


def remembered(aim: Aim, path: SinePath, known: Evaluations) -> Ground:
    """What the evaluations of an earlier run leave: the lowest path on their surrogate alone."""
    records = Records.of(known.points, known.values, known.gradients)
    return Ground.of(settled(begun(aim, path, records), records), records)


class Cheap:
    """The cheap landscape of one run.

    Parameters
    ----------
    prior : Prior
    search : callable
        Finds out what is there: `searched`, or `remembered`.
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

    @property
    def n_gradients(self) -> int:
        """What it was asked for."""
        return self._prior.n_gradients

    def searched(self) -> Ground | None:
        """What its own search finds; None where it cannot be evaluated at an end."""
        try:
            return self._search()
        except UnusableEndError:
            self.note = _UNUSABLE
            return None

    def helps(self, campaign: Campaign) -> bool:
        """Whether the evaluations are likelier with it than without, or nearly so."""
        helps = is_of_use(campaign.task.channel.model, self._numbers)
        if not helps:
            self.note = _DROPPED
        return helps

    def wanted(
        self, campaign: Campaign, plan: Callable[[Campaign], list[Candidate]]
    ) -> list[Candidate]:
        """What is to be evaluated by a plan, once this landscape has told what it can of it."""
        queue = plan(campaign)
        rounds = 0 if self._prior.evaluator is None else self._numbers.rounds
        for _ in range(rounds):
            places = places_to_ask(campaign.task.channel, campaign.records, queue)
            if not len(places):
                break
            campaign.learn(campaign.records.joined_beneath(*self._ask(places)))
            queue = plan(campaign)
        return queue

    def _ask(self, points: Array) -> list[Records]:
        """What it says at `points` (M, D), and what those beneath it say, level by level."""
        found: list[Records] = []
        prior: Prior | None = self._prior
        while prior is not None and prior.evaluator is not None:
            found.append(Records.of(points, *prior.evaluator.value_and_grad(points, finite=False)))
            prior = prior.beneath
        return found
