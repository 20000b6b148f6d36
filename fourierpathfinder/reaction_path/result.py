"""What following a saddle down returns."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..result import Evaluations
from ..saddle import Neighbour


@dataclass(frozen=True, eq=False)
class MinimumEnergyPath:
    r"""The way of steepest descent from a saddle to the minima on both sides.

    Parameters
    ----------
    points : ndarray (M, D)
        From the minimum towards the path's start to that towards its end, evenly spaced in length
        on either side of the saddle, in the landscape's unit of length.
    lengths : ndarray (M,)
        Length along the path, negative before the saddle: in Å √u where it is mass-weighted (the
        intrinsic reaction coordinate), else in the landscape's unit.
    values, gradients : ndarray (M,), (M, D)
        The landscape there, as the surrogate has it: exact to within `errors`.
    errors : ndarray (M,)
        Two calibrated standard deviations of the values, and at least the tolerance.
    top : int
        Which of the points is the saddle.
    neighbours : (Neighbour, Neighbour)
        Where the two branches end: one of the path's own ends, or a minimum that is new.
    mass_weighted : bool
        Whether steepest is meant in mass-weighted coordinates.
    success : bool
        Whether both branches end at a minimum, and are known everywhere to within the tolerance.
    message : str
        The same in words.
    n_gradients : int
        Evaluations that it took beyond those of the search.
    evaluations : Evaluations
        All points that were evaluated, those of the search among them.
    landscape : Landscape
        What the path was followed on.
    stops : tuple of int
        Which of the points are minima between, where the path leads over several saddles
        (`minimum_energy_chain`).
    n_prior_gradients : int
        Evaluations of cheaper landscapes beneath.

    Examples
    --------
    >>> from fourierpathfinder import find_path, minimum_energy_path
    >>> from fourierpathfinder.landscapes.toy import mueller_brown
    >>> toy = mueller_brown()
    >>> followed = minimum_energy_path(toy, find_path(toy, toy.start, toy.end, rng=0))
    >>> [neighbour.is_end for neighbour in followed.neighbours]
    ['start', '']
    """

    points: np.ndarray
    lengths: np.ndarray
    values: np.ndarray
    gradients: np.ndarray
    errors: np.ndarray
    top: int
    neighbours: tuple[Neighbour, Neighbour]
    mass_weighted: bool
    success: bool
    message: str
    n_gradients: int
    evaluations: Evaluations = field(repr=False)
    landscape: Any = field(default=None, repr=False)
    stops: tuple[int, ...] = ()
    n_prior_gradients: int = 0

    @property
    def connects_the_ends(self) -> bool:
        """Whether its two ends are those of the path whose saddle was followed."""
        return sorted(neighbour.is_end for neighbour in self.neighbours) == ["end", "start"]

    def __str__(self) -> str:
        """A sentence or two for people."""
        ends = " to ".join(str(neighbour) for neighbour in self.neighbours)
        beneath = f", and {self.n_prior_gradients} of the prior" if self.n_prior_gradients else ""
        n = len(self.stops)
        between = f" over {n + 1} saddles" if n else ""
        return f"From {ends}{between}. {self.message} {self.n_gradients} gradients{beneath}."
