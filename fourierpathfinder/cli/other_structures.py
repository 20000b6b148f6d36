"""Which structures of an earlier run are not those of this one, in words."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from ..storage.arrays import decoded, encoded
from ..storage.evaluations import read_identity, read_notes

_ADVICE = "use another place, or delete it to start afresh"


def as_notes(structures: Sequence[Atoms]) -> dict[str, Any]:
    """What is kept beside the evaluations, to tell later what has changed."""
    return {"structures": [encoded(atoms.positions) for atoms in structures]}


def what_differs(place: Path, identity: Mapping[str, Any], structures: Sequence[Atoms]) -> str:
    """Which structures differ from those of a file; empty where that is not all, or not known."""
    found, kept = read_identity(place), read_notes(place).get("structures")
    changed = {key for key in {*found, *identity} if found.get(key) != identity.get(key)}
    if not kept or changed != {"structures"}:
        return ""
    before, now = [decoded(one) for one in kept], [atoms.positions for atoms in structures]
    if len(before) != len(now):
        return (
            f"{place} belongs to another problem: it is of {len(before)} structures, and this run "
            f"of {len(now)}; {_ADVICE}"
        )
    if len(now) == 2 and all(map(np.array_equal, before, now[::-1])):
        return (
            f"{place} belongs to another problem: its structures are this run's in the other "
            f"order; give the reactant and the product as they were then, or {_ADVICE}"
        )
    names = ("the reactant", "the product") if len(now) == 2 else None
    told = [
        f"{names[k] if names else f'structure {k}'} is another one, where {_moved(one, other)}"
        for k, (one, other) in enumerate(zip(before, now, strict=True))
        if not np.array_equal(one, other)
    ]
    return (
        f"{place} belongs to another problem: its structures are not this run's: "
        f"{', '.join(told)}; {_ADVICE}"
    )


def _moved(before: np.ndarray, now: np.ndarray) -> str:
    distances = np.linalg.norm(now - before, axis=1)
    k = int(distances.argmax())
    n = np.count_nonzero(distances)
    return f"atom {k} has moved by {distances[k]:.2g} Å" + (f", and {n - 1} more" if n > 1 else "")
