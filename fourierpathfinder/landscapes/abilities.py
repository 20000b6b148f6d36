"""What one landscape offers, looked up once, where it is handed in.

`abilities_of` asks a landscape for each of the protocols of
`fourierpathfinder.landscapes.protocols`. The answer is a frozen value, which is handed on in the
landscape's place: nobody behind the door asks again, and what a landscape does not offer has one
default, here.

A landscape that stands before another (`Forwarding`) evaluates for it; all else is still what the
one behind offers.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._arrays import Array, is_array
from ..path import SinePath
from ..storage.content import digest
from .protocols import (
    Atomic,
    Batched,
    Calculated,
    Cluster,
    Comparable,
    Concurrent,
    Described,
    Directed,
    Explained,
    Fingerprinted,
    FirstPath,
    Forces,
    Identified,
    Landscape,
    Massive,
    Mobile,
    Overwriting,
    OwnEnds,
    PlacedEnds,
    Reminded,
    Sampled,
    Stochastic,
    Structures,
    Symmetric,
    Turning,
    Values,
)


@dataclass(frozen=True, eq=False)
class Abilities:
    """A landscape and all that it offers.

    Parameters
    ----------
    landscape : Landscape
        What evaluates.
    values, overwriting, batched, explained, own_ends, placed_ends, turning, first_path, \
comparable, symmetric, fingerprinted, mobile, massive, forces, calculated, structures, directed, \
described, identified : optional
        The landscape as what the protocol of that name says, or None where it is no such thing.
    stochastic : bool
        Whether evaluations of one point differ, or could be made to.
    n_samples : int
        Samples that the landscape is a mean over; 0 where it is no such mean.
    n_workers : int
        Points that it evaluates at a time.
    is_apart : bool
        Whether it evaluates in processes of its own, so that others may work meanwhile.
    n_atoms : int or None
        Atoms that are free to move, where coordinates are positions of atoms.
    fixed : sequence of int
        Indices of the atoms that are fixed.
    moves_as_a_whole : bool
        Whether rotations and translations of all atoms leave the value, where there are atoms.

    Examples
    --------
    >>> from fourierpathfinder.landscapes import FunctionLandscape
    >>> found = abilities_of(FunctionLandscape(lambda x: x @ x, lambda x: 2 * x))
    >>> found.values is None, found.symmetric is None, found.n_samples
    (False, True, 0)
    """

    landscape: Landscape
    values: Values | None = None
    overwriting: Overwriting | None = None
    batched: Batched | None = None
    explained: Explained | None = None
    own_ends: OwnEnds | None = None
    placed_ends: PlacedEnds | None = None
    turning: Turning | None = None
    first_path: FirstPath | None = None
    comparable: Comparable | None = None
    symmetric: Symmetric | None = None
    fingerprinted: Fingerprinted | None = None
    mobile: Mobile | None = None
    massive: Massive | None = None
    forces: Forces | None = None
    calculated: Calculated | None = None
    structures: Structures | None = None
    directed: Directed | None = None
    described: Described | None = None
    identified: Identified | None = None
    stochastic: bool = False
    n_samples: int = 0
    n_workers: int = 1
    is_apart: bool = False
    n_atoms: int | None = None
    fixed: Sequence[int] = ()
    moves_as_a_whole: bool = True

    @property
    def description(self) -> str:
        """What the landscape says it is; empty where it says nothing."""
        return "" if self.described is None else self.described.description

    @property
    def identity(self) -> dict[str, str]:
        """Part by part, what a file that is kept of the landscape must agree with.

        Of one that does not say so itself: its kind, and a hash of what it is made of.
        """
        if self.identified is not None:
            return dict(self.identified.identity)
        inner = innermost(self.landscape)
        return {
            "landscape": self.description or type(inner).__qualname__,
            "content of the landscape": digest(inner),
        }

    def largest_force(self, gradient: np.ndarray) -> float:
        """The largest force on an atom, or where there are no atoms the norm of the gradient.

        Parameters
        ----------
        gradient : array (D,)
            In the landscape's unit over its unit of length.

        Returns
        -------
        float
            In the same.
        """
        if self.forces is not None:
            vectors = np.asarray(self.forces.forces(gradient))
        elif self._are_positions(gradient.shape[0]):
            vectors = gradient.reshape(-1, 3)
        else:
            vectors = gradient[None]
        return float(np.linalg.norm(vectors, axis=1).max())

    def mobility(self, velocities: np.ndarray) -> np.ndarray:
        """How much each coordinate, or the atom that it belongs to, takes part in a motion.

        Parameters
        ----------
        velocities : array (M, D)
            At some moments of it.

        Returns
        -------
        array (D,)
            Root mean square speeds of the atoms, the same for all three coordinates of one; where
            there are no atoms every coordinate counts alike.
        """
        size = velocities.shape[1]
        if not self._are_positions(size):
            return np.ones(size)
        vectors = velocities.reshape(len(velocities), -1, 3)
        return np.repeat(np.sqrt((vectors**2).sum(axis=-1).mean(axis=0)), 3)

    def free_motions(self, point: np.ndarray) -> np.ndarray:
        """Find the shifts and turns that leave the landscape's value.

        A cluster or molecule is told by `n_atoms` with D = 3 n_atoms, as everywhere in this
        package; where something is held there are none, in a crystal without anything held only
        shifts. A landscape that knows its own says so itself.

        Parameters
        ----------
        point : array (D,)
            Where.

        Returns
        -------
        array (k, D)
            Orthonormal directions.
        """
        if self.mobile is not None:
            return np.asarray(self.mobile.free_motions(point))
        if not self._are_positions(len(point)) or len(self.fixed):
            return np.empty((0, len(point)))
        centred = point.reshape(-1, 3) - point.reshape(-1, 3).mean(axis=0)
        shifts = [np.tile(axis, len(centred)) for axis in np.eye(3)]
        turns = [np.cross(axis, centred).ravel() for axis in np.eye(3)]
        motions = np.array(shifts + turns if self.moves_as_a_whole else shifts)
        _, sizes, directions = np.linalg.svd(motions, full_matrices=False)
        return np.asarray(directions[sizes > 1e-3 * sizes[0]])  # a line of atoms has two turns

    def _are_positions(self, n_coordinates: int) -> bool:
        """Whether so many coordinates are positions of atoms."""
        return self.n_atoms is not None and n_coordinates == 3 * self.n_atoms

    def coordinates(self, end: Any) -> Array:
        """The point (D,) that an end stands for, or what is no array as it is."""
        return _as_array(end) if self.own_ends is None else self.own_ends.coordinates(end)

    def ends(self, start: Array, end: Array) -> tuple[Array, Array]:
        """Both ends, the second moved close to the first where the landscape can do that."""
        return (start, end) if self.placed_ends is None else self.placed_ends.ends(start, end)

    def initial_path(
        self, start: Array, end: Array, n_terms: int, rng: np.random.Generator
    ) -> SinePath:
        """The landscape's own first guess of a path, or the straight line."""
        if self.first_path is None:
            return SinePath.straight(start, end, n_terms)
        return self.first_path.initial_path(start, end, n_terms, rng)


class Forwarding(ABC):
    """A landscape that stands before another: in a worker, in a journal, behind a budget.

    Parameters
    ----------
    landscape : Landscape
        The one behind.

    Attributes
    ----------
    landscape : Landscape
        The same; whatever it offers beyond evaluations is asked of it.

    Examples
    --------
    >>> from fourierpathfinder.landscapes.toy import two_channels
    >>> class Upside(Forwarding):
    ...     def value_and_grad(self, points):
    ...         values, gradients = self.landscape.value_and_grad(points)
    ...         return -values, -gradients
    >>> upside = Upside(two_channels())
    >>> abilities_of(upside).landscape is upside, abilities_of(upside).symmetric is upside.landscape
    (True, True)
    """

    def __init__(self, landscape: Landscape) -> None:
        self.landscape = landscape

    @abstractmethod
    def value_and_grad(self, points: Array) -> tuple[Array, Array]:
        """Values (M,) and gradients (M, D) at `points` (M, D)."""

    def offering(self, behind: Abilities) -> Abilities:
        """What is offered with this landscape in front; evaluations only as it has them itself."""
        return replace(behind, landscape=self, values=None, overwriting=None)


def abilities_of(landscape: Any) -> Abilities:
    """What a landscape offers; abilities that were looked up already pass as they are.

    Parameters
    ----------
    landscape : Landscape or Abilities
        Any landscape.

    Returns
    -------
    Abilities
        The landscape, and what it is beside.

    Examples
    --------
    >>> from fourierpathfinder.landscapes.toy import lennard_jones
    >>> found = abilities_of(lennard_jones(7))
    >>> found.n_atoms, found.stochastic, found.own_ends
    (7, False, None)
    """
    if isinstance(landscape, Abilities):
        return landscape
    if isinstance(landscape, Forwarding):
        return landscape.offering(abilities_of(landscape.landscape))
    return Abilities(
        landscape,
        values=landscape if isinstance(landscape, Values) else None,
        overwriting=landscape if isinstance(landscape, Overwriting) else None,
        batched=landscape if isinstance(landscape, Batched) else None,
        explained=landscape if isinstance(landscape, Explained) else None,
        own_ends=landscape if isinstance(landscape, OwnEnds) else None,
        placed_ends=landscape if isinstance(landscape, PlacedEnds) else None,
        turning=landscape if isinstance(landscape, Turning) else None,
        first_path=landscape if isinstance(landscape, FirstPath) else None,
        comparable=landscape if isinstance(landscape, Comparable) else None,
        symmetric=landscape if isinstance(landscape, Symmetric) else None,
        fingerprinted=landscape if isinstance(landscape, Fingerprinted) else None,
        mobile=landscape if isinstance(landscape, Mobile) else None,
        massive=landscape if isinstance(landscape, Massive) else None,
        forces=landscape if isinstance(landscape, Forces) else None,
        calculated=landscape if isinstance(landscape, Calculated) else None,
        structures=landscape if isinstance(landscape, Structures) else None,
        directed=landscape if isinstance(landscape, Directed) else None,
        described=landscape if isinstance(landscape, Described) else None,
        identified=landscape if isinstance(landscape, Identified) else None,
        stochastic=isinstance(landscape, Stochastic) and bool(landscape.stochastic),
        n_samples=landscape.n_samples if isinstance(landscape, Sampled) else 0,
        n_workers=landscape.n_workers if isinstance(landscape, Concurrent) else 1,
        n_atoms=landscape.n_atoms if isinstance(landscape, Cluster) else None,
        fixed=landscape.fixed if isinstance(landscape, Atomic) else (),
        moves_as_a_whole=not isinstance(landscape, Atomic) or landscape.moves_as_a_whole,
    )


def innermost(landscape: Any) -> Any:
    """The landscape behind all that stand before it."""
    while isinstance(landscape, Forwarding):
        landscape = landscape.landscape
    return landscape


def remind(landscape: Any, point: Array, value: float) -> None:
    """Tell the innermost landscape of an evaluation that it has not made itself.

    Nothing else is asked of it: much of what it is may be known only once its calculator is made.

    Parameters
    ----------
    landscape : Landscape
    point : array (D,)
    value : float
        The value there; one that is not finite is no news.
    """
    inner = innermost(landscape)
    if isinstance(inner, Reminded) and np.isfinite(value):
        inner.remind(point, value)


def _as_array(value: Any) -> Array:
    """Whole numbers in NumPy or in lists, as one writes down a place, are taken for floats."""
    if is_array(value) and not isinstance(value, np.ndarray):
        return value
    try:
        array = np.asanyarray(value)
    except ValueError:  # lists of different lengths
        return value
    return array.astype(float) if array.dtype.kind in "iu" else array
