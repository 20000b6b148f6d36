"""The second evaluation of what cannot be true."""

import logging
from collections.abc import Sequence

import numpy as np

from ..evaluation import Evaluator
from ..search.campaign import Campaign
from ..search.judgement import Answer, answers_to
from ..search.outliers import confirms, corrected, doubtful, is_odd, moved_back, second_place
from ..search.records import Records

_log = logging.getLogger(__name__)


class SecondLook:
    """Asks once more for answers that cannot be true, and leaves out those that were not.

    Parameters
    ----------
    evaluator : Evaluator
        Of the run; a second evaluation counts as any other.

    Attributes
    ----------
    n_outliers : int
        Answers that a second one has not confirmed.
    """

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._done: set[int] = set()
        self.n_outliers = 0

    def forget(self) -> None:
        """Forget which records were asked for again, where the search begins anew with others."""
        self._done.clear()

    def at(
        self, campaign: Campaign, answers: Sequence[Answer], new: Records
    ) -> tuple[list[Answer], Records]:
        """The answers and their records, after all that is known was looked at once more.

        Parameters
        ----------
        campaign : Campaign
            Its older records are put right, where they were wrong.
        answers : sequence of Answer
        new : Records
            The same answers as records.
        """
        channel, n_old = campaign.task.channel, len(campaign.records)
        records = campaign.records.joined(new)
        for j in doubtful(channel, answers, records):
            if j not in self._done and self._evaluator.remaining > 0:
                self._done.add(j)
                records = self._settled(records, j, channel.chord, campaign, is_new=j >= n_old)
        if any(j < n_old for j in self._done):
            campaign.records = records.part(np.arange(n_old)).upon(records.beneath)
        new = records.part(np.arange(n_old, len(records)))
        return answers_to([one.candidate for one in answers], new), new

    def _settled(
        self, records: Records, j: int, chord: float, campaign: Campaign, *, is_new: bool
    ) -> Records:
        """The records after one was asked for again."""
        numbers = campaign.task.channel.policy.doubt
        place = second_place(records, j, chord, numbers)
        values, gradients = self._evaluator.value_and_grad(place[None], finite=False)
        again = moved_back(place, records.x[j], float(values[0]), gradients[0])
        if confirms(records, j, again, numbers):
            return records
        self.n_outliers += 1
        _log.warning(
            "a value of %.6g cannot be true; asked again, it is %.6g",
            records.values[j], again.values[0],
        )  # fmt: skip
        after = corrected(records, j, again)
        if is_new and is_odd(after, j, numbers):
            return corrected(records, j, again.spoilt())
        return records if again.failed[0] and not is_new else after
