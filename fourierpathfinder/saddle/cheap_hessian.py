r"""The Hessian of a cheaper landscape, and how it leads to the curvatures of the expensive one.

From a Ritz vector u with its value θ and residual r = H u - θ u, the direction

.. math:: M^{-1} (\alpha u - r), \quad M = H_c - \theta, \quad
          \alpha = \frac{u^T M^{-1} r}{u^T M^{-1} u}

leads to an eigenvector of H in few steps where the cheap Hessian H_c is near H. It is orthogonal
to u; what Davidson's method takes, α = 0, is u itself where H_c is H (Olsen, Jørgensen and Simons,
Chem. Phys. Lett. 169, 463 (1990), DOI 10.1016/0009-2614(90)85633-N).
"""

import logging
from dataclasses import dataclass

import numpy as np

from ..landscapes.protocols import Landscape
from .guard import Guarded, NotEvaluatedError
from .products import hessian_products

_log = logging.getLogger(__name__)

_LARGEST = 1200
"""Coordinates up to which a full Hessian is worth two cheap gradients for each of them."""
_NEAREST = 0.1
"""The least distance of θ from an eigenvalue of H_c, as a fraction of the median eigenvalue."""


@dataclass(frozen=True, eq=False)
class CheapHessian:
    """The eigenvalues (D,) of a cheap Hessian, ascending, and its eigenvectors (D, D) as rows."""

    values: np.ndarray
    modes: np.ndarray

    @classmethod
    def of(cls, landscape: Landscape, x: np.ndarray, step: float) -> "CheapHessian | None":
        """Of a landscape at `x` (D,), by differences of its gradient; None where it fails there."""
        if len(x) > _LARGEST:
            return None
        try:
            matrix = hessian_products(Guarded(landscape), x, np.eye(len(x)), step)
        except NotEvaluatedError as error:
            _log.info("the prior is of no use beside the saddle: %s", error.why)
            return None
        values, columns = np.linalg.eigh((matrix + matrix.T) / 2)
        return cls(values, columns.T)

    def first_vectors(self, n: int, random: np.ndarray, free: np.ndarray) -> list[np.ndarray]:
        """The n lowest modes that are no free motions, and one vector that sees all others."""
        shares = np.linalg.norm(self.modes @ free.T, axis=1)
        lowest = self.modes[shares < 1 / np.sqrt(2)][:n]
        return [*lowest, self._divided(random, np.abs(self.values))]

    def correction(self, residual: np.ndarray, vector: np.ndarray, value: float) -> np.ndarray:
        """Where the eigenvector lies from a Ritz vector (D,) with this residual (D,) and value."""
        of_residual = self._divided(residual, self.values - value)
        of_vector = self._divided(vector, self.values - value)
        return np.asarray((vector @ of_residual) / (vector @ of_vector) * of_vector - of_residual)

    def _divided(self, vector: np.ndarray, by: np.ndarray) -> np.ndarray:
        least = _NEAREST * np.median(np.abs(self.values))
        floored = np.where(by < 0, np.minimum(by, -least), np.maximum(by, least))
        return np.asarray(self.modes.T @ ((self.modes @ vector) / floored))
