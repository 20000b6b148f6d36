"""The two ends, from any file that ASE reads, checked and corrected."""

from collections.abc import Sequence
from typing import Any

from ase import Atoms
from ase.constraints import FixAtoms
from ase.io import read

from ..atoms import superpose
from ..atoms.preflight import Finding, Severity, mirrored, preflight, repair
from .exits import InputError


def read_structure(source: str) -> Atoms:
    """One structure from `file` (its last) or `file@index`, as ASE writes it."""
    try:
        found: Any = read(source)
    except FileNotFoundError as error:
        raise InputError(f"there is no file {error.filename or source}") from error
    except Exception as error:  # each of ASE's many readers has its own way to fail
        raise InputError(
            f"{source} cannot be read ({type(error).__name__}: {error}); it must be a structure "
            "file that ASE knows, with @ and a number where it holds several"
        ) from error
    if not isinstance(found, Atoms):
        raise InputError(
            f"{source} holds {len(found)} structures; name one of them, such as "
            f"{source.rpartition('@')[0]}@0"
        )
    return Atoms.copy(found)


def freeze(atoms: Atoms, which: str) -> Atoms:
    """The structure with atoms fixed, given as `0:16` or `0,1,5:9`."""
    held: list[int] = []
    for part in which.split(","):
        try:
            bounds = [int(number) if number else None for number in part.split(":")]
            chosen = range(len(atoms))[slice(*bounds)] if len(bounds) > 1 else [bounds[0]]
        except (ValueError, TypeError) as error:
            raise _no_indices(which, atoms) from error
        held += [index for index in chosen if index is not None]
    if not held or not -len(atoms) <= min(held) <= max(held) < len(atoms):
        raise _no_indices(which, atoms)
    frozen = Atoms.copy(atoms)
    frozen.set_constraint(FixAtoms(held))
    return frozen


def looked_over(
    start: Atoms, end: Atoms, *, fix: bool, mirror: bool
) -> tuple[Atoms, Atoms, list[Finding], list[Finding]]:
    """The ends, what was corrected, and what there is still to say.

    Parameters
    ----------
    start, end : ase.Atoms
        As read.
    fix : bool
        Whether to correct what is safe.
    mirror : bool
        Whether the product's mirror image is meant.
    """
    corrected: list[Finding] = []
    if mirror:
        end = superpose(start, mirrored(end))
    if fix:
        start, end, corrected = repair(start, end)
    return start, end, corrected, preflight(start, end)


def refuse(findings: Sequence[Finding]) -> None:
    """Raise an InputError if any finding makes a path impossible."""
    errors = [finding.sentence for finding in findings if finding.severity is Severity.STOP]
    if errors:
        raise InputError("; ".join(errors))


def _no_indices(which: str, atoms: Atoms) -> InputError:
    return InputError(
        f"--freeze is {which!r}; give atoms' numbers between 0 and {len(atoms) - 1}, such as 0:16 "
        "or 0,1,5:9"
    )
