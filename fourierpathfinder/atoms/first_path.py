r"""A first path without any energies: the image-dependent pair potential, in the sine terms.

Every distance should change linearly along the path, which no path can do quite; the one that
comes nearest, with near atoms weighted most, minimises

.. math:: \Bigl\langle \sum_{ij} \frac{(d_{ij}(t) - (1-t) d_{ij}(0) - t\, d_{ij}(1))^2}
          {d_{ij}(t)^4} \Bigr\rangle_t + \varepsilon\, \langle |x'(t)|^2 \rangle_t .

The small second term keeps the path from turning or drifting as a whole, which the first does not
see. Written in the coefficients of the path there are no images, springs or tangents, and L-BFGS
solves it in milliseconds. Where a group of atoms turns inside out on the way and comes back, the
path is sought once more with what prevents that (`handedness`).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from scipy.optimize import minimize

from ..path import SinePath
from .minimum_image import squared_lengths
from .pairs import AtomPairs

if TYPE_CHECKING:  # toys have first paths without ASE
    from .handedness import Groups

_STIFFNESS = 1e-3
"""ε, in Å^-4, where pairs weigh about 1 Å^-4."""

_KICK = 0.05
"""In chords: how far the start is bent at random, in its first `_KICK_TERMS` terms."""

_KICK_TERMS = 2

_AT_ONCE = 2**14
"""Lengths of pairs that are computed together: with more, what is made of them leaves the cache."""

HORIZON = 8.0
"""In Å: pairs always farther apart weigh less than 1/4000 Å^-4 and are left out."""


class Space(Protocol):
    """Coordinates that are positions of atoms, or an orthonormal basis of some of them."""

    def lift(self, points: np.ndarray) -> np.ndarray:
        """All atoms' positions (..., n, 3) at `points` (..., D)."""
        ...

    def pull_back(self, gradients: np.ndarray) -> np.ndarray:
        """Gradients (..., D) in the coordinates from those in the positions (..., n, 3)."""
        ...


@dataclass(frozen=True)
class AllFree:
    """All coordinates of all atoms, flattened."""

    def lift(self, points: np.ndarray) -> np.ndarray:
        """Positions (..., n, 3) at `points` (..., 3n)."""
        return points.reshape(*points.shape[:-1], -1, 3)

    def pull_back(self, gradients: np.ndarray) -> np.ndarray:
        """Gradients (..., n, 3), flattened."""
        return gradients.reshape(*gradients.shape[:-2], -1)


def idpp_start(
    straight: SinePath,
    rng: np.random.Generator,
    pairs: AtomPairs,
    space: Space,
    motions: np.ndarray | None = None,
    groups: "Groups | None" = None,
) -> SinePath:
    """A first path between two structures: bent a little at random, then relaxed.

    The bend leaves starts of the same symmetry as both ends, on which atoms would cross. Along
    `motions` (k, D), directions in which the whole moves freely, there is none. Of `groups` as few
    as can be turn inside out on the way. The other arguments are those of `idpp_path`.
    """
    size = _KICK * np.linalg.norm(straight.end - straight.start) / np.sqrt(straight.n_coordinates)
    bend = np.zeros(straight.coefficients.shape)
    bend[:_KICK_TERMS] = size * rng.normal(size=bend[:_KICK_TERMS].shape)
    if motions is not None:
        bend -= (bend @ motions.T) @ motions
    kicked = straight.with_coefficients(bend)
    found = idpp_path(kicked, pairs, space)
    if groups is None or not len(groups) or not _n_turned(groups, found, space):
        return found
    held = idpp_path(idpp_path(kicked, pairs, space, groups), pairs, space)
    return min(found, held, key=lambda path: _n_turned(groups, path, space))


def _n_turned(groups: "Groups", path: SinePath, space: Space) -> int:
    return groups.n_turned(space.lift(path(_times(path))))


def _times(path: SinePath) -> np.ndarray:
    """Where a path is looked at: three places for each term (M,)."""
    return np.asarray((np.arange(3 * path.n_terms) + 0.5) / (3 * path.n_terms))


def idpp_path(
    kicked: SinePath,
    pairs: AtomPairs,
    space: Space,
    groups: "Groups | None" = None,
) -> SinePath:
    """Relax a path on the image-dependent pair potential.

    Parameters
    ----------
    kicked : SinePath
        Where to begin. A start of the same symmetry as the ends would keep it (atoms on a line
        would stay on it, and cross), so it should be bent at random.
    pairs : AtomPairs
        The pairs to interpolate.
    space : Space
        Turns coordinates into positions.
    groups : Groups, optional
        Whose volumes are to change linearly, too.

    Returns
    -------
    SinePath
        With the ends and number of terms of `kicked`.

    References
    ----------
    Smidstrup, Pedersen, Stokbro and Jónsson, J. Chem. Phys. 140, 214106 (2014),
    DOI 10.1063/1.4878664.
    """
    times = _times(kicked)
    pairs = pairs.chosen(_ever_near(pairs.vectors(space.lift(kicked(np.linspace(0, 1, 5))))))
    ends = _lengths(pairs.vectors(space.lift(np.stack([kicked.start, kicked.end]))))
    wanted = (1 - times)[:, None] * ends[0] + times[:, None] * ends[1]
    order = np.arange(1.0, kicked.n_terms + 1)[:, None]  # the n-th term bends n times as much

    def path(scaled: np.ndarray) -> SinePath:
        return kicked.with_coefficients(scaled.reshape(kicked.coefficients.shape) / order)

    def objective(scaled: np.ndarray) -> tuple[float, np.ndarray]:
        current = path(scaled)
        positions = space.lift(current(times))
        values, atom_gradients = _on_pairs(pairs, positions, wanted)
        if groups is not None:
            of_groups = groups.misfit(positions, times)
            values, atom_gradients = values + of_groups[0], atom_gradients + of_groups[1]
        gradients = space.pull_back(atom_gradients)
        velocities = current.velocity(times)
        total = values.mean() + _STIFFNESS * (velocities**2).sum() / len(times)
        terms = current.pull_back(times, gradients, 2 * _STIFFNESS * velocities) / len(times)
        return total, (terms / order).ravel()

    first = (kicked.coefficients * order).ravel()
    found = minimize(objective, first, jac=True, method="L-BFGS-B", options={"maxiter": 300})
    return path(found.x)


def _ever_near(vectors: np.ndarray) -> np.ndarray:
    """Which pairs come near each other at any of the places (M, P, 3)."""
    return np.asarray((_lengths(vectors) < HORIZON).any(axis=0))


def _on_pairs(
    pairs: AtomPairs, positions: np.ndarray, wanted: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The pair potential (M,) at positions (M, n, 3), and its derivatives in these.

    As many of the M at a time as fit in the cache: in a large crystal a few.
    """
    n_parts = min(max(1, wanted.size // _AT_ONCE), len(wanted))
    found = [
        _on_few_pairs(pairs, some, lengths)
        for some, lengths in zip(
            np.array_split(positions, n_parts), np.array_split(wanted, n_parts), strict=True
        )
    ]
    values, gradients = zip(*found, strict=True)
    return np.concatenate(values), np.concatenate(gradients)


def _on_few_pairs(
    pairs: AtomPairs, positions: np.ndarray, wanted: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    values, slopes = _pair_potential(pairs.vectors(positions), wanted)
    return values, pairs.pull_back(slopes)


def _pair_potential(vectors: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Σ (d - wanted)²/d⁴ (M,), and its derivatives in the vectors (M, P, 3)."""
    lengths = _lengths(vectors)
    misfit = lengths - wanted
    weights = lengths**-4
    slopes = weights * misfit * (2 - 4 * misfit / lengths) / lengths
    return (weights * misfit**2).sum(axis=-1), slopes[..., None] * vectors


def _lengths(vectors: np.ndarray) -> np.ndarray:
    # coinciding atoms are kept just apart, so that the potential stays finite
    return np.asarray(np.sqrt(squared_lengths(vectors) + 1e-12))
