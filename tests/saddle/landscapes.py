"""Landscapes for the tests of saddles."""

import numpy as np

from fourierpathfinder.landscapes.abilities import Forwarding


class Counting(Forwarding):
    """Counts the points that a landscape is evaluated at."""

    n_gradients = 0

    def value_and_grad(self, points):
        self.n_gradients += len(points)
        return self.landscape.value_and_grad(points)


class Quadratic:
    def __init__(self, hessian):
        self.hessian = hessian

    def value_and_grad(self, points):
        gradients = points @ self.hessian
        return 0.5 * (points * gradients).sum(axis=1), gradients


class DoubleWell:
    """(u² - 1)² h in the first coordinate u = x - 0.3, a parabola in all others."""

    def __init__(self, height):
        self.height = height

    def value_and_grad(self, points):
        u, others = points[:, 0] - 0.3, points[:, 1:]
        values = self.height * (u**2 - 1) ** 2 + (others**2).sum(axis=1)
        along = self.height * 4 * u * (u**2 - 1)
        return values, np.column_stack([along, 2 * others])


class Failing(Forwarding):
    """Fails from a given point on: with an error, or with NaN."""

    def __init__(self, landscape, n_good, how):
        super().__init__(landscape)
        self.n_left, self._how = n_good, how

    def value_and_grad(self, points):
        self.n_left -= len(points)
        if self.n_left < 0 and self._how == "error":
            raise ArithmeticError("SCF not converged")
        values, gradients = self.landscape.value_and_grad(points)
        return values, gradients * (np.nan if self.n_left < 0 else 1)
