"""The height of a path by values alone, over all samples or some, with its standard error.

Where the landscape is a mean over samples and only some of them are used, these are cut into
groups. The group means scatter around theirs as the mean of all does around that of the landscape,
except for the number of groups:

    standard error = (standard deviation of the group means) / √(number of groups).

Noisy landscapes without samples are evaluated as many times instead.
"""

from dataclasses import replace

import numpy as np

from .._arrays import Array, array_namespace, to_numpy
from ..evaluation import BudgetSpentError, Evaluator
from ..height import refine_values
from ..path import SinePath
from .base import Outcome

_N_GROUPS = 16
_LARGEST_BATCH = 2**24
"""Coordinates of points that are evaluated together."""
_BLOCK = 2**18
"""Coordinates of points that are made together."""
_TOL = 1e-2
"""Of the height, in units of its rise above the lower end."""
_FIRST_POINTS = 19
"""Beside two for each term."""
_MAX_POINTS = 100
"""Beyond the first."""
_N_SCREENED = 97
"""Points, evenly spaced, at which narrow peaks are looked for, which rectifiers make."""
_SCREENING_SAMPLES = 2048
"""By which: of a larger set a part, chosen at random, shows where all are to be used."""
_MOST_PEAKS = 8


class HeightMeter:
    """Values along a path.

    Parameters
    ----------
    evaluator : Evaluator
    path : SinePath
    n_samples : int, optional
        How many samples to use; None is all.
    rng : numpy.random.Generator
        Chooses them; the same for all points.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        path: SinePath,
        n_samples: int | None,
        rng: np.random.Generator,
    ) -> None:
        self._evaluator = evaluator
        self._path = path
        self._groups = _groups(evaluator, n_samples, rng)
        self._errors: dict[float, float] = {}

    def __call__(self, times: np.ndarray) -> np.ndarray:
        """The values (M,) at times (M,)."""
        at_once = max(1, _LARGEST_BATCH // self._path.n_coordinates)
        parts = [times[m : m + at_once] for m in range(0, len(times), at_once)]
        table = np.concatenate([self._table(part) for part in parts], axis=1)
        if len(table) > 1:
            errors = table.std(axis=0, ddof=1) / len(table) ** 0.5
            self._errors.update(zip(times.tolist(), errors.tolist(), strict=True))
        return np.asarray(table.mean(axis=0))

    def use(self, samples: np.ndarray) -> None:
        """Take the mean over these samples from now on."""
        self._groups = [samples]

    @property
    def is_noisy(self) -> bool:
        """Whether two evaluations at one time differ: close points then carry no information."""
        return len(self._groups) > 1 and self._groups[0] is None

    def error(self, time: float) -> float:
        """The standard error at a time that was evaluated."""
        return self._errors.get(time, 0.0)

    def _points(self, times: np.ndarray) -> Array:
        """Points (M, D) of the path; of a large one a block after the other, without copies."""
        path = self._path
        if path.n_coordinates <= _BLOCK:
            return path(times)
        start = path.start
        xp = array_namespace(start)
        shape = (len(times), path.n_coordinates)
        points = xp.empty(shape, dtype=start.dtype, device=start.device)
        size = max(1, _BLOCK // len(times))
        for first in range(0, path.n_coordinates, size):
            block = slice(first, first + size)
            ends = path.start[block], path.end[block]
            points[:, block] = SinePath(*ends, path.coefficients[:, block])(times)
        return points

    def _table(self, times: np.ndarray) -> np.ndarray:
        """The mean of each group (G, M)."""
        points = self._points(times)
        rows = []
        for group in self._groups:
            samples = None if group is None else np.tile(group, (len(times), 1))
            rows.append(to_numpy(self._evaluator.value(points, times, samples=samples)))
        return np.array(rows, dtype=float)


def end_values(
    evaluator: Evaluator, path: SinePath, n_samples: int | None, rng: np.random.Generator
) -> np.ndarray:
    """The values at both ends (2,) as they will be measured; NaN where they would be counted.

    Raises
    ------
    LandscapeError
        If one is not finite.
    """
    if not (evaluator.n_samples and evaluator.has_free_values):
        return np.full(2, np.nan)
    return HeightMeter(evaluator, path, n_samples, rng)(np.array([0.0, 1.0]))


def measured_outcome(
    evaluator: Evaluator,
    path: SinePath,
    n_samples: int | None,
    rng: np.random.Generator,
    estimate: float,
    ends: np.ndarray | None = None,
) -> Outcome:
    """A path with its height as measured; with the running estimate where no evaluation is left.

    Where the values at both ends (2,) are known, no estimate is below them.
    """
    meter = HeightMeter(evaluator, path, n_samples, rng)
    times = np.linspace(0, 1, 2 * path.n_terms + _FIRST_POINTS)
    try:
        if not meter.is_noisy:
            times = _with_peaks(evaluator, path, times, n_samples, rng)
        max_points = len(times) + (0 if meter.is_noisy else _MAX_POINTS)
        refined = refine_values(meter, times, tol=_TOL, max_points=max_points)
    except BudgetSpentError:
        return _estimated(path, estimate, np.full(2, np.nan) if ends is None else ends)
    profile, error = refined.profile, refined.error
    if meter.is_noisy:  # what neighbours tell of the profile between them is noise
        error = profile.estimate() - profile.height
    outcome = Outcome.of_refined(path, refined, profile.times, profile.heights)
    return replace(outcome, height_error=error + meter.error(profile.height_time))


def _with_peaks(
    evaluator: Evaluator,
    path: SinePath,
    times: np.ndarray,
    n_samples: int | None,
    rng: np.random.Generator,
) -> np.ndarray:
    """Times at which to begin, those of the highest peaks among them.

    Of few samples all are used at every screened time, of many a part says where the peaks are.
    """
    total = evaluator.n_samples
    if not total:
        return times
    screened = np.linspace(0, 1, _N_SCREENED + 2 * path.n_terms)
    if min(total, n_samples or total) <= _SCREENING_SAMPLES:
        return screened
    chosen = rng.permutation(total)[:_SCREENING_SAMPLES]
    few = HeightMeter(evaluator, path, None, rng)
    few.use(chosen)
    heights = few(screened)
    inside = heights[1:-1]
    peaks = 1 + np.flatnonzero((inside > heights[:-2]) & (inside >= heights[2:]))
    highest = peaks[np.argsort(-heights[peaks], kind="stable")[:_MOST_PEAKS]]
    around = screened[np.unique(np.concatenate([highest - 1, highest, highest + 1]))]
    return np.unique(np.concatenate([times, around]))


def _estimated(path: SinePath, height: float, ends: np.ndarray) -> Outcome:
    nothing = np.zeros(0)
    return Outcome(
        path=path,
        height=float(np.fmax.reduce([height, *ends])),
        height_time=float("nan"),
        start_value=float(ends[0]),
        end_value=float(ends[1]),
        times=nothing,
        heights=nothing,
        height_error=float("inf"),
    )


def _groups(
    evaluator: Evaluator, n_samples: int | None, rng: np.random.Generator
) -> list[np.ndarray | None]:
    """The samples of each group; None is all samples, or one noisy evaluation."""
    if not evaluator.n_samples:
        return [None] * (_N_GROUPS if evaluator.abilities.stochastic else 1)
    if n_samples is None or n_samples >= evaluator.n_samples:
        return [None]
    chosen = rng.permutation(evaluator.n_samples)[:n_samples]
    return list(chosen[: n_samples // _N_GROUPS * _N_GROUPS].reshape(_N_GROUPS, -1))
