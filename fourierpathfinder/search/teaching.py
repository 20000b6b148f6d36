"""The surrogate of all records, upon a cheaper landscape where there is one beneath.

With a warp w, the cheap landscape c and the expensive one f, what the cheap surrogate observes is

    w(f_0 + ρ (c - c_0))

with f_0 and c_0 the values at the start and ρ a factor that the evaluations of f choose. So it is
warped where f is, and its mean is a prior mean of w(f) as it stands. What an earlier run has told
of c, which cannot be asked any more, is told as it was: what is not known of c stays uncertain.
"""

from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from .._arrays import Array
from ..gaussian_process import Corrected, GaussianProcess, Model, Posterior
from ..gaussian_process.cokriged import Cokriged, cokriged
from ..gaussian_process.corrected import Pinned, corrected
from .policy import Beneath
from .records import Beneath as Below
from .records import Records
from .warp import Map


@dataclass(frozen=True)
class Matched:
    """The cheap landscape in the place of the expensive one.

    Parameters
    ----------
    factor : float
        ρ.
    level, base : float
        f_0 and c_0.
    warp : callable
        What is done to the expensive landscape.
    """

    factor: float
    level: float
    base: float
    warp: Map

    def __call__(self, values: Array, gradients: Array) -> tuple[Array, Array]:
        """What is observed of the cheap landscape's `values` (M,) and `gradients` (M, D)."""
        return self.warp(self.level + self.factor * (values - self.base), self.factor * gradients)


def matched(records: Records, factor: float, warp: Map) -> Matched:
    """The landscape beneath some records in their place, agreeing with them at the start."""
    known, beneath = records.known, records.beneath
    assert beneath is not None
    start = known.x[0]
    base = beneath.records.known.value_at(start)
    return Matched(factor, known.value_at(start), base, warp)


def taught(
    records: Records,
    process: GaussianProcess,
    model: Model | None,
    warp: Map,
    numbers: Beneath,
) -> Model:
    """The surrogate of all records, on from the previous one where there is one."""
    before = model if isinstance(model, Corrected) else None
    if records.beneath is None:
        alone = cast(Posterior | None, model) if before is None else before.alone
        return records.told_to(process, alone, warp)
    upon = _Upon(records, process, warp, numbers)
    now = upon(before, 1.0 if before is None else before.factor)
    is_new = before is None or len(now.data) > len(before.data)
    is_told = records.beneath.is_asked or len(now.data) >= numbers.judged
    return upon.with_better_factor(now) if is_new and is_told else now


@dataclass(frozen=True)
class _Upon:
    """A surrogate of records upon what is beneath them, by the factor of that."""

    records: Records
    process: GaussianProcess
    warp: Map
    numbers: Beneath

    def __call__(self, before: Corrected | None, factor: float) -> Corrected:
        known, beneath = self.records.known, self.records.beneath
        assert beneath is not None
        told = known.x, *self.warp(known.values, known.gradients)
        place = matched(self.records, factor, self.warp)
        if not beneath.is_asked:
            return replace(self._upon_earlier(beneath, before, place, told), factor=factor)
        upon = before if isinstance(before, Pinned) else None
        below = beneath.model if upon is None else upon.mean
        mean = taught(beneath.records, beneath.process, below, place, self.numbers)
        return replace(corrected(self.process, mean, *told, upon), factor=factor)

    def _upon_earlier(
        self, beneath: Below, before: Corrected | None, place: Map, told: tuple[Array, Array, Array]
    ) -> Cokriged:
        """Upon what an earlier run has told, which stays all that is known of it."""
        since = before if isinstance(before, Cokriged) else None
        left = beneath.model if since is None else since.joint.mean
        mean = beneath.records.told_to(beneath.process, cast(Posterior, left), place)
        return cokriged(self.process, mean, *told, since)

    def with_better_factor(self, now: Corrected) -> Corrected:
        """The surrogate with the factor that fits best, where that is clearly likelier."""
        best, numbers = now.better_factor(), self.numbers
        if not best > 0:
            return now
        most = numbers.largest_change
        change = float(np.clip(best / now.factor, 1 / most, most))
        if abs(change - 1) < numbers.other_factor:
            return now
        other = self(now, now.factor * change)
        return other if other.log_likelihood > now.log_likelihood + numbers.margin else now
