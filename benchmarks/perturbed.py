"""Landscapes as other processors and other calculators compute them.

The change of a point's answer is a function of the point's bytes and of a seed, so that a point
asked twice is answered twice the same.
"""

from abc import abstractmethod
from hashlib import blake2b
from typing import Any

import numpy as np

from fourierpathfinder.landscapes.abilities import Forwarding

LEAST, LARGEST = 1e-15, 1e-13
"""Relative changes by which processors, BLAS libraries and numbers of threads differ."""
FLOAT32_NOISE = 1e-4
"""Relative noise of the gradients of potentials in single precision."""


class Perturbed(Forwarding):
    """A landscape whose answers are changed a little, and that is otherwise what it was.

    Parameters
    ----------
    landscape : Landscape
        What to change.
    seed : int
        Which change.
    """

    def __init__(self, landscape: Any, seed: int = 0) -> None:
        super().__init__(landscape)
        self._seed = seed

    def value_and_grad(self, points: Any) -> tuple[np.ndarray, np.ndarray]:
        """Changed values and gradients at `points` (M, D)."""
        points = np.asarray(points)
        values, gradients = self.landscape.value_and_grad(points)
        changed = [
            self.change(np.asarray(value), np.asarray(gradient), self._rng(point))
            for point, value, gradient in zip(points, values, gradients, strict=True)
        ]
        return np.array([v for v, _ in changed]), np.array([g for _, g in changed])

    @abstractmethod
    def change(
        self, value: np.ndarray, gradient: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """One point's answer, changed."""

    def _rng(self, point: np.ndarray) -> np.random.Generator:
        return rng_of(point, self._seed)


class LastBits(Perturbed):
    """Every number changed by a relative 1e-15 to 1e-13, as on another processor."""

    def change(
        self, value: np.ndarray, gradient: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """One point's answer, changed in its last bits."""
        return changed_bits(value, rng), changed_bits(gradient, rng)


class Float32(Perturbed):
    """Values rounded to single precision, gradients with a relative noise of 1e-4."""

    def change(
        self, value: np.ndarray, gradient: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """One point's answer as a potential in single precision gives it."""
        noise = 1 + FLOAT32_NOISE * rng.normal(size=gradient.shape)
        return np.float64(np.float32(value)), gradient * noise


def rng_of(point: np.ndarray, seed: int) -> np.random.Generator:
    """The source of randomness of one point's answer."""
    digest = blake2b(np.ascontiguousarray(point).tobytes(), digest_size=16).digest()
    return np.random.default_rng([seed, *np.frombuffer(digest, dtype=np.uint32)])


def changed_bits(numbers: np.ndarray, rng: np.random.Generator) -> Any:
    """Each number changed by a relative 1e-15 to 1e-13."""
    shape = np.shape(numbers)
    sizes = 10 ** rng.uniform(np.log10(LEAST), np.log10(LARGEST), size=shape)
    return numbers * (1 + sizes * rng.choice([-1.0, 1.0], size=shape))
