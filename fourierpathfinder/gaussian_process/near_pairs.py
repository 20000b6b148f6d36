r"""How noisy values and gradients can be at most, whatever the kernel: by how near points disagree.

Between two points values must differ by what the gradients add up to,

    r = f_i - f_j - (∇f_i + ∇f_j)·d/2,    d = x_i - x_j,

apart from the error of the trapezoidal rule, O(|d|³), and from the noise of both, of variance
2ν_v + ν_g|d|²/2. A likelihood takes for noise what its kernel does not suit; that it is none is
seen where points lie near one another.
"""

import numpy as np
import scipy

from .._arrays import Array
from .observations import Observations

_QUARTER = 0.3186
"""The lower quartile of the size of what is normally distributed, in standard deviations."""
_AT_MOST = 2.0
"""By how much the noise may exceed what a quarter of a few pairs says."""
_FEWEST = 4
"""Pairs of which a quarter says anything."""


def largest_noise(data: Observations) -> tuple[float, float]:
    """The largest standard deviations of noise that the nearest pairs of points allow.

    Parameters
    ----------
    data : Observations
        Values and gradients of one function.

    Returns
    -------
    value, gradient : float
        Of values, and of components of gradients: twice what the lower quartile of the nearest
        pairs' disagreement says where it is all of this kind. Infinite where there are too few.

    Examples
    --------
    >>> x = np.linspace(0, 1, 50)[:, None]
    >>> noise = 1e-3 * np.random.default_rng(1).normal(size=50)
    >>> data = Observations.of(x, np.sin(x[:, 0]) + noise, np.cos(x))
    >>> bool(1e-3 < largest_noise(data)[0] < 4e-3)
    True
    """
    x, gradients = data.x[data.has_gradient], data.gradients[data.has_gradient]
    here, there = _nearest_pairs(x)
    if len(here) < _FEWEST:
        return np.inf, np.inf
    values, apart = data.values[data.has_gradient], x[here] - x[there]
    slopes = np.einsum("kd,kd->k", gradients[here] + gradients[there], apart) / 2
    disagreement = np.abs(values[here] - values[there] - slopes)
    lengths = np.maximum(np.linalg.norm(apart, axis=1), np.finfo(float).tiny)
    most = _AT_MOST / _QUARTER
    return (
        float(most * np.quantile(disagreement / np.sqrt(2), 0.25)),
        float(most * np.quantile(np.sqrt(2) * disagreement / lengths, 0.25)),
    )


def _nearest_pairs(x: Array) -> tuple[Array, Array]:
    """Every point and the one that is nearest to it, each pair once."""
    if len(x) < 2:
        return np.arange(0), np.arange(0)
    distances = scipy.spatial.distance.cdist(x, x)
    np.fill_diagonal(distances, np.inf)
    pairs = np.sort(np.stack([np.arange(len(x)), distances.argmin(axis=1)]), axis=0)
    here, there = np.unique(pairs, axis=1)
    return here, there
