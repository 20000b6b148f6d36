"""What is known about a toy landscape: its minima, its saddles and the passes between minima."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.spatial.distance import pdist

from ..._arrays import Array
from ...atoms.cluster import FreeCluster, best_placing
from ...atoms.first_path import AllFree, idpp_start
from ...atoms.pairs import AtomPairs, as_they_are
from ...path import SinePath
from ..compiled import CompiledLandscape


@dataclass(frozen=True, eq=False)
class Rearrangement:
    """Two minima and the saddle from which descents lead to both.

    Parameters
    ----------
    start, end : ndarray (D,)
        The ends; atoms are in the same order in both, and superposed.
    saddle : ndarray (D,)
        The saddle between them.
    height : float
        The value there.

    Examples
    --------
    >>> from fourierpathfinder.landscapes.toy import mueller_brown
    >>> rearrangement = mueller_brown().rearrangements[0]
    >>> round(rearrangement.height, 2), rearrangement.saddle.round(2)
    (-40.66, array([-0.82,  0.62]))
    """

    start: np.ndarray
    end: np.ndarray
    saddle: np.ndarray
    height: float


_MEETING = 0.7
"""Atoms meet where they come nearer than this fraction of the least distance at the ends."""


@dataclass(frozen=True, eq=False)
class Toy:
    """A compiled landscape together with its known stationary points.

    Parameters
    ----------
    name : str
        What it is called.
    compiled : CompiledLandscape
        The landscape itself.
    minima : ndarray (K, D)
        Known minima, lowest first.
    minimum_values : ndarray (K,)
        The values at the minima.
    saddles : ndarray (L, D)
        Known saddles of index one, lowest first.
    saddle_values : ndarray (L,)
        The values at the saddles.
    rearrangements : tuple of Rearrangement
        Pairs of ends with the saddle between them; the first is the toy's standard problem,
        `start`, `end`, `saddle` and `height`.
    n_atoms : int or None
        The number of atoms, where the coordinates are positions of identical atoms, (n_atoms, 3)
        flattened.

    Examples
    --------
    >>> from fourierpathfinder.landscapes.toy import lennard_jones
    >>> toy = lennard_jones(7)
    >>> toy.minima.shape, toy.minimum_values.round(4)
    ((4, 21), array([-16.5054, -15.935 , -15.5932, -15.5331]))
    """

    name: str
    compiled: CompiledLandscape
    minima: np.ndarray
    minimum_values: np.ndarray
    saddles: np.ndarray
    saddle_values: np.ndarray
    rearrangements: tuple[Rearrangement, ...]
    n_atoms: int | None = None

    def value_and_grad(self, points: Array) -> tuple[Array, Array]:
        """Values (M,) and gradients (M, D) at `points` (M, D)."""
        return self.compiled.value_and_grad(points)

    def initial_path(
        self, start: np.ndarray, end: np.ndarray, n_terms: int, rng: np.random.Generator
    ) -> SinePath:
        """The straight line, unless atoms would meet on it: then one on which they do not."""
        straight = SinePath.straight(start, end, n_terms)
        if self.n_atoms is None:
            return straight
        pairs = AtomPairs.of_movable(np.ones(self.n_atoms, dtype=bool), as_they_are)
        vectors = pairs.vectors(self._positions(straight(np.linspace(0, 1, 17))))
        nearest = np.sqrt((vectors**2).sum(axis=-1)).min(axis=1)
        if nearest.min() > _MEETING * min(nearest[0], nearest[-1]):
            return straight
        return idpp_start(straight, rng, pairs, AllFree())

    def same(
        self,
        a: np.ndarray,
        b: np.ndarray,
        *,
        tol: float = 0.1,
        mirror: bool = False,
        labelled: bool = False,
    ) -> bool:
        """Whether two points are the same, for clusters up to rotation, translation and exchange.

        Parameters
        ----------
        a, b : ndarray (D,)
            Two points, usually minima.
        tol : float
            How far an atom (or the point) may be from its counterpart.
        mirror : bool
            Whether mirror images are the same.
        labelled : bool
            Whether exchange of atoms makes a difference.
        """
        if self.n_atoms is None:
            return bool(np.linalg.norm(a - b) <= tol)
        structures = self._positions(a), self._positions(b)
        found = self._symmetries.coinciding(*structures, tol, mirror=mirror, labelled=labelled)
        return found is not None

    def placing(
        self, a: np.ndarray, b: np.ndarray, *, tol: float = 0.1, mirror: bool = False
    ) -> Callable[[np.ndarray], np.ndarray]:
        """What maps `b` onto `a` where they are `same`, or else as close as is found.

        An affine map (..., D) -> (..., D) that leaves values; `tol` and `mirror` as for `same`.
        """
        if self.n_atoms is None:
            return np.asarray
        structures = self._positions(a), self._positions(b)
        motion = best_placing(self._symmetries, *structures, tol, mirror=mirror)
        return lambda points: motion(self._positions(points)).reshape(points.shape)

    def fingerprint(self, point: np.ndarray) -> np.ndarray:
        """Numbers that points which are `same` share: sorted distances, or the point itself."""
        if self.n_atoms is None:
            return point
        return np.asarray(np.sort(pdist(self._positions(point))))

    @property
    def _symmetries(self) -> FreeCluster:
        return FreeCluster(np.zeros(self.n_atoms or 0, dtype=int))

    def _positions(self, points: np.ndarray) -> np.ndarray:
        return points.reshape(*points.shape[:-1], -1, 3)

    @property
    def n_coordinates(self) -> int:
        """The number of coordinates D."""
        return int(self.minima.shape[1])

    @property
    def start(self) -> np.ndarray:
        """Where the standard path starts, (D,)."""
        return self._standard.start

    @property
    def end(self) -> np.ndarray:
        """Where the standard path ends, (D,)."""
        return self._standard.end

    @property
    def saddle(self) -> np.ndarray:
        """The saddle of the best path between `start` and `end`, (D,)."""
        return self._standard.saddle

    @property
    def height(self) -> float:
        """The height of the best path between `start` and `end`."""
        return self._standard.height

    @property
    def _standard(self) -> Rearrangement:
        if not self.rearrangements:
            raise AttributeError(f"no rearrangement of {self.name} is stored; choose your own ends")
        return self.rearrangements[0]


def constant(values: Any) -> np.ndarray:
    """A read-only float64 array."""
    array = np.array(values, dtype=np.float64)
    array.flags.writeable = False
    return array
