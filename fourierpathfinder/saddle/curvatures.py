r"""The lowest curvatures of a landscape at a point, without a Hessian.

Lanczos builds an orthonormal basis V of the vectors it meets, from products

.. math:: H v \approx \frac{g(x + h v) - g(x - h v)}{2h},

two gradients each, until the lowest eigenvalues of V^T H V have settled: to its residual
|H u - θ u| an eigenvalue of H is near θ. Where the whole may move freely its shifts and turns,
whose curvature is zero, are projected out. The Hessian of a cheaper landscape, where one is known,
gives the first vectors, and turns residuals into the next (Davidson's method).
"""

from dataclasses import dataclass

import numpy as np

from ..landscapes.abilities import abilities_of
from ..landscapes.protocols import Landscape
from .cheap_hessian import CheapHessian
from .products import hessian_products


@dataclass(frozen=True, eq=False)
class Curvatures:
    """The lowest curvatures at a point.

    Parameters
    ----------
    values : ndarray (k,)
        In ascending order, in the landscape's unit over its unit of length squared.
    errors : ndarray (k,)
        To within this an eigenvalue of the Hessian lies at each.
    modes : ndarray (k, D)
        The directions, unit vectors.
    n_gradients : int
        Evaluations used.
    """

    values: np.ndarray
    errors: np.ndarray
    modes: np.ndarray
    n_gradients: int


def lowest_curvatures(
    landscape: Landscape,
    x: np.ndarray,
    direction: np.ndarray,
    *,
    n: int = 2,
    step: float = 0.01,
    tol: float = 0.1,
    max_gradients: int = 500,
    cheap: CheapHessian | None = None,
    rng: np.random.Generator | int | None = None,
) -> Curvatures:
    """The lowest curvatures at a point, by Lanczos on finite differences of the gradient.

    Parameters
    ----------
    landscape : Landscape
        The landscape.
    x : ndarray (D,)
        The point.
    direction : ndarray (D,)
        A guess of the direction of the lowest curvature.
    n : int
        How many curvatures are wanted.
    step : float
        The displacement h.
    tol : float
        An eigenvalue has settled when its residual is below this fraction of its magnitude.
    max_gradients : int
        Evaluations at most.
    cheap : CheapHessian, optional
        That of a landscape that resembles this one.
    rng : numpy.random.Generator or int, optional
        Source of the part of the first vector that sees directions of every symmetry (SPEC 7).

    Returns
    -------
    Curvatures

    References
    ----------
    C. Lanczos, J. Res. Natl. Bur. Stand. 45, 255 (1950), DOI 10.6028/jres.045.026. For saddles:
    R. Malek and N. Mousseau, Phys. Rev. E 62, 7723 (2000), DOI 10.1103/PhysRevE.62.7723. With a
    preconditioner: E. R. Davidson, J. Comput. Phys. 17, 87 (1975),
    DOI 10.1016/0021-9991(75)90065-0.
    """
    rng = np.random.default_rng(rng)
    free = abilities_of(landscape).free_motions(x)
    random = rng.normal(size=len(x)) / np.sqrt(len(x))
    if cheap is None:
        waiting = [direction / np.linalg.norm(direction) + random]
    else:
        waiting = cheap.first_vectors(n + 1, random, free)
    basis, products = np.empty((0, len(x))), np.empty((0, len(x)))
    while True:
        vector = _orthonormal(waiting.pop(0), np.vstack([free, basis]))
        products = np.vstack([products, hessian_products(landscape, x, vector[None], step)])
        basis = np.vstack([basis, vector])
        found, residuals = _ritz(basis, products, n)
        spent, full = 2 * len(basis), len(basis) + len(free) == len(x)
        unsettled = found.errors > tol * np.abs(found.values)
        settled = len(basis) > n and not waiting and not unsettled.any()
        if settled or full or spent + 2 > max_gradients:
            return found
        if not waiting:
            k = int(np.argmax(unsettled))  # the lowest one that has not settled, or the lowest
            waiting = [
                products[-1]
                if cheap is None
                else cheap.correction(residuals[k], found.modes[k], found.values[k])
            ]


def _ritz(basis: np.ndarray, products: np.ndarray, n: int) -> tuple[Curvatures, np.ndarray]:
    """The lowest eigenvalues within the basis, and how H leads out of it (k, D)."""
    inner = basis @ products.T
    values, columns = np.linalg.eigh((inner + inner.T) / 2)
    values, columns = values[:n], columns[:, :n]
    modes = columns.T @ basis
    residuals = columns.T @ products - values[:, None] * modes
    errors = np.linalg.norm(residuals, axis=1)
    return Curvatures(values, errors, modes, 2 * len(basis)), residuals


def _orthonormal(vector: np.ndarray, against: np.ndarray) -> np.ndarray:
    for _ in range(2):  # once leaves rounding errors
        vector = vector - against.T @ (against @ vector)
        vector = vector / np.linalg.norm(vector)
    return vector
