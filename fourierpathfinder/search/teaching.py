"""The surrogate of all records, upon a cheaper landscape where there is one beneath.

With a warp w, the cheap landscape c and the expensive one f, what the cheap surrogate observes is

    w(f_0 + ρ (c - c_0))

with f_0 and c_0 the values at the start and ρ a factor that the evaluations of f choose. So it is
warped where f is, and its mean is a prior mean of w(f) as it stands.
"""

from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from .._arrays import Array
from ..gaussian_process import Corrected, GaussianProcess, Model, Posterior
from ..gaussian_process.corrected import best_factor, corrected
from .policy import Beneath
from .records import Records
from .warp import Map, Warp


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

    def inverse(self, values: Array, gradients: Array) -> tuple[Array, Array]:
        """What of the cheap landscape was told as this."""
        return self.base + (values - self.level) / self.factor, gradients / self.factor


def matched(records: Records, factor: float, warp: Map) -> Matched:
    """The landscape beneath some records in their place, agreeing with them at the start."""
    known, beneath = records.known, records.beneath
    assert beneath is not None
    start = known.x[0]
    base = beneath.records.known.value_at(start)
    return Matched(factor, known.value_at(start), base, warp)


def shared(records: Records, model: Corrected, warp: Warp, new: Records) -> Records:
    """What evaluations of the expensive landscape say of one beneath that cannot be asked.

    What they miss of what was expected is shared out between prior mean and difference in
    proportion to their variances.
    """
    x, told = new.known.x, warp(new.known.values, new.known.gradients)
    (value, gradient), (above, slope) = model.mean.predict(x), model.difference.predict(x)
    variance, other = (part.deviation(x) ** 2 for part in (model.mean, model.difference))
    if len(model.data) <= len(new.known):  # which the difference has been told already
        above, slope, other = 0 * above, 0 * slope, 0 * other + model.difference.signal_variance
    share = variance / np.maximum(variance + other, np.finfo(float).tiny)
    guessed = value + share * (told[0] - value - above)
    turned = gradient + share[:, None] * (told[1] - gradient - slope)
    place = matched(records, model.factor, warp)
    return Records.of(x, *place.inverse(*warp.undone(guessed, turned)))


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
    return upon.with_better_factor(now) if is_new else now


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
        place = matched(self.records, factor, self.warp)
        below = beneath.model if before is None else before.mean
        mean = taught(beneath.records, beneath.process, below, place, self.numbers)
        told = self.warp(known.values, known.gradients)
        return replace(corrected(self.process, mean, known.x, *told, before), factor=factor)

    def with_better_factor(self, now: Corrected) -> Corrected:
        """The surrogate with the factor that fits best, where that is clearly likelier."""
        best, numbers = best_factor(now, float(now.data.values[0])), self.numbers
        if not best > 0:
            return now
        most = numbers.largest_change
        change = float(np.clip(best / now.factor, 1 / most, most))
        if abs(change - 1) < numbers.other_factor:
            return now
        other = self(now, now.factor * change)
        return other if other.log_likelihood > now.log_likelihood + numbers.margin else now
