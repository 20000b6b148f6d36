"""Atoms that overlap."""

from collections.abc import Iterator

from ase import Atoms

from ..constraints import free_space
from ..minimum_image import MinimumImage
from ..overlap import OverlapGuard
from .finding import Finding, Severity


def overlaps(start: Atoms, end: Atoms, contact: float) -> Iterator[Finding]:
    """One finding for each end in which atoms overlap."""
    movable = free_space(start).movable
    for name, atoms in (("reactant", start), ("product", end)):
        guard = OverlapGuard(movable, MinimumImage.of(atoms), atoms.numbers, contact)
        sentences = guard.overlaps(atoms.positions)
        if sentences:
            yield Finding(
                "overlap",
                Severity.STOP,
                f"atoms overlap in the {name}: {sentences[0]}",
                "correct the structure (is it in Å, and its cell right?); atoms of a model in "
                "units of its own may be called X, which is small",
            )
