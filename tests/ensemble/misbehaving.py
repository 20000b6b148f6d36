"""A landscape that ends the process that evaluates it, for one of its pairs of ends."""

import os

import numpy as np


class Dying:
    """A ring that kills its worker where the third coordinate says so."""

    def value_and_grad(self, points):
        if points[0, 1] > 2:
            os._exit(1)
        squared = (points**2).sum(-1)
        return (squared - 1) ** 2, 4 * (squared - 1)[:, None] * points


def dying_ends(n):
    """Pairs of which all but the first end the process."""
    pairs = [(np.array([-1.0, 0.1]), np.array([1.0, 0.1]))]
    return pairs + [(np.array([-1.0, 3.0]), np.array([1.0, 3.0 + k])) for k in range(n - 1)]
