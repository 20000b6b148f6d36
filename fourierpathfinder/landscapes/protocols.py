"""What a landscape must offer, and what it may: one small protocol for each ability.

`Landscape` alone is enough to find a path. All else is optional, and a landscape offers it simply
by having the attribute; nothing need be inherited or registered. The abilities are looked up once,
by `fourierpathfinder.landscapes.abilities.abilities_of`, when a landscape is handed in.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from .._arrays import Array
from ..path import SinePath


@runtime_checkable
class Landscape(Protocol):
    """What the library asks of an energy or loss landscape.

    Examples
    --------
    >>> import numpy as np
    >>> class Bowl:
    ...     def value_and_grad(self, points):
    ...         return (points**2).sum(-1), 2 * points
    >>> isinstance(Bowl(), Landscape)
    True
    """

    def value_and_grad(self, points: Array) -> tuple[Array, Array]:
        """Values (M,) and gradients (M, D) at `points` (M, D)."""
        ...


@runtime_checkable
class Values(Protocol):
    """Values alone, where they cost less than values and gradients."""

    def value(self, points: Array) -> Array:
        """Values (M,) at `points` (M, D)."""
        ...


@runtime_checkable
class Overwriting(Protocol):
    """Gradients where the points were, where memory has no room for both."""

    def value_and_grad_over(self, points: Array, samples: Array | None = None) -> tuple[Any, Any]:
        """As `value_and_grad`, of points (M, D) that nobody needs afterwards.

        The gradients may be `points` itself; those that are not overwritten stay as they are.
        """
        ...


@runtime_checkable
class Stochastic(Protocol):
    """Whether evaluations of one point differ, or could be made to."""

    stochastic: bool
    """True where two calls at one point differ, or where the landscape is a mean over samples."""


@runtime_checkable
class Sampled(Protocol):
    """A mean over samples, of which a part can be taken.

    `value_and_grad` (and `value`, where there is one) then takes `samples=` as well: indices
    (M, B), those to be taken at each point; by default all are.
    """

    @property
    def n_samples(self) -> int:
        """How many samples there are."""
        ...


@runtime_checkable
class Explained(Protocol):
    """A mean over samples that finds out which of them spoil it."""

    def not_finite(self, point: Array, samples: Array | None = None) -> str:
        """Find out why the value or gradient at `point` (D,) is not finite.

        Parameters
        ----------
        point : array (D,)
        samples : array of int (B,), optional
            Those that were taken; by default all.

        Returns
        -------
        str
            Which samples it is due to, and what to do; empty where nothing is found.
        """
        ...


@runtime_checkable
class Batched(Protocol):
    """A mean over samples that knows how many of them a step of a stochastic method should take."""

    def suitable_batch(self, point: Array) -> int:
        """How many samples at a point like this (D,).

        It must be the same each time, so that runs can be repeated and continued.
        """
        ...


@runtime_checkable
class OwnEnds(Protocol):
    """Ends of a kind of its own: ASE Atoms, networks, names."""

    def coordinates(self, end: Any) -> Array:
        """The point (D,) that `end` stands for; an array passes as it is.

        Raises
        ------
        TypeError, ValueError
            If it is no end of this landscape; the sentence says why, and the caller which end.
        """
        ...


@runtime_checkable
class PlacedEnds(Protocol):
    """Ends that can be moved without a change of value, such as molecules, or must be checked."""

    def ends(self, start: Any, end: Any) -> tuple[Array, Array]:
        """Both ends as points (D,), the second moved as close to the first as possible.

        Or as they are, once it is sure that a path between them makes sense; a `ValueError` says
        why it does not.
        """
        ...


@runtime_checkable
class Turning(PlacedEnds, Protocol):
    """Knows what becomes of evaluations beside an end that `ends` has moved."""

    def turned(
        self, points: Array, gradients: Array, before: Array, after: Array
    ) -> tuple[Array, Array]:
        """Points (n, D) and gradients (n, D) there, moved as the end was from `before` (D,)."""
        ...


@runtime_checkable
class FirstPath(Protocol):
    """A better first guess than the straight line."""

    def initial_path(self, start: Array, end: Array, n_terms: int, rng: Any) -> SinePath:
        """A path from `start` (D,) to `end` (D,) with `n_terms` sine terms.

        `rng` is a `numpy.random.Generator`, for what is random in it.
        """
        ...


@runtime_checkable
class Comparable(Protocol):
    """Says whether two minima are the same."""

    def same(self, a: Array, b: Array) -> bool:
        """Whether two minima (D,) are the same up to a symmetry of the landscape.

        Such are rotations, translations, and exchange of identical atoms or units. Landscapes of
        atoms take `mirror=True` as well, which makes mirror images the same.
        """
        ...


@runtime_checkable
class Symmetric(Comparable, Protocol):
    """Knows the symmetry that maps one minimum onto another."""

    def placing(self, a: Array, b: Array) -> Callable[[Array], Array]:
        """The affine map (..., D) -> (..., D) that keeps values and maps `b` (D,) onto `a` (D,).

        Where the two are not the same it brings them as close as possible. Landscapes of atoms take
        `mirror=True` as well.
        """
        ...


@runtime_checkable
class Fingerprinted(Protocol):
    """Numbers by which minima can be compared without superposing them."""

    def fingerprint(self, a: Array) -> Array:
        """Numbers (F,) that minima which are the same share; near minima have near numbers."""
        ...


@runtime_checkable
class Identified(Protocol):
    """Says, part by part, what evaluations that are kept in a file belong to."""

    @property
    def identity(self) -> Mapping[str, str]:
        """Short texts by plain words, such as `cell`; a file where one differs is refused."""
        ...


@runtime_checkable
class Reminded(Protocol):
    """Is told of evaluations that it has not made itself, where it measures others by them."""

    def remind(self, point: Array, value: float) -> None:
        """Told of a `value` at a `point` (D,) that is known from a file or another process."""
        ...


@runtime_checkable
class Cluster(Protocol):
    """Positions of atoms (n_atoms, 3), flattened, free to rotate and translate as a whole."""

    n_atoms: int | None
    """How many atoms are free to move; None where the coordinates are something else."""


@runtime_checkable
class Atomic(Cluster, Protocol):
    """Atoms of which some may be fixed, and which may lie in a crystal."""

    fixed: Any
    """Indices of the atoms that are fixed; an empty sequence where all are free."""
    moves_as_a_whole: bool
    """Whether rotations and translations of all atoms leave the value."""


@runtime_checkable
class Mobile(Protocol):
    """Knows in which directions the whole moves at no cost."""

    def free_motions(self, point: Any) -> Any:
        """Orthonormal directions (k, D) along which the value at `point` (D,) does not change."""
        ...


@runtime_checkable
class Forces(Protocol):
    """Knows the forces on its atoms."""

    def forces(self, gradient: Any) -> Any:
        """The forces (n_atoms, 3) on the atoms, from a gradient (D,)."""
        ...


@runtime_checkable
class Calculated(Protocol):
    """Reads what an end brings along, such as the energy and forces in a structure file."""

    def calculated(self, end: Any) -> tuple[float, Array] | None:
        """Value and gradient (D,) that come with `end`, or None where there are none."""
        ...


@runtime_checkable
class Massive(Protocol):
    """Knows what is heavy: reaction paths are steepest descents in mass-weighted coordinates."""

    def mass_matrix(self) -> Any:
        """M (D, D), for which half of v M v is the kinetic energy of the velocities v (D,)."""
        ...


@runtime_checkable
class Structures(Protocol):
    """Paths as structures for other programs."""

    def path_atoms(self, result: Any, n_images: int = 21) -> list[Any]:
        """A `PathResult` found here as `n_images` ASE Atoms, evenly spaced in length."""
        ...


@runtime_checkable
class Directed(Protocol):
    """Knows what a random direction is, where not all coordinates are alike."""

    def random_direction(self, point: Any, rng: Any = None) -> Any:
        """A random direction (D,) at a point (D,), as long as a change that matters there."""
        ...


@runtime_checkable
class Described(Protocol):
    """A sentence of what the landscape is, by which a checkpoint tells it from others."""

    @property
    def description(self) -> str:
        """The same for the same landscape, in any process; another for another."""
        ...


@runtime_checkable
class Concurrent(Protocol):
    """Evaluates several points at a time."""

    n_workers: int
    """How many; so many points are then asked for together."""


@runtime_checkable
class Preparable(Protocol):
    """Can make what it evaluates with, such as a calculator, before the first evaluation."""

    def prepare(self) -> None:
        """Make it, or raise an error that says what is wrong with it."""
        ...


@runtime_checkable
class Forgetful(Protocol):
    """Evaluations that may depend on those before, as where a wavefunction is used again."""

    def forget(self) -> None:
        """Make the next evaluation independent of all before it."""
        ...


@runtime_checkable
class Explaining(Protocol):
    """Says why the last point that it answered with NaN could not be evaluated."""

    last_failure: str
