"""A surrogate that learns: what is known of a landscape, and how sure that is.

It is told the landscape warped above a level, as in the search, and its deviations are calibrated
by how evaluations turn out. Where there is a cheaper landscape beneath, that is asked wherever the
expensive one is about to be, and only their difference is left to be learnt.
"""

import numpy as np

from ..evaluation import Evaluator
from ..gaussian_process import Corrected, GaussianProcess, Model
from ..prior import Prior
from ..result import Evaluations
from ..search.beneath import asked, is_of_use
from ..search.calibration import Calibration
from ..search.policy import BOLD
from ..search.records import Beneath, Records
from ..search.teaching import taught
from ..search.warp import Warp
from .policy import Following


class Learner:
    """What is known, which only grows.

    Parameters
    ----------
    evaluator : Evaluator
        The door to the landscape.
    process : GaussianProcess
        The prior of the surrogate.
    known : Evaluations
        What is known to begin with.
    numbers : Following
        The policy.
    prior : Prior, optional
        A cheaper landscape; it stands beneath once `stand_upon` was called.

    Attributes
    ----------
    records : Records
    model : Model
        The surrogate of the warped landscape; `warp` makes it.
    was_dropped : bool
        Whether the cheaper landscape was found to be of no use.
    """

    was_dropped = False

    def __init__(
        self,
        evaluator: Evaluator,
        process: GaussianProcess,
        known: Evaluations,
        numbers: Following,
        prior: Prior | None = None,
    ) -> None:
        self.records = Records.of(known.points, known.values, known.gradients)
        self._evaluator, self._process = evaluator, process
        self._numbers, self._prior = numbers, prior
        self._calibration = Calibration(remembered=numbers.remembered)
        self._level: float = -np.inf
        self._warp: Warp | None = None
        self._model: Model | None = None

    @property
    def model(self) -> Model:
        """The surrogate of what is known."""
        assert self._model is not None
        return self._model

    @property
    def evaluations(self) -> Evaluations:
        """All that is known."""
        return self.records.evaluations

    @property
    def n_gradients(self) -> int:
        """Evaluations made here."""
        return self._evaluator.n_gradients

    @property
    def remaining(self) -> float:
        """Evaluations that may still be made."""
        return self._evaluator.remaining

    @property
    def n_prior_gradients(self) -> int:
        """What the cheaper landscape was asked for."""
        return 0 if self._prior is None else self._prior.n_gradients

    @property
    def mean(self) -> Model | None:
        """The surrogate of the cheaper landscape, where one stands beneath."""
        return self.model.mean if isinstance(self.model, Corrected) else None

    def stand_upon(self, beneath: Beneath | None) -> None:
        """Take what is known of the cheaper landscape for the prior mean."""
        self.records = self.records.upon(beneath)

    def ask(self, points: np.ndarray, near: float) -> bool:
        """Ask the cheaper landscape at points (M, D) that are not `near` to what it has told.

        Returns whether there were any; the surrogate is told.
        """
        if self.records.beneath is None or self._prior is None or self._prior.evaluator is None:
            return False
        known = self.records.beneath.records
        far = np.array([known.distance_to(point) > near for point in points])
        if not far.any():
            return False
        self.records = self.records.joined_beneath(*asked(self._prior, points[far]))
        if self._warp is not None:
            self._teach(self._warp)
        return True

    def settle(self, top: float | None = None) -> None:
        """Tell the surrogate all that is known, warped above a saddle at `top`, or the last one."""
        self._level = self._level if top is None else top
        rise = max(self._level - self.records.lowest, 0.0)
        level = self._level + self._numbers.above_saddle * rise
        self._warp = Warp.above(level, self.records.lowest, self._numbers.warp_width)
        self._teach(self._warp)

    def _teach(self, warp: Warp) -> None:
        """Tell the surrogate, and drop a cheaper landscape without which all is likelier."""
        model = taught(self.records, self._process, self._model, warp, BOLD.beneath)
        if isinstance(model, Corrected) and not is_of_use(model, BOLD.beneath):
            self.was_dropped = True
            self._calibration = Calibration(remembered=self._numbers.remembered)
            self.stand_upon(None)
            model = taught(self.records, self._process, model, warp, BOLD.beneath)
        self._model = model

    def learn(self, points: np.ndarray, floor: float) -> np.ndarray:
        """Evaluate points (M, D), and see how they turn out; `settle` tells the surrogate.

        Returns by how much (M,) the surrogate was wrong, NaN where that is not known.
        """
        self.ask(points, 0.0)
        values, gradients = self._evaluator.value_and_grad(points, finite=False)
        new = Records.of(points, values, gradients)
        misses = np.full(len(points), np.nan)
        if self._model is not None:
            means, deviations = self.model.predict(points)[0], self.model.deviation(points)
            misses = np.abs(self._warped(new.values) - means)
            for miss, deviation, failed in zip(misses, deviations, new.failed, strict=True):
                # A path that is too high is as wrong as one that is too low.
                if not failed:
                    self._calibration = self._calibration.seen(
                        float(miss), 0.0, float(deviation), floor
                    )
        self.records = self.records.joined(new)
        return misses

    def _warped(self, values: np.ndarray) -> np.ndarray:
        assert self._warp is not None
        return np.asarray(self._warp.value(values))

    def deviation(self, points: np.ndarray) -> np.ndarray:
        """Calibrated deviations (M,) at points (M, D)."""
        return np.asarray(self._calibration.factor * self.model.deviation(points))
