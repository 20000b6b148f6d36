"""Tests of a landscape before a path is looked for: what it returns, and whether that is true.

The gradient is compared along random directions with differences of the value: `seen_slopes`.
"""

from dataclasses import dataclass

import numpy as np

from .._arrays import Array, array_namespace, is_array, is_floating, to_numpy
from .abilities import abilities_of
from .protocols import Landscape
from .resolve import landscape_alone
from .seen_slopes import seen_slopes


@dataclass(frozen=True)
class LandscapeReport:
    """What `check_landscape` found.

    Parameters
    ----------
    problems : tuple of str
        A sentence for each; empty if all is well.
    n_evaluations : int
        Evaluations of value and gradient at one point that the check took.
    gradient_error : float
        The largest difference from central differences, relative to the largest gradient;
        NaN where it was not measured.

    Examples
    --------
    >>> LandscapeReport(("The gradient has the wrong sign.",), 12).ok
    False
    >>> print(LandscapeReport((), 12))
    The landscape passed all checks (12 evaluations).
    """

    problems: tuple[str, ...]
    n_evaluations: int
    gradient_error: float = float("nan")

    @property
    def ok(self) -> bool:
        """Whether no problem was found."""
        return not self.problems

    def __str__(self) -> str:
        cost = f"{self.n_evaluations} evaluations"
        if self.ok:
            return f"The landscape passed all checks ({cost})."
        lines = [f"- {problem}" for problem in self.problems]
        return "\n".join([f"The landscape has {len(lines)} problem(s) ({cost}):", *lines])


def check_landscape(
    landscape: Landscape,
    points: Array,
    *,
    rng: int | np.random.Generator | None = None,
    n_directions: int = 2,
    step: float | None = None,
    tolerance: float = 1e-4,
) -> LandscapeReport:
    """Test whether a landscape keeps its contract, and say what is wrong with it.

    Tested are: exceptions, shapes, dtype, points changed in place, values and gradients that are
    not finite, results that differ from call to call or between a batch and its single points,
    and the gradient against central differences. Each is tested where those before it passed;
    the last two are left out where the landscape says that it is `stochastic`, unless it is a mean
    over samples, all of which are then taken.

    Parameters
    ----------
    landscape : Landscape
        What to test.
    points : array (M, D)
        Typical points, at least two, in the library and precision that you will use.
    rng : int or numpy.random.Generator, optional
        The source of randomness (:term:`SPEC 7`), for the directions.
    n_directions : int
        Directions a point in which the gradient is tested.
    step : float, optional
        Step h of the differences in the unit of the coordinates; by default the fifth root of
        the rounding error, 7e-4 in double precision, and shorter where differences over that
        length tell nothing of the slope.
    tolerance : float
        What is allowed as an error of the gradient, relative to its largest length.

    Returns
    -------
    LandscapeReport
        `report.ok`, `report.problems`; it takes 3 M + 4 M `n_directions` evaluations, or more where
        the step is shortened: where nothing agrees, six times as many differences.

    Raises
    ------
    TypeError, ValueError
        If `landscape` is none, or `points` is not an array of floats (M, D).

    Examples
    --------
    >>> import numpy as np
    >>> from fourierpathfinder.landscapes import FunctionLandscape
    >>> bowl = FunctionLandscape(lambda x: x @ x, lambda x: x)
    >>> report = check_landscape(bowl, np.array([[1.0, 2.0], [0.5, 0.0]]), rng=0)
    >>> report.ok
    False
    >>> print(report.problems[0][:58])
    The gradient is wrong at point 0: along a random direction
    """
    landscape = landscape_alone(landscape)
    _check_points(points)
    tested = _Tested(landscape)
    problems: list[str] = []
    error = float("nan")
    abilities = abilities_of(landscape)
    steady = not abilities.stochastic or bool(abilities.n_samples)
    try:
        values, gradients = tested(points)
        problems += _wrong_dtypes(points, values, gradients)
        values, gradients = _as_doubles(values), _as_doubles(gradients)
        problems += _not_finite("value", values) + _not_finite("gradient", gradients)
        if steady and not problems:
            problems += _inconsistent(tested, points, values, gradients)
        if steady and not problems:
            directions = _random_directions(points, n_directions, rng)
            wrong, error = _wrong_gradient(tested, points, gradients, directions, step, tolerance)
            problems += wrong
    except _BrokenContractError as broken:
        problems.append(str(broken))
    return LandscapeReport(tuple(problems), tested.n_evaluations, error)


def _check_points(points: Array) -> None:
    if not is_array(points) or not is_floating(points):
        kind = points.dtype if is_array(points) else type(points).__name__
        raise TypeError(f"`points` must be an array of floats (M, D), got {kind}")
    if len(points.shape) != 2 or 0 in points.shape:
        raise ValueError(
            f"`points` has shape {tuple(points.shape)}; it must be (M, D), and not empty"
        )


class _BrokenContractError(Exception):
    """What was returned allows no further test; the text is the problem."""


class _Tested:
    """The landscape, its calls counted and what comes back of the right kind and shape."""

    def __init__(self, landscape: Landscape) -> None:
        self._landscape = landscape
        self.n_evaluations = 0

    def __call__(self, points: Array) -> tuple[Array, Array]:
        given = array_namespace(points).asarray(points, copy=True)
        self.n_evaluations += int(points.shape[0])
        try:
            returned = self._landscape.value_and_grad(given)
        except Exception as error:  # whatever a user's code raises is what is to be told
            raise _BrokenContractError(
                f"`value_and_grad` raised {type(error).__name__} for points of shape "
                f"{tuple(points.shape)}: {error}"
            ) from error
        _check_returned(points, returned)
        if not np.array_equal(to_numpy(given), to_numpy(points), equal_nan=True):
            raise _BrokenContractError("The landscape changed the points it was given, in place.")
        return returned


def _check_returned(points: Array, returned: object) -> None:
    if not isinstance(returned, tuple) or len(returned) != 2:
        raise _BrokenContractError(
            f"`value_and_grad` returned a {type(returned).__name__}; it must return a pair "
            "(values, gradients)."
        )
    for name, array, n_axes in zip(("Values", "Gradients"), returned, (1, 2), strict=True):
        if type(array) is not type(points):
            raise _BrokenContractError(
                f"{name} are a {type(array).__name__}; they must be a {type(points).__name__}, as "
                "the points are."
            )
        if array.shape != points.shape[:n_axes]:
            raise _BrokenContractError(
                f"{name} have shape {tuple(array.shape)} for points of shape "
                f"{tuple(points.shape)}; they must have {tuple(points.shape[:n_axes])}."
            )


def _as_doubles(array: Array) -> np.ndarray:
    return np.array(to_numpy(array), dtype=np.float64)


def _wrong_dtypes(points: Array, values: Array, gradients: Array) -> list[str]:
    return [
        f"{name} are of {array.dtype}; they must be of {points.dtype}, as the points are."
        for name, array in (("Values", values), ("Gradients", gradients))
        if array.dtype != points.dtype
    ]


def _not_finite(name: str, results: np.ndarray) -> list[str]:
    bad = np.flatnonzero(~np.isfinite(results.reshape(len(results), -1)).all(axis=1))
    if not bad.size:
        return []
    which = ", ".join(map(str, bad[:5])) + (", ..." if bad.size > 5 else "")
    return [f"The {name} is not finite at {bad.size} of {len(results)} points: index {which}."]


def _inconsistent(
    tested: _Tested, points: Array, values: np.ndarray, gradients: np.ndarray
) -> list[str]:
    """Differences between two calls, or else between the batch and its points alone."""
    again = tested(points)
    allowed = float(array_namespace(points).finfo(points.dtype).eps) ** 0.5
    problem = _difference(again, (values, gradients), allowed)
    if problem:
        return [
            f"Two calls with the same points differ: {problem}. If that is meant, give the "
            "landscape an attribute `stochastic = True`."
        ]
    singles = [tested(points[m : m + 1, ...]) for m in range(points.shape[0])]
    alone = tuple(np.concatenate([_as_doubles(s[k]) for s in singles]) for k in (0, 1))
    problem = _difference(alone, (values, gradients), allowed)
    return [f"A batch and its points alone differ: {problem}."] if problem else []


def _difference(new: tuple[Array, ...], old: tuple[np.ndarray, ...], allowed: float) -> str:
    """The largest difference in words; empty where it is only rounding."""
    for name, a, b in zip(("value", "gradient"), new, old, strict=True):
        change = np.abs(_as_doubles(a) - b).reshape(len(b), -1).max(axis=1)
        if not change.max() <= allowed * max(np.abs(b).max(), 1e-300):
            index = int(np.argmax(change))
            return f"the {name} at point {index} by {change[index]:.3g}"
    return ""


def _random_directions(
    points: Array, n_directions: int, rng: int | np.random.Generator | None
) -> np.ndarray:
    """Unit vectors (K, M, D)."""
    u = np.random.default_rng(rng).normal(size=(n_directions, *points.shape))
    unit: np.ndarray = u / np.linalg.norm(u, axis=-1, keepdims=True)
    return unit


def _wrong_gradient(
    tested: _Tested,
    points: Array,
    gradients: np.ndarray,
    u: np.ndarray,
    step: float | None,
    tolerance: float,
) -> tuple[list[str], float]:
    """Problems of the gradient along `u`, and its error relative to the largest gradient."""
    said = (gradients * u).sum(axis=-1)
    seen = seen_slopes(tested, points, u, said, gradients, step, tolerance)
    relative = float(seen.error(said).max() / seen.scale)
    if seen.agrees(said, tolerance):
        return [], relative
    excess = seen.error(said) - seen.allowed(tolerance)
    k, m = np.unravel_index(np.argmax(excess), excess.shape)
    return [_gradient_sentence(int(m), float(said[k, m]), float(seen.narrow[k, m]))], relative


def _gradient_sentence(point: int, said: float, seen: float) -> str:
    problem = (
        f"The gradient is wrong at point {point}: along a random direction it says {said:.6g}, "
        f"differences of the value say {seen:.6g}."
    )
    if abs(said + seen) < 1e-3 * abs(seen):
        problem += " Its sign is wrong; a force is the negative gradient."
    return problem
