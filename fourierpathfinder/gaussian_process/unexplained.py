"""Covariances between values and gradients at some points, less what is explained by others.

With C the covariance of a process's own observations, F that of other rows and X between both,

    F - Xᵀ C⁻¹ X,

in units of the signal variance, gradients scaled as in `covariance`. Where features keep distances
this splits as everything does (`frame`): into a part in the span of all points, and one that every
direction beyond it shares.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .._arrays import Array
from .._lazy import cached_property
from .block_cholesky import BlockCholesky
from .dense_solver import DenseSolver
from .frame import Frame
from .prior import Prior
from .solver import Solver, Weights
from .span_solver import SpanSolver

Values = Callable[[Array, Array], tuple[Array, Array]]
"""Covariances of two sets of rows with values at points of a frame, so far away from it."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of some points, with and without a frame.

    Parameters
    ----------
    frame : Frame or None
        None where all directions interact.
    inside : DenseSolver
        The points in it.
    """

    frame: Frame | None
    inside: DenseSolver

    def of(self, values: Array, gradients: Array, scale: float) -> list[Array]:
        """What is observed: rows (R, 1), and beyond the frame (n_g, D); gradients times `scale`."""
        seen = scale * np.where(self.inside.has_gradient[:, None], gradients, 0.0)
        turned = seen if self.frame is None else self.frame.turned(seen)
        table = np.concatenate([values[:, None], turned], axis=1)
        found = [table[self.inside.point, self.inside.component][:, None]]
        if self.frame is not None and self.frame.n_outside:
            found.append((seen - self.frame.turned_back(turned))[self.inside.has_gradient])
        return found

    def weights(self, parts: list[Array]) -> Weights:
        """Weights of values and gradients, from those of the rows."""
        table = np.zeros((len(self.inside.x), 1 + self.inside.n_dims))
        table[self.inside.point, self.inside.component] = parts[0][:, 0]
        gradient = table[:, 1:] if self.frame is None else self.frame.turned_back(table[:, 1:])
        if len(parts) > 1:
            gradient = gradient.copy()
            gradient[self.inside.has_gradient] += parts[1]
        return Weights(table[:, 0], gradient, 0.0)


@dataclass(frozen=True, eq=False)
class Part:
    """The covariances of one part: in the frame, or in a direction beyond it.

    Parameters
    ----------
    factor : BlockCholesky
        Of C.
    cross : array (R', R)
        X.
    own : array (R, R)
        F.
    values : callable
        Covariances of both with values.
    """

    factor: BlockCholesky
    cross: Array
    own: Array
    values: Values

    @cached_property
    def half(self) -> Array:
        """L⁻¹ X, with L the factor."""
        return self.factor.half_solve(self.cross)

    @cached_property
    def left(self) -> Array:
        """F - Xᵀ C⁻¹ X."""
        return np.asarray(self.own - self.half.T @ self.half)

    def with_values(self, within: Array, away: Array) -> tuple[Array, Array]:
        """What is left of the rows' covariances with values (R, M), and what of theirs is not."""
        known, wanted = self.values(within, away)
        half = self.factor.half_solve(known)
        return wanted - self.half.T @ half, (half * half).sum(axis=0)

    def carried(self, weights: Array) -> Array:
        """C⁻¹ X w: by what the weights of what explains are less."""
        return self.factor.solve(self.cross @ weights)


@dataclass(frozen=True, eq=False)
class Unexplained:
    """What the observations of a process leave unexplained at other points.

    Parameters
    ----------
    solver : Solver or None
        Of the observations; None for none.
    x : array (m, D)
        The points.
    known, wanted : Rows
        The observations, and the points.
    parts : tuple of Part
        In the frame, and beyond it where there is anything.
    """

    solver: Solver | None
    x: Array
    known: Rows
    wanted: Rows
    parts: tuple[Part, ...]

    @classmethod
    def by(cls, solver: Solver, x: Array, has_gradient: Array) -> "Unexplained":
        """What a process leaves at the points `x` (m, D)."""
        if isinstance(solver, SpanSolver):
            frame = solver.frame.grown(x)
            wide = solver.inside.widened(frame.n_directions, solver.outside)
            factor = BlockCholesky((None,), (solver.outside,))
            return cls._of(solver, Rows(frame, wide), factor, x, has_gradient)
        assert isinstance(solver, DenseSolver)
        return cls._of(solver, Rows(None, solver), BlockCholesky(), x, has_gradient)

    def by_nothing(self, prior: Prior) -> "Unexplained":
        """The covariances of the same points under another prior, of which nothing is explained."""
        wanted, origin = self.wanted.inside, self.known.inside.origin
        known = Rows(self.wanted.frame, DenseSolver.empty(prior, origin))
        rows = replace(wanted, prior=prior)
        return self._between(None, self.x, known, Rows(self.wanted.frame, rows), BlockCholesky())

    def is_by(self, solver: Solver, x: Array, has_gradient: Array) -> bool:
        """Whether it is what `by` would make anew."""
        told = self.x.shape == x.shape and np.array_equal(self.x, x)
        seen = self.wanted.inside.has_gradient
        return self.solver is solver and told and np.array_equal(seen, has_gradient)

    @classmethod
    def _of(
        cls, solver: Solver, known: Rows, factor: BlockCholesky, x: Array, has_gradient: Array
    ) -> "Unexplained":
        places = x if known.frame is None else known.frame.within(x)
        prior, origin = known.inside.prior, known.inside.origin
        rows = DenseSolver.unfactored(prior, origin, places, has_gradient)
        return cls._between(solver, x, known, Rows(known.frame, rows), factor)

    @classmethod
    def _between(
        cls, solver: Solver | None, x: Array, known: Rows, wanted: Rows, factor: BlockCholesky
    ) -> "Unexplained":
        here, there, frame = known.inside, wanted.inside, wanted.frame
        cross, own = here.covariances(there), there.covariances(there)

        def values(within: Array, away: Array) -> tuple[Array, Array]:
            return here.correlations(within, away), there.correlations(within, away)

        parts = [Part(here.factor, cross, own, values)]
        if frame is not None and frame.n_outside:
            parts.append(_beyond(factor, here, there))
        return cls(solver, x, known, wanted, tuple(parts))

    def places(self, x: Array) -> tuple[Array, Array]:
        """Points (M, D) in the frame, and how far (M,) they are from it."""
        frame = self.wanted.frame
        return (x, np.zeros(len(x))) if frame is None else (frame.within(x), frame.distance(x))


def _beyond(factor: BlockCholesky, known: DenseSolver, wanted: DenseSolver) -> Part:
    """The covariances of gradients in a direction beyond the frame."""
    prior, scaling = wanted.prior, wanted.prior.scaling
    here, there = (one.x[one.has_gradient] for one in (known, wanted))

    def slopes(x: Array, y: Array, away: Array | float) -> Array:
        squared = ((x[:, None] - y) ** 2).sum(axis=-1) + np.square(away)
        return np.asarray(-2 * prior.kernel.derivatives(squared / scaling.length**2)[1])

    def values(within: Array, away: Array) -> tuple[Array, Array]:
        unit = away / (scaling.length * scaling.gradient)
        return -unit * slopes(here, within, away), -unit * slopes(there, within, away)

    return Part(factor, slopes(here, there, 0.0), slopes(there, there, 0.0), values)
