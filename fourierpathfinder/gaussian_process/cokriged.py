"""A surrogate on top of another that cannot be asked any more, as that of an earlier run.

Where the landscape beneath is asked wherever the one above is, what that leaves is the difference.
Where it cannot be, an observation of the sum says something of both (`joint`), and what was never
told of the landscape beneath stays uncertain. So the sum's deviation has both in it, and how likely
the observations are is judged by what the landscape beneath has told itself, and by no guess.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.linalg import LinAlgError

from .._arrays import Array
from .corrected import Corrected
from .joint import Joint
from .nugget import Nugget
from .observations import Observations
from .posterior import Posterior
from .process import GaussianProcess
from .settings import FitSettings


@dataclass(frozen=True)
class Cokriged(Corrected):
    """The sum where the prior mean's landscape has told all that it ever will.

    Parameters
    ----------
    joint : Joint
        Both processes, and what was told of the one beneath alone.
    """

    joint: Joint = field(kw_only=True)

    @classmethod
    def of(cls, joint: Joint, alone: Posterior, factor: float = 1.0) -> "Cokriged":
        """The sum by what is known of both."""
        mean, difference = joint.parted()
        return cls(joint.data, mean, difference, alone, factor, joint=joint)

    @property
    def log_likelihood(self) -> float:
        """Log marginal likelihood of the observations, given what was told of the one beneath."""
        return self.joint.log_likelihood

    def deviation(self, x: Array) -> Array:
        """Standard deviation (M,) of the value, with that of both."""
        return self.joint.deviation(x)

    def add(self, x: Array, values: Array, gradients: Array) -> "Cokriged":
        """With the points `x` (m, D) added, at the same length scale and variance."""
        joint = self.joint
        data = self.data.joined(Observations.of(x, values, gradients))
        wider = Joint.of(joint.mean, data, joint.prior, joint.variance, joint.noise)
        return Cokriged.of(wider, self.alone, self.factor)

    def better_factor(self) -> float:
        """The factor of the prior mean, about the first value, that fits best; NaN if unknown."""
        return self.factor * self.joint.factor_of_mean(float(self.data.values[0]))


def cokriged(
    process: GaussianProcess,
    mean: Posterior,
    x: Array,
    values: Array,
    gradients: Array,
    before: Cokriged | None = None,
) -> Cokriged:
    """Condition both on what was observed of their sum, and the whole beside it.

    The difference sees what the process beneath sees, with a kernel like that.

    Parameters
    ----------
    process : GaussianProcess
        The prior of the whole.
    mean : Posterior
        What the landscape beneath has told.
    x, values, gradients
        All observations, as in `GaussianProcess.fit`.
    before : Cokriged, optional
        What was made of the first of them.
    """
    if before is None:
        alone = process.fit(x, values, gradients)
    else:
        alone = process.update(before.alone, x, values, gradients)
    data = Observations.of(x, values, gradients, alone.data.has_gradient)
    joint = _begun(process, mean, data, alone.noise, None if before is None else before.joint)
    old = 0 if before is None else len(before.data)
    if any(process.is_milestone(n) for n in range(old + 1, len(x) + 1)):
        joint = _likeliest(joint, process, is_first=before is None)
    return Cokriged.of(joint, alone, 1.0 if before is None else before.factor)


def _begun(
    process: GaussianProcess,
    mean: Posterior,
    data: Observations,
    noise: tuple[float, float],
    before: Joint | None,
) -> Joint:
    """Both as they were, with as much nugget as it takes."""
    if before is None:
        prior = replace(mean.solver.prior, nugget=Nugget(process.nugget))
        share = process.settings.first_share
    else:
        prior, share = before.prior, before.variance / before.mean.signal_variance
    while True:
        joint = Joint.of(mean, data, prior, share * mean.signal_variance, noise, before)
        try:
            joint.log_likelihood  # noqa: B018  (kept once it is known)
        except LinAlgError:
            prior = replace(prior, nugget=Nugget(10 * prior.nugget.base))
            if prior.nugget.base > process.settings.largest_nugget:
                raise
        else:
            return joint


def _likeliest(joint: Joint, process: GaussianProcess, *, is_first: bool) -> Joint:
    """With the length scale and the variance of the difference that are likeliest.

    What it sees of a point is looked at again while there are few.
    """
    settings = process.settings
    best = _at_lengths(joint, settings, settings.lengths if is_first else _nearby(joint, settings))
    if len(joint.data) > settings.last_features:
        return best
    for features in process.alternatives:
        if features != best.prior.features:
            rival = _at_lengths(best.seen_by(features), settings, settings.lengths)
            if rival.log_likelihood > best.log_likelihood + (0.0 if is_first else settings.margin):
                best = rival
    return best


def _nearby(joint: Joint, settings: FitSettings) -> list[float]:
    now, reach = np.log(joint.length / joint.unit), np.log(settings.nearby_reach)
    return [one for one in settings.lengths if abs(np.log(one) - now) < reach]


def _at_lengths(joint: Joint, settings: FitSettings, lengths: Sequence[float]) -> Joint:
    """The likeliest with one of these length scales, in its own unit, or as it is."""
    tried = [joint]
    for length in lengths:
        tried += _at_variances(joint, length * joint.unit, settings)
    return max(tried, key=lambda one: one.log_likelihood)


def _at_variances(joint: Joint, length: float, settings: FitSettings) -> list[Joint]:
    """The likeliest variance at one length scale; nothing where none is possible."""
    from scipy.optimize import minimize_scalar  # costs a third of the package's import

    own, reach = joint.mean.signal_variance, np.log(settings.share_reach)
    now = np.log(joint.variance / own)
    lowest, highest = np.log(settings.least_share), np.log(settings.largest_share)
    scaled = joint.at(length, joint.variance)
    seen: list[Joint] = []

    def misfit(share: float) -> float:
        one = scaled.at(length, own * float(np.exp(share)))
        try:
            fit = one.log_likelihood
        except LinAlgError:
            return np.inf
        seen.append(one)
        return -fit

    bounds = (max(now - reach, lowest), min(now + reach, highest))
    options = {"xatol": settings.share_tolerance, "maxiter": settings.n_share_evaluations}
    minimize_scalar(misfit, bounds=bounds, method="bounded", options=options)
    return [max(seen, key=lambda one: one.log_likelihood)] if seen else []
