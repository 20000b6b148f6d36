"""Segments that are obtained by symmetry from segments found before.

Rotations, exchange of identical atoms, lattice translations: where one maps both ends of a found
path onto the ends that are asked for, it maps the path too, and nothing need be evaluated.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from .._arrays import Array
from ..landscapes.abilities import Abilities
from ..path import SinePath
from .channel import Channel
from .policy import Split

Motion = Callable[[Array], Array]


@dataclass(frozen=True, eq=False)
class Image:
    """A found channel, mapped by an affine symmetry (..., D) -> (..., D), possibly reversed.

    Attributes
    ----------
    of : Channel
    motion : callable
    start, end : array (D,)
        Where its ends are wanted.
    is_reversed : bool
    """

    of: Channel
    motion: Motion
    start: Array
    end: Array
    is_reversed: bool

    def path(self) -> SinePath:
        """The moved path: sin(nπ(1 - t)) = (-1)^(n+1) sin(nπt)."""
        coefficients = self.of.path.coefficients
        moved = self.motion(coefficients) - self.motion(np.zeros_like(coefficients))
        if self.is_reversed:
            moved[1::2] *= -1
        return SinePath(self.start, self.end, moved)


def image_of(
    abilities: Abilities, start: Array, end: Array, channels: Iterable[Channel], numbers: Split
) -> Image | None:
    """A channel that a symmetry of the landscape maps onto the ends (D,), if there is one.

    Landscapes say so by `same(a, b)` and `placing(a, b)` (`landscapes.protocols.Symmetric`).
    """
    symmetric = abilities.symmetric
    if symmetric is None:
        return None
    near = numbers.same_place * float(np.linalg.norm(end - start))
    for channel in channels:
        for is_reversed in (False, True):
            ends = channel.path.start, channel.path.end
            first, last = ends[::-1] if is_reversed else ends
            if not (symmetric.same(start, first) and symmetric.same(end, last)):
                continue
            motion = symmetric.placing(start, first)
            missed = np.linalg.norm([motion(first) - start, motion(last) - end], axis=1)
            if missed.max() < near:
                return Image(channel, motion, start, end, is_reversed)
    return None
