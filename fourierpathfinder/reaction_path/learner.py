"""A surrogate that learns: what is known of a landscape, and how sure that is.

It is told the landscape warped above a level, as in the search, and its deviations are calibrated
by how evaluations turn out.
"""

import numpy as np

from ..evaluation import Evaluator
from ..gaussian_process import GaussianProcess, Posterior
from ..result import Evaluations
from ..search.calibration import Calibration
from ..search.records import Records
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

    Attributes
    ----------
    records : Records
    model : Posterior
        The surrogate of the warped landscape; `warp` makes it.
    """

    def __init__(
        self, evaluator: Evaluator, process: GaussianProcess, known: Evaluations, numbers: Following
    ) -> None:
        self.records = Records.of(known.points, known.values, known.gradients)
        self._evaluator, self._process = evaluator, process
        self._numbers = numbers
        self._calibration = Calibration(remembered=numbers.remembered)
        self._level: float = -np.inf
        self._warp: Warp | None = None
        self._model: Posterior | None = None

    @property
    def model(self) -> Posterior:
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

    def settle(self, top: float | None = None) -> None:
        """Tell the surrogate all that is known, warped above a saddle at `top`, or the last one."""
        self._level = self._level if top is None else top
        rise = max(self._level - self.records.lowest, 0.0)
        level = self._level + self._numbers.above_saddle * rise
        self._warp = Warp.above(level, self.records.lowest, self._numbers.warp_width)
        self._model = self.records.told_to(self._process, self._model, self._warp)

    def learn(self, points: np.ndarray, floor: float) -> None:
        """Evaluate points (M, D), and see how they turn out; `settle` tells the surrogate."""
        values, gradients = self._evaluator.value_and_grad(points, finite=False)
        new = Records.of(points, values, gradients)
        if self._model is not None:
            means, deviations = self.model.predict(points)[0], self.model.deviation(points)
            for told, mean, deviation, failed in zip(
                self._warped(new.values), means, deviations, new.failed, strict=True
            ):
                if not failed:
                    self._calibration = self._calibration.seen(
                        float(told), float(mean), float(deviation), floor
                    )
        self.records = self.records.joined(new)

    def _warped(self, values: np.ndarray) -> np.ndarray:
        assert self._warp is not None
        return np.asarray(self._warp.value(values))

    def deviation(self, points: np.ndarray) -> np.ndarray:
        """Calibrated deviations (M,) at points (M, D)."""
        return np.asarray(self._calibration.factor * self.model.deviation(points))
