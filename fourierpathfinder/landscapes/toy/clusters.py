r"""Lennard-Jones clusters in reduced units, where the pair has depth 1 and collision diameter 1.

.. math:: f(x) = 4 \sum_{i<j} \left(r_{ij}^{-12} - r_{ij}^{-6}\right)

Stationary points are stored for some sizes; `tools/lennard_jones_points.py` found them.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from ..compiled import CompiledLandscape
from .known import Rearrangement, Toy, constant


def value_and_gradient(x: np.ndarray, gradient: np.ndarray) -> float:
    """The energy of atoms at x (3n,) and its gradient, for `CompiledLandscape`.

    Every pair is computed twice: without scattered writes the inner loop becomes vector code.
    """
    n_atoms = len(x) // 3
    xs, ys, zs = np.empty(n_atoms), np.empty(n_atoms), np.empty(n_atoms)
    for i in range(n_atoms):
        xs[i], ys[i], zs[i] = x[3 * i], x[3 * i + 1], x[3 * i + 2]
    value = 0.0
    for i in range(n_atoms):
        slope_x, slope_y, slope_z = 0.0, 0.0, 0.0
        for j in range(n_atoms):
            dx, dy, dz = xs[i] - xs[j], ys[i] - ys[j], zs[i] - zs[j]
            inverse = 1.0 / (dx * dx + dy * dy + dz * dz) if j != i else 0.0
            sixth = inverse * inverse * inverse
            slope = inverse * sixth * (24.0 - 48.0 * sixth)
            value += 2.0 * sixth * (sixth - 1.0)
            slope_x += slope * dx
            slope_y += slope * dy
            slope_z += slope * dz
        gradient[3 * i], gradient[3 * i + 1], gradient[3 * i + 2] = slope_x, slope_y, slope_z
    return value


@cache
def lennard_jones(n_atoms: int) -> Toy:
    """A cluster of identical atoms; its stationary points are known for 7, 13 and 38 atoms.

    For 7 atoms all four minima are stored, with rearrangements between them; for 13 the
    icosahedron and neighbours with a vacancy and an adatom; for 38 the bottoms of the two
    funnels, the truncated octahedron and the incomplete icosahedron. For other sizes `minima`,
    `saddles` and `rearrangements` are empty.

    Parameters
    ----------
    n_atoms : int
        Number of atoms n, at least 2.

    Returns
    -------
    Toy
        With D = 3n: positions (n, 3) flattened, in units of σ; values in units of ε.

    Raises
    ------
    ValueError
        If `n_atoms` is below 2.

    References
    ----------
    Tsai and Jordan, J. Phys. Chem. 97, 11227 (1993), doi:10.1021/j100145a019 (7 and 13 atoms).
    Doye, Miller and Wales, J. Chem. Phys. 110, 6896 (1999), doi:10.1063/1.478595 (38 atoms).

    Examples
    --------
    >>> toy = lennard_jones(7)
    >>> toy.minimum_values.round(6)
    array([-16.505384, -15.935043, -15.593211, -15.53306 ])
    """
    if n_atoms < 2:
        raise ValueError(f"`n_atoms` is {n_atoms}; a cluster has at least 2 atoms")
    known = _stored(n_atoms)
    return Toy(
        name=f"a Lennard-Jones cluster of {n_atoms} atoms",
        compiled=CompiledLandscape(value_and_gradient, 3 * n_atoms),
        minima=_points(known["minima"], n_atoms),
        minimum_values=constant(known["minimum_values"]),
        saddles=_points(known["saddles"], n_atoms),
        saddle_values=constant(known["saddle_values"]),
        rearrangements=tuple(
            Rearrangement(constant(start), constant(end), constant(saddle), height)
            for start, end, saddle, height in known["rearrangements"]
        ),
        n_atoms=n_atoms,
    )


def _stored(n_atoms: int) -> dict[str, Any]:
    names = ("minima", "minimum_values", "saddles", "saddle_values", "rearrangements")
    text = files(__package__).joinpath("lennard_jones.json").read_text(encoding="utf-8")
    known: dict[str, Any] = json.loads(text).get(str(n_atoms), {name: [] for name in names})
    return known


def _points(values: list[list[float]], n_atoms: int) -> np.ndarray:
    return constant(values).reshape(-1, 3 * n_atoms)
