"""Which features suit a landscape, where the user leaves that open."""

from typing import Any

from .._arrays import Array
from .features import Coordinates, FeatureMap
from .inverse_distances import InverseDistances


def choose_features(landscape: Any, start: Array) -> FeatureMap:
    """Inverse distances for free clusters and molecules, coordinates for everything else.

    A cluster is told by its attribute `n_atoms`, with D = 3 n_atoms; a molecule moreover by
    `moves_as_a_whole`. Slabs with frozen atoms do better with coordinates: there is nothing to be
    invariant to.
    """
    n_atoms = getattr(landscape, "n_atoms", None)
    if n_atoms is None or len(start) != 3 * n_atoms:
        return Coordinates()
    if not getattr(landscape, "moves_as_a_whole", True):
        return Coordinates()
    return InverseDistances(n_atoms)
