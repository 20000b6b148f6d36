"""Paths that a search begins from: others bent at random, and parts cut out of them."""

import numpy as np

from .._arrays import Array
from ..path import SinePath
from ..splitting import piece
from .policy import Split


def bent(path: SinePath, rng: np.random.Generator, numbers: Split) -> SinePath:
    """A path with random bends in all of its terms."""
    order = np.arange(1.0, path.n_terms + 1)[:, None]
    chord = np.linalg.norm(path.end - path.start)
    size = numbers.bend * chord / np.sqrt(path.n_coordinates)
    bend = size * rng.standard_normal(path.coefficients.shape) / order**2
    return path.with_coefficients(path.coefficients + bend)


def part_of(path: SinePath, start: Array, end: Array, numbers: Split) -> SinePath:
    """The part of a path from next to `start` to next to `end`, as a path between these."""
    times = np.linspace(0, 1, numbers.n_times + 1)
    points = path(times)
    first, last = (
        float(times[((points - stop) ** 2).sum(axis=1).argmin()]) for stop in (start, end)
    )
    return piece(path, (first, last), (start, end), numbers.n_fitted)
