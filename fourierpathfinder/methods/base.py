"""The small interface that every method of finding a path shares.

A method is a frozen settings object; `start` turns it into a run, which holds all that changes.
The loop itself (`fourierpathfinder.find`) is the same for all: step until there is a status.
"""

from dataclasses import dataclass, fields
from typing import Any, Protocol, runtime_checkable

import numpy as np

from .._arrays import array_namespace, like
from ..evaluation import Evaluator
from ..height import RefinedHeight
from ..path import SinePath
from ..prior import Prior
from ..result import Evaluations, History, PathResult, Saddle, Status


@dataclass(frozen=True, eq=False)
class Outcome:
    """The outcome of a run; `find_path` adds the bookkeeping and makes it a `PathResult`.

    The fields are those of `PathResult`; an empty `message` stands for that of the status.
    """

    path: SinePath
    height: float
    height_time: float
    start_value: float
    end_value: float
    times: np.ndarray
    heights: np.ndarray
    height_error: float
    saddle: Saddle | None = None
    certified: bool = False
    message: str = ""
    method: object | None = None
    """The settings with what the run itself has chosen; None where nothing was left open."""
    channels: tuple[PathResult, ...] = ()
    segments: tuple[PathResult, ...] = ()
    evaluations: Evaluations | None = None
    profile_errors: np.ndarray | None = None
    n_outliers: int = 0
    note: str = ""
    """What is to be added to the message."""

    def result(
        self,
        status: Status,
        *,
        n_gradients: int,
        n_iterations: int,
        history: History,
        method: object,
        landscape: object,
        n_sample_gradients: int = 0,
        n_prior_gradients: int = 0,
    ) -> PathResult:
        """The same with the bookkeeping of a run that ended with `status`."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        own["message"] = " ".join(filter(None, (self.message or status.value, own.pop("note"))))
        own["method"] = self.method or method
        return PathResult(
            **own,
            status=status,
            n_gradients=n_gradients,
            n_iterations=n_iterations,
            history=history,
            landscape=landscape,
            n_sample_gradients=n_sample_gradients,
            n_prior_gradients=n_prior_gradients,
        )

    @classmethod
    def of_refined(
        cls, path: SinePath, refined: RefinedHeight, times: np.ndarray, heights: np.ndarray
    ) -> "Outcome":
        """From a height refined over t, both ends being among its points."""
        profile = refined.profile
        return cls(
            path=path,
            height=profile.height,
            height_time=profile.height_time,
            start_value=float(profile.heights[0]),
            end_value=float(profile.heights[-1]),
            times=times,
            heights=heights,
            height_error=refined.error,
        )


class Run(Protocol):
    """One run of a method on one landscape, between two ends."""

    state: Any
    """Frozen dataclass of plain arrays and numbers, which a checkpoint can hold and set again."""

    @property
    def path(self) -> SinePath:
        """The best path so far."""
        ...

    @property
    def height(self) -> float:
        """The method's own estimate of its height; NaN before the first evaluation."""
        ...

    @property
    def height_error(self) -> float:
        """An estimate of its error, or NaN where only `finish` can tell."""
        ...

    @property
    def n_iterations(self) -> int:
        """Iterations done."""
        ...

    @property
    def status(self) -> Status | None:
        """Why the run has ended, or None while there is more to do."""
        ...

    @property
    def waiting_for(self) -> str:
        """What the next step evaluates, in words."""
        ...

    def step(self) -> None:
        """Do one iteration."""
        ...

    def finish(self) -> Outcome:
        """Refine the height with what is left of the budget, and sum up."""
        ...


@runtime_checkable
class Method(Protocol):
    """The settings of a way to find a path."""

    def start(self, evaluator: Evaluator, path: SinePath, rng: np.random.Generator) -> Run:
        """A run from an initial path."""
        ...

    @property
    def replays(self) -> bool:
        """Whether gradients are so expensive that a checkpoint keeps them all for a restart."""
        ...

    @property
    def n_terms(self) -> int:
        """The number of sine terms N that the initial path must have."""
        ...


@runtime_checkable
class UsesPrior(Protocol):
    """A method that can make use of a cheaper landscape."""

    def start_upon(
        self, prior: Prior | None, evaluator: Evaluator, path: SinePath, rng: np.random.Generator
    ) -> Run:
        """A run from an initial path, with what is known of the cheaper landscape."""
        ...


def kicked(path: SinePath, rng: np.random.Generator, size: float = 0.01) -> SinePath:
    """The path with a small random bend if it is straight, to leave a symmetric start.

    Parameters
    ----------
    path : SinePath
        The initial path.
    rng : numpy.random.Generator
        Source of the bend.
    size : float
        Its size, in lengths of the chord.
    """
    xp = array_namespace(path.start)
    if bool(xp.any(path.coefficients != 0)):
        return path
    scale = size * xp.sqrt(xp.sum((path.end - path.start) ** 2)) / path.n_coordinates**0.5
    bend = like(rng.standard_normal(path.coefficients.shape), path.start)
    order = like(np.arange(1.0, path.n_terms + 1), path.start)[:, None]
    return path.with_coefficients(scale * bend / order**2)
