r"""Objectives integrated over all of a path from what a landscape returned at a few of its points.

Between neighbouring points the height is the cubic with the values f_m and slopes f'_m = g_m·x'
of both, and the landscape's gradient is interpolated linearly. At the fine times t_q that is

.. math:: f = A f_m + B f'_m, \qquad g = W g_m, \qquad
   \frac{dF}{dc_n} = \sum_q \sin(n\pi t_q)\, F_f\, g_q + n\pi\cos(n\pi t_q)\, F_s\, x'_q / s_q

with matrices that depend on the times alone. A sum over the points themselves could be lowered by
stretching the path until a barrier falls between two of them; here the cubic still sees it. All
that has D coordinates is multiplied from the left by small matrices, so that the fine times cost
nothing beside the landscape.
"""

from dataclasses import dataclass

import numpy as np

from ._arrays import Array, array_namespace, like
from .objectives import Objective
from .path import SinePath, sine_slopes, sines

_N_BETWEEN = 4
"""Fine times between two points; two leave the integral too coarse, more change nothing."""


@dataclass(frozen=True, eq=False)
class Quadrature:
    """The fine times between given points of a path, with all that depends on them alone.

    Attributes
    ----------
    times : array (M,)
        Of the points at which the landscape is evaluated, ascending, both ends included.
    by_value, by_slope, by_line : array (Q, M)
        A, B and W.
    weights : array (Q,)
        Of the fine times; their sum is one.
    basis : array (Q, N)
        sin(nπt) at the fine times.
    frame : array (Q, N + 1)
        One and nπ cos(nπt): velocities are the product with the chord and the coefficients.
    """

    times: Array
    by_value: Array
    by_slope: Array
    by_line: Array
    weights: Array
    basis: Array
    frame: Array

    @classmethod
    def of(cls, path: SinePath, times: np.ndarray) -> "Quadrature":
        """The quadrature for paths with the library, dtype and number of terms of `path`."""
        steps = np.diff(times)
        s = (np.arange(_N_BETWEEN) + 0.5) / _N_BETWEEN
        left, right = np.eye(len(times))[:-1, None], np.eye(len(times))[1:, None]
        u, step = s[:, None], steps[:, None, None]
        matrices = (
            (1 + 2 * u) * (1 - u) ** 2 * left + u**2 * (3 - 2 * u) * right,
            step * u * (1 - u) * ((1 - u) * left - u * right),
            (1 - u) * left + u * right,
        )
        fine = (times[:-1, None] + steps[:, None] * s).ravel()
        slopes = sine_slopes(fine, path.n_terms)
        arrays = (
            times,
            *(matrix.reshape(len(fine), len(times)) for matrix in matrices),
            np.repeat(steps / _N_BETWEEN, _N_BETWEEN),
            sines(fine, path.n_terms),
            np.concatenate([np.ones_like(slopes[:, :1]), slopes], axis=1),
        )
        return cls(*(like(array, path.start) for array in arrays))

    def gradient(
        self,
        path: SinePath,
        heights: Array,
        point_gradients: Array,
        objectives: tuple[Objective, ...],
    ) -> Array:
        """The gradient (N, D) of the sum of `objectives` in the coefficients of `path`.

        Parameters
        ----------
        path : SinePath
            The path that was evaluated.
        heights, point_gradients : array (M,), (M, D)
            What the landscape returned at `times`.
        objectives : tuple of Objective
            At least one of them must depend on the speeds.
        """
        xp = array_namespace(heights)
        slopes = xp.sum(point_gradients * path.velocity(self.times), axis=-1)
        rows = xp.concat([(path.end - path.start)[None, :], path.coefficients])
        squared = xp.sum((self.frame @ (rows @ rows.mT)) * self.frame, axis=-1)
        floor = 1e-24 * xp.sum(rows[0, :] ** 2)
        speeds = xp.sqrt(xp.where(squared > floor, squared, floor))
        fine_heights = self.by_value @ heights + self.by_slope @ slopes
        pulls = [objective(fine_heights, speeds, self.weights) for objective in objectives]
        by_height = sum(pull.heights for pull in pulls)
        by_speed = sum(pull.speeds for pull in pulls if pull.speeds is not None)
        pulled = ((self.basis.mT * by_height) @ self.by_line) @ point_gradients
        return pulled + ((self.frame[:, 1:].mT * (by_speed / speeds)) @ self.frame) @ rows
