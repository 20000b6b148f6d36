r"""Products of the Hessian with vectors, by symmetric differences of gradients.

.. math:: H v \approx \frac{g(x + h v) - g(x - h v)}{2h}
"""

import numpy as np

from ..landscapes.protocols import Landscape


def hessian_products(
    landscape: Landscape, x: np.ndarray, vectors: np.ndarray, step: float
) -> np.ndarray:
    """H times each of the unit vectors (k, D) at `x` (D,); all 2k points are asked for together."""
    moves = step * vectors
    _, gradients = landscape.value_and_grad(np.concatenate([x + moves, x - moves]))
    ahead, behind = np.split(np.asarray(gradients), 2)
    return np.asarray((ahead - behind) / (2 * step))
