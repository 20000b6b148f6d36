"""Landscape + path + objective = a value and a gradient of the terms: the one chain rule.

With heights f_m = f(x(t_m)), gradients g_m and speeds s_m = |x'(t_m)|, an objective F(f, s) has

    dF/dc_n = Σ_m sin(nπt_m) F_f g_m + nπ cos(nπt_m) F_s x'(t_m)/s_m + 2 λ w_n c_n,

the last term being the smoothness penalty in closed form (`SinePath.roughness`).
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias

from ._arrays import Array, array_namespace, like
from .objectives import Objective
from .path import SinePath, roughness_weights, sine_slopes, sines


class PointEvaluator(Protocol):
    """An `Evaluator`, or whatever else gives values and gradients at points of a path."""

    def value_and_grad(self, points: Array, times: Array) -> tuple[Array, Array]:
        """Values (M,) and gradients (M, D)."""
        ...


Objectives: TypeAlias = tuple[Objective, ...]


@dataclass(frozen=True, eq=False)
class Grid:
    """Fixed times on a path, with all that depends on them alone computed once.

    Attributes
    ----------
    times : array (M,)
    weights : array (M,)
        Of the points in the objective.
    basis, slopes : array (M, N)
        sin(nπt) and nπ cos(nπt).
    frame : array (M, N + 2)
        1 - t, t and sin(nπt): points are the product with the ends and the coefficients.
    ends : array (2, D)
        Start and end.
    chord : array (D,)
        End minus start.
    """

    times: Array
    weights: Array
    basis: Array
    slopes: Array
    frame: Array
    ends: Array
    chord: Array

    @classmethod
    def of(cls, path: SinePath, times: Array, weights: Array) -> "Grid":
        """The grid for paths with the ends and the number of terms of `path`."""
        xp, t = array_namespace(path.start), like(times, path.start)
        basis = sines(t, path.n_terms)
        return cls(
            times=t,
            weights=like(weights, path.start),
            basis=basis,
            slopes=sine_slopes(t, path.n_terms),
            frame=xp.concat([1 - t[:, None], t[:, None], basis], axis=-1),
            ends=xp.stack([path.start, path.end]),
            chord=path.end - path.start,
        )

    def points(self, coefficients: Array) -> Array:
        """The points (M, D) of the path with given coefficients (N, D)."""
        return self.frame @ array_namespace(coefficients).concat([self.ends, coefficients])


class Evaluation(NamedTuple):
    """All that one evaluation of a problem yields."""

    value: float
    gradient: Array
    """In the coefficients, (N, D)."""
    heights: Array
    """(M,)."""
    point_gradients: Array
    """(M, D)."""


class PathProblem:
    """Objectives as functions of the coefficients (N, D) of one path.

    Parameters
    ----------
    evaluator : Evaluator or PointEvaluator
        The landscape's door.
    path : SinePath
        Ends and number of terms.
    times, weights : array (M,)
        The points, and their weights in the objectives.
    smoothness : float
        λ of the penalty λ Σ_m |x(t_{m+1}) - x(t_m)|² on the uniform grid of M points.
    """

    def __init__(
        self,
        evaluator: PointEvaluator,
        path: SinePath,
        times: Array,
        weights: Array,
        smoothness: float = 0.0,
    ) -> None:
        self.grid = Grid.of(path, times, weights)
        self.path = path
        self._evaluator = evaluator
        self._penalty: Array | None = None
        if smoothness:
            n_points = int(self.grid.times.shape[0])
            rough = roughness_weights(path.n_terms, n_points)
            self._penalty = like(smoothness * rough, path.start)[:, None]
            chord = float(array_namespace(path.start).sum(self.grid.chord**2))
            self._straight_penalty = smoothness * chord / (n_points - 1)

    def evaluate(self, coefficients: Array, objectives: Objectives) -> Evaluation:
        """Value and gradient of the sum of `objectives` and the penalty, and what they rest on."""
        grid = self.grid
        heights, point_gradients = self._evaluator.value_and_grad(
            grid.points(coefficients), grid.times
        )
        needs_speeds = any(objective.needs_speeds for objective in objectives)
        velocities, speeds = self._velocities(coefficients) if needs_speeds else (None, None)
        pulls = [objective(heights, speeds, grid.weights) for objective in objectives]
        value = sum(float(pull.value) for pull in pulls)
        by_height = sum((pull.heights for pull in pulls[1:]), start=pulls[0].heights)
        gradient = (grid.basis.mT * by_height) @ point_gradients
        for pull in pulls:
            if pull.speeds is not None:
                gradient = gradient + (grid.slopes.mT * (pull.speeds / speeds)) @ velocities
        if self._penalty is not None:
            smoothing = self._penalty * coefficients
            value += float(array_namespace(smoothing).sum(smoothing * coefficients))
            value += self._straight_penalty
            gradient = gradient + 2 * smoothing
        return Evaluation(value, gradient, heights, point_gradients)

    def _velocities(self, coefficients: Array) -> tuple[Array, Array]:
        """Velocities (M, D) and speeds (M,), the latter never exactly zero."""
        xp = array_namespace(coefficients)
        velocities = self.grid.chord + self.grid.slopes @ coefficients
        squared = xp.sum(velocities**2, axis=-1)
        floor = 1e-24 * xp.sum(self.grid.chord**2)
        return velocities, xp.sqrt(squared + floor)
