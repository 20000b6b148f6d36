"""What a landscape says of the equality of minima, with plain distances where it says nothing."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .._arrays import Array, like
from ..landscapes.abilities import Abilities

Same = Callable[[np.ndarray, np.ndarray], bool]

_SAME_PLACE = 1e-3
"""Points nearer than this are one, where a landscape has no `same`; see `Symmetry.size`."""


@dataclass(frozen=True)
class Symmetry:
    """The symmetries of a landscape that a graph of minima needs.

    Parameters
    ----------
    abilities : Abilities
        Of the landscape: its `same`, `placing` and `fingerprint` are used where there are any.
    given : callable, optional
        The user's own equality, in place of the landscape's.
    mirror : bool
        Whether mirror images are the same, where the landscape asks.
    reference : array, optional
        Of the library, dtype and device that the landscape computes with; NumPy's if left out.
    size : float
        How far minima lie apart, in the landscape's unit of length: those that differ by a
        thousandth of it are one. Where the origin lies says nothing of that.
    """

    abilities: Abilities
    given: Same | None = None
    mirror: bool = False
    reference: Array | None = None
    size: float = 1.0

    def native(self, points: np.ndarray) -> Array:
        """Points as the landscape takes them."""
        return points if self.reference is None else like(points, self.reference)

    def same(self, a: np.ndarray, b: np.ndarray) -> bool:
        """Whether two minima are one."""
        if self.given is not None:
            return bool(self.given(a, b))
        comparable = self.abilities.comparable
        if comparable is not None:
            return bool(comparable.same(a, b, **self._asked))
        return bool(np.linalg.norm(a - b) <= _SAME_PLACE * self.size)

    def placed(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The equivalent of `b` that lies nearest to `a`, as far as is found."""
        symmetric = self.abilities.symmetric
        return b if symmetric is None else np.asarray(symmetric.placing(a, b, **self._asked)(b))

    @property
    def guesses(self) -> bool:
        """Whether distances of fingerprints are not the distances of superposed points."""
        abilities = self.abilities
        return abilities.fingerprinted is not None and abilities.symmetric is not None

    def fingerprint(self, a: np.ndarray) -> np.ndarray:
        """Numbers (F,) that equivalent points share; their distance orders pairs."""
        fingerprinted = self.abilities.fingerprinted
        return np.asarray(a if fingerprinted is None else fingerprinted.fingerprint(a))

    @property
    def _asked(self) -> dict[str, bool]:
        """What only landscapes of atoms are asked, and only where it is wanted."""
        return {"mirror": True} if self.mirror else {}
