"""The results of a calculation that a structure brings along."""

from collections.abc import Mapping
from typing import Any

from ase import Atoms


def brought_along(end: object, *needed: str) -> tuple[float, Mapping[str, Any]] | None:
    """The energy of a structure, and all results that are kept with it.

    Parameters
    ----------
    end : ase.Atoms or anything else
    *needed : str
        ASE's names of the results that must be among them.

    Returns
    -------
    (float, mapping) or None
        In eV, the energy whose derivative the forces are; None where something is missing, or where
        `info["energy_from"]` says that no calculator was at work.
    """
    results = getattr(getattr(end, "calc", None), "results", {})
    energy = results.get("free_energy", results.get("energy"))
    if not isinstance(end, Atoms) or energy is None or not set(needed) <= set(results):
        return None
    if end.info.get("energy_from", "calculator") != "calculator":
        return None
    return float(energy), results
