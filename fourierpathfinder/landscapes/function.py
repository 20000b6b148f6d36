"""A plain Python function as a landscape, with its gradient given, returned or differenced.

The default contract is one point at a time: `function(x (D,)) -> float` and
`gradient(x (D,)) -> (D,)`. With `batched=True` both take all points (M, D) at once and return (M,)
and (M, D). They may write to what they are given, and return the same array in each call.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from .._arrays import Array, array_namespace, detached, is_array, is_real, like, owned

Gradient: TypeAlias = Callable[..., Any] | str | bool


class FunctionLandscape:
    """A landscape from plain functions.

    Parameters
    ----------
    function : callable
        `function(x (D,)) -> float`, or with `batched` `function(points (M, D)) -> (M,)`.
    gradient : callable, True or "finite-difference"
        A callable of the same kind that returns (D,), or with `batched` (M, D). True where
        `function` itself returns (value, gradient). "finite-difference" asks for central
        differences: 2 D more calls per point, and only about ten correct digits.
    batched : bool
        Whether the functions take all points at once.
    stochastic : bool
        Whether two calls at the same point differ.
    step : float, optional
        Half the distance of the two points of a central difference, in the unit of the
        coordinates; by default the cube root of the rounding error, 6e-6 in double precision.

    Raises
    ------
    TypeError, ValueError
        If `function` is not callable, or `gradient` is none of the above.

    Examples
    --------
    >>> import numpy as np
    >>> bowl = FunctionLandscape(lambda x: x @ x, lambda x: 2 * x)
    >>> bowl.value_and_grad(np.array([[1.0, 2.0]]))
    (array([5.]), array([[2., 4.]]))
    """

    def __init__(
        self,
        function: Callable[[Array], Any],
        gradient: Gradient,
        *,
        batched: bool = False,
        stochastic: bool = False,
        step: float | None = None,
    ) -> None:
        _check_kinds(function, gradient)
        self.stochastic = stochastic
        self._function = function
        self._gradient = gradient
        self._batched = batched
        self._step = step

    def value_and_grad(self, points: Array) -> tuple[Array, Array]:
        """Values (M,) and gradients (M, D) at `points` (M, D)."""
        if self._gradient is True:
            return self._both(points)
        return self.value(points), self._gradients(points)

    def value(self, points: Array) -> Array:
        """Values (M,) alone at `points` (M, D)."""
        if self._gradient is True:
            return self._both(points)[0]
        return self._answers("function", self._function, points, 1)

    def _both(self, points: Array) -> tuple[Array, Array]:
        values, gradients = [], []
        for given in self._parts(points):
            pair = self._function(owned(given))
            if not isinstance(pair, tuple | list) or len(pair) != 2:
                raise ValueError(
                    f"`function` returned {_describe(pair)}; with `gradient=True` it must return "
                    "the pair (value, gradient)"
                )
            values.append(self._taken("function", pair[0], given, 1))
            gradients.append(self._taken("function", pair[1], given, 2))
        return self._joined(values, points, 1), self._joined(gradients, points, 2)

    def _gradients(self, points: Array) -> Array:
        if self._gradient == "finite-difference":
            return self._central_differences(points)
        return self._answers("gradient", self._gradient, points, 2)

    def _answers(self, name: str, function: Any, points: Array, n_axes: int) -> Array:
        given = self._parts(points)
        rows = [self._taken(name, function(owned(part)), part, n_axes) for part in given]
        return self._joined(rows, points, n_axes)

    def _parts(self, points: Array) -> list[Array]:
        """What the function is called with, one after the other."""
        return [points] if self._batched else [points[m, ...] for m in range(points.shape[0])]

    def _taken(self, name: str, result: Any, given: Array, n_axes: int) -> Array:
        """A copy of what was returned: the next call may return the same array, changed."""
        expected = tuple(given.shape)[: n_axes if self._batched else n_axes - 1]
        check_answer(name, result, expected, given)
        return owned(like(detached(result), given))

    def _joined(self, rows: list[Array], points: Array, n_axes: int) -> Array:
        if self._batched:
            return rows[0]
        xp = array_namespace(points)
        nothing = tuple(points.shape)[:n_axes]
        return xp.stack(rows) if rows else xp.zeros(nothing, dtype=points.dtype)

    def _central_differences(self, points: Array) -> Array:
        """One point after the other, so that memory stays at D² numbers."""
        xp = array_namespace(points)
        step = self._step or float(xp.finfo(points.dtype).eps) ** (1 / 3)
        shifts = like(step * np.eye(points.shape[1]), points)
        rows = [
            (self.value(points[m, ...] + shifts) - self.value(points[m, ...] - shifts)) / (2 * step)
            for m in range(points.shape[0])
        ]
        return xp.stack(rows) if rows else xp.zeros_like(points)


def _check_kinds(function: object, gradient: object) -> None:
    if not callable(function):
        raise TypeError(f"`function` must be callable, got {type(function).__name__}")
    if isinstance(gradient, str) and gradient != "finite-difference":
        raise ValueError(
            f"`gradient` is {gradient!r}; it must be a callable, True (if `function` returns "
            '(value, gradient)) or "finite-difference"'
        )
    if not (callable(gradient) or gradient is True or isinstance(gradient, str)):
        raise TypeError(
            f"`gradient` is {_describe(gradient)}; pass a callable, True (if `function` returns "
            '(value, gradient)) or "finite-difference"'
        )


def check_answer(name: str, result: Any, expected: tuple[int, ...], given: Array) -> None:
    """Raise an error where a user's function returned no real numbers, or not as many as expected.

    Raises
    ------
    TypeError, ValueError
        With what was returned, and what should have been.
    """
    array = result if is_array(result) else _as_numbers(result)
    if array is None or not is_real(array):
        raise TypeError(
            f"`{name}` returned {_describe(result)} for an input of shape {tuple(given.shape)}; it "
            "must return real numbers, Python's or those of an array library"
        )
    shape = tuple(array.shape)
    if shape != expected:
        raise ValueError(
            f"`{name}` returned shape {shape} for an input of shape {tuple(given.shape)}; it must "
            f"return {expected or 'one number'}. `batched=True` is for functions of all points "
            "(M, D) at once"
        )


def _as_numbers(result: Any) -> np.ndarray | None:
    """What was returned as an array; None where its rows are of different lengths."""
    try:
        return np.asarray(result)
    except ValueError:
        return None


def _describe(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}"
    return "None" if value is None else f"a {type(value).__name__}"
