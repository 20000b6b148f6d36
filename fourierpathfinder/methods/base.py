"""The small interface that every method of finding a path shares.

A method is a frozen settings object; `start` turns it into a run, which holds all that changes.
The loop itself (`fourierpathfinder.find`) is the same for all: step until there is a status.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..evaluation import Evaluator
from ..height import Profile
from ..path import SinePath
from ..result import PathResult, Saddle, Status


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a run ends with; `find_path` adds the bookkeeping and makes it a `PathResult`."""

    path: SinePath
    profile: Profile
    """All that is known of the landscape along the path, both ends included."""
    times: np.ndarray
    """The method's own points (M,)."""
    heights: np.ndarray
    """The values there (M,)."""
    height_error: float
    saddle: Saddle | None = None
    certified: bool = False
    message: str = ""
    channels: tuple[PathResult, ...] = ()
    segments: tuple[PathResult, ...] = ()


class Run(Protocol):
    """One run of a method on one landscape, between two ends."""

    state: object
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


class Method(Protocol):
    """The settings of a way to find a path."""

    def start(self, evaluator: Evaluator, path: SinePath, rng: np.random.Generator) -> Run:
        """A run from an initial path."""
        ...

    @property
    def replays(self) -> bool:
        """Whether gradients are so dear that a checkpoint keeps them all for a restart."""
        ...

    @property
    def n_terms(self) -> int:
        """The number of sine terms N that the initial path must have."""
        ...


def require_positive(**settings: float) -> None:
    """Raise a ValueError that names the first setting that is not a positive number."""
    for name, value in settings.items():
        if not value > 0:
            raise ValueError(f"`{name}` is {value}; it must be positive")
