"""Which end of a path a point is, up to what leaves the landscape's value."""

from contextlib import suppress
from typing import NamedTuple

import numpy as np

from ..landscapes.abilities import Abilities
from ..optimizers import Minimum

_ARRIVED = 0.05
"""A descent has arrived where it is nearer to an end than this fraction of the ends' distance."""
_NEAR = 0.1
"""A minimum counts as one of the ends if it is nearer than this, in the same unit."""
_HALFWAY = 0.5
"""Neither reaches further than this from an end to the saddle: there all descents begin."""
_UNMOVED = 1e-6
"""A symmetry that moves some atom by less, in the landscape's unit of length, shifts nothing."""


class Recognised(NamedTuple):
    """What a point is known as."""

    end: str
    """Which of the path's ends: "start", "end", or nothing."""
    symmetry: str
    """Where it is not that very point: by what it is the same, in words."""


class Ends:
    """The ends of a path.

    Parameters
    ----------
    abilities : Abilities
        What the landscape offers.
    start, end : ndarray (D,)
        The ends.
    saddle : ndarray (D,)
        The point between them.
    """

    def __init__(
        self, abilities: Abilities, start: np.ndarray, end: np.ndarray, saddle: np.ndarray
    ) -> None:
        self._abilities = abilities
        self._known = {"start": start, "end": end}
        self._distance = float(np.linalg.norm(end - start))
        self._reach = {
            name: _HALFWAY * self._gap(known, saddle) for name, known in self._known.items()
        }

    def arrived_at(self, x: np.ndarray) -> str:
        """The end that a descent has come so near to that nothing else can follow, or nothing."""
        return self._within(_ARRIVED, x)

    def gap(self, x: np.ndarray) -> float:
        """How far from the end that it has arrived at a point is; infinite where it has not."""
        name = self.arrived_at(x)
        return self._gap(self._known[name], x) if name else float("inf")

    def leads_on(self, now: Minimum, values: tuple[float, float]) -> bool:
        """Whether the slope at a point reaches, on the straight line to an end, this end's value.

        Where the landscape curves up on that line it must, f(end) >= f(x) + g (end - x): so the
        point may lie in the same soft valley.
        """
        for known, value in zip(self._known.values(), values, strict=True):
            with suppress(ValueError):  # atoms that are nearer to each other than at any end
                way = self._abilities.ends(known, now.x)[1] - known
                if max(float(now.value) - value, 0.0) < now.gradient @ way:
                    return True
        return False

    def recognised(self, x: np.ndarray, expected: str) -> Recognised:
        """Which end a minimum is; of two that it equals by symmetry, the expected one."""
        near = self._within(_NEAR, x)
        comparable = self._abilities.comparable
        if near or comparable is None:
            return Recognised(near, "")
        for name in sorted(self._known, key=lambda name: name != expected):
            if comparable.same(self._known[name], x):
                return self._by_symmetry(name, x)
        return Recognised("", "")

    def both(
        self, before: np.ndarray | None, after: np.ndarray | None
    ) -> tuple[Recognised, Recognised]:
        """Which ends the minima on both sides of a saddle are; None where none was reached.

        The mirror image of a free molecule's saddle is a saddle too, as high, and joins the mirror
        images of these minima. So where one of them is an end's only in the mirror, and the other
        one is an end in the mirror too, the saddle joins the ends.
        """
        sides = ((before, "start"), (after, "end"))
        found = [Recognised("", "") if x is None else self.recognised(x, on) for x, on in sides]
        if {one.end for one in found} == set(self._known) or not self._has_mirror_images:
            return found[0], found[1]
        seen = [
            Recognised("", "") if x is None else self._in_the_mirror(x, one, on)
            for (x, on), one in zip(sides, found, strict=True)
        ]
        if {one.end for one in seen} == set(self._known):
            return seen[0], seen[1]
        first, last = (
            one if one.end or not mirrored.end else _like(mirrored.end)
            for one, mirrored in zip(found, seen, strict=True)
        )
        return first, last

    @property
    def _has_mirror_images(self) -> bool:
        """Whether coordinates are positions of atoms that are free as a whole, and comparable."""
        abilities = self._abilities
        if abilities.comparable is None or abilities.n_atoms is None or len(abilities.fixed):
            return False
        n_coordinates = len(self._known["start"])
        return abilities.moves_as_a_whole and n_coordinates == 3 * abilities.n_atoms

    def _in_the_mirror(self, x: np.ndarray, found: Recognised, expected: str) -> Recognised:
        """Which end a minimum's mirror image is; `found` is which the minimum itself is."""
        comparable = self._abilities.comparable
        assert comparable is not None
        if found.end:  # a descent stops a little away from an end that it arrives at
            known = self._known[found.end]
            if comparable.same(known, _mirrored(known)):
                return found
        for name in sorted(self._known, key=lambda name: name != expected):
            if comparable.same(self._known[name], _mirrored(x)):
                return Recognised(name, "in its mirror image")
        return Recognised("", "")

    def _by_symmetry(self, name: str, x: np.ndarray) -> Recognised:
        """A crystal's or surface's own shift leads to another place; exchange of atoms does not."""
        if self._abilities.n_atoms is None:
            return Recognised(name, "but for a symmetry")
        if self._is_in_place(self._known[name], x):
            return Recognised(name, "with like atoms exchanged")
        return Recognised("", f"like the {name}, shifted")

    def _is_in_place(self, known: np.ndarray, x: np.ndarray) -> bool:
        abilities = self._abilities
        if abilities.moves_as_a_whole and not len(abilities.fixed):
            return True
        if abilities.symmetric is None or len(x) != 3 * (abilities.n_atoms or 0):
            return False
        shifts = np.asarray(abilities.symmetric.placing(known, x)(np.zeros_like(x)))
        return bool(np.linalg.norm(shifts.reshape(-1, 3), axis=1).min() < _UNMOVED)

    def _within(self, fraction: float, x: np.ndarray) -> str:
        for name, known in self._known.items():
            if self._gap(known, x) < min(fraction * self._distance, self._reach[name]):
                return name
        return ""

    def _gap(self, known: np.ndarray, x: np.ndarray) -> float:
        with suppress(ValueError):  # atoms that are nearer to each other than at any end
            x = self._abilities.ends(known, x)[1]
        return float(np.linalg.norm(x - known))


def _mirrored(x: np.ndarray) -> np.ndarray:
    """The mirror image (3n,) of atoms at `x` (3n,)."""
    return np.asarray(x * np.tile([-1.0, 1.0, 1.0], len(x) // 3))


def _like(name: str) -> Recognised:
    return Recognised("", f"like the {name}, mirrored")
