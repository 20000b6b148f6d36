"""What a surrogate predicts along a path, and the candidates for an evaluation on it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from .._arrays import Array
from .._lazy import cached_property
from ..gaussian_process.model import Model
from ..path import SinePath
from .excluded import ExcludedRegions

Kind = Literal[
    "top",
    "aside",
    "saddle",
    "blocked",
    "check",
    "unsure",
    "detour",
    "minimum",
    "tight",
    "side",
    "far",
]

WORDS: dict[Kind, str] = {
    "top": "where the path may be highest",
    "aside": "beside the path, which may be in a plane of symmetry",
    "saddle": "the surrogate's saddle",
    "blocked": "what blocks the path",
    "check": "a check of the path",
    "unsure": "where least is known",
    "detour": "a way round what could not be evaluated",
    "minimum": "a minimum on the way",
    "tight": "a smaller force at the saddle",
    "side": "beside the path's top",
    "far": "beside the path's top, farther out",
}
"""What each kind of candidate is evaluated for."""


@dataclass(frozen=True, eq=False)
class Candidate:
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
class Prediction:
    """The surrogate along a path; everything is computed when it is first used.

    Attributes
    ----------
    model : Model
    path : SinePath
    times : array (M,)
    factor : float
        What deviations are to be multiplied by.
    excluded : ExcludedRegions
    """

    model: Model
    path: SinePath
    times: Array
    factor: float
    excluded: ExcludedRegions

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
        """Standard deviations (M,) of the mean as the surrogate states them; the costly part."""
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
        """Where (M,) something may be asked: outside of excluded regions."""
        return ~self.excluded.contain(self.points)

    def upper(self, deviations: float) -> Array:
        """Mean plus some calibrated deviations."""
        return self.mean + deviations * self.deviation

    def candidate(self, kind: Kind, merit: Array) -> Candidate:
        """The point of largest merit that may be asked for."""
        j = int(np.where(self.is_open, merit, -np.inf).argmax())
        mean, deviation = float(self.mean[j]), float(self.raw_deviation[j])
        return Candidate(kind, self.points[j], float(self.times[j]), mean, deviation)

    def candidate_at(self, kind: Kind, point: Array, time: float = float("nan")) -> Candidate:
        """A point off the path."""
        mean, deviation = self.model.predict(point[None])[0], self.model.deviation(point[None])
        return Candidate(kind, point, time, float(mean[0]), float(deviation[0]))
