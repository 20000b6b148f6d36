"""What a molecular landscape's files belong to, in the words of those who made it."""

import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from ..storage.content import digest, file_digest, fingerprint
from .system import System

_OTHERWISE_TOLD = ("numbers", "positions", "momenta", "masses")
"""Arrays of a structure that are told elsewhere, or that no energy depends on."""


def identity(system: System, calculator: Mapping[str, str]) -> dict[str, str]:
    """All of a problem but its ends: the system, what is held where, and the calculator.

    Parameters
    ----------
    system : System
        The structure with its constraints.
    calculator : mapping
        As from `calculator_identity`.
    """
    atoms = system.template
    held = system.free.lift(np.zeros(system.free.n_coordinates))
    constraints = [constraint.todict() for constraint in atoms.constraints]
    more = {
        name: array
        for name, array in sorted(atoms.arrays.items())
        if name not in _OTHERWISE_TOLD and np.any(array)
    }
    info = {key: value for key, value in atoms.info.items() if isinstance(value, int | float | str)}
    return {
        "atoms": told_atoms(atoms),
        "cell": str(np.asarray(atoms.cell).tolist()),
        "periodicity": str(atoms.pbc.tolist()),
        "constraints": f"{', '.join(one['name'] for one in constraints)} ({digest(constraints)})",
        "places of held atoms": fingerprint(held),
        "charges, magnetic moments and tags": ", ".join(
            f"{name} {_short(array)}" for name, array in more.items()
        ),
        "info": f"{len(info)} entries ({digest(info)})",
        **({} if system.metric is None else {"metric": repr(system.metric)}),
        **calculator,
    }


def calculator_identity(given: Any, description: str) -> dict[str, str]:
    """A calculator with its settings, its own code, and the files that its settings name.

    Parameters
    ----------
    given : calculator or factory
        As it was given; where it has an `identity` of its own, that is taken.
    description : str
        Class and settings.
    """
    own = getattr(given, "identity", None)
    if isinstance(own, Mapping):
        return dict(own)
    settings = dict(getattr(given, "parameters", None) or {})
    if isinstance(given, partial):
        settings |= given.keywords
    return {
        "calculator": description,
        "code of the calculator": digest(given if callable(given) else type(given)),
        "files of the calculator": files_named(settings),
    }


def files_named(settings: Mapping[str, Any]) -> str:
    """The files that settings name, such as a model's weights, each with a hash of its bytes."""
    named = list(_named("", settings))
    folders = [Path(), *(place for _, place in named if place.is_dir())]
    found = []
    for key, place in named:
        file = next((folder / place for folder in folders if (folder / place).is_file()), None)
        if file is not None:
            found.append(f"{key}={file.name} ({file_digest(file)})")
    return ", ".join(found) or "none"


def _named(key: str, value: object) -> Iterator[tuple[str, Path]]:
    """What may be the name of a file in a setting, or anywhere in the lists it is made of."""
    if isinstance(value, str | os.PathLike):
        name = os.fspath(value)
        if isinstance(name, str) and 0 < len(name) < 4096 and "\0" not in name:
            yield key, Path(name)
    elif isinstance(value, Mapping):
        for inner in sorted(value, key=str):
            yield from _named(f"{key}.{inner}" if key else str(inner), value[inner])
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _named(f"{key}.{number}", inner)


def _short(array: np.ndarray) -> str:
    return str(array.tolist()) if array.size <= 12 else fingerprint(array)


def told_atoms(atoms: Atoms) -> str:
    """Of which elements a structure is made, in which order."""
    return f"{atoms.symbols} ({fingerprint(atoms.numbers)})"
