"""What is known about a saddle: how many directions lead down, and where to."""

from dataclasses import dataclass

import numpy as np

from .curvatures import Curvatures


@dataclass(frozen=True, eq=False)
class Neighbour:
    """Where a descent from the saddle has led.

    Parameters
    ----------
    position : ndarray (D,)
        Where, in the landscape's unit of length.
    value : float
        The landscape there; NaN where nothing could be evaluated.
    is_end : {"start", "end", ""}
        Which of the path's ends it is; empty for a minimum that is new.
    symmetry : str
        Where it is an end, or like one, only by a symmetry of the landscape: in words, by which.
    problem : str
        Why it is not known to be a minimum; empty where it is one.
    """

    position: np.ndarray
    value: float
    is_end: str
    symmetry: str = ""
    problem: str = ""

    def __str__(self) -> str:
        if self.problem:
            return f"no minimum that was reached: {self.problem}"
        if self.is_end:
            return f"the {self.is_end}" + (f", {self.symmetry}" if self.symmetry else "")
        like = f" ({self.symmetry})" if self.symmetry else ""
        return f"a minimum that is neither end{like}, at {self.value:.6g}"


@dataclass(frozen=True, eq=False)
class SaddleReport:
    """What was found out about a saddle.

    Parameters
    ----------
    n_negative : int
        Negative curvatures among those looked at; a first-order saddle has exactly one.
    curvatures : Curvatures
        The lowest two; empty where they could not be measured.
    neighbours : tuple of Neighbour
        The minima below, towards the start and towards the end; empty if there is no way down.
    n_gradients : int
        Evaluations in all.
    problem : str
        Why the saddle could not be examined; empty where it was.

    Examples
    --------
    >>> from fourierpathfinder import find_path
    >>> from fourierpathfinder.landscapes.toy import two_channels
    >>> from fourierpathfinder.saddle import verify_saddle
    >>> toy = two_channels()
    >>> report = verify_saddle(toy, find_path(toy, toy.start, toy.end, rng=0), rng=0)
    >>> report.n_negative, [neighbour.is_end for neighbour in report.neighbours]
    (1, ['start', 'end'])
    """

    n_negative: int
    curvatures: Curvatures
    neighbours: tuple[Neighbour, ...]
    n_gradients: int
    problem: str = ""

    @property
    def connects_the_ends(self) -> bool:
        """Whether it is a first-order saddle with the path's start and end on either side."""
        ends = [neighbour.is_end for neighbour in self.neighbours]
        return self.n_negative == 1 and sorted(ends) == ["end", "start"]

    def __str__(self) -> str:
        if self.problem:
            return f"Not verified: {self.problem}. {self.n_gradients} gradients."
        kinds = {0: "no saddle but a minimum", 1: "a first-order saddle"}
        kind = kinds.get(self.n_negative, f"a point with {self.n_negative} directions down")
        lowest = " and ".join(f"{value:.3g}" for value in self.curvatures.values[:2])
        places = " and ".join(str(neighbour) for neighbour in self.neighbours)
        below = f"; below it lie {places}" if places else ""
        return f"It is {kind} (lowest curvatures {lowest}){below}. {self.n_gradients} gradients."
