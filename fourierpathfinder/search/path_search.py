"""The lowest path on a surrogate's mean, as far as the surrogate can be trusted.

Minimised is MaxFlux with a speed penalty (`fourierpathfinder.objectives`) in the variables n c_n.
The move ends early where the surrogate's deviation would exceed a cap, or a point has moved
far: what lies beyond must be evaluated before it is believed.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .._arrays import Array
from ..objectives import MaxFlux, SpeedPenalty
from ..path import SinePath, sines
from ..problem import PathProblem

_ITERATIONS = 25
"""L-BFGS iterations between two looks at the deviation."""
_ROUNDS = 6
_SETTLED = 1e-3
"""Movement in a round, in chords, below which the path counts as settled."""
_FRACTIONS = np.array([0.7, 0.5, 0.35, 0.25, 0.15, 0.1, 0.05])
"""Of a move that leads too far, tried in turn."""
_BEYOND = 1.5
"""How far beyond the last trusted fraction the blocked point lies."""

Predict = Callable[[Array], tuple[Array, Array]]
Deviation = Callable[[Array], Array]


@dataclass(frozen=True, eq=False)
class Pin:
    """A point that the path must go through: Σ_n sin(nπ t_s) c_n = what the chord misses."""

    time: float
    position: Array

    def held(self, path: SinePath) -> SinePath:
        """The nearest path (in the metric of n c_n) that goes through the point."""
        order = np.arange(1.0, path.n_terms + 1)[:, None]
        direction = self._direction(path.n_terms)
        missing = self.position - path(self.time)
        return path.with_coefficients(path.coefficients + direction * missing / order)

    def projected(self, gradient: Array) -> Array:
        """The part of a gradient (N, D) in n c_n that leaves the point in its place."""
        row = self._row(len(gradient))
        return gradient - row * ((row * gradient).sum(axis=0) / (row**2).sum())

    def _row(self, n_terms: int) -> Array:
        order = np.arange(1.0, n_terms + 1)[:, None]
        return sines(np.array([self.time]), n_terms).T / order

    def _direction(self, n_terms: int) -> Array:
        row = self._row(n_terms)
        return row / (row**2).sum()


@dataclass(frozen=True, eq=False)
class Move:
    """Where a search on the surrogate has led."""

    path: SinePath
    blocked: Array | None
    """The point (D,) at which the deviation stopped it, if it did."""
    cut_short: bool
    """Whether the path would have gone on."""


@dataclass(frozen=True)
class PathSearch:
    """Settings of a search for the lowest path on a surrogate.

    Parameters
    ----------
    scale : float
        E, the path's rise, in the landscape's unit.
    beta, speed_penalty : float
        β in units of 1/E and κ in units of E.
    tension : float
        Weight of the mean squared speed in squared chords, in units of E: just enough to keep
        a path from wandering where nothing else holds it, as a molecule's overall rotation.
    n_points : int
        Points M of the objective; at least two for each term of the path.
    deviation_cap : float
        The largest deviation that is trusted, in units of E.
    max_move : float
        The furthest that a point of the path may move, in chords.
    least_gain : float
        What an iteration must gain, in units of E, for the next one to be worth it.
    """

    scale: float
    beta: float = 30.0
    speed_penalty: float = 1.0
    tension: float = 0.02
    n_points: int = 32
    deviation_cap: float = 0.25
    max_move: float = 0.15
    least_gain: float = 1e-6

    def __call__(
        self, predict: Predict, deviation: Deviation, path: SinePath, pin: Pin | None = None
    ) -> Move:
        """Search from `path`; see the class."""
        first = path if pin is None else pin.held(path)
        now = first
        for _ in range(_ROUNDS):
            further, is_lowest = self._lowered(predict, now, pin)
            within = self._trusted(deviation, now, further)
            if within.blocked is not None:
                return within
            moved = self._largest_move(first, further)
            if moved > self.max_move:
                part = self.max_move / moved
                return Move(_between(first, further, part), None, cut_short=True)
            if is_lowest or self._largest_move(now, further) < _SETTLED:
                return Move(further, None, cut_short=False)
            now = further
        return Move(now, None, cut_short=True)

    def _times(self, path: SinePath, pin: Pin | None = None) -> Array:
        n_points = max(self.n_points, 2 * path.n_terms)
        times = np.linspace(0, 1, n_points + 2)[1:-1]
        return times if pin is None else np.sort(np.append(times, pin.time))

    def _lowered(self, predict: Predict, path: SinePath, pin: Pin | None) -> tuple[SinePath, bool]:
        """Some iterations of L-BFGS on the mean, and whether more would gain nothing."""
        from scipy.optimize import minimize  # costs a third of the package's import

        times = self._times(path, pin)
        weights = np.full(len(times), 1 / len(times))
        chord_squared = float(((path.end - path.start) ** 2).sum())
        tension = self.tension * self.scale * (len(times) - 1) / chord_squared
        problem = PathProblem(_Mean(predict), path, times, weights, tension)
        objectives = (
            MaxFlux(self.beta / self.scale),
            SpeedPenalty(self.speed_penalty * self.scale),
        )
        # In chords and in units of E from the top, so that no unit meets SciPy's tolerances.
        unit = np.sqrt(chord_squared) / np.arange(1.0, path.n_terms + 1)[:, None]
        shape = path.coefficients.shape
        top = float(predict(path(times))[0].max())

        def value_and_grad(flat: Array) -> tuple[float, Array]:
            here = problem.evaluate(flat.reshape(shape) * unit, objectives)
            gradient = here.gradient * (unit / self.scale)
            slope = gradient if pin is None else pin.projected(gradient)
            return (here.value - top) / self.scale, slope.ravel()

        options = {"maxiter": _ITERATIONS, "maxcor": 15, "ftol": self.least_gain}
        start = (path.coefficients / unit).ravel()
        found = minimize(value_and_grad, start, jac=True, method="L-BFGS-B", options=options)
        lowered = path.with_coefficients(found.x.reshape(shape) * unit)
        return lowered if pin is None else pin.held(lowered), found.success

    def _trusted(self, deviation: Deviation, before: SinePath, after: SinePath) -> Move:
        """As much of a move as the deviation allows."""
        times = self._times(after)
        reached = deviation(after(times))
        cap = self.deviation_cap * self.scale
        if reached.max() <= cap:
            return Move(after, None, cut_short=False)
        cap = max(cap, 1.05 * float(deviation(before(times)).max()))
        if reached.max() <= cap:
            return Move(after, None, cut_short=False)
        worst = times[np.argsort(-reached)[:3]]
        tries = np.concatenate([_between(before, after, part)(worst) for part in _FRACTIONS])
        within = deviation(tries).reshape(len(_FRACTIONS), -1).max(axis=1) <= cap
        part = float(_FRACTIONS[within.argmax()] if within.any() else _FRACTIONS[-1])
        beyond = _between(before, after, min(1.0, _BEYOND * part))(times)
        blocked = beyond[int(deviation(beyond).argmax())]
        return Move(_between(before, after, part), blocked, cut_short=True)

    def _largest_move(self, before: SinePath, after: SinePath) -> float:
        """How far a point of the path has moved at most, in chords."""
        times = self._times(after)
        moves = np.linalg.norm(after(times) - before(times), axis=1)
        return float(moves.max() / np.linalg.norm(before.end - before.start))


class _Mean:
    """A surrogate's mean behind the same door as a landscape."""

    def __init__(self, predict: Predict) -> None:
        self._predict = predict

    def value_and_grad(self, points: Array, times: Array) -> tuple[Array, Array]:
        return self._predict(points)


def _between(before: SinePath, after: SinePath, part: float) -> SinePath:
    change = after.coefficients - before.coefficients
    return before.with_coefficients(before.coefficients + part * change)
