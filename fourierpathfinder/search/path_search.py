"""The lowest path on a surrogate's mean, as far as the surrogate can be trusted.

What is minimised is MaxFlux with a speed penalty (`fourierpathfinder.objectives`), in the variables
n c_n, at some places; where the path rises between them unseen, at twice as many. The move ends
early where the surrogate's deviation would exceed a cap, or a point has moved far: what lies beyond
must be evaluated before it is believed.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .._arrays import Array
from ..objectives import MaxFlux, SpeedPenalty
from ..path import SinePath, sines
from ..problem import PathProblem
from .policy import Move

Predict = Callable[[Array], tuple[Array, Array]]
Deviation = Callable[[Array], Array]


@dataclass(frozen=True, eq=False)
class Pin:
    """Points that the path must go through: Σ_n sin(nπ t_k) c_n = what the chord misses there.

    Attributes
    ----------
    time : float or array (k,)
    position : array (D,) or (k, D)
    """

    time: float | Array
    position: Array

    def held(self, path: SinePath) -> SinePath:
        """The nearest path (in the metric of n c_n) that goes through the points."""
        order = np.arange(1.0, path.n_terms + 1)[:, None]
        missing = np.atleast_2d(self.position) - path(self.times)
        shift = np.linalg.pinv(self._rows(path.n_terms)) @ missing
        return path.with_coefficients(path.coefficients + shift / order)

    def projected(self, gradient: Array) -> Array:
        """The part of a gradient (N, D) in n c_n that leaves the points in their places."""
        rows = self._rows(len(gradient))
        return np.asarray(gradient - np.linalg.pinv(rows) @ (rows @ gradient))

    @property
    def times(self) -> Array:
        """Where on the path they lie (k,)."""
        return np.atleast_1d(self.time)

    def _rows(self, n_terms: int) -> Array:
        """How n c_n moves the points, (k, N)."""
        return np.asarray(sines(self.times, n_terms) / np.arange(1.0, n_terms + 1))


@dataclass(frozen=True, eq=False)
class Moved:
    """Where a search on the surrogate has led."""

    path: SinePath
    blocked: Array | None
    """The point (D,) at which the deviation stopped it, if it did."""
    cut_short: bool
    """Whether the path would have gone on."""


@dataclass(frozen=True)
class PathSearch:
    """A search for the lowest path on a surrogate.

    Parameters
    ----------
    scale : float
        E, the path's rise, in the landscape's unit.
    numbers : Move
        The policy.
    trusted : float
        The largest deviation that the path may move into, in E.
    gain : float
        What an iteration must gain, in E, for the next one to be worth it.
    """

    scale: float
    numbers: Move
    trusted: float
    gain: float

    def __call__(
        self, predict: Predict, deviation: Deviation, path: SinePath, pin: Pin | None = None
    ) -> Moved:
        """Search from `path`; see the class."""
        first = now = path if pin is None else pin.held(path)
        times = self._times(path, pin)
        most = 2 * len(times) + 1
        for _ in range(self.numbers.rounds):
            further, is_lowest = self._lowered(predict, now, times, pin)
            if len(times) < most and self._rises_unseen(predict, further, times):
                times = np.sort(np.append(times, _between_all(times)))
                further, is_lowest = self._lowered(predict, now, times, pin)
            within = self._trusted(deviation, now, further)
            if within.blocked is not None:
                return within
            moved = self._largest_move(first, further)
            if moved > self.numbers.largest:
                part = self.numbers.largest / moved
                return Moved(_between(first, further, part), None, cut_short=True)
            if is_lowest or self._largest_move(now, further) < self.numbers.settled:
                return Moved(further, None, cut_short=False)
            now = further
        return Moved(now, None, cut_short=True)

    def _times(self, path: SinePath, pin: Pin | None = None) -> Array:
        n_points = max(self.numbers.n_points, 2 * path.n_terms)
        times = np.linspace(0, 1, n_points + 2)[1:-1]
        return times if pin is None else np.sort(np.append(times, pin.times))

    def _rises_unseen(self, predict: Predict, path: SinePath, times: Array) -> bool:
        """Whether the path rises between `times` above all that it is at these."""
        seen, between = (predict(path(at))[0].max() for at in (times, _between_all(times)))
        return bool(between > seen + self.numbers.unseen * self.scale)

    def _lowered(
        self, predict: Predict, path: SinePath, times: Array, pin: Pin | None
    ) -> tuple[SinePath, bool]:
        """Some iterations of L-BFGS on the mean, and whether more would gain nothing.

        In chords and in units of E from the top, so that no unit meets SciPy's tolerances.
        """
        from scipy.optimize import minimize  # costs a third of the package's import

        chord = float(np.linalg.norm(path.end - path.start))
        unit = chord / np.arange(1.0, path.n_terms + 1)[:, None]
        shape = path.coefficients.shape
        evaluate = self._objective(predict, path, times, chord)
        top = float(predict(path(times))[0].max())

        def value_and_grad(flat: Array) -> tuple[float, Array]:
            value, gradient = evaluate(flat.reshape(shape) * unit)
            scaled = gradient * (unit / self.scale)
            slope = scaled if pin is None else pin.projected(scaled)
            return (value - top) / self.scale, slope.ravel()

        start, how = (path.coefficients / unit).ravel(), {"jac": True, "method": "L-BFGS-B"}
        found = minimize(value_and_grad, start, options=self._options, **how)
        lowered = path.with_coefficients(found.x.reshape(shape) * unit)
        return lowered if pin is None else pin.held(lowered), found.success

    @property
    def _options(self) -> dict[str, float]:
        """For SciPy's L-BFGS."""
        numbers = self.numbers
        return {"maxiter": numbers.iterations, "maxcor": numbers.memory, "ftol": self.gain}

    def _objective(
        self, predict: Predict, path: SinePath, times: Array, chord: float
    ) -> Callable[[Array], tuple[float, Array]]:
        """MaxFlux with its penalties, as a function of the coefficients (N, D)."""
        weights = np.full(len(times), 1 / len(times))
        tension = self.numbers.tension * self.scale * (len(times) - 1) / chord**2
        problem = PathProblem(_Mean(predict), path, times, weights, tension)
        objectives = (
            MaxFlux(self.numbers.beta / self.scale),
            SpeedPenalty(self.numbers.speed_penalty * self.scale),
        )

        def evaluate(coefficients: Array) -> tuple[float, Array]:
            here = problem.evaluate(coefficients, objectives)
            return here.value, here.gradient

        return evaluate

    def _trusted(self, deviation: Deviation, before: SinePath, after: SinePath) -> Moved:
        """As much of a move as the deviation allows."""
        times, numbers = self._times(after), self.numbers
        reached = deviation(after(times))
        cap = self.trusted * self.scale
        if reached.max() > cap:
            cap = max(cap, numbers.slack * float(deviation(before(times)).max()))
        if reached.max() <= cap:
            return Moved(after, None, cut_short=False)
        worst = times[np.argsort(-reached)[: numbers.worst]]
        tries = np.concatenate([_between(before, after, part)(worst) for part in numbers.fractions])
        within = deviation(tries).reshape(len(numbers.fractions), -1).max(axis=1) <= cap
        part = numbers.fractions[within.argmax() if within.any() else -1]
        beyond = _between(before, after, min(1.0, numbers.beyond * part))(times)
        blocked = beyond[int(deviation(beyond).argmax())]
        return Moved(_between(before, after, part), blocked, cut_short=True)

    def _largest_move(self, before: SinePath, after: SinePath) -> float:
        """How far a point of the path has moved at most, in chords."""
        times = self._times(after)
        moves = np.linalg.norm(after(times) - before(times), axis=1)
        return float(moves.max() / np.linalg.norm(before.end - before.start))


class _Mean:
    """A surrogate's mean, to be evaluated like a landscape."""

    def __init__(self, predict: Predict) -> None:
        self._predict = predict

    def value_and_grad(self, points: Array, times: Array) -> tuple[Array, Array]:
        return self._predict(points)


def _between_all(times: Array) -> Array:
    """The middles (M + 1,) of all intervals between `times` (M,), 0 and 1."""
    ends = np.concatenate([[0.0], times, [1.0]])
    return np.asarray((ends[1:] + ends[:-1]) / 2)


def _between(before: SinePath, after: SinePath, part: float) -> SinePath:
    change = after.coefficients - before.coefficients
    return before.with_coefficients(before.coefficients + part * change)
