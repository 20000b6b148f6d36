"""What lays one structure on another: for free clusters, and in the same words for any system."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .alignment import Alignment, nearest
from .coincidence import coinciding


class Symmetries(Protocol):
    """The symmetries of one system's energy, searched for the one that fits two structures."""

    @property
    def kinds(self) -> np.ndarray:
        """For each atom a number (n,); those that may be exchanged have the same."""
        ...

    def coinciding(
        self, target: np.ndarray, positions: np.ndarray, tol: float, *, mirror: bool, labelled: bool
    ) -> Alignment | None:
        """The symmetry that lays each atom within `tol` of a like one's place, if there is one."""
        ...

    def nearest(
        self,
        target: np.ndarray,
        positions: np.ndarray,
        *,
        mirror: bool,
        labelled: bool = False,
    ) -> Alignment:
        """The symmetry that lays one structure (n, 3) nearest to another, as far as is found."""
        ...


@dataclass(frozen=True, eq=False)
class FreeCluster:
    """Rotations and translations, exchange of identical atoms, and where asked the mirror image.

    Attributes
    ----------
    kinds : ndarray of int (n,)
        Atoms that may be exchanged have the same.
    """

    kinds: np.ndarray

    def coinciding(
        self, target: np.ndarray, positions: np.ndarray, tol: float, *, mirror: bool, labelled: bool
    ) -> Alignment | None:
        """The symmetry that lays each atom within `tol` of a like one's place, if there is one."""
        kinds = labels(self.kinds, labelled=labelled)
        return coinciding(kinds, target, positions, tol, mirror=mirror)

    def nearest(
        self,
        target: np.ndarray,
        positions: np.ndarray,
        *,
        mirror: bool,
        labelled: bool = False,
    ) -> Alignment:
        """The symmetry that lays one structure (n, 3) nearest to another, as far as is found."""
        kinds = labels(self.kinds, labelled=labelled)
        return nearest(kinds, target, positions, mirror=mirror)


def labels(kinds: np.ndarray, *, labelled: bool) -> np.ndarray:
    """The kinds (n,) of atoms, or numbers of their own for all, where none may be exchanged."""
    return np.arange(len(kinds)) if labelled else kinds


def best_placing(
    symmetries: Symmetries, target: np.ndarray, positions: np.ndarray, tol: float, *, mirror: bool
) -> Alignment:
    """The symmetry by which two structures coincide, or else the one that lays them nearest."""
    exact = symmetries.coinciding(target, positions, tol, mirror=mirror, labelled=False)
    return exact or symmetries.nearest(target, positions, mirror=mirror)
