"""A band of structures from a folder as VASP's nudged elastic band has it.

The folder holds `00`, `01`, ... with one structure each: the reactant, the images between, the
product. In each the relaxed `CONTCAR` counts before the `POSCAR` it came from; both may be
compressed (`.gz`).
"""

from pathlib import Path
from typing import Any

from ase import Atoms
from ase.io import read

from .comparison import differences

STRUCTURES = ("CONTCAR", "CONTCAR.gz", "POSCAR", "POSCAR.gz")
"""The files of a VASP run that hold a structure, that which counts first."""


def read_band(folder: str | Path) -> list[Atoms]:
    """The structures of a nudged elastic band, from the reactant to the product.

    Parameters
    ----------
    folder : str or path
        With subfolders `00`, `01`, ... that hold a CONTCAR or a POSCAR.

    Returns
    -------
    list of ase.Atoms
        Two at least.

    Raises
    ------
    FileNotFoundError
        If there are no such subfolders, or one has neither file.
    ValueError
        If a file cannot be read, or a structure is another system than the first.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from ase.build import bulk
    >>> with TemporaryDirectory() as folder:
    ...     for name in ("00", "01", "02"):
    ...         Path(folder, name).mkdir()
    ...         bulk("Cu", cubic=True).write(Path(folder, name, "POSCAR"), format="vasp")
    ...     len(read_band(folder))
    3
    """
    places = band_folders(folder)
    band = [read_vasp_folder(place) for place in places]
    for place, atoms in zip(places, band, strict=True):
        sentences = differences(band[0], atoms)
        if sentences:
            raise ValueError(f"{place} does not fit to {places[0].name}: {sentences[0]}")
    return band


def is_band(folder: str | Path) -> bool:
    """Whether a folder holds numbered ones with VASP's structures, be the band complete or not.

    Parameters
    ----------
    folder : str or path
        Which may be anything.

    Returns
    -------
    bool
    """
    return any((place / name).is_file() for place in _numbered(folder) for name in STRUCTURES)


def band_folders(folder: str | Path) -> list[Path]:
    """The folders of a band's images, from the reactant's to the product's.

    Parameters
    ----------
    folder : str or path
        That of the band.

    Returns
    -------
    list of Path
        Two at least.

    Raises
    ------
    FileNotFoundError
        If there are not two, or a number is missing.
    """
    places = _numbered(folder)
    if len(places) < 2:
        raise FileNotFoundError(
            f"{folder} holds {len(places)} numbered folder(s); a band has 00, 01, ... with a "
            "POSCAR or CONTCAR in each"
        )
    numbers = [int(place.name) for place in places]
    missing = sorted(set(range(numbers[-1] + 1)) - set(numbers))
    if missing:
        raise FileNotFoundError(
            f"{folder} has no folder {missing[0]:02d}, though it has {places[-1].name}; number "
            "the images without gaps"
        )
    return places


def _numbered(folder: str | Path) -> list[Path]:
    found = (place for place in Path(folder).glob("*") if place.name.isdigit() and place.is_dir())
    return sorted(found, key=lambda place: int(place.name))


def read_vasp_folder(folder: str | Path) -> Atoms:
    """The structure of one VASP run: its CONTCAR if that is written, else its POSCAR.

    Parameters
    ----------
    folder : str or path
        Of the run.

    Returns
    -------
    ase.Atoms

    Raises
    ------
    FileNotFoundError
        If there is neither file.
    ValueError
        If the file cannot be read.
    """
    for name in STRUCTURES:
        file = Path(folder, name)
        if file.is_file() and file.stat().st_size:
            try:
                found: Any = read(file, format="vasp")
            except Exception as error:
                raise ValueError(f"{file} cannot be read as a VASP structure: {error}") from error
            return Atoms.copy(found)
    raise FileNotFoundError(f"{folder} holds neither a CONTCAR nor a POSCAR")
