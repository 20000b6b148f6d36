"""A Gaussian process that is told values and gradients: the prior, and fitting it.

    f ~ m + s² κ(|φ(x) - φ(x')|²/l²)

with the length scale l by maximum marginal likelihood; what follows is in `posterior`.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.linalg import LinAlgError

from .._arrays import Array
from .covariance import Scaling
from .features import Coordinates, FeatureMap
from .gram import Gram
from .kernels import Kernel, SquaredExponential
from .likelihood import Evidence, best_log_length
from .nugget import Nugget
from .posterior import Observations, Posterior

__all__ = ["GaussianProcess", "Observations", "Posterior"]

_LARGEST_NUGGET = 1e-2
_ROWS_AT_ONCE = 2000
_LATEST = 6
"""How many of the last points keep their gradients, however high they are."""
_OVERFULL = 1.3
"""By what factor gradients may become too many before some are dropped again."""
_CHOICE = 4, 6
"""With how many points features are first, and last, chosen anew."""


@dataclass(frozen=True)
class GaussianProcess:
    """Settings of the prior and of the fit.

    Parameters
    ----------
    features : FeatureMap
        What the process sees of a point.
    kernel : Kernel
        Correlation by distance in feature space.
    nugget : float
        Added to every diagonal element in units of the prior variance; where points are too
        close together for it, ten times as much is tried, up to 1e-2.
    noise : pair of floats, optional
        Standard deviations of the noise on values and on gradient components, in the
        landscape's units.
    alternatives : tuple of FeatureMap
        Feature maps that take the place of `features` where the fourth to the sixth point are
        likelier under them.
    likelihood_rows : int
        The likelihood costs the cube of its rows: where there are more than this, it takes
        gradients only in the directions in which the points differ most. Predictions always
        use all.

    most_rows : int
        The factor costs the cube of its rows: where features have more than this, of the highest
        points only the values are told. (On coordinates rows are few.)

    Examples
    --------
    >>> x = np.array([[0.0], [1.0], [2.0]])
    >>> model = GaussianProcess().fit(x, np.sin(x[:, 0]), np.cos(x))
    >>> mean, gradient = model.predict(np.array([[0.5]]))
    >>> bool(abs(mean[0] - np.sin(0.5)) < 1e-3), bool(abs(gradient[0, 0] - np.cos(0.5)) < 1e-2)
    (True, True)
    """

    features: FeatureMap = field(default_factory=Coordinates)
    kernel: Kernel = field(default_factory=SquaredExponential)
    nugget: float = 1e-7
    noise: tuple[float, float] | None = None
    alternatives: tuple[FeatureMap, ...] = ()
    likelihood_rows: int = 500
    most_rows: int = 2300

    def fit(
        self,
        x: Array,
        values: Array,
        gradients: Array,
        *,
        has_gradient: Array | None = None,
        length_scale: float | None = None,
        optimise: bool = True,
        reach: float = 2.0,
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
            Whether to improve the length scale by its likelihood.
        reach : float
            The length scale found is at most this factor from the one given.

        Returns
        -------
        Posterior
            The conditioned process.
        """
        data = Observations.of(x, values, gradients, has_gradient)
        start = self.default_length_scale(x) if length_scale is None else length_scale
        if optimise:
            start = self._best_length(data, start, Nugget(self.nugget), reach)
        return self._settled(data, start, optimise=optimise)

    def _settled(self, data: Observations, length: float, *, optimise: bool) -> Posterior:
        """The process at this length scale, with the share of noise in s² made consistent."""
        data = self._thinned(data)
        model = self._factored(data, length, Nugget(self.nugget))
        if self.noise is None:
            return model
        for _ in range(3):  # s² and the noise's share of it settle in a few rounds
            prior = self._with_noise(model.signal_variance)
            length = self._best_length(data, length, prior, 1.5) if optimise else length
            model = self._factored(data, length, prior)
        return model

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
        scale is looked for again while there are at most six points, and then as their number
        grows by a fifth, since that costs most; a change of less than a twentieth is let be.

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
        old = len(model.data.x)
        if not np.array_equal(x[:old], model.data.x):
            raise ValueError(f"the first {old} points of `x` must be those of `model`, in order")
        if len(x) == old:
            return Posterior.of(model.gram, given.seeing(model.data.has_gradient))
        updated = replace(self, features=model.gram.features)._extended(model, given)
        first, last = _CHOICE
        return self._likeliest(updated) if old < last and len(x) >= first else updated

    def _extended(self, model: Posterior, given: Observations) -> Posterior:
        """The process on more data, at another length scale where that has changed."""
        old, length = len(model.data.x), model.length_scale
        new = given.has_gradient[old:]
        data = given.seeing(np.concatenate([model.data.has_gradient, new]))
        if any(_is_milestone(n) for n in range(old + 1, len(data.x) + 1)):
            best = self._best_length(data, length, model.gram.nugget, reach=1.5)
            if abs(np.log(best / length)) > 0.05:
                return self._settled(given, best, optimise=False)
        if data.has_gradient.sum() > _OVERFULL * self._most_gradients(data):
            return self._settled(given, length, optimise=False)
        try:
            gram = model.gram.extended(data.x[old:], new)
        except LinAlgError:
            return self._settled(given, length, optimise=False)
        return Posterior.of(gram, data)

    def _most_gradients(self, data: Observations) -> float:
        """Of how many points gradients are told."""
        if isinstance(self.features, Coordinates):
            return np.inf
        return float(max(self.most_rows // (data.x.shape[1] + 1), 2 * _LATEST))

    def _thinned(self, data: Observations) -> Observations:
        """The data without the gradients of the highest points, where there are too many."""
        most = self._most_gradients(data)
        if data.has_gradient.sum() <= most:
            return data
        lowest = np.argsort(data.values)[: int(most) - _LATEST]
        kept = np.zeros(len(data.x), dtype=bool)
        kept[lowest] = kept[-_LATEST:] = True
        return data.seeing(kept & data.has_gradient)

    def _likeliest(self, model: Posterior) -> Posterior:
        """The process on the same data with those features under which they are likeliest."""
        data, now = model.data, model.gram.features
        others = [
            replace(self, features=features).fit(
                data.x, data.values, data.gradients, has_gradient=data.has_gradient, reach=3.0
            )
            for features in self.alternatives
            if features is not now
        ]
        return max([model, *others], key=lambda one: one.log_likelihood)

    def default_length_scale(self, x: Array) -> float:
        """Half of the largest distance of the points `x` (n, D) in feature space."""
        phi = self.features.linearise(x).values
        phi = phi - phi[0]
        products = phi @ phi.T
        norms = products.diagonal()
        squared = norms[:, None] + norms - 2 * products
        largest = float(np.sqrt(max(squared.max(), 0.0)))
        return largest / 2 if largest > 0 else 1.0

    def _with_noise(self, signal_variance: float) -> Nugget:
        value, gradient = self.noise or (0.0, 0.0)
        return Nugget(self.nugget, value**2 / signal_variance, gradient**2 / signal_variance)

    def _best_length(self, data: Observations, start: float, prior: Nugget, reach: float) -> float:
        if not np.ptp(data.values) and not data.gradients.any():
            return start  # a constant says nothing about length scales
        scaling = self._scaling(data, start)
        empty = Gram.empty(self.features, self.kernel, scaling, prior, data.x[0])
        frame = empty.frame.grown(data.x)
        placed = replace(empty, frame=frame, x=data.x, has_gradient=data.has_gradient)
        centred = data.values - data.mean
        evidence = Evidence.of(placed, centred, data.gradients, most_rows=self.likelihood_rows)
        u, width = float(np.log(start)), float(np.log(reach))
        bounds = (u - width, u + width)
        # Near the best length scale ℓ falls by about R (Δ log l)².
        curvature = 2.0 * evidence.n_rows
        try:
            return float(np.exp(best_log_length(evidence, u, bounds, curvature=curvature)))
        except LinAlgError:  # points too close together: keep the scale, the fit adds nugget
            return start

    def _scaling(self, data: Observations, length: float) -> Scaling:
        return Scaling(length, _jacobian_size(self.features, data.x))

    def _factored(self, data: Observations, length: float, prior: Nugget) -> Posterior:
        scaling = self._scaling(data, length)
        while True:
            gram = Gram.empty(self.features, self.kernel, scaling, prior, data.x[0])
            try:
                for part in _parts(data):
                    gram = gram.extended(data.x[part], data.has_gradient[part])
                return Posterior.of(gram, data)
            except LinAlgError:
                if prior.base * 10 > _LARGEST_NUGGET:
                    raise
                prior = replace(prior, base=prior.base * 10)


def _jacobian_size(features: FeatureMap, x: Array) -> float:
    """The root mean square of the columns of the Jacobians at `x` (n, D); 1 for coordinates."""
    return float(np.sqrt(features.linearise(x).squared_sizes.mean() / x.shape[1]))


def _is_milestone(n: int) -> bool:
    """Whether the n-th point is one at which the length scale is looked for again."""
    return n <= 6 or int(np.log(n) / np.log(1.2)) > int(np.log(n - 1) / np.log(1.2))


def _parts(data: Observations) -> list[slice]:
    """The observations in parts, so that no temporary is much larger than the factor."""
    n, n_dims = data.x.shape
    size = max(1, _ROWS_AT_ONCE // (min(n, n_dims) + 1))
    return [slice(start, start + size) for start in range(0, n, size)]
