"""The only door to the user's landscape: counts gradients, keeps to a budget, refuses NaN."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ._arrays import Array, array_namespace, detached, is_array, is_real, like, owned, to_numpy
from .landscapes.abilities import Abilities, Forwarding, abilities_of
from .landscapes.protocols import Landscape
from .result import Evaluations


class BudgetSpentError(Exception):
    """Another batch of gradients would exceed the budget; nothing was evaluated.

    Parameters
    ----------
    n_needed : int
        The budget that would cover it, where that is known.
    """

    def __init__(self, n_needed: int = 0) -> None:
        super().__init__(n_needed)
        self.n_needed = n_needed


class BudgetTooSmallError(ValueError):
    """The budget does not cover the first iteration; nothing was found."""


class LandscapeError(ValueError):
    """The landscape returned something unusable: wrong shapes, NaN or infinity.

    Examples
    --------
    >>> import numpy as np
    >>> from fourierpathfinder import Direct, find_path
    >>> try:
    ...     find_path(lambda x: np.nan, np.zeros(1), np.ones(1), gradient=lambda x: x,
    ...               method=Direct(), rng=0)
    ... except LandscapeError as error:
    ...     print(str(error)[:36])
    the landscape returned the value nan
    """


class UnusableEndError(LandscapeError):
    """The landscape cannot be evaluated at one of the ends."""


class Evaluator(Forwarding):
    """Evaluates a landscape for one run.

    Parameters
    ----------
    landscape : Landscape or Abilities
        The user's landscape, or what is known already of all that it offers.
    max_gradients : int, optional
        The budget; None is without limit.
    on_evaluation : callable, optional
        Called with the running number of gradients after each batch.
    n_workers : int
        How many points are evaluated at a time.
    at_work : Landscape, optional
        What evaluates in the landscape's place: its workers, or its journal.
    known : Evaluations, optional
        What is known already: data for methods that learn, which is not counted.

    Attributes
    ----------
    abilities : Abilities
        What the landscape offers.
    n_gradients : int
        Evaluations of value and gradient at one point so far.
    n_sample_gradients : int
        The same for single samples, where the landscape is a mean over samples.
    """

    def __init__(
        self,
        landscape: Landscape | Abilities,
        max_gradients: int | None = None,
        on_evaluation: Callable[[int], None] | None = None,
        *,
        n_workers: int = 1,
        at_work: Landscape | None = None,
        known: Evaluations | None = None,
    ) -> None:
        self.known = known
        self.abilities = abilities_of(landscape)
        super().__init__(self.abilities.landscape)
        at_work = self.landscape if at_work is None else at_work
        offered = abilities_of(at_work)
        self._at_work, self._values = at_work, offered.values
        self._overwriting = offered.overwriting
        self.max_gradients = max_gradients
        self.n_gradients = 0
        self.n_sample_gradients = 0
        self.n_workers = n_workers
        self._on_evaluation = on_evaluation
        self._closed = False

    @property
    def remaining(self) -> float:
        """Gradients left in the budget (infinite where there is none)."""
        return float("inf") if self.max_gradients is None else self.max_gradients - self.n_gradients

    def close(self) -> None:
        """Allow no further evaluation."""
        self.max_gradients = self.n_gradients
        self._closed = True

    @property
    def n_samples(self) -> int:
        """Samples that the landscape is a mean over; 0 where it is no such mean."""
        return self.abilities.n_samples

    def value_and_grad(
        self,
        points: Array,
        times: Array | None = None,
        *,
        finite: bool = True,
        samples: Array | None = None,
        spare: bool = False,
    ) -> tuple[Array, Array]:
        """Values (M,) and gradients (M, D) at `points` (M, D), in the library and dtype of these.

        Parameters
        ----------
        points : array (M, D)
            Where to evaluate.
        times : array (M,), optional
            Where on the path the points lie, for error messages.
        finite : bool
            Whether a value that is not finite is an error.
        samples : array of int (M, B), optional
            The samples to take at each point, of a landscape that is a mean over samples.
        spare : bool
            Whether the gradients may be written over `points`.

        Raises
        ------
        BudgetSpentError
            Before evaluating, if the budget does not cover the batch.
        LandscapeError
            If what comes back is no pair of arrays, has a wrong shape or (with `finite`) is not
            finite.
        """
        if points.shape[0] > self.remaining:
            raise BudgetSpentError(self.n_gradients + points.shape[0])
        chosen = {} if samples is None else {"samples": samples}
        if spare and self._overwriting is not None:
            returned = self._overwriting.value_and_grad_over(points, **chosen)
        else:  # which may write to what it is given, and answer in the same array each time
            given = points if spare else owned(points)
            returned = self._at_work.value_and_grad(given, **chosen)
        check_shapes(points, returned)
        values, gradients = (like(detached(array), points) for array in returned)
        if not spare:
            values, gradients = owned(values), owned(gradients)
        self.n_gradients += int(points.shape[0])
        n_each = self.n_samples if samples is None else int(samples.shape[1])
        self.n_sample_gradients += int(points.shape[0]) * n_each
        if self._on_evaluation is not None:
            self._on_evaluation(self.n_gradients)
        if finite:
            here = None if spare else points  # which may be written over
            self._check_finite(here, values, gradients, times, samples)
        return values, gradients

    def value(
        self, points: Array, times: Array | None = None, *, samples: Array | None = None
    ) -> Array:
        """Values (M,) alone, which are no gradients and are not counted.

        A landscape without `value` of its own is asked for both, and both are counted.

        Raises
        ------
        BudgetSpentError, LandscapeError
            As of `value_and_grad`; where values have a price of their own, once this is closed.
        """
        if self._closed:
            raise BudgetSpentError
        if self._values is None:
            return self.value_and_grad(points, times, samples=samples)[0]
        chosen = {} if samples is None else {"samples": samples}
        values = like(detached(self._values.value(points, **chosen)), points)
        no_gradients = array_namespace(values).zeros_like(points[:, :1])
        self._check_finite(points, values, no_gradients, times, samples)
        return values

    def _check_finite(
        self,
        points: Array | None,
        values: Array,
        gradients: Array,
        times: Array | None,
        samples: Array | None,
    ) -> None:
        bad = _not_finite(values, gradients)
        if len(bad):
            own, index = self.abilities.explained, int(bad[0])
            row = None if samples is None else samples[index]
            why = "" if own is None or points is None else own.not_finite(points[index], row)
            _refuse_not_finite(values, bad, times, why)

    @property
    def has_free_values(self) -> bool:
        """Whether values alone are no gradients, and not counted."""
        return self._values is not None

    def offering(self, behind: Abilities) -> Abilities:
        """The same; values and gradients are those counted here."""
        return replace(super().offering(behind), values=self)


def check_shapes(points: Array, returned: object, who: str = "the landscape") -> None:
    """Raise a LandscapeError where `who` returned no values (M,) and gradients (M, D)."""
    if not isinstance(returned, tuple | list) or len(returned) != 2:
        raise LandscapeError(
            f"{who} returned a {type(returned).__name__}; `value_and_grad` must return the "
            "pair (values, gradients)"
        )
    expected = {"values": tuple(points.shape[:1]), "gradients": tuple(points.shape)}
    for (name, shape), array in zip(expected.items(), returned, strict=True):
        if not is_array(array):
            raise LandscapeError(
                f"{who} returned as {name}: a {type(array).__name__}; it must be an array "
                f"of shape {shape}"
            )
        if not is_real(array) or isinstance(array, np.ma.MaskedArray):
            kind = "masked" if isinstance(array, np.ma.MaskedArray) else f"of {array.dtype}"
            raise LandscapeError(
                f"{who} returned {name} that are {kind}; they must be plain real numbers"
            )
        if tuple(array.shape) != shape:
            raise LandscapeError(
                f"{who} returned {name} of shape {tuple(array.shape)} for points of shape "
                f"{tuple(points.shape)}; they must have shape {shape}. `check_landscape` tests a "
                "landscape on its own"
            )


def _not_finite(values: Array, gradients: Array) -> np.ndarray:
    """Which points have a value or gradient that is not finite."""
    xp = array_namespace(values)
    # NaN is the maximum and minimum of whatever it is among, and these need no copy of the array
    extremes = [function(array) for array in (values, gradients) for function in (xp.max, xp.min)]
    if bool(xp.all(xp.isfinite(xp.stack(extremes)))):
        return np.zeros(0, dtype=int)
    bad_value = to_numpy(~xp.isfinite(values))
    bad_gradient = to_numpy(~xp.all(xp.isfinite(gradients), axis=-1))
    return np.asarray((bad_value | bad_gradient).nonzero()[0])


def _refuse_not_finite(values: Array, bad: np.ndarray, times: Array | None, why: str) -> None:
    """Raise a LandscapeError of the first of some points; `why`, as far as the landscape knows."""
    index = int(bad[0])
    where = f"point {index}"
    if times is not None:
        where += f" (t = {float(times[index]):.6g})"
    value = float(values[index])
    what = "a gradient with NaN or inf" if np.isfinite(value) else f"the value {value}"
    cure = "bound the landscape there, or move the ends so that the path avoids the region"
    raise LandscapeError(
        f"the landscape returned {what} at {where}, {len(bad)} of {values.shape[0]} points are not "
        f"finite; {why or cure}"
    )
