"""A path as structures, with what is known of each: evaluated, or predicted by the profile."""

from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias

import numpy as np
from ase import Atoms
from scipy.interpolate import PchipInterpolator

from ..result import PathResult

Evaluations: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Points (n, D), values (n,) and gradients (n, D) of the calculator."""


class Structures(Protocol):
    """A landscape whose points are structures, such as `MoleculeLandscape`."""

    def atoms(
        self, point: np.ndarray, value: float | None = None, gradient: np.ndarray | None = None
    ) -> Atoms:
        """The structure at a point, with its energy and forces where given."""
        ...

    def value_and_grad(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Energies (M,) in eV and gradients (M, D) at `points` (M, D)."""
        ...


_SAME_POINT = 1e-6
"""In Å: how near an evaluation must lie to a structure to be told of it."""


def path_atoms(
    landscape: Structures,
    result: PathResult,
    n_images: int = 21,
    evaluations: Evaluations | None = None,
    *,
    calculate: bool = False,
) -> list[Atoms]:
    """Sample a path as structures, evenly spaced in length, with the saddle among them.

    Each has an energy in eV and forces in eV/Å, as ASE's `NEBTools` wants them, and its `info`
    says in `energy_from` where they come from. "calculator": evaluated at this very structure.
    "profile": interpolated in the path's `times` and `heights`, with `Surrogate` what the
    surrogate says of the path; the forces are then those along the path alone, -dE/ds, and what
    pulls the structure off the path is not in them. `info["t"]` is the place on the path.

    Parameters
    ----------
    landscape : MoleculeLandscape
        What the path was found on, or what stands before it.
    result : PathResult
        The path.
    n_images : int
        How many structures, including the two ends but not the saddle.
    evaluations : (points (n, D), values (n,), gradients (n, D)), optional
        Results of the calculator that are known.
    calculate : bool
        Whether to evaluate every structure that is not known, one calculation each, so that all
        energies and forces are the calculator's.

    Returns
    -------
    list of ase.Atoms
        To be written with `ase.io.write("path.traj", ...)` or any other format.

    Raises
    ------
    ValueError
        If `n_images` is below 2.

    Examples
    --------
    >>> from ase import Atoms
    >>> from ase.calculators.emt import EMT
    >>> from fourierpathfinder import Surrogate, find_path
    >>> from fourierpathfinder.landscapes import MoleculeLandscape
    >>> square = Atoms("Cu4", [(0, 0, 0), (2.3, 0, 0), (1.2, 2, 0), (1.2, 0.7, 1.9)])
    >>> flipped = square.copy()
    >>> flipped.positions[3, 2] *= -1
    >>> landscape = MoleculeLandscape(square, EMT)
    >>> result = find_path(landscape, square, flipped, method=Surrogate(certify=False), rng=0)
    >>> len(path_atoms(landscape, result, 5)) >= 5
    True
    """
    times = _evenly_spaced(result, n_images)
    points = np.asarray(result.path(times))
    if result.saddle is not None:
        place = int(np.searchsorted(times, result.saddle.time))
        times = np.insert(times, place, result.saddle.time)
        points = np.insert(points, place, result.saddle.position, axis=0)
    if calculate:
        evaluations = _completed(landscape, points, evaluations)
    profile = _profile(result)
    slopes = _along(np.asarray(result.path.velocity(times)), profile.derivative()(times))
    return [
        _image(landscape, point, float(time), float(energy), slope, evaluations)
        for point, time, energy, slope in zip(points, times, profile(times), slopes, strict=True)
    ]


def _completed(
    landscape: Structures, points: np.ndarray, evaluations: Evaluations | None
) -> Evaluations:
    """The evaluations with those at the points where none is known."""
    if evaluations is None:
        return points, *landscape.value_and_grad(points)
    missing = [point for point in points if not _known(point, *evaluations)]
    if not missing:
        return evaluations
    places = np.stack(missing)
    values, gradients = landscape.value_and_grad(places)
    known, known_values, known_gradients = evaluations
    return (
        np.concatenate([known, places]),
        np.concatenate([known_values, values]),
        np.concatenate([known_gradients, gradients]),
    )


def _along(velocities: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """The gradients (M, D) along a path whose values change at the `rates` (M,) of its time."""
    squared = np.maximum((velocities**2).sum(axis=1), np.finfo(float).tiny)
    return np.asarray((rates / squared)[:, None] * velocities)


def _evenly_spaced(result: PathResult, n_images: int) -> np.ndarray:
    """Times between which the path is equally long."""
    if n_images < 2:
        raise ValueError(f"`n_images` is {n_images}; it must be at least 2, for the ends")
    fine = np.linspace(0, 1, 64 * result.path.n_terms + 1)
    steps = np.linalg.norm(np.diff(np.asarray(result.path(fine)), axis=0), axis=1)
    lengths = np.concatenate([[0.0], np.cumsum(steps)])
    times = np.interp(np.linspace(0, lengths[-1], n_images), lengths, fine)
    times[[0, -1]] = 0.0, 1.0
    return np.asarray(times)


def _profile(result: PathResult) -> PchipInterpolator:
    """The values along the path as a function of t, through all that are known."""
    times = np.concatenate([[0.0, 1.0, result.height_time], result.times])
    values = np.concatenate([[result.start_value, result.end_value, result.height], result.heights])
    times, first = np.unique(times, return_index=True)
    return PchipInterpolator(times, values[first])


def _image(
    landscape: Structures,
    point: np.ndarray,
    time: float,
    energy: float,
    slope: np.ndarray,
    evaluations: Evaluations | None,
) -> Atoms:
    known: dict[str, Any] = {} if evaluations is None else _known(point, *evaluations)
    predicted: dict[str, Any] = {"value": energy, "gradient": slope}
    atoms = landscape.atoms(point, **(predicted | known))
    return noted(atoms, {"t": time, "energy_from": "calculator" if known else "profile"})


def noted(atoms: Atoms, notes: Mapping[str, Any]) -> Atoms:
    """A structure with further notes in its `info`, and with those that a file can hold.

    Notes of ASE's builders are nested, which structure files cannot hold: they are left out.
    """
    kept = {key: note for key, note in atoms.info.items() if not isinstance(note, dict)}
    atoms.info = {**kept, **notes}
    return atoms


def _known(
    point: np.ndarray, points: np.ndarray, values: np.ndarray, gradients: np.ndarray
) -> dict[str, Any]:
    distances = np.abs(points - point).max(axis=1)
    nearest = int(distances.argmin())
    if distances[nearest] > _SAME_POINT:
        return {}
    return {"value": float(values[nearest]), "gradient": gradients[nearest]}
