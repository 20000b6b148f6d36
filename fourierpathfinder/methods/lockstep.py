"""Adam on the terms of several paths at once, from few random points and small batches per step.

With M times t_m and a fresh mini-batch for each, a step is that of Adam (by Nesterov's rule, which
looks one step ahead) with the gradient of a mean over the path

    ∂/∂c_n (1/M) Σ_m f(x(t_m)) = (1/M) Σ_m sin(nπt_m) g_m

and the rate η/n · min(1, (1 - k/K)/(1 - h)) in step k of K: higher terms move less. The times of
the ten steps over which Adam's mean looks back are spread evenly, but more densely where the path
is high (`drawing`): less noise than of independent ones, and the highest part falls first.

All paths share every batch of points, so that a step is one call of the landscape. What is as
large as the terms themselves is kept three times and no more (terms and Adam's two sums): all that
is finished it goes over a block of coordinates at a time, in place. What is drawn depends on a
path's own state alone, so a path is the same in any company, and a run goes on exactly.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from .._arrays import Array, array_namespace, like, to_numpy
from ..evaluation import Evaluator, LandscapeError
from ..optimizers.adam import Adam, AdamState
from ..path import SinePath, sines
from .base import Outcome
from .bfloat16 import StochasticRounding, in_dtype
from .drawing import N_DRAWN, by_height, drawn
from .measured import end_values, measured_outcome

_BLOCK = 2**18
"""Numbers that are worked on together: they stay in a processor's cache."""
_BLOCK_OF_A_DEVICE = 2**25
_LARGEST_BATCH = 2**24
"""Coordinates of points that are evaluated in one call."""
_HELD = 0.3
"""The part of a run in which the rate stays, h; then it falls in a straight line. FCP ends a third
lower than with a cosine, the autoencoder a tenth."""
_N_BINS = 16
"""Parts of a path whose values are averaged, for a running estimate of the height."""
_NEAR = sum(np.eye(_N_BINS, k=k) * (3 - abs(k)) for k in range(-2, 3))
"""The weights of parts near each other in it: 3, 2 and 1."""
_WINDOW = 0.1
"""The part of a run that such an average looks back over."""
_SHARES = 0.02, 0.3
"""The least and the largest share of a new value in it."""


@dataclass(frozen=True)
class Schedule:
    """What a run of K steps does in each.

    Parameters
    ----------
    points_per_step, batch_size, n_steps : int
        M, samples per point, and K.
    learning_rate : float
        η for the first term, in root mean square distances of a coordinate from end to end.
    adam : Adam
    """

    points_per_step: int
    batch_size: int
    n_steps: int
    learning_rate: float
    adam: Adam


@dataclass(frozen=True, eq=False)
class LockstepState:
    """All that changes from step to step; the first three arrays are changed in place."""

    coefficients: Array
    """(K, N, D)."""
    gradient_sum: Array
    square_sum: Array
    n_steps: int
    seeds: np.ndarray
    """What all randomness comes from, (K,)."""
    averages: np.ndarray
    """Running means of the values in each part of a path, NaN before the first, (K, bins)."""
    failed: np.ndarray
    """Whether a path met a value or gradient that is not finite, and was left there, (K,)."""


class Lockstep:
    """Several paths, optimised together.

    Parameters
    ----------
    schedule : Schedule
    evaluator : Evaluator
    path : SinePath
        K paths: ends (K, D) and coefficients (K, N, D), which are changed in place.
    seeds : ndarray of int (K,)
    dtype : str, optional
        In which the terms and sums are kept; by default that of the path.
    """

    def __init__(
        self,
        schedule: Schedule,
        evaluator: Evaluator,
        path: SinePath,
        seeds: np.ndarray,
        dtype: str | None = None,
    ) -> None:
        self._schedule = schedule
        self._evaluator = evaluator
        self._start, self._end = path.start, path.end
        self._rates = _rates(path, schedule.learning_rate)
        on_processor = str(path.start.device).startswith("cpu")
        self._block = _BLOCK if on_processor else _BLOCK_OF_A_DEVICE
        self.is_torn = False
        """Whether a step is being taken: the state is then between two steps."""
        self._ends = np.full((int(path.start.shape[0]), 2), np.nan)
        terms = in_dtype(path.coefficients, dtype)
        zeros = array_namespace(terms).zeros_like
        n_paths = int(terms.shape[0])
        self.state = LockstepState(
            coefficients=terms,
            gradient_sum=zeros(terms),
            square_sum=zeros(terms),
            n_steps=0,
            seeds=seeds,
            averages=np.full((n_paths, _N_BINS), np.nan),
            failed=np.zeros(n_paths, dtype=bool),
        )

    @property
    def n_paths(self) -> int:
        """K."""
        return int(self.state.coefficients.shape[0])

    @property
    def samples_per_point(self) -> int:
        """B, or all samples where there are no more of them."""
        return min(self._schedule.batch_size, self._evaluator.n_samples)

    def path(self, k: int) -> SinePath:
        """Path k as it is now, in an array of its own."""
        path = self._shared_path(k)
        return path.with_coefficients(path.coefficients + 0)

    def outcome(self, k: int, n_samples: int | None) -> Outcome:
        """Path k with its height as measured over `n_samples` samples, by default all.

        Its terms are no copy: this is for when the run has ended.
        """
        estimate, path = float(self.estimates()[k]), self._shared_path(k)
        return measured_outcome(
            self._evaluator, path, n_samples, self._measuring(k), estimate, self._ends[k]
        )

    def measure_ends(self, n_samples: int | None, *, strict: bool) -> None:
        """Find the values at the ends of all paths, which no height is below.

        Parameters
        ----------
        n_samples : int, optional
            That they are measured on; by default all.
        strict : bool
            Whether a value that is not finite is an error; otherwise its path has failed.
        """
        failed = self.state.failed.copy()
        for k in np.flatnonzero(~failed).tolist():
            path = self._shared_path(k)
            try:
                self._ends[k] = end_values(self._evaluator, path, n_samples, self._measuring(k))
            except LandscapeError:
                if strict:
                    raise
                failed[k] = True
        self.state = replace(self.state, failed=failed)

    def _measuring(self, k: int) -> np.random.Generator:
        """What chooses the samples that path k is measured on."""
        return np.random.default_rng([int(self.state.seeds[k]), 1])

    def _shared_path(self, k: int) -> SinePath:
        terms = like(self.state.coefficients[k, ...], self._start)
        return SinePath(self._start[k, ...], self._end[k, ...], terms)

    def estimates(self) -> np.ndarray:
        """Running estimates of the heights (K,): the largest of the averages; NaN before any.

        Each is averaged with its neighbours: of many noisy numbers the largest is too high.
        """
        highest = np.where(np.isnan(self.state.averages), -np.inf, _smoothed(self.state.averages))
        highest = highest.max(axis=1)
        return np.where(np.isfinite(highest), highest, np.nan)

    def step(self, *, strict: bool) -> None:
        """One step of all paths.

        Parameters
        ----------
        strict : bool
            Whether a value or gradient that is not finite is an error; otherwise its path has
            failed, and the others go on.
        """
        state = self.state
        times, samples = self._drawn(state.n_steps)
        values, gradients = self._evaluate(times, samples, strict)
        failed = state.failed | ~self._finite(values, gradients, strict)
        self._rounding = StochasticRounding(self._start, [int(state.seeds[0]), state.n_steps])
        self.is_torn = True
        self._move(times, gradients, failed)
        self.state = replace(
            state,
            n_steps=state.n_steps + 1,
            averages=_averaged(state.averages, times, values, self._share),
            failed=failed,
        )
        self.is_torn = False

    @property
    def _share(self) -> float:
        """Of a new value in the averages."""
        s = self._schedule
        per_bin = _WINDOW * s.n_steps * s.points_per_step / _N_BINS
        return min(max(1 / per_bin, _SHARES[0]), _SHARES[1])

    @property
    def _fall(self) -> float:
        """What is left of the rate, from 1 to 0 over the run."""
        done = self.state.n_steps / self._schedule.n_steps
        return min(1.0, (1 - done) / (1 - _HELD))

    def _drawn(self, step: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Times (K, M) and samples (K, M, B) of a step."""
        s, n = self._schedule, self._evaluator.n_samples
        size = s.batch_size if s.batch_size < n else 0
        block, row = divmod(step, N_DRAWN)
        seeds = tuple(self.state.seeds.tolist())
        times, samples = drawn(seeds, block, s.points_per_step, size, n)
        moved = by_height(times[:, row], _smoothed(self.state.averages))
        return moved, samples[:, row] if size else None

    def _evaluate(
        self, times: np.ndarray, samples: np.ndarray | None, strict: bool
    ) -> tuple[np.ndarray, list[Array]]:
        """Values (K, M), and gradients of some points (P, D) after the other."""
        n_paths, n_points = times.shape
        own = None if samples is None else samples.reshape(n_paths * n_points, -1)
        values, gradients = [], []
        for paths, which in self._calls(n_paths, n_points):
            t = times[paths, which]
            points = self._points(paths, t)
            first = paths.start * n_points + which.start
            rows = slice(first, first + int(points.shape[0]))
            found, slopes = self._evaluator.value_and_grad(
                points,
                t.reshape(-1),
                finite=strict,
                samples=None if own is None else own[rows],
                spare=True,
            )
            del points  # the next ones are made before the name is given away
            values.append(to_numpy(found).astype(float))
            gradients.append(slopes)
        return np.concatenate(values).reshape(n_paths, n_points), gradients

    def _calls(self, n_paths: int, n_points: int) -> Iterator[tuple[slice, slice]]:
        """The paths and points of each call: whole paths, or where they are large single points."""
        at_once = _LARGEST_BATCH // int(self._start.shape[-1])
        together = at_once // n_points
        for k in range(0, n_paths, together or 1):
            if together:
                yield slice(k, min(k + together, n_paths)), slice(0, n_points)
            else:
                yield from ((slice(k, k + 1), slice(m, m + 1)) for m in range(n_points))

    def _points(self, paths: slice, times: np.ndarray) -> Array:
        """Points (P, D) at times (K', M') of some of the paths."""
        start, end = self._start[paths, ...], self._end[paths, ...]
        terms = self.state.coefficients[paths, ...]
        shape = (*times.shape, int(start.shape[-1]))
        points = array_namespace(start).empty(shape, dtype=start.dtype, device=start.device)
        basis = like(sines(times, int(terms.shape[-2])), start)
        from_start, from_end = (like(t[..., None], start) for t in (1 - times, times))
        for block in self._blocks(times.size + int(terms.shape[0] * terms.shape[1])):
            here = points[..., block]
            here[...] = basis @ like(terms[..., block], start)
            here += from_start * start[:, None, block]
            here += from_end * end[:, None, block]
        return array_namespace(start).reshape(points, (times.size, shape[-1]))

    def _blocks(self, n_rows: int) -> Iterator[slice]:
        """All coordinates, so many at a time as suit the cache where there are `n_rows` of them."""
        size = max(1, self._block // n_rows)
        n_coordinates = int(self._start.shape[-1])
        return (slice(first, first + size) for first in range(0, n_coordinates, size))

    def _finite(self, values: np.ndarray, gradients: list[Array], strict: bool) -> np.ndarray:
        """Which paths met finite values and gradients only (K,)."""
        if strict:
            return np.ones(len(values), dtype=bool)
        xp = array_namespace(gradients[0])
        of_points = [to_numpy(xp.all(xp.isfinite(g), axis=-1)) for g in gradients]
        finite = np.isfinite(values) & np.concatenate(of_points).reshape(values.shape)
        return np.asarray(finite.all(axis=1))

    def _move(self, times: np.ndarray, gradients: list[Array], failed: np.ndarray) -> None:
        """One step of Adam, a block of coordinates at a time, in place."""
        state, start = self.state, self._start
        n_paths, n_terms, _ = state.coefficients.shape
        xp = array_namespace(start)
        basis = like(sines(times, n_terms).swapaxes(-1, -2) / times.shape[1], start)
        rates = like(self._rates * self._fall, start)
        alive = like(~failed, start)[:, None, None] if failed.any() else None
        for block in self._blocks(int(n_paths * n_terms)):
            parts = [slopes[:, block] for slopes in gradients]
            joined = parts[0] if len(parts) == 1 else xp.concat(parts)
            slopes = xp.reshape(joined, (n_paths, times.shape[1], -1))
            if alive is not None:
                slopes = xp.where(alive > 0, slopes, 0 * alive)
            self._move_block(block, basis @ slopes, rates if alive is None else rates * alive)

    def _move_block(self, block: slice, gradient: Array, rates: Array) -> None:
        state, adam = self.state, self._schedule.adam
        kept = (state.coefficients, state.gradient_sum, state.square_sum)
        views = [array[..., block] for array in kept]
        same = state.coefficients.dtype == gradient.dtype
        terms, *sums = views if same else [like(view, gradient) for view in views]
        adam.step_in_place(terms, gradient, AdamState(sums[0], sums[1], state.n_steps), rates)
        if not same:
            for view, new in zip(views, (terms, *sums), strict=True):
                view[...] = self._rounding(new)


def _rates(path: SinePath, learning_rate: float) -> np.ndarray:
    """η/n in the coordinates' own unit (K, N, 1)."""
    xp = array_namespace(path.start)
    squared = xp.sum((path.end - path.start) ** 2, axis=-1) / path.n_coordinates
    rates = learning_rate * np.sqrt(to_numpy(squared).astype(float))
    return np.asarray(rates[:, None, None] / np.arange(1.0, path.n_terms + 1)[:, None])


def _averaged(
    averages: np.ndarray, times: np.ndarray, values: np.ndarray, share: float
) -> np.ndarray:
    """The running means with the values (K, M) of a step added, each with its share."""
    paths = np.arange(len(times))
    averages = averages.copy()
    for m in range(times.shape[1]):
        bins = np.minimum((times[:, m] * _N_BINS).astype(int), _N_BINS - 1)
        old = averages[paths, bins]
        first = np.isnan(old)
        averages[paths, bins] = np.where(
            first, values[:, m], old + share * (values[:, m] - np.where(first, 0.0, old))
        )
    return averages


def _smoothed(averages: np.ndarray) -> np.ndarray:
    """Means of neighbouring bins (K, bins), of those that have any."""
    known = np.isfinite(averages)
    sums, weights = np.where(known, averages, 0.0) @ _NEAR, known @ _NEAR
    return np.where(known, sums / np.maximum(weights, 1.0), averages)
