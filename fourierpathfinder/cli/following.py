"""The minimum-energy path of a run: what `--mep` does, writes and says."""

from typing import Any

from ase import Atoms

from ..atoms.output import noted
from ..reaction_path import MinimumEnergyPath


def images(molecule: Any, followed: MinimumEnergyPath) -> list[Atoms]:
    """The path as structures, with energies and forces; how well they are known is in `info`.

    `info` has the place as `length` (Å √u where it is mass-weighted, else Å; negative towards the
    reactant), and as `energy_error` two standard deviations of the energy, in eV.
    """
    rows = zip(
        followed.points, followed.values, followed.gradients, followed.lengths, followed.errors,
        strict=True,
    )  # fmt: skip
    return [
        noted(
            molecule.atoms(point, value, gradient),
            {"length": float(length), "energy_error": float(error), "energy_from": "surrogate"},
        )
        for point, value, gradient, length, error in rows
    ]


def as_document(followed: MinimumEnergyPath | None) -> dict[str, Any] | None:
    """What `result.json` says of it; energies in eV, the file has the structures."""
    if followed is None:
        return None
    return {
        "file": "mep.extxyz",
        "mass_weighted": followed.mass_weighted,
        "length_unit": "Å √u" if followed.mass_weighted else "Å",
        "lengths": followed.lengths.tolist(),
        "energies": followed.values.tolist(),
        "energy_errors": followed.errors.tolist(),
        "saddle": followed.top,
        "minima_between": list(followed.stops),
        "ends": [
            {
                "is_end": neighbour.is_end,
                "symmetry": neighbour.symmetry,
                "energy": neighbour.value,
                "problem": neighbour.problem,
            }
            for neighbour in followed.neighbours
        ],
        "connects_the_ends": followed.connects_the_ends,
        "success": followed.success,
        "message": followed.message,
        "n_gradients": followed.n_gradients,
    }
