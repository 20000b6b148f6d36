r"""What the slopes of a landscape are, by central differences of its value.

.. math:: s(h) = \frac{f(x + hu) - f(x - hu)}{2h}, \qquad
          u \cdot \nabla f \approx \tfrac{1}{3} (4 s(h/2) - s(h))

Its own error is known from \|s(h/2) - s(h)\| and from rounding, eps \|f\| / h. A step that is right
for a landscape in Å is not for the same one in metres, so shorter ones are tried where it tells
nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from .._arrays import Array, array_namespace, like, to_numpy

Evaluated: TypeAlias = Callable[[Array], tuple[Array, Array]]
"""Values (M,) and gradients (M, D) at points (M, D)."""

_STEP_EXPONENT = 1 / 5
"""Two central differences together have an error of h⁴, against rounding of eps/h."""

_PARTS = (1.0, 1e-2, 1e-4, 1e-6, 1e-8, 1e-10)
"""Steps that are tried one after the other, relative to the first, until differences tell what the
gradient should be: a landscape in metres has bent many times within the first."""

_TELLING = 0.01
"""What bends within a step and rounding may make of the slope for it to tell."""


def seen_slopes(
    landscape: Evaluated,
    points: Array,
    u: np.ndarray,
    said: np.ndarray,
    gradients: np.ndarray,
    step: float | None,
    tolerance: float,
) -> "SeenSlopes":
    """The slopes (K, M) along `u` (K, M, D), over the first step that agrees with what is said.

    Where none does, over the shortest one that tells anything.

    Parameters
    ----------
    landscape : callable
    points : array (M, D)
    u : ndarray (K, M, D)
        Unit vectors.
    said, gradients : ndarray (K, M), (M, D)
        What the landscape says of the slopes, and of all gradients.
    step : float, optional
        The only one to take.
    tolerance : float
        What is allowed as an error of the gradient, relative to the largest.
    """
    largest = float(np.linalg.norm(gradients, axis=-1).max())
    eps = float(array_namespace(points).finfo(points.dtype).eps)
    steps = [step] if step else [part * eps**_STEP_EXPONENT for part in _PARTS]
    seen = SeenSlopes.of(landscape, points, u, steps[0], eps, largest)
    for shorter in steps[1:]:
        if (seen.is_telling and seen.agrees(said, tolerance)) or seen.is_noisy:
            break
        closer = SeenSlopes.of(landscape, points, u, shorter, eps, largest)
        if closer.is_noisy:
            break
        seen = closer if closer.is_telling else seen
    return seen


@dataclass(frozen=True, eq=False)
class SeenSlopes:
    """Slopes (K, M) that differences of the value show over one step and over half of it."""

    wide: np.ndarray
    narrow: np.ndarray
    noise: np.ndarray
    scale: float

    @classmethod
    def of(
        cls,
        landscape: Evaluated,
        points: Array,
        u: np.ndarray,
        step: float,
        eps: float,
        largest: float,
    ) -> "SeenSlopes":
        """What is seen along `u`, beside gradients that are said to be as long as `largest`."""
        wide, wide_noise = _slopes(landscape, points, u, step, eps)
        narrow, narrow_noise = _slopes(landscape, points, u, step / 2, eps)
        scale = max(largest, np.abs(narrow).max(), 1e-300)
        return cls(wide, narrow, 4 * (wide_noise + narrow_noise), scale)

    @property
    def bent(self) -> np.ndarray:
        """What the value bends within a step."""
        return np.asarray(4 * np.abs(self.narrow - self.wide))

    @property
    def is_telling(self) -> bool:
        """Whether this shows that a gradient is off by a factor, too."""
        return bool((self.bent + self.noise).max() <= _TELLING * self.scale)

    @property
    def is_noisy(self) -> bool:
        """Whether a shorter step would tell less."""
        return bool(self.noise.max() > _TELLING * self.scale)

    def error(self, said: np.ndarray) -> np.ndarray:
        """How far what is said (K, M) is off."""
        return np.asarray(np.abs(said - (4 * self.narrow - self.wide) / 3))

    def allowed(self, tolerance: float) -> np.ndarray:
        """How far it may be."""
        return np.asarray(tolerance * self.scale + self.bent + self.noise)

    def agrees(self, said: np.ndarray, tolerance: float) -> bool:
        """Whether it is right."""
        return bool((self.error(said) <= self.allowed(tolerance)).all())


def _slopes(
    landscape: Evaluated, points: Array, u: np.ndarray, step: float, eps: float
) -> tuple[np.ndarray, np.ndarray]:
    """Central differences (K, M) of the value along `u` (K, M, D), and their rounding error."""
    moves = like(step * u, points)
    pairs = [(landscape(points + move)[0], landscape(points - move)[0]) for move in _rows(moves)]
    up, down = (np.array([to_numpy(pair[i]).astype(float) for pair in pairs]) for i in (0, 1))
    return (up - down) / (2 * step), eps * (np.abs(up) + np.abs(down)) / step


def _rows(array: Array) -> list[Array]:
    return [array[k, ...] for k in range(array.shape[0])]
