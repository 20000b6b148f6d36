r"""Is it the saddle between these two minima: one direction down, and the right places below.

The curvatures of the landscape at a point are found without a Hessian. Lanczos builds an
orthonormal basis V of the vectors it meets, from products

.. math:: H v \approx \frac{g(x + h v) - g(x - h v)}{2h},

two gradients each, until the lowest two eigenvalues of V^T H V have settled: to its residual
|H u - θ u| an eigenvalue of H is near θ. Where the whole may move freely its shifts and turns,
whose curvature is zero, are projected out. From either side of the saddle a descent then shows
which minima it joins.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..landscapes.abilities import Abilities, abilities_of
from ..landscapes.protocols import Landscape
from ..optimizers import CappedStep, Minimum, minimize
from ..result import PathResult

_ARRIVED = 0.05
"""A descent has arrived where it is nearer to an end than this fraction of the ends' distance."""

_NEAR = 0.1
"""A minimum counts as one of the ends if it is nearer than this, in the same unit."""


@dataclass(frozen=True, eq=False)
class Curvatures:
    """The lowest curvatures at a point.

    Parameters
    ----------
    values : ndarray (k,)
        In ascending order, in the landscape's unit over its unit of length squared.
    errors : ndarray (k,)
        To within this an eigenvalue of the Hessian lies at each.
    modes : ndarray (k, D)
        The directions, unit vectors.
    n_gradients : int
        Evaluations used.
    """

    values: np.ndarray
    errors: np.ndarray
    modes: np.ndarray
    n_gradients: int


@dataclass(frozen=True, eq=False)
class Neighbour:
    """A minimum that a descent ended in.

    Parameters
    ----------
    position : ndarray (D,)
        Where, in the landscape's unit of length.
    value : float
        The landscape there.
    is_end : {"start", "end", ""}
        Which of the path's ends it is; empty for a minimum that is new.
    """

    position: np.ndarray
    value: float
    is_end: str


@dataclass(frozen=True, eq=False)
class SaddleReport:
    """What was found out about a saddle.

    Parameters
    ----------
    n_negative : int
        Negative curvatures among those looked at; a first-order saddle has exactly one.
    curvatures : Curvatures
        The lowest two.
    neighbours : tuple of Neighbour
        The minima below, towards the start and towards the end; empty if there is no way down.
    n_gradients : int
        Evaluations in all.

    Examples
    --------
    >>> from fourierpathfinder import find_path
    >>> from fourierpathfinder.landscapes.toy import two_channels
    >>> toy = two_channels()
    >>> report = verify_saddle(toy, find_path(toy, toy.start, toy.end, rng=0), rng=0)
    >>> report.n_negative, [neighbour.is_end for neighbour in report.neighbours]
    (1, ['start', 'end'])
    """

    n_negative: int
    curvatures: Curvatures
    neighbours: tuple[Neighbour, ...]
    n_gradients: int

    @property
    def connects_the_ends(self) -> bool:
        """Whether it is a first-order saddle with the path's start and end on either side."""
        ends = [neighbour.is_end for neighbour in self.neighbours]
        return self.n_negative == 1 and sorted(ends) == ["end", "start"]

    def __str__(self) -> str:
        low, next_low = (float(value) for value in self.curvatures.values[:2])
        kinds = {0: "no saddle but a minimum", 1: "a first-order saddle"}
        kind = kinds.get(self.n_negative, f"a point with {self.n_negative} directions down")
        places = [
            f"the {neighbour.is_end}"
            if neighbour.is_end
            else f"a minimum that is neither end, at {neighbour.value:.6g}"
            for neighbour in self.neighbours
        ]
        below = f"; below it lie {' and '.join(places)}" if places else ""
        return (
            f"It is {kind} (lowest curvatures {low:.3g} and {next_low:.3g}){below}. "
            f"{self.n_gradients} gradients."
        )


def verify_saddle(
    landscape: Landscape,
    result: PathResult,
    *,
    step: float = 0.01,
    displacement: float = 0.1,
    gradient_tolerance: float = 0.01,
    max_gradients: int = 500,
    rng: np.random.Generator | int | None = None,
) -> SaddleReport:
    """Check that a path's saddle is of first order and joins the path's ends.

    Parameters
    ----------
    landscape : Landscape
        What the path was found on.
    result : PathResult
        The path; where it has no saddle, its highest point is examined.
    step : float
        The displacement of the finite differences, in the landscape's unit of length.
    displacement : float
        How far from the saddle the descents begin.
    gradient_tolerance : float
        The largest component of the gradient at a minimum.
    max_gradients : int
        Evaluations at most, for each of the curvatures and the two descents.
    rng : numpy.random.Generator or int, optional
        The source of randomness (:term:`SPEC 7`), for a part of Lanczos' first vector.

    Returns
    -------
    SaddleReport
        Curvatures, the minima on either side, and what it cost.

    Examples
    --------
    >>> from fourierpathfinder import Surrogate, find_path
    >>> from fourierpathfinder.landscapes.toy import two_channels
    >>> toy = two_channels()
    >>> result = find_path(toy, toy.start, toy.end, method=Surrogate(), rng=0)
    >>> verify_saddle(toy, result, rng=0).connects_the_ends
    True
    """
    saddle = result.saddle
    x = np.asarray(result.path(result.height_time) if saddle is None else saddle.position)
    time = result.height_time if saddle is None else saddle.time
    tangent = np.asarray(result.path.velocity(time))
    found = lowest_curvatures(
        landscape, x, tangent, step=step, max_gradients=max_gradients, rng=rng
    )
    n_negative = int((found.values < 0).sum())
    descents = []
    if n_negative:
        mode = found.modes[0] * (1 if found.modes[0] @ tangent > 0 else -1)
        ends = _Ends(landscape, np.asarray(result.path.start), np.asarray(result.path.end))
        descents = [
            _descend(landscape, x + side * displacement * mode, ends, gradient_tolerance,
                     max_gradients)
            for side in (-1, 1)
        ]  # fmt: skip
    return SaddleReport(
        n_negative,
        found,
        tuple(neighbour for neighbour, _ in descents),
        found.n_gradients + sum(n for _, n in descents),
    )


def lowest_curvatures(
    landscape: Landscape,
    x: np.ndarray,
    direction: np.ndarray,
    *,
    n: int = 2,
    step: float = 0.01,
    tol: float = 0.1,
    max_gradients: int = 500,
    rng: np.random.Generator | int | None = None,
) -> Curvatures:
    """The lowest curvatures at a point, by Lanczos on finite differences of the gradient.

    Parameters
    ----------
    landscape : Landscape
        The landscape.
    x : ndarray (D,)
        The point.
    direction : ndarray (D,)
        A guess of the direction of the lowest curvature.
    n : int
        How many curvatures are wanted.
    step : float
        The displacement h.
    tol : float
        An eigenvalue has settled when its residual is below this fraction of its magnitude.
    max_gradients : int
        Evaluations at most.
    rng : numpy.random.Generator or int, optional
        Source of the part of the first vector that sees directions of every symmetry (SPEC 7).

    Returns
    -------
    Curvatures

    References
    ----------
    C. Lanczos, J. Res. Natl. Bur. Stand. 45, 255 (1950), DOI 10.6028/jres.045.026. For saddles:
    R. Malek and N. Mousseau, Phys. Rev. E 62, 7723 (2000), DOI 10.1103/PhysRevE.62.7723.
    """
    rng = np.random.default_rng(rng)
    free = free_motions(abilities_of(landscape), x)
    random = rng.normal(size=len(x)) / np.sqrt(len(x))
    vector = _orthonormal(direction / np.linalg.norm(direction) + random, free)
    basis, products = np.empty((0, len(x))), np.empty((0, len(x)))
    while True:
        products = np.vstack([products, _product(landscape, x, vector, step)])
        basis = np.vstack([basis, vector])
        found = _ritz(basis, products, n)
        spent, full = 2 * len(basis), len(basis) + len(free) == len(x)
        settled = len(basis) > n and (found.errors <= tol * np.abs(found.values)).all()
        if settled or full or spent + 2 > max_gradients:
            return found
        vector = _orthonormal(products[-1], np.vstack([free, basis]))


def relax(
    value_and_grad: Callable[[np.ndarray], tuple[Any, np.ndarray]],
    x: np.ndarray,
    *,
    gradient_tolerance: float = 0.01,
    max_gradients: int = 500,
    max_step: float = 0.2,
    callback: Callable[[Minimum], None] | None = None,
) -> Minimum:
    """Descend to a minimum by L-BFGS with steps that are never long.

    Parameters
    ----------
    value_and_grad : callable, x (D,) -> (value, gradient (D,))
        The landscape at one point.
    x : ndarray (D,)
        Where to start.
    gradient_tolerance : float
        The largest component of the gradient at which to stop.
    max_gradients : int
        Evaluations at most.
    max_step : float
        The longest displacement in one step.
    callback : callable, optional
        Called with the current `Minimum` after every step; `StopIteration` ends the descent.

    Returns
    -------
    Minimum

    Examples
    --------
    >>> import numpy as np
    >>> relax(lambda x: ((x**2).sum(), 2 * x), np.ones(3)).converged
    True
    """
    return minimize(
        value_and_grad,
        x,
        search=CappedStep(max_step, first_fraction=0.25),
        gradient_tolerance=gradient_tolerance,
        max_iterations=max_gradients - 1,
        callback=callback,
    )


def one_point(landscape: Landscape) -> Callable[[np.ndarray], tuple[Any, np.ndarray]]:
    """The landscape as a function of one point (D,)."""

    def value_and_grad(x: np.ndarray) -> tuple[Any, np.ndarray]:
        values, gradients = landscape.value_and_grad(x[None])
        return values[0], gradients[0]

    return value_and_grad


def free_motions(abilities: Abilities, x: np.ndarray) -> np.ndarray:
    """Orthonormal directions (k, D) of shifts and turns that leave the landscape's value.

    A cluster or molecule is told by `n_atoms` with D = 3 n_atoms, as everywhere in this package;
    where something is fixed there are none, in a crystal without fixed atoms only translations.
    A landscape that knows its own says so by `free_motions(x (D,)) -> (k, D)`.
    """
    if abilities.mobile is not None:
        return np.asarray(abilities.mobile.free_motions(x))
    n_atoms = abilities.n_atoms or 0
    if 3 * n_atoms != len(x) or len(abilities.fixed):
        return np.empty((0, len(x)))
    centred = x.reshape(-1, 3) - x.reshape(-1, 3).mean(axis=0)
    shifts = [np.tile(axis, n_atoms) for axis in np.eye(3)]
    turns = [np.cross(axis, centred).ravel() for axis in np.eye(3)]
    motions = np.array(shifts + turns if abilities.moves_as_a_whole else shifts)
    _, sizes, directions = np.linalg.svd(motions, full_matrices=False)
    return np.asarray(directions[sizes > 1e-3 * sizes[0]])  # a line of atoms has two turns


def _product(landscape: Landscape, x: np.ndarray, vector: np.ndarray, step: float) -> np.ndarray:
    _, gradients = landscape.value_and_grad(np.stack([x + step * vector, x - step * vector]))
    return np.asarray((gradients[0] - gradients[1]) / (2 * step))


def _ritz(basis: np.ndarray, products: np.ndarray, n: int) -> Curvatures:
    """The lowest eigenvalues within the basis, and how far H leads out of it."""
    inner = basis @ products.T
    values, columns = np.linalg.eigh((inner + inner.T) / 2)
    values, columns = values[:n], columns[:, :n]
    modes = columns.T @ basis
    errors = np.linalg.norm(columns.T @ products - values[:, None] * modes, axis=1)
    return Curvatures(values, errors, modes, 2 * len(basis))


def _orthonormal(vector: np.ndarray, against: np.ndarray) -> np.ndarray:
    for _ in range(2):  # once leaves rounding errors
        vector = vector - against.T @ (against @ vector)
        vector = vector / np.linalg.norm(vector)
    return vector


class _Ends:
    """Recognises the path's ends, up to what leaves the landscape's value."""

    def __init__(self, landscape: Landscape, start: np.ndarray, end: np.ndarray) -> None:
        self._place = abilities_of(landscape).ends
        self._known = {"start": start, "end": end}
        self._distance = float(np.linalg.norm(end - start))

    def nearest(self, x: np.ndarray, within: float) -> str:
        """The name of the end nearer than a fraction of the ends' distance, or nothing."""
        for name, known in self._known.items():
            if np.linalg.norm(self._place(known, x)[1] - known) < within * self._distance:
                return name
        return ""


def _descend(
    landscape: Landscape,
    x: np.ndarray,
    ends: _Ends,
    gradient_tolerance: float,
    max_gradients: int,
) -> tuple[Neighbour, int]:
    """The minimum below a point, and the evaluations used."""
    arrived: list[Minimum] = []

    def stop_on_arrival(now: Minimum) -> None:
        if ends.nearest(now.x, _ARRIVED):
            arrived.append(now)
            raise StopIteration

    found = relax(
        one_point(landscape),
        x,
        gradient_tolerance=gradient_tolerance,
        max_gradients=max_gradients,
        callback=stop_on_arrival,
    )
    found = arrived[0] if arrived else found
    neighbour = Neighbour(found.x, float(found.value), ends.nearest(found.x, _NEAR))
    return neighbour, found.n_evaluations
