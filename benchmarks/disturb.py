"""The same problems as careless users state them: shaken, turned, shifted, in other units.

Whatever is done leaves the answer as it is, or scales it in a known way.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation
from systems import System

SHAKE = 0.02
"""Standard deviation of each coordinate's displacement, in Å, and in the unit of flat toys."""
ARGON = 3.4
"""σ in Å for Lennard-Jones clusters, whose ends a shake by 0.02 σ would lift above the saddles."""


@dataclass(frozen=True, eq=False)
class Rescaled:
    """A toy in other units: energy f(x) + shift at length x + origin."""

    landscape: Any
    energy: float
    shift: float
    length: float
    origin: np.ndarray

    def value_and_grad(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values and gradients at `points` (M, D)."""
        values, gradients = self.landscape.value_and_grad((points - self.origin) / self.length)
        return self.value(values), gradients * (self.energy / self.length)

    def value(self, values: Any) -> Any:
        """Values in the new units."""
        return self.energy * values + self.shift

    def point(self, point: np.ndarray) -> np.ndarray:
        """A point in the new units."""
        return point * self.length + self.origin


def disturbed(system: System, rng: np.random.Generator) -> System:
    """A system with its ends shaken off their minima, and with all that should not matter changed.

    Two-dimensional toys are rescaled and shifted; molecules have both ends turned and shifted
    independently, clusters together; atoms of periodic systems move by whole lattice vectors.
    """
    is_cluster = system.unit == "E" and system.n_coordinates > 2
    size = SHAKE / ARGON if is_cluster else SHAKE
    ends = np.stack([system.start, system.end])
    ends += size * rng.normal(size=ends.shape)
    # no path between these ends stays below them
    height = max(system.height, *system.landscape.value_and_grad(ends)[0].tolist())
    shaken = replace(system, start=ends[0], end=ends[1], height=height)
    if system.n_coordinates == 2:
        return _rescaled(shaken, rng)
    return replace(shaken, **dict(zip(("start", "end"), _elsewhere(shaken, rng), strict=True)))


def _elsewhere(system: System, rng: np.random.Generator) -> list[np.ndarray]:
    """Both ends, moved in ways that leave the energy."""
    ends = [system.start, system.end]
    if system.unit == "E":
        turn, shift = Rotation.random(None, rng), rng.normal(size=3)
        return [_moved(end, turn, shift) for end in ends]
    if system.moves_as_a_whole:
        return [_moved(end, Rotation.random(None, rng), rng.normal(size=3)) for end in ends]
    return [end + _lattice_vectors(system, rng) for end in ends]


def _moved(point: np.ndarray, turn: Rotation, shift: np.ndarray) -> np.ndarray:
    return np.asarray((turn.apply(point.reshape(-1, 3)) + shift).ravel())


def _lattice_vectors(system: System, rng: np.random.Generator) -> np.ndarray:
    """For each free atom a lattice vector, usually none."""
    landscape = system.landscape
    steps = rng.integers(-1, 2, size=(landscape.n_atoms, 3)) * landscape.pbc
    steps[rng.random(landscape.n_atoms) < 0.7] = 0
    return np.asarray((steps @ landscape.cell)[landscape.mask])


def _rescaled(system: System, rng: np.random.Generator) -> System:
    new = Rescaled(
        system.landscape,
        energy=10.0 ** rng.uniform(-3, 3),
        shift=1e3 * rng.normal(),
        length=10.0 ** rng.uniform(-2, 2),
        origin=10 * rng.normal(size=system.n_coordinates),
    )
    assert system.saddle is not None
    return replace(
        system,
        landscape=new,
        start=new.point(system.start),
        end=new.point(system.end),
        saddle=new.point(system.saddle),
        height=new.value(system.height),
        start_value=new.value(system.start_value),
        end_value=new.value(system.end_value),
    )
