"""What a surrogate says along a path, and which point it is best to evaluate next."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from .._arrays import Array
from ..gaussian_process.posterior import Posterior
from ..path import SinePath
from .excluded import ClosedRegions

Kind = Literal["top", "saddle", "blocked", "check", "unsure", "minimum"]

WORDS: dict[Kind, str] = {
    "top": "where the path may be highest",
    "saddle": "the surrogate's saddle",
    "blocked": "what blocks the path",
    "check": "a check of the path",
    "unsure": "where least is known",
    "minimum": "a minimum on the way",
}
"""What each kind of query evaluates."""


@dataclass(frozen=True, eq=False)
class Query:
    """A point to evaluate, and why.

    Attributes
    ----------
    point : array (D,)
    time : float
        Where on the path it lies; NaN off the path.
    mean, deviation : float
        What the surrogate expects there (warped), not calibrated.
    """

    kind: Kind
    point: Array
    time: float
    mean: float
    deviation: float


@dataclass(frozen=True, eq=False)
class Look:
    """The surrogate along a path; what is not asked for is not computed.

    Attributes
    ----------
    model : Posterior
    path : SinePath
    times : array (M,)
    factor : float
        What deviations are to be multiplied by.
    closed : ClosedRegions
    """

    model: Posterior
    path: SinePath
    times: Array
    factor: float
    closed: ClosedRegions

    def is_like(self, other: "Look") -> bool:
        """Whether another look sees the same."""
        same = self.model is other.model and self.path is other.path and self.closed is other.closed
        return same and self.factor == other.factor and np.array_equal(self.times, other.times)

    @cached_property
    def points(self) -> Array:
        """The path (M, D)."""
        return self.path(self.times)

    @cached_property
    def mean(self) -> Array:
        """The surrogate's mean (M,)."""
        return self.model.predict(self.points)[0]

    @cached_property
    def raw_deviation(self) -> Array:
        """Standard deviations (M,) of the mean as the surrogate states them: what costs most."""
        return self.model.deviation(self.points)

    @property
    def deviation(self) -> Array:
        """Calibrated standard deviations of the mean."""
        return self.factor * self.raw_deviation

    @property
    def top(self) -> int:
        """Index of the largest mean."""
        return int(self.mean.argmax())

    @property
    def is_open(self) -> Array:
        """Where (M,) something may be asked: outside of closed regions."""
        return ~self.closed.contain(self.points)

    def upper(self, deviations: float) -> Array:
        """Mean plus some calibrated deviations."""
        return self.mean + deviations * self.deviation

    def query(self, kind: Kind, merit: Array) -> Query:
        """The point of largest merit that may be asked for."""
        j = int(np.where(self.is_open, merit, -np.inf).argmax())
        mean, deviation = float(self.mean[j]), float(self.raw_deviation[j])
        return Query(kind, self.points[j], float(self.times[j]), mean, deviation)

    def query_at(self, kind: Kind, point: Array, time: float = float("nan")) -> Query:
        """A point off the path."""
        mean, deviation = self.model.predict(point[None])[0], self.model.deviation(point[None])
        return Query(kind, point, time, float(mean[0]), float(deviation[0]))
