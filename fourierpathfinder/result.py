"""What a run returns: the path, its height, and how reliable both are."""

from dataclasses import dataclass, field
from enum import Enum
from importlib import import_module
from typing import Any

import numpy as np

from ._arrays import Array
from .landscapes.abilities import abilities_of
from .path import SinePath


class Status(Enum):
    """Why a run ended; the value is the sentence that a user reads.

    Examples
    --------
    >>> Status.CERTIFIED.success, Status.STALLED.success
    (True, False)
    >>> Status.CERTIFIED.value
    'The saddle was found and the rest of the path was checked to lie below it.'
    """

    CONVERGED = "The path has converged."
    CERTIFIED = "The saddle was found and the rest of the path was checked to lie below it."
    STEPS_DONE = "All requested steps are done."
    MAX_GRADIENTS = (
        "The budget of gradients was used up before convergence; the best path so far is returned. "
        "Raise `max_gradients` or loosen `tol`."
    )
    MAX_ITERATIONS = (
        "The maximum number of iterations was reached before convergence; the best path so far is "
        "returned. Look at the history: if the height is still falling, allow more."
    )
    STALLED = (
        "No further progress was possible before the tolerance was reached; the best path so far "
        "is returned. Loosen `tol`, which noise in the landscape may ask for."
    )
    STOPPED = "The callback stopped the run; the best path so far is returned."
    INTERRUPTED = "The run was interrupted; the best path so far is returned."
    FAILED = "The run ended with an error; the best path so far, if any, is returned."

    @property
    def success(self) -> bool:
        """Whether the method did all that was asked of it."""
        return self in (Status.CONVERGED, Status.CERTIFIED, Status.STEPS_DONE)


@dataclass(frozen=True, eq=False)
class Saddle:
    """A first-order saddle, or the best approximation to it, on or near the path's top.

    Parameters
    ----------
    position : array (D,)
        In the landscape's unit of length.
    value : float
        The landscape there, in its own unit.
    gradient_norm : float
        The Euclidean norm of the gradient there.
    time : float
        Where on the path it lies, 0 to 1.
    largest_force : float
        The largest force on an atom there, or `gradient_norm` again where there are no atoms; NaN
        where that was not looked at.

    Examples
    --------
    >>> from fourierpathfinder import find_path
    >>> from fourierpathfinder.landscapes.toy import two_channels
    >>> toy = two_channels()
    >>> saddle = find_path(toy, toy.start, toy.end, rng=0).saddle
    >>> round(saddle.value, 2), saddle.position.shape
    (0.62, (2,))
    """

    position: Array
    value: float
    gradient_norm: float
    time: float
    largest_force: float = float("nan")


@dataclass(frozen=True, eq=False)
class Evaluations:
    """What a landscape answered, point by point, those that failed left out.

    Parameters
    ----------
    points : array (n, D)
        In the landscape's unit of length.
    values : array (n,)
        The landscape there.
    gradients : array (n, D)
        Its gradients there.

    Examples
    --------
    >>> from fourierpathfinder import Surrogate, find_path
    >>> from fourierpathfinder.landscapes.toy import two_channels
    >>> toy = two_channels()
    >>> result = find_path(toy, toy.start, toy.end, method=Surrogate(), rng=0)
    >>> len(result.evaluations) == result.n_gradients
    True
    """

    points: np.ndarray
    values: np.ndarray
    gradients: np.ndarray

    def __len__(self) -> int:
        return len(self.values)

    def joined(self, other: "Evaluations") -> "Evaluations":
        """These, then the others.

        Parameters
        ----------
        other : Evaluations
            Of the same landscape.

        Returns
        -------
        Evaluations
            All of them.
        """
        return Evaluations(
            np.concatenate([self.points, other.points]),
            np.concatenate([self.values, other.values]),
            np.concatenate([self.gradients, other.gradients]),
        )


@dataclass(frozen=True, eq=False)
class History:
    """The course of a run, with one entry per iteration."""

    n_gradients: np.ndarray
    """Gradients used so far, (I,)."""
    heights: np.ndarray
    """The method's own estimate of the path's height, (I,)."""
    n_sample_gradients: np.ndarray | None = None
    """Gradients of single samples used so far, (I,); None where the landscape has no samples."""


@dataclass(frozen=True, eq=False)
class IntermediateResult:
    """What a callback receives after each iteration.

    Parameters
    ----------
    path : SinePath
        The best path so far.
    height : float
        The method's own estimate of its height, not yet refined over t.
    n_gradients : int
        Gradients used so far.
    n_iterations : int
        Iterations done so far.
    waiting_for : str
        What is evaluated next, in words.
    height_error : float
        Estimated error of the height; NaN where the method knows it only at the end.

    Examples
    --------
    >>> from fourierpathfinder import find_path
    >>> from fourierpathfinder.landscapes.toy import two_channels
    >>> toy, heights = two_channels(), []
    >>> def remember(state):
    ...     heights.append(state.height)
    >>> result = find_path(toy, toy.start, toy.end, rng=0, callback=remember)
    >>> len(heights) == result.n_iterations
    True
    """

    path: SinePath
    height: float
    n_gradients: int
    n_iterations: int
    waiting_for: str = ""
    height_error: float = float("nan")


@dataclass(frozen=True, eq=False)
class PathResult:
    r"""A path between two ends and its height, in the landscape's own units.

    Parameters
    ----------
    path : SinePath
        The path found.
    height : float
        The largest value on the continuous path, refined over t, not the largest on a grid.
    height_time : float
        Where on the path it lies, 0 to 1.
    start_value, end_value : float
        The landscape at the two ends.
    times, heights : array (M,)
        The path's profile: values where the method evaluated the path itself, and for `Surrogate`
        what its Gaussian process predicts, exact at the ends and the saddle.
    saddle : Saddle or None
        The saddle at the path's top, where the method looks for one.
    certified : bool
        Whether the method's own checks found nothing higher than `height` on the path.
    height_error : float
        Upper estimate of \|`height` - true continuous height of `path`\|, same unit. Each
        method's documentation says how it is obtained.
    status : Status
        Why the run ended.
    message : str
        The same in words, with details.
    n_gradients : int
        Evaluations of value and gradient at one point, ends and refinement included.
    n_iterations : int
        Iterations of the method.
    history : History
        Height against gradients spent.
    method : object
        The settings that were used, also where `find_path` chose them.
    channels : tuple of PathResult
        Distinct paths between the same ends by height, where the method looks for several.
    segments : tuple of PathResult
        The parts of a path that was split at intermediate minima.
    landscape : Landscape or None
        What the path was found on. It is pickled with the result, so that functions in it must be
        found by their names in a module; `save_result` leaves it out.
    n_sample_gradients : int
        Gradients of single samples, refinement included, where the landscape is a mean over
        samples, such as a network's loss; elsewhere 0. Values alone are not counted.
    evaluations : Evaluations or None
        All points that were evaluated, where the method keeps them (`Surrogate`): what follows a
        search, such as `minimum_energy_path`, learns from them.
    profile_errors : array (M,) or None
        Two calibrated standard deviations of the `heights`, where they are predicted.
    n_prior_gradients : int
        Gradients of the cheaper landscapes that `find_path` was given as `prior`, search included.
    n_outliers : int
        Evaluations that could not be true, were made once more and came out differently; the path
        does not rest on them. Only `Surrogate` notices.

    Examples
    --------
    >>> from fourierpathfinder import find_path
    >>> from fourierpathfinder.landscapes.toy import two_channels
    >>> toy = two_channels()
    >>> result = find_path(toy, toy.start, toy.end, rng=0)
    >>> result.certified, round(result.height, 2), result.path(0.5).shape
    (True, 0.62, (2,))
    """

    path: SinePath
    height: float
    height_time: float
    start_value: float
    end_value: float
    times: np.ndarray
    heights: np.ndarray
    saddle: Saddle | None
    certified: bool
    height_error: float
    status: Status
    message: str
    n_gradients: int
    n_iterations: int
    history: History
    method: object
    channels: "tuple[PathResult, ...]" = ()
    segments: "tuple[PathResult, ...]" = ()
    landscape: Any = field(default=None, repr=False)
    n_sample_gradients: int = 0
    evaluations: Evaluations | None = field(default=None, repr=False)
    profile_errors: np.ndarray | None = field(default=None, repr=False)
    n_prior_gradients: int = 0
    n_outliers: int = 0

    @property
    def barrier(self) -> float:
        """The height above the start."""
        return self.height - self.start_value

    @property
    def reverse_barrier(self) -> float:
        """The height above the end."""
        return self.height - self.end_value

    @property
    def success(self) -> bool:
        """Whether the method did all that was asked of it."""
        return self.status.success

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: of a landscape that is a mean over data nothing, so that it is small."""
        state = dict(vars(self))
        if abilities_of(self.landscape).n_samples:
            state["landscape"] = None
        return state

    def to_atoms(self, n_images: int = 21) -> list[Any]:
        """The path as structures, where the landscape is made of atoms.

        Parameters
        ----------
        n_images : int
            Structures, evenly spaced in length; the saddle comes in addition.

        Returns
        -------
        list of ase.Atoms
            With energies in eV; `fourierpathfinder.atoms.path_atoms` says
            which are the calculator's.

        Raises
        ------
        TypeError
            If the landscape has no atoms.
        """
        structures = abilities_of(self.landscape).structures
        if structures is None:
            raise TypeError(
                f"the path was found on a {type(self.landscape).__name__}, which has no atoms; "
                "`path(t)` gives its points as arrays"
            )
        return structures.path_atoms(self, n_images)

    def _others(self) -> str:
        n, cheap = self.n_sample_gradients, self.n_prior_gradients
        samples = f", {n:.3g} of single samples" if n else ""
        return samples + (f", and {cheap} of the prior" if cheap else "")

    def _repr_html_(self) -> str:
        """The run's report, as a notebook shows it."""
        # the report knows results, not the other way round: it is loaded where it is asked for
        report = import_module(f"{__package__}.report")
        return str(report.notebook_html(report.report_of(self)))

    def __str__(self) -> str:
        """A short table for people."""
        rows = {
            "height": f"{self.height:.6g} ± {self.height_error:.1g} at t = {self.height_time:.3f}",
            "barrier": f"{self.barrier:.6g} (reverse {self.reverse_barrier:.6g})",
            "certified": "yes" if self.certified else "no",
            "gradients": f"{self.n_gradients} in {self.n_iterations} iterations{self._others()}",
            "method": repr(self.method),
            "status": self.message,
        }
        return "\n".join(f"{name:>10}  {text}" for name, text in rows.items())
