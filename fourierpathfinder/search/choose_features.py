"""Which features and kernel suit a landscape, where the user leaves that open."""

from .._arrays import Array
from ..gaussian_process.features import Coordinates, FeatureMap
from ..gaussian_process.inverse_distances import InverseDistances
from ..gaussian_process.kernels import Kernel, RationalQuadratic, SquaredExponential
from ..landscapes.abilities import Abilities
from .policy import BOLD, See


def choose_features(
    abilities: Abilities, start: Array, numbers: See = BOLD.see
) -> tuple[FeatureMap, ...]:
    """Inverse distances for free clusters and molecules, coordinates for everything else.

    For inverse distances the likelihood chooses among several powers: where bonds are made and
    broken the half or the first power suits, where atoms are held by short-ranged forces the third
    or fourth.

    A cluster is recognised by its attribute `n_atoms`, with D = 3 n_atoms; a molecule moreover by
    `moves_as_a_whole`. Slabs with frozen atoms do better with coordinates: there is nothing to be
    invariant to.
    """
    n_atoms = abilities.n_atoms
    if n_atoms is None or len(start) != 3 * n_atoms or not abilities.moves_as_a_whole:
        return (Coordinates(),)
    distances = InverseDistances(n_atoms)
    return tuple(distances.with_power(power) for power in numbers.powers)


def choose_kernel(features: FeatureMap, abilities: Abilities) -> Kernel:
    """The kernel for some features: rational quadratic for inverse distances and for atoms.

    Coordinates of anything else have the squared exponential. Where atoms move, a few directions
    are soft and most are stiff, many of them never along a gradient: with a single length scale the
    surrogate is too sure of itself in those.
    """
    is_of_atoms = abilities.n_atoms is not None or not features.keeps_distances
    return RationalQuadratic() if is_of_atoms else SquaredExponential()
