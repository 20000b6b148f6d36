"""Every evaluation of a run, and how a surrogate observes it.

What it observes is the warped landscape: above the level H values are compressed. Points that
failed (NaN, infinity) are not observed; the region around them is excluded (`excluded`).
"""

from dataclasses import dataclass, replace

import numpy as np

from .._arrays import Array
from ..gaussian_process import GaussianProcess, Model, Posterior
from ..result import Evaluations
from .excluded import ExcludedRegions
from .policy import Exclude
from .warp import Map


@dataclass(frozen=True, eq=False)
class Beneath:
    """What is known of a cheaper landscape, whose surrogate is the prior mean.

    Attributes
    ----------
    records : Records
        Its evaluations; they may in turn have something beneath them.
    process : GaussianProcess
        What its surrogate is made with.
    model : Model
        A surrogate of the first of the records, to go on from.
    is_asked : bool
        Whether it is asked wherever the expensive landscape is; else it was, and is no more.
    """

    records: "Records"
    process: GaussianProcess
    model: Model
    is_asked: bool


@dataclass(frozen=True, eq=False)
class Records:
    """Points `x` (n, D), `values` (n,), `gradients` (n, D) and which evaluations failed (n,).

    `beneath` is what is known of a cheaper landscape of the same coordinates, if there is one.
    """

    x: Array
    values: Array
    gradients: Array
    failed: Array
    beneath: Beneath | None = None

    @classmethod
    def of(cls, x: Array, values: Array, gradients: Array) -> "Records":
        """Records of what a landscape returned.

        Anything that is not finite counts as failed, or whose square is not: no likelihood could be
        told with it.
        """
        with np.errstate(over="ignore"):
            failed = ~np.isfinite(np.square(values) + np.square(gradients).sum(axis=1))
        return cls(
            np.asarray(x, dtype=float),
            np.where(failed, np.nan, values),
            np.where(failed[:, None], 0.0, gradients),
            failed,
        )

    def __len__(self) -> int:
        return len(self.values)

    def joined(self, other: "Records") -> "Records":
        """These records, then the others."""
        return Records(
            np.concatenate([self.x, other.x]),
            np.concatenate([self.values, other.values]),
            np.concatenate([self.gradients, other.gradients]),
            np.concatenate([self.failed, other.failed]),
            self.beneath,
        )

    def spoilt(self) -> "Records":
        """The same, all failed."""
        nothing = np.full(self.values.shape, np.nan)
        return Records(
            self.x, nothing, np.zeros_like(self.gradients), np.isnan(nothing), self.beneath
        )

    def upon(self, beneath: Beneath | None) -> "Records":
        """The same with something else beneath, or nothing."""
        return replace(self, beneath=beneath)

    def joined_beneath(self, *levels: "Records") -> "Records":
        """The same with more evaluations of the landscape beneath, and of the next one, and so on.

        Those of levels that there are not are left out.
        """
        if self.beneath is None or not levels:
            return self
        below = self.beneath.records.joined(levels[0]).joined_beneath(*levels[1:])
        return self.upon(replace(self.beneath, records=below))

    def part(self, which: Array) -> "Records":
        """Those of the indices `which` (m,)."""
        return Records(self.x[which], self.values[which], self.gradients[which], self.failed[which])

    @property
    def known(self) -> "Records":
        """Those that did not fail."""
        good = ~self.failed
        x, values, gradients = self.x[good], self.values[good], self.gradients[good]
        return Records(x, values, gradients, self.failed[good], self.beneath)

    @property
    def evaluations(self) -> Evaluations:
        """The same for those who come after the search."""
        known = self.known
        return Evaluations(known.x, known.values, known.gradients)

    def excluded(self, chord: float, limits: Exclude) -> ExcludedRegions:
        """The regions around those that failed, for a path of that chord."""
        return ExcludedRegions.around(self.x[self.failed], self.known.x, chord, limits)

    @property
    def lowest(self) -> float:
        """The smallest value."""
        return float(np.nanmin(self.values))

    @property
    def highest(self) -> float:
        """The largest value."""
        return float(np.nanmax(self.values))

    def value_at(self, point: Array) -> float:
        """The value at a point (D,) that was evaluated."""
        return float(self.values[self._nearest(point)])

    def gradient_at(self, point: Array) -> Array:
        """The gradient (D,) at a point (D,) that was evaluated."""
        return np.asarray(self.gradients[self._nearest(point)])

    def _nearest(self, point: Array) -> int:
        return int(((self.x - point) ** 2).sum(axis=1).argmin())

    def distance_to(self, point: Array) -> float:
        """The distance (in coordinates) from a point (D,) to the nearest record."""
        return float(np.sqrt(((self.x - point) ** 2).sum(axis=1).min()))

    def told_to(self, process: GaussianProcess, model: Posterior | None, warp: Map) -> Posterior:
        """The surrogate of the warped landscape, on from the previous one where there is one."""
        known = self.known
        values, gradients = warp(known.values, known.gradients)
        if model is None:
            return process.fit(known.x, values, gradients)
        return process.update(model, known.x, values, gradients)
