"""Rows only in the span of the inputs' differences: exact, and cheap with many coordinates.

For features that keep distances (`frame` says why it splits). Within the span the observations
are those of a `DenseSolver` on the frame's own coordinates; the D - q directions outside of it
share one factor of n rows.
"""

from dataclasses import dataclass, replace

import numpy as np
import scipy

from .._arrays import Array
from .block_cholesky import cholesky
from .dense_solver import DenseSolver
from .frame import Frame
from .observations import Observations
from .prior import Prior
from .solver import Split, Weights


@dataclass(frozen=True)
class SpanSolver:
    """See `solver.Solver`.

    Parameters
    ----------
    frame : Frame
        The span.
    inside : DenseSolver
        The observations in its coordinates (n, q).
    outside : array (n_g, n_g)
        Lower factor that all directions outside the frame share.
    x : array (n, D)
        Inputs.
    """

    frame: Frame
    inside: DenseSolver
    outside: Array
    x: Array

    @classmethod
    def empty(cls, prior: Prior, origin: Array) -> "SpanSolver":
        """No observation yet."""
        inside = DenseSolver.empty(prior, np.zeros(0))
        return cls(Frame.at(origin), inside, np.zeros((0, 0)), np.zeros((0, len(origin))))

    @classmethod
    def split(cls, prior: Prior, data: Observations) -> Split:
        """Only the directions of the inputs' differences interact."""
        frame = Frame.at(data.x[0]).grown(data.x)
        observed = np.where(data.has_gradient[:, None], data.gradients, 0.0)
        within = replace(data, x=frame.within(data.x), gradients=frame.turned(observed))
        inside = DenseSolver.split(prior, within)
        outside = observed - frame.turned_back(inside.inside)
        return replace(inside, outside=outside, n_outside=frame.n_outside)

    @property
    def prior(self) -> Prior:
        """What the covariances are made of."""
        return self.inside.prior

    @property
    def has_gradient(self) -> Array:
        """Whether the gradient was observed, too (n,)."""
        return self.inside.has_gradient

    @property
    def n_rows(self) -> int:
        """Number of scalars observed, those outside the frame included."""
        return self.inside.n_rows + self.frame.n_outside * int(self.has_gradient.sum())

    @property
    def log_determinant(self) -> float:
        """Log det of the whole covariance matrix, in scaled units."""
        outside = 2 * float(np.log(self.outside.diagonal()).sum())
        return self.inside.log_determinant + self.frame.n_outside * outside

    def extended(self, x: Array, has_gradient: Array) -> "SpanSolver":
        """The solver with the points `x` (m, D) added; see `Solver`."""
        frame = self.frame.grown(x)
        wide = self.inside.widened(frame.n_directions, self.outside)
        inside = wide.extended(frame.within(x), has_gradient)
        outside = _factored_outside(inside, frame)
        return SpanSolver(frame, inside, outside, np.concatenate([self.x, x]))

    def solve(self, values: Array, gradients: Array) -> Weights:
        """K⁻¹y; see `Solver`."""
        observed = np.where(self.has_gradient[:, None], gradients, 0.0)
        turned = self.frame.turned(observed)
        within = self.inside.solve(values, turned)
        weights = self.frame.turned_back(within.gradient)
        if not self.frame.n_outside:
            return replace(within, gradient=weights)
        rest = self.prior.scaling.row * (observed - self.frame.turned_back(turned))
        half = _half_solve(self.outside, rest[self.has_gradient])
        weights[self.has_gradient] += _half_solve(self.outside, half, transposed=True)
        return Weights(within.value, weights, within.quadratic + float((half * half).sum()))

    def explained(self, x: Array) -> Array:
        """The part (M,) of the variance at `x` (M, D) that is explained."""
        within, away = self.frame.within(x), self.frame.distance(x)
        explained = self.inside.explained(within, away)
        if not self.frame.n_outside or not self.has_gradient.any():
            return explained
        apart = _squared_distances(self.inside.x[self.has_gradient], within) + away**2
        scaling = self.prior.scaling
        _, k1, _ = self.prior.kernel.derivatives(apart / scaling.length**2)
        half = _half_solve(self.outside, 2 * k1 / (scaling.length * scaling.gradient) * away)
        return np.asarray(explained + (half * half).sum(axis=0))

    def restricted(self, origin: Array, basis: Array) -> "SpanSolver":
        """The same factors for points y of a subspace; see `Solver`."""
        x = (self.x - origin) @ basis
        return replace(self, frame=self.frame.restricted(origin, basis), x=x)


def _factored_outside(inside: DenseSolver, frame: Frame) -> Array:
    """The factor of the gradients' covariance in a direction outside of the frame."""
    if frame.n_outside == 0:
        return np.zeros((0, 0))
    x, prior = inside.x[inside.has_gradient], inside.prior
    matrix = -2 * prior.kernel.derivatives(_squared_distances(x, x) / prior.scaling.length**2)[1]
    return cholesky(matrix + prior.nugget.on_gradient(prior.scaling) * np.eye(len(x)))


def _squared_distances(x: Array, y: Array) -> Array:
    return np.asarray(((x[:, None] - y) ** 2).sum(axis=-1))


def _half_solve(factor: Array, right: Array, *, transposed: bool = False) -> Array:
    trans = "T" if transposed else "N"
    return np.asarray(scipy.linalg.solve_triangular(factor, right, lower=True, trans=trans))
