"""A Gaussian process that is told values and gradients: the prior, and fitting it.

    f ~ m + s² κ(|φ(x) - φ(x')|²/l²)

with the length scale l by maximum marginal likelihood, and with it the kernel κ and the features φ
where there is a choice; what follows is in `posterior`.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.linalg import LinAlgError

from .._arrays import Array
from .features import Coordinates, FeatureMap
from .fit import evidence_of, factored, likeliest, prior_on, thinned
from .kernels import Kernel, SquaredExponential
from .model import Model
from .noise import with_found_noise, with_known_noise
from .nugget import Nugget
from .observations import Observations
from .posterior import Posterior
from .prior import Prior
from .settings import DEFAULTS, FitSettings

__all__ = ["GaussianProcess", "Observations", "Posterior"]


@dataclass(frozen=True)
class GaussianProcess:
    """Settings of the prior and of the fit.

    Parameters
    ----------
    features : FeatureMap
        What the process sees of a point.
    kernels : tuple of Kernel
        Correlations by distance in feature space: the first to begin with; that under which the
        observations are likeliest from the fourth point on.
    nugget : float
        Added to every diagonal element in units of the prior variance; where points are too
        close together for it, ten times as much is tried, up to 1e-2.
    noise : pair of floats, optional
        Standard deviations of the noise on values and on gradient components, in the
        landscape's units; found by itself where nothing is stated.
    alternatives : tuple of FeatureMap
        Feature maps that take the place of `features` where the fourth to the sixth point are
        likelier under them.
    settings : FitSettings
        The numbers of the fit.

    Examples
    --------
    >>> x = np.array([[0.0], [1.0], [2.0]])
    >>> model = GaussianProcess().fit(x, np.sin(x[:, 0]), np.cos(x))
    >>> mean, gradient = model.predict(np.array([[0.5]]))
    >>> bool(abs(mean[0] - np.sin(0.5)) < 1e-3), bool(abs(gradient[0, 0] - np.cos(0.5)) < 1e-2)
    (True, True)
    """

    features: FeatureMap = field(default_factory=Coordinates)
    kernels: tuple[Kernel, ...] = (SquaredExponential(),)
    nugget: float = 1e-7
    noise: tuple[float, float] | None = None
    alternatives: tuple[FeatureMap, ...] = ()
    settings: FitSettings = DEFAULTS

    def fit(
        self,
        x: Array,
        values: Array,
        gradients: Array,
        *,
        has_gradient: Array | None = None,
        length_scale: float | None = None,
        optimise: bool = True,
    ) -> Posterior:
        """Condition on observations from nothing.

        Parameters
        ----------
        x : array (n, D)
            Points.
        values : array (n,)
            Values there.
        gradients : array (n, D)
            Gradients there.
        has_gradient : array (n,) of bool, optional
            Where gradients are known; everywhere by default.
        length_scale : float, optional
            In feature space; half of the data's extent there by default.
        optimise : bool
            Whether to improve the length scale, and the choice of kernel and features, by their
            likelihood.

        Returns
        -------
        Posterior
            The conditioned process.
        """
        data = Observations.of(x, values, gradients, has_gradient)
        prior = prior_on(
            x, self.features, self.kernels[0], Nugget(self.nugget), self.settings, length_scale
        )
        if not optimise:
            return self._settled(self._best(prior, data, 1.0), data)
        best = self._best(prior, data, self.settings.first_reach)
        return self._likeliest(self._settled(best, data), 0)

    def update(
        self,
        model: Posterior,
        x: Array,
        values: Array,
        gradients: Array,
        *,
        has_gradient: Array | None = None,
    ) -> Posterior:
        """Condition on more points, and on other values at the old ones, as cheaply as possible.

        The factor of `model` is extended, and only triangular solves are redone. The length
        scale and the kernel are looked at again while there are at most six points, and then as
        their number grows by a fifth, since that costs most; a change of less than a twentieth is
        let be.

        Parameters
        ----------
        model : Posterior
            The process so far; the first points of `x` are its own, in order.
        x, values, gradients, has_gradient
            All observations, as in `fit`.

        Returns
        -------
        Posterior
            The process on all observations.

        Raises
        ------
        ValueError
            Where `x` does not begin with the points of `model`.
        """
        given = Observations.of(x, values, gradients, has_gradient)
        old, prior, known = len(model.data), model.solver.prior, model.data.has_gradient
        if not np.array_equal(x[:old], model.data.x):
            raise ValueError(f"the first {old} points of `x` must be those of `model`, in order")
        if len(x) == old:
            return Posterior.of(model.solver, given.seeing(known))
        data = given.seeing(np.concatenate([known, given.has_gradient[old:]]))
        if not any(self.is_milestone(n) for n in range(old + 1, len(x) + 1)):
            return self._extended(model, data, given)
        best = self._best(prior, data, self.settings.nearby_reach)
        if self._is_worth_a_factor(prior, best):
            return self._likeliest(self._settled(best, given), old)
        extended = replace(self._extended(model, data, given), before=None)
        return self._likeliest(extended, old)

    def _extended(self, model: Posterior, data: Observations, given: Observations) -> Posterior:
        """The model on more data under the same prior; where that fails, made from all `given`."""
        prior = model.solver.prior
        if thinned(prior, data, self.settings.overfull) is not data:
            return self._settled(prior, given)
        try:
            return model.extended(data)
        except LinAlgError:
            return self._settled(prior, given)

    def like(self, model: Model) -> "GaussianProcess":
        """The process that begins with what a model of the same landscape has chosen.

        Its features are settled, its kernel goes on being compared with the others.
        """
        others = tuple(kernel for kernel in self.kernels if kernel != model.kernel)
        return replace(
            self, features=model.features, alternatives=(), kernels=(model.kernel, *others)
        )

    def is_milestone(self, n: int) -> bool:
        """Whether the n-th point is one at which the prior is looked at again."""
        growth = np.log(self.settings.growth)
        return n <= self.settings.few_points or int(np.log(n) / growth) > int(
            np.log(n - 1) / growth
        )

    def _is_worth_a_factor(self, one: Prior, other: Prior) -> bool:
        """Whether two priors differ by more than predictions notice."""
        change = abs(np.log(one.scaling.length / other.scaling.length))
        noise = one.nugget.change(other.nugget, one.scaling)
        return bool(change > self.settings.same_length or noise > self.settings.same_noise)

    def _likeliest(self, model: Posterior, before: int) -> Posterior:
        """The model, or the same data under another kernel or features where clearly likelier.

        Features are looked at only where the number of points `before` was small.
        """
        settings = self.settings
        if len(model.data) < settings.first_choice or model.is_constant:
            return model
        rivals = [model.under(kernel) for kernel in self.kernels]
        least = model.log_likelihood + settings.margin
        if before < settings.last_features:
            seen = (model.seen_by(features, least) for features in self.alternatives)
            rivals += [rival for rival in seen if rival is not None]
        best = max(rivals, key=lambda one: one.log_likelihood)
        return best if best.log_likelihood > least else model

    def _settled(self, prior: Prior, data: Observations) -> Posterior:
        """The process under this prior, in units that suit the data, from nothing."""
        data = thinned(prior, data)
        at = prior_on(
            data.x, prior.features, prior.kernel, prior.nugget, self.settings, prior.scaling.length
        )
        at = replace(at, nugget=replace(at.nugget, base=self.nugget))
        return Posterior.of(factored(at, data), data)

    def _best(self, prior: Prior, data: Observations, reach: float) -> Prior:
        """The prior with its likeliest length scale and noise; that given where `reach` is 1."""
        evidence = evidence_of(prior, data)
        if self.noise is not None:
            return with_known_noise(evidence, self.noise, reach)
        if reach == 1:
            return prior
        best, known = likeliest(evidence, reach)
        enough = len(data) >= self.settings.first_choice and not evidence.is_constant
        return with_found_noise(evidence.under(best), data, known) if enough else best
