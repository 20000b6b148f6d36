"""The continuous height of a path: the largest value over all t, not over a grid.

Between two evaluated times the landscape along the path, f(x(t)), is modelled by the cubic that
has the values and slopes f' = g·x' of both ends (Hermite). The cubic's own error is estimated by
leaving points out: how far each value lies from the cubic through its two neighbours, a sixteenth
of that being the error of a cubic over half the interval (the error grows as the fourth power).
Intervals where the cubic's maximum plus a multiple of that error might exceed the largest value
seen are evaluated at that maximum, or in the middle where the error dominates, until none is left.
Where the slope turns so fast within an interval that its bump, |Δf'| Δt/8, is a visible part of the
height, the points are too sparse for such an estimate, and the bump itself is taken as the error.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ._arrays import Array, array_namespace, to_numpy
from .evaluation import Evaluator
from .path import SinePath

Vector: TypeAlias = np.ndarray

_SAFETY = 4.0
"""The multiple of the estimated error that an interval must leave below the height."""
_NARROWEST = 1e-6
"""Intervals below this are left alone: halved, they would have no middle in single precision."""
_HIDDEN = 0.1
"""What kinks between points may hide even so, as a fraction of the tolerance."""
_RESOLVED = 0.05
"""The largest bump within an interval, as a fraction of the scale, that a cubic is trusted with."""


@dataclass(frozen=True, eq=False)
class Profile:
    """What is known of the landscape along a path.

    Parameters
    ----------
    times : ndarray (M,)
        Ascending, both ends included.
    heights : ndarray (M,)
        The values there.
    slopes : ndarray (M,)
        Their derivatives in t.
    """

    times: Vector
    heights: Vector
    slopes: Vector

    @classmethod
    def of(cls, path: SinePath, times: Array, heights: Array, gradients: Array) -> "Profile":
        """The profile from what a landscape returned at the points path(times)."""
        xp = array_namespace(gradients)
        slopes = xp.sum(gradients * path.velocity(times), axis=-1)
        columns = (to_numpy(x).astype(float) for x in (times, heights, slopes))
        return cls(*columns)

    @property
    def height(self) -> float:
        """The largest value seen."""
        return float(self.heights.max())

    @property
    def height_time(self) -> float:
        """Where it was seen."""
        return float(self.times[self.heights.argmax()])

    @property
    def scale(self) -> float:
        """The unit of tolerances: the height above the lower end, else the span of the values."""
        rise = self.height - min(self.heights[0], self.heights[-1])
        return float(rise if rise > 0 else np.ptp(self.heights))

    def estimate(self) -> float:
        """The continuous height as the cubics between the points have it."""
        t, f, d = self._columns()
        return float(_cubic_maximum(np.diff(t), f[:-1], f[1:], d[:-1], d[1:])[0].max())

    def joined(self, other: "Profile") -> "Profile":
        """Both profiles' points in one, in the order of time."""
        columns = [
            np.concatenate([mine, theirs])
            for mine, theirs in zip(self._columns(), other._columns(), strict=True)
        ]
        order = np.argsort(columns[0], kind="stable")
        return Profile(*(column[order] for column in columns))

    def _columns(self) -> tuple[Vector, Vector, Vector]:
        return self.times, self.heights, self.slopes


@dataclass(frozen=True, eq=False)
class RefinedHeight:
    """The continuous height of a path and how sure it is."""

    profile: Profile
    """All points evaluated."""
    error: float
    """Upper estimate of how far the true continuous height lies above the largest value seen."""


def refine_height(
    evaluator: Evaluator,
    path: SinePath,
    profile: Profile,
    *,
    tol: float = 1e-5,
    max_gradients: int = 1000,
) -> RefinedHeight:
    """Evaluate a path where its height may hide, until nothing above `tol` can.

    Parameters
    ----------
    evaluator : Evaluator
        The landscape's door; its own budget is kept to, silently.
    path : SinePath
        The path.
    profile : Profile
        What is known already.
    tol : float
        Tolerance, as a fraction of the profile's scale.
    max_gradients : int
        The most evaluations to spend.

    Returns
    -------
    RefinedHeight
    """
    spent = 0
    while True:
        excess, when = _doubtful_places(profile)
        doubtful = excess > tol * profile.scale
        allowed = int(min(max_gradients - spent, evaluator.remaining))
        if not doubtful.any() or allowed < 1:
            return RefinedHeight(profile, float(max(excess.max(), 0.0)))
        worst_first = np.argsort(-excess, kind="stable")[: int(doubtful.sum())]
        times = np.sort(when[worst_first[:allowed]])
        profile = profile.joined(evaluate_profile(evaluator, path, times))
        spent += len(times)


def refine_values(
    measure: Callable[[Vector], Vector],
    times: Vector,
    *,
    tol: float = 1e-2,
    max_points: int = 100,
) -> RefinedHeight:
    """The same by values alone, with slopes from their differences.

    Where values have kinks, as those of networks with rectifiers have, no cubic tells what lies
    between them. Therefore an interval may also rise to where the chords of its two neighbours meet
    when they are drawn on: above that no profile rises which is concave there, kinks or not.

    Parameters
    ----------
    measure : callable
        The values (M,) at times (M,) of the path.
    times : ndarray (M,)
        Where to begin; ascending, both ends included.
    tol : float
        Tolerance, as a fraction of the profile's scale.
    max_points : int
        The most evaluations to spend, the first included.

    Examples
    --------
    >>> import numpy as np
    >>> found = refine_values(lambda t: np.sin(3 * t), np.linspace(0, 1, 7), tol=1e-4)
    >>> bool(1 - 1e-4 < found.profile.height <= 1)
    True
    """
    values = measure(times)
    while True:
        profile = Profile(times, values, np.gradient(values, times, edge_order=2))
        excess, when = _doubtful_by_values(profile)
        doubtful = excess > tol * profile.scale
        allowed = max_points - len(times)
        if not doubtful.any() or allowed < 1:
            hidden = _HIDDEN * tol * profile.scale
            return RefinedHeight(profile, float(max(excess.max(), hidden)))
        worst_first = np.argsort(-excess, kind="stable")[: int(doubtful.sum())]
        new = np.sort(when[worst_first[:allowed]])
        order = np.argsort(np.concatenate([times, new]), kind="stable")
        values = np.concatenate([values, measure(new)])[order]
        times = np.concatenate([times, new])[order]


def evaluate_profile(evaluator: Evaluator, path: SinePath, times: Vector) -> Profile:
    """Evaluate the landscape at given times of a path."""
    points = path(times)
    heights, gradients = evaluator.value_and_grad(points, times)
    return Profile.of(path, path.times_like(times), heights, gradients)


def _doubtful_places(profile: Profile) -> tuple[Vector, Vector]:
    """For each interval, by how much it may exceed the height (M-1,), and where to look (M-1,)."""
    t, f, d = profile.times, profile.heights, profile.slopes
    width = np.diff(t)
    top, where = _cubic_maximum(width, f[:-1], f[1:], d[:-1], d[1:])
    bump = np.abs(np.diff(d)) * width / 8
    unresolved = bump > _RESOLVED * profile.scale
    error = np.maximum(_cubic_errors(t, f, d), np.where(unresolved, bump, 0.0))
    excess = top + _SAFETY * error - profile.height
    excess[width < _NARROWEST] = -np.inf
    middle = (error * _SAFETY > top - np.maximum(f[:-1], f[1:])) | (where < 0.02) | (where > 0.98)
    return excess, t[:-1] + width * np.where(middle, 0.5, where)


def _doubtful_by_values(profile: Profile) -> tuple[Vector, Vector]:
    """The same where slopes are differences of values, of which kinks make nothing."""
    excess, when = _doubtful_places(profile)
    t = profile.times
    top, meeting = _chords_meet(t, profile.heights)
    rise = np.where(np.diff(t) < _NARROWEST, -np.inf, top - profile.height)
    return np.maximum(excess, rise), np.where(rise > excess, meeting, when)


def _chords_meet(t: Vector, f: Vector) -> tuple[Vector, Vector]:
    """Where in each interval the chords of its neighbours meet, and how high (M-1,).

    At the two ends of the path there is one neighbour only, whose chord ends there.
    """
    if len(t) < 3:
        return np.maximum(f[:-1], f[1:]), (t[:-1] + t[1:]) / 2
    slopes, width = np.diff(f) / np.diff(t), np.diff(t)
    left = np.concatenate([[np.inf], slopes[:-1]])
    right = np.concatenate([slopes[1:], [-np.inf]])
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (slopes - right) / (left - right)
    inside = np.isfinite(share) & (share > 0) & (share < 1)
    share = np.where(inside, share, 0.5)
    share[0], share[-1] = 0.0, 1.0
    rise = np.where(np.isfinite(left), left, 0.0) * share * width
    top = np.where(inside, f[:-1] + rise, np.maximum(f[:-1], f[1:]))
    top[0] = max(f[0], f[1], f[1] - slopes[1] * width[0])
    top[-1] = max(f[-1], f[-2], f[-2] + slopes[-2] * width[-1])
    where = t[:-1] + width * np.clip(share, 0.25, 0.75)
    return top, where


def _cubic(s: Vector, width: Vector, f0: Vector, f1: Vector, d0: Vector, d1: Vector) -> Vector:
    """The Hermite cubic at the fraction s of an interval."""
    return np.asarray(
        (1 + 2 * s) * (1 - s) ** 2 * f0
        + s**2 * (3 - 2 * s) * f1
        + width * s * (1 - s) * ((1 - s) * d0 - s * d1)
    )


def _cubic_maximum(
    width: Vector, f0: Vector, f1: Vector, d0: Vector, d1: Vector
) -> tuple[Vector, Vector]:
    """The largest value of each Hermite cubic, and the fraction of the interval where it is."""
    a = 3 * (width * (d0 + d1) - 2 * (f1 - f0))
    b = 2 * (3 * (f1 - f0) - width * (2 * d0 + d1))
    c = width * d0
    root = np.sqrt(np.maximum(b * b - 4 * a * c, 0.0))
    pivot = -0.5 * (b + np.where(b < 0, -1, 1) * root)
    with np.errstate(divide="ignore", invalid="ignore"):
        roots = np.nan_to_num(np.stack([pivot / a, c / pivot]), nan=0.0, posinf=0.0, neginf=0.0)
    s = np.concatenate(
        [np.clip(roots, 0.0, 1.0), np.zeros_like(roots[:1]), np.ones_like(roots[:1])]
    )
    values = _cubic(s, width, f0, f1, d0, d1)
    best = values.argmax(axis=0)
    pick = np.arange(len(width))
    return values[best, pick], s[best, pick]


def _cubic_slope(
    s: Vector, width: Vector, f0: Vector, f1: Vector, d0: Vector, d1: Vector
) -> Vector:
    """The slope of the Hermite cubic at the fraction s of an interval."""
    rise = 6 * s * (1 - s) * (f1 - f0) / width
    return np.asarray(rise + (1 - s) * (1 - 3 * s) * d0 + s * (3 * s - 2) * d1)


def _cubic_errors(t: Vector, f: Vector, d: Vector) -> Vector:
    """Estimated error of the cubic on each interval, from leaving out the points around it."""
    if len(t) < 3:
        return np.full(len(t) - 1, np.ptp(f) + np.abs(d).max() * (t[-1] - t[0]))
    double = t[2:] - t[:-2]
    middle = (t[1:-1] - t[:-2]) / double
    hermite = (middle, double, f[:-2], f[2:], d[:-2], d[2:])
    missed = np.maximum(
        np.abs(_cubic(*hermite) - f[1:-1]),
        np.abs(_cubic_slope(*hermite) - d[1:-1]) * double / 8,
    )
    # s²(1-s)² is the shape of the cubic's error; at its middle it is 1/16
    fourth = missed / (16 * np.maximum((middle * (1 - middle)) ** 2, 1e-4)) / double**4
    around = np.pad(fourth, 2, mode="edge")
    return np.asarray(sliding_window_view(around, 4).max(axis=1) * np.diff(t) ** 4)
