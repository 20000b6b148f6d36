"""The two ends, from any file that ASE reads, checked and corrected."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ase import Atoms
from ase.constraints import FixAtoms
from ase.io import read

from ..atoms.band import STRUCTURES, band_folders, is_band, read_vasp_folder
from ..atoms.constraints import free_space
from ..atoms.preflight import Finding, Severity, preflight, repair
from ..storage.content import digest, file_digest
from .asked import mirrored_as_asked, reordered_as_asked, without_mirror
from .cells import laid
from .exits import InputError
from .places import EVALUATIONS, RESULT
from .sanity import require_readable, sound

_NETWORKS = (".pt", ".pth", ".ckpt", ".safetensors")
"""Endings of files in which weights are kept."""
_READ = (RESULT, EVALUATIONS, *STRUCTURES, *(f"*/{name}" for name in STRUCTURES))
"""What is read in a folder that is a run of this program or of VASP, or a band."""


def read_structure(source: str) -> Atoms:
    """The structure in `file`, `file@index` as ASE writes it, or a folder of a VASP run.

    Parameters
    ----------
    source : str
        Where it is.

    Returns
    -------
    ase.Atoms

    Raises
    ------
    InputError
        If there is nothing, it cannot be read, it holds several structures and none is named, or
        its coordinates or cell are no numbers to calculate with.
    """
    if not source.strip():
        raise InputError("the name of a structure file is empty; give a file that ASE knows")
    place = _place(source)
    require_readable(place)
    try:
        if Path(source).is_dir():
            _require_one(source)
            for name in STRUCTURES:
                require_readable(Path(source, name))
            return sound(source, read_vasp_folder(source))
        found: Any = _read(source)
    except FileNotFoundError as error:
        missing = error.filename or source
        named = error.filename is not None
        raise InputError(f"there is no file {missing}" if named else str(error)) from error
    except InputError:
        raise
    except Exception as error:  # each of ASE's many readers has its own way to fail
        raise _unreadable(source, place, error) from error
    if isinstance(found, Atoms):
        return sound(source, found)
    if not found:
        raise InputError(f"{source} holds no structure: it was cut off, or is something else")
    if len(found) != 1:
        raise _several(source, str(place), len(found))
    return sound(source, found[0])


def _place(source: str) -> Path:
    """The file or folder of a source, without the number of a structure."""
    return Path(source if Path(source).exists() else source.rpartition("@")[0] or source)


def digest_of(source: str) -> str:
    """A hash of what is read where a source is named, by which a change is noticed.

    Parameters
    ----------
    source : str
        A structure as `read_structure` takes it, or a first path; empty where there is none.
    """
    place = _place(source)
    found = [place] if place.is_file() else [f for p in _READ for f in sorted(place.glob(p))]
    return digest([file_digest(str(file)) for file in found]) if source and found else ""


def _require_one(folder: str) -> None:
    """Raise an InputError where a folder is a band, which is more than one structure."""
    if is_band(folder):
        images = band_folders(folder)
        raise InputError(
            f"{folder} is a band of {len(images)} images: its ends are {images[0]} and "
            f"{images[-1]}, and --initial {folder} takes all of it as the first path"
        )


def _read(source: str) -> Any:
    """The structure that is named, or all of them; InputError for a name that none has."""
    name, at, _ = source.rpartition("@")
    if not at or "/" in source[len(name) :] or Path(source).is_file():
        return read(source, index=":", do_not_split_by_at_sign=True)
    try:
        return read(source)
    except (IndexError, StopIteration, TypeError, ValueError) as error:
        raise _several(source, name, len(read(name, index=":"))) from error


def _unreadable(source: str, place: Path, error: Exception) -> InputError:
    names = [place / name for name in STRUCTURES] if place.is_dir() else [place]
    empty = [str(file) for file in names if file.is_file() and not file.read_text("latin1").strip()]
    if empty:
        return InputError(f"{empty[0]} is empty: what was to write it has not come so far")
    if place.suffix.lower() in _NETWORKS:
        return InputError(
            f"{source} is no structure of atoms; if it holds the weights of a network, connect it "
            "in Python, `find_path(NetworkLandscape(module, loss, data), first, second)`, with the "
            "names of such files as ends"
        )
    return InputError(
        f"{source} cannot be read as a structure: it was cut off, or is no file that ASE knows, "
        "or holds several structures, of which @ and a number name one. ASE's reader says "
        f"{type(error).__name__}: {error}"
    )


def _several(source: str, name: str, n: int) -> InputError:
    if n == 1:
        return InputError(f"{source} names no structure of {name}, which holds one; give {name}")
    one = f"name one of them, {name}@0 to {name}@{n - 1}, or {name}@-1 for the last"
    if source != name:
        return InputError(f"{source} names no structure of {name}, which holds {n}; {one}")
    return InputError(f"{source} holds {n} structures; {one}")


def freeze(atoms: Atoms, which: str) -> Atoms:
    """The structure with atoms fixed, given as `0:16` or `0,1,5:9`."""
    frozen = Atoms.copy(atoms)
    held = chosen_atoms(which, atoms, "--freeze")
    frozen.set_constraint([*atoms.constraints, FixAtoms(list(held))])
    if not _can_move(frozen):
        also = " with what the file holds already" if len(set(held)) < len(atoms) else ""
        raise InputError(
            f"--freeze is {which!r}, which{also} holds all {len(atoms)} atoms, so that nothing is "
            "left to move; name only atoms that keep their places, such as the lowest layers"
        )
    return frozen


def _can_move(atoms: Atoms) -> bool:
    try:
        return free_space(atoms).n_coordinates > 0
    except ValueError:  # a constraint that no path can keep, as the checks will say
        return True


def chosen_atoms(which: str, atoms: Atoms, option: str) -> tuple[int, ...]:
    """The numbers of atoms that are given as `0:16` or `0,1,5:9`."""
    found: list[int] = []
    for part in which.split(","):
        try:
            bounds = [int(number) if number else None for number in part.split(":")]
            chosen = range(len(atoms))[slice(*bounds)] if len(bounds) > 1 else [bounds[0]]
        except (ValueError, TypeError) as error:
            raise _no_indices(which, atoms, option) from error
        found += [index for index in chosen if index is not None]
    if not found or not -len(atoms) <= min(found) <= max(found) < len(atoms):
        raise _no_indices(which, atoms, option)
    return tuple(range(len(atoms))[index] for index in found)


def looked_over(
    start: Atoms, end: Atoms, *, fix: bool, mirror: bool, order: bool = False, cell: bool = False
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
    order : bool
        Whether the product's atoms are to be put in the order that fits the reactant's best.
    cell : bool
        Whether the ends may have different cells: all is then checked in the reactant's.
    """
    if cell:
        without = laid(start, end)
        start, end, corrected, findings = looked_over(
            start, without.product, fix=fix, mirror=mirror, order=order
        )
        return start, without.back(end), corrected, without.kept(findings)
    corrected = []
    if order and sorted(start.numbers) == sorted(end.numbers):
        end, done = reordered_as_asked(start, end)
        corrected.append(done)
    if mirror:
        end, done = mirrored_as_asked(start, end)
        corrected.append(done)
    if fix:
        start, end, repaired = repair(start, end)
        corrected += repaired
    findings = preflight(start, end)
    return start, end, corrected, without_mirror(findings) if mirror else findings


def refuse(findings: Sequence[Finding]) -> None:
    """Raise an InputError if any finding makes a path impossible."""
    errors = [finding.sentence for finding in findings if finding.severity is Severity.STOP]
    if errors:
        raise InputError("; ".join(errors))


def _no_indices(which: str, atoms: Atoms, option: str) -> InputError:
    return InputError(
        f"{option} is {which!r}; give atoms' numbers between 0 and {len(atoms) - 1}, such as 0:16 "
        "or 0,1,5:9"
    )
