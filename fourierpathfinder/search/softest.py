"""The softest direction across a path's top, by gradients beside it.

At a step s from the top the gradient differs by H s from the one there, whatever the surrogate
takes the Hessian H for. Of all combinations of the steps so far the softest is the Ritz vector u of
the lowest value θ. What H u has beside θ u, the residual r, tells where it may be softer still:
along (B - θ)⁻¹ r, B being the surrogate's Hessian, by about rᵀ (B - θ)⁻¹ r (Davidson, J. Comput.
Phys. 17, 87 (1975), DOI 10.1016/0021-9991(75)90065-0).

The path's own direction n, of curvature a < 0, is taken out by H - H n nᵀ H / a: across the path
that has one negative curvature less than H in all directions.
"""

from dataclasses import dataclass

import numpy as np

from .._arrays import Array
from .bend import Bend

_TINY = float(np.finfo(float).tiny)


@dataclass(frozen=True, eq=False)
class Looks:
    """What was seen beside a top.

    Attributes
    ----------
    steps : array (k, D)
        From the top.
    changes : array (k, D)
        Of the gradient.
    """

    steps: Array
    changes: Array

    def joined(self, other: "Looks") -> "Looks":
        """These, then the others."""
        steps = np.concatenate([self.steps, other.steps])
        return Looks(steps, np.concatenate([self.changes, other.changes]))

    def images(self, least: float) -> tuple[Array, Array]:
        """Orthonormal directions (D, m) of the steps, and what the Hessian makes of them (m, D).

        Those in which steps are less than `least` of the largest are left out.
        """
        mixtures, sizes, directions = np.linalg.svd(self.steps, full_matrices=False)
        kept = sizes > least * sizes[0]
        images = (mixtures[:, kept] / sizes[kept]).T @ self.changes
        return np.asarray(directions[kept].T), np.asarray(images)


@dataclass(frozen=True, eq=False)
class Softest:
    """The softest of all directions across a path's top that were looked at.

    Attributes
    ----------
    curvature : float
        Along it.
    direction : array (D,)
        Of length 1.
    likely : float
        What it may be in a softer one, by that residual.
    further : array (D,)
        Where that would show, of length 1.
    """

    curvature: float
    direction: Array
    likely: float
    further: Array

    @classmethod
    def of(cls, bend: Bend, along: Array, looks: Looks) -> "Softest":
        """By `looks` beside a top, of a path `along` (D,) there, of length 1."""
        directions, images = looks.images(bend.numbers.nothing_new)
        images = images - _by_the_path(bend, along, images)
        ritz = images @ directions
        values, vectors = np.linalg.eigh((ritz + ritz.T) / 2)
        curvature, mixture = float(values[0]), vectors[:, 0]
        softest = directions @ mixture
        left = mixture @ images - curvature * softest
        step = bend.solved(left, curvature)
        likely = curvature - bend.numbers.softer * float(left @ step)
        step = step - directions @ (directions.T @ step)
        size = max(float(np.linalg.norm(step)), _TINY)
        return cls(curvature, softest, likely, step / size)


def _by_the_path(bend: Bend, along: Array, images: Array) -> Array:
    """What of the images (k, D) of directions under H is due to the path's own way down."""
    pull = bend.pull(along)
    down = float(along @ pull)
    return np.outer(images @ along, pull) / down if down < 0 else np.zeros_like(images)
