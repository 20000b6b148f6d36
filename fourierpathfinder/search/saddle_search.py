"""The saddle of a surrogate's mean next to a path's top, by following one eigenvector.

Along the eigenvector of the Hessian that is lowest (or, where none is negative, nearest to the
path's tangent) the step goes up, along all others down: s_i = ∓ c_i/|λ_i|, with c the gradient in
the eigenvectors. Directions without curvature (rotations, say) are left alone.
"""

import numpy as np

from .._arrays import Array
from ..gaussian_process.posterior import Posterior
from .subspace import Subspace

_STEPS = 20
_FLAT = 1e-4
"""Curvature, relative to the largest, below which a direction is left alone."""
_KNOWN = 0.01
"""Nearer than this to a record, in trust radii, a place where the search was stopped is known."""
_EXTENSIONS = 4


def surrogate_saddle(model: Posterior, top: Array, tangent: Array, trust: float) -> Array:
    """The saddle (D,) of the mean near `top`.

    Parameters
    ----------
    model : Posterior
        The surrogate.
    top : array (D,)
        The highest point of the path on it.
    tangent : array (D,)
        The path's direction there.
    trust : float
        The longest distance from `top`, in the unit of the coordinates; twice as long, up to some
        times, where the search ends at it and that end is known already.

    References
    ----------
    Cerjan and Miller, J. Chem. Phys. 75, 2800 (1981), DOI 10.1063/1.442352.
    """
    if Subspace.pays_for(model):
        space = Subspace.around(model, top, tangent[None])
        small, within = space.model(model), np.zeros(space.basis.shape[1])
        return space.outwards(_into_the_unknown(small, within, tangent @ space.basis, trust))
    return _into_the_unknown(model, top, tangent, trust)


def _into_the_unknown(model: Posterior, top: Array, tangent: Array, trust: float) -> Array:
    """The saddle, with a trust radius that grows where what it holds back is known."""
    x = _climb(model, top, tangent, trust)
    for _ in range(_EXTENSIONS):
        held_back = float(np.linalg.norm(x - top)) > 0.999 * trust
        known = np.sqrt(((model.data.x - x) ** 2).sum(axis=1).min()) < _KNOWN * trust
        if not (held_back and known):
            break
        trust *= 2
        x = _climb(model, top, tangent, trust)
    return x


def _climb(model: Posterior, top: Array, tangent: Array, trust: float) -> Array:
    x = top
    for _ in range(_STEPS):
        step = _step(model, x, tangent)
        length = float(np.linalg.norm(step))
        x = x + step * min(1.0, 0.3 * trust / max(length, 1e-300))
        away = float(np.linalg.norm(x - top))
        if away > trust:
            return np.asarray(top + (x - top) * (trust / away))
        if length < 1e-6 * trust:
            break
    return x


def _step(model: Posterior, x: Array, tangent: Array) -> Array:
    curvatures, modes = np.linalg.eigh(model.hessian(x))
    gradient = modes.T @ model.predict(x[None])[1][0]
    up = int(np.abs(modes.T @ tangent).argmax()) if curvatures[0] > 0 else 0
    size = np.abs(curvatures)
    curved = size > _FLAT * size.max()
    step = np.where(curved, -gradient / np.where(curved, size, 1.0), 0.0)
    step[up] = -step[up]
    return np.asarray(modes @ step)


def newton_decrement(model: Posterior, x: Array, gradient: Array, noise: float = 0.0) -> float:
    """How far the landscape at `x` is from its value at the stationary point nearby.

    ½ Σ_i c_i²/|λ_i|, with c the components of the true `gradient` (D,) in the eigenvectors of the
    surrogate's Hessian at `x` (D,) and λ its eigenvalues. Of components with a standard deviation
    `noise` only what exceeds two of them counts.
    """
    if Subspace.pays_for(model):
        space = Subspace.around(model, x, gradient[None])
        model, x, gradient = (
            space.model(model),
            np.zeros(space.basis.shape[1]),
            gradient @ space.basis,
        )
    curvatures, modes = np.linalg.eigh(model.hessian(x))
    size = np.abs(curvatures)
    components = np.maximum(np.abs(modes.T @ gradient) - 2 * noise, 0.0)
    return float(0.5 * (components**2 / np.maximum(size, _FLAT * size.max())).sum())
