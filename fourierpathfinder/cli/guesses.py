"""What `--initial` names: a band, guessed structures, a scan, or the folder of a finished run."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
from ase import Atoms
from ase.io import read

from ..atoms.band import STRUCTURES, read_band
from ..result import Evaluations, PathResult
from ..storage.errors import CheckpointError
from ..storage.evaluations import read_evaluations
from .document import read_result
from .exits import InputError
from .places import EVALUATIONS, RESULT, folder_of
from .sanity import require_readable, sound
from .structures import freeze


def read_initial(
    source: str, frozen: str | None = None, *, reactant: Atoms | None = None
) -> PathResult | list[Atoms]:
    """A first path, as `find_path` takes it.

    Parameters
    ----------
    source : str
        A file of structures in order, from the reactant to the product; a folder of a nudged
        elastic band; or the folder of a run of this program.
    frozen : str, optional
        Atoms that are fixed, as in `--freeze`.
    reactant : ase.Atoms, optional
        Whose cell structures without one have, as those of plain XYZ files.

    Raises
    ------
    InputError
        If it is none of these, or cannot be read.
    """
    place = folder_of(source)
    require_readable(place)
    for image in (image for name in STRUCTURES for image in place.glob(f"*/{name}")):
        require_readable(image)
    if (place / RESULT).is_file():
        return _finished(place)
    try:
        found: Any = read_band(place) if place.is_dir() else read(source, index=":")
    except FileNotFoundError as error:
        raise InputError(
            f"--initial is {source}: {error}; give a file of structures, a folder of a band (00, "
            "01, ...), or the folder of a finished run"
        ) from error
    except Exception as error:  # each of ASE's many readers has its own way to fail
        raise InputError(
            f"--initial is {source}, which cannot be read ({type(error).__name__}: {error})"
        ) from error
    structures = [found] if isinstance(found, Atoms) else list(found)
    if not structures:
        raise InputError(f"--initial is {source}, which holds no structures")
    for k, atoms in enumerate(structures):
        sound(f"--initial is {source}, which, in structure {k},", atoms)
    bare = [atoms for atoms in structures if _lacks_a_cell(atoms, reactant)]
    if bare and reactant is not None:
        click.echo(f"note: {source} is without a cell: the reactant's is taken", err=True)
        for atoms in bare:
            atoms.cell, atoms.pbc = reactant.cell, reactant.pbc
    return [_held(atoms, frozen) for atoms in structures]


def _lacks_a_cell(atoms: Atoms, reactant: Atoms | None) -> bool:
    """Whether nothing is said of a cell, where the reactant has one."""
    return reactant is not None and reactant.pbc.any() and not (atoms.cell.rank or atoms.pbc.any())


def _held(atoms: Atoms, frozen: str | None) -> Atoms:
    """The structure with atoms fixed, and with the results that came with it."""
    if frozen is None:
        return atoms
    held = freeze(atoms, frozen)
    held.calc = atoms.calc
    return held


def _finished(folder: Path) -> PathResult:
    """The path of a run, with its evaluations where these can be read."""
    try:
        result = read_result(folder / RESULT)
        found = [one for one in read_evaluations(folder / EVALUATIONS) if one.is_good]
    except FileNotFoundError:
        return result
    except (ValueError, CheckpointError) as error:
        raise InputError(f"--initial is {folder}, a run that cannot be read: {error}") from error
    if not found:
        return result
    columns = zip(*found, strict=True)
    return replace(result, evaluations=Evaluations(*(np.array(column) for column in columns)))
