"""The campaign that a run of the surrogate method begins with, and begins anew without its prior.

From the ends and one point between the search goes on upon the cheap landscape, where that is of
use. Where it is of none, or ceases to be, the search begins again from the plain first path.
"""

import numpy as np

from ..evaluation import Evaluator
from ..path import SinePath
from ..search.campaign import Campaign, CampaignSettings
from ..search.one_thread import one_thread
from ..search.records import Records
from .beneath import Cheap, Ground, NoPrior
from .first_records import first_records, highest_known


class Beginning:
    """Begins the campaign of one run.

    Parameters
    ----------
    asked : CampaignSettings
        What every campaign of the run is held to.
    path : SinePath
        The first path.
    evaluator : Evaluator
    rng : numpy.random.Generator
        Source of further starts.
    cheap : Cheap or NoPrior
        What is beneath the expensive landscape.

    Attributes
    ----------
    is_to_be_repeated : bool
        Whether the prior soon turned out to be of no use, so that the search begins again.
    """

    def __init__(
        self,
        asked: CampaignSettings,
        path: SinePath,
        evaluator: Evaluator,
        rng: np.random.Generator,
        cheap: Cheap | NoPrior,
    ) -> None:
        self._asked = asked
        self._path = path
        self._evaluator = evaluator
        self._rng = rng
        self._cheap = cheap
        self._set_aside: Records | None = None
        self.is_to_be_repeated = False

    def first(self) -> Campaign:
        """Evaluate the ends and a point between, and begin from the lowest path that is known."""
        ground = self._cheap.searched()
        middle = self._path(0.5) if ground is None else ground.top
        points = np.stack([self._path.start, self._path.end, middle])
        records = first_records(self._evaluator, points)
        with one_thread():
            return self._without(records) if ground is None else self._upon(ground, records)

    def again(self, records: Records) -> Campaign:
        """Begin as if there had been no prior, from the ends and the first path's middle.

        What a useless prior has chosen would mislead the search for longer than it cost.
        """
        asked, times = self._path(0.5)[None], np.array([0.5])
        middle = Records.of(asked, *self._evaluator.value_and_grad(asked, times, finite=False))
        self._set_aside = records.part(np.arange(2, len(records)))
        self.is_to_be_repeated = False
        with one_thread():
            return self._without(records.part(np.arange(2)).joined(middle))

    def lower(self, campaign: Campaign) -> Campaign:
        """A campaign without its prior: from the plain first path, where that is surely lower.

        Where the prior itself was not known, and little is lost, the search is to begin again.
        """
        campaign.learn(campaign.records.upon(None))
        few = len(campaign.records) <= self._asked.aim.policy.beneath.set_aside
        guessed = self._cheap.guesses and self._evaluator.known is None
        self.is_to_be_repeated = few and guessed
        if self.is_to_be_repeated:
            return campaign
        anew = self._without(campaign.records)
        return min(campaign, anew, key=lambda one: one.best.highest_likely)

    def all_of(self, records: Records) -> Records:
        """Records of a campaign with what was set aside when it began again."""
        return records if self._set_aside is None else self._set_aside.joined(records)

    def _upon(self, ground: Ground, records: Records) -> Campaign:
        """The campaign from the path on the cheap landscape, where that is of use."""
        upon, abilities = records.upon(ground.beneath), self._evaluator.abilities
        begun = Campaign(self._asked, ground.path, upon, self._rng, abilities)
        if self._cheap.helps(begun):
            return begun
        self.is_to_be_repeated = self._evaluator.known is None
        return self._without(records)

    def _without(self, records: Records) -> Campaign:
        """The campaign from the first path, with nothing beneath."""
        level, abilities = highest_known(self._evaluator, self._path), self._evaluator.abilities
        return Campaign(self._asked, self._path, records, self._rng, abilities, level)
