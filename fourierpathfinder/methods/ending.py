"""Why a run of the surrogate method ends, and whether its evaluations can be believed."""

from collections.abc import Sequence

from ..evaluation import Evaluator
from ..result import Status
from ..search.campaign import Campaign
from ..search.outliers import disagreement
from ..search.prediction import Candidate
from ..search.records import Records
from ..search.state import Aim

_FAILURE = (
    "{} of {} points could not be evaluated (an answer was not finite, or too large to be "
    "squared), so the run has ended; the best path so far is returned. Find out why they fail, or "
    "choose ends between which a path can avoid such places."
)


class Ending:
    """Finds out when one run ends.

    Parameters
    ----------
    aim : Aim
        What the search is held to.
    evaluator : Evaluator
        Knows the budget.
    """

    def __init__(self, aim: Aim, evaluator: Evaluator) -> None:
        self._certify = aim.certify
        self._stop, self._doubt = aim.policy.stop, aim.policy.doubt
        self._evaluator = evaluator
        self._agrees: bool | None = None

    @property
    def is_near(self) -> bool:
        """Whether the rest of the budget is only enough to find out how high the path is."""
        return self._evaluator.remaining <= self._stop.closing

    def status(
        self, campaign: Campaign, queue: Sequence[Candidate], n_iterations: int
    ) -> Status | None:
        """Why the run ends before `queue` is evaluated, or None."""
        if self._fails_too_often(campaign.records):
            return Status.FAILED
        if queue and self._is_hopeless(campaign, n_iterations):
            return Status.STALLED
        if not queue:
            return self._of_finished(campaign)
        return Status.MAX_ITERATIONS if n_iterations >= self._stop.iterations else None

    def agrees(self, campaign: Campaign) -> bool:
        """Whether the gradients may be those of the values; looked at once, at the end."""
        if self._agrees is None:
            numbers = self._doubt
            found = disagreement(campaign.best, campaign.records, numbers.unexplained)
            self._agrees = found <= numbers.disagreement
        return self._agrees

    def _of_finished(self, campaign: Campaign) -> Status:
        if campaign.best.is_certified:
            return Status.CERTIFIED if self.agrees(campaign) else Status.STALLED
        if self.is_near:
            return Status.MAX_GRADIENTS
        if self._certify or campaign.best.saddle is None:
            return Status.STALLED
        return Status.CONVERGED

    def failure(self, records: Records) -> str:
        """What is to be said where too many evaluations failed; else nothing."""
        if not self._fails_too_often(records):
            return ""
        return _FAILURE.format(int(records.failed.sum()), len(records))

    def _fails_too_often(self, records: Records) -> bool:
        n_failed = int(records.failed.sum())
        return n_failed > max(self._stop.failures, len(records) - n_failed)

    def _is_hopeless(self, campaign: Campaign, n_iterations: int) -> bool:
        """Whether the gradients are surely not those of the values; looked at now and then."""
        if n_iterations % self._stop.without_progress:
            return False
        most = self._doubt.hopeless * len(campaign.records)
        surely = self._doubt.surely_unexplained
        if disagreement(campaign.best, campaign.records, surely) <= most:
            return False
        self._agrees = False
        return True
