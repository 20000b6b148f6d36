"""Telling a surrogate all records, upon a cheaper landscape where there is one beneath.

With a warp w, the cheap landscape c and the expensive one f, what is told to the cheap surrogate is

    w(f_0 + ρ (c - c_0))

with f_0 and c_0 the values at the start and ρ a factor that the evaluations of f choose. So it is
warped where f is, and its mean is a prior mean of w(f) as it stands.
"""

from dataclasses import dataclass, replace

import numpy as np

from .._arrays import Array
from ..gaussian_process import Corrected, GaussianProcess, Model, Posterior
from ..gaussian_process.corrected import best_factor, corrected
from .records import Records
from .warp import Map

_OTHER_FACTOR = 0.05
"""Change of a factor, in units of it, that is worth a look."""
_MARGIN = 3.0
"""By how much, in log likelihood, another factor must be likelier: as with kernels."""
_LARGEST_CHANGE = 4.0
"""Of a factor at once: one that begins far off has to be confirmed on the way."""


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
        """What is told of the cheap landscape's `values` (M,) and `gradients` (M, D)."""
        return self.warp(self.level + self.factor * (values - self.base), self.factor * gradients)


def taught(records: Records, process: GaussianProcess, model: Model | None, warp: Map) -> Model:
    """The surrogate of all records, on from the previous one where there is one."""
    before = model if isinstance(model, Corrected) else None
    if records.beneath is None:
        alone = before.alone if before is not None else model
        assert alone is None or isinstance(alone, Posterior)
        return records.told_to(process, alone, warp)
    factor = 1.0 if before is None else before.factor
    now = _upon(records, process, before, warp, factor)
    if before is not None and len(before.data) == len(now.data):
        return now
    return _with_better_factor(now, records, process, warp)


def _upon(
    records: Records, process: GaussianProcess, before: Corrected | None, warp: Map, factor: float
) -> Corrected:
    known, beneath = records.known, records.beneath
    assert beneath is not None
    start = known.x[0]
    level, base = known.value_at(start), beneath.records.known.value_at(start)
    matched = Matched(factor, level, base, warp)
    below = beneath.model if before is None else before.mean
    mean = taught(beneath.records, beneath.process, below, matched)
    told = warp(known.values, known.gradients)
    return replace(corrected(process, mean, known.x, *told, before), factor=factor)


def _with_better_factor(
    now: Corrected, records: Records, process: GaussianProcess, warp: Map
) -> Corrected:
    """The surrogate with the factor that fits best, where that is clearly likelier."""
    origin = float(warp(records.known.values[:1], records.known.gradients[:1])[0][0])
    best = best_factor(now, origin)
    if not best > 0:
        return now
    change = float(np.clip(best / now.factor, 1 / _LARGEST_CHANGE, _LARGEST_CHANGE))
    if abs(change - 1) < _OTHER_FACTOR:
        return now
    other = _upon(records, process, now, warp, now.factor * change)
    return other if other.log_likelihood > now.log_likelihood + _MARGIN else now
