"""The files that a run leaves behind: structures, a picture, a report, and `result.json`.

Each file is written in one step, so that none is ever half new.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from ase.io import write

from ..atoms.output import path_atoms
from ..result import PathResult
from ..saddle import SaddleReport
from ..storage.documents import write_document
from ..storage.files import write_file, write_text
from . import cells, following
from .document import SIDES, Summary, as_document, named_minima
from .exits import InputError
from .places import RESULT
from .reporting import REPORT, is_report_of_others, write_report
from .vibrating import movie

_PRODUCTS = ("path.extxyz", "saddle.xyz", *(f"minimum-{side}.xyz" for side in SIDES),
             "mep.extxyz", "mode.extxyz", "profile.png")  # fmt: skip
"""The files that belong to one result: those of an earlier one are not left beside it."""


@dataclass(frozen=True)
class Written:
    """The files of a result, and why one could not be written, if so."""

    files: tuple[Path, ...] = ()
    failure: OSError | None = None

    def and_then(self, write: Callable[[], Sequence[Path]]) -> "Written":
        """The same with what `write` has written; where it fails the others are written still."""
        try:
            return replace(self, files=(*self.files, *write()))
        except OSError as error:
            return replace(self, failure=self.failure or error)


def write_all(folder: Path, landscape: Any, result: PathResult, summary: Summary) -> Written:
    """Write every output, what cannot be made again first, and remove those of an earlier result.

    A file that cannot be written, such as on a full disk, does not stand in the way of the others.
    """
    evaluations = known_evaluations(landscape)
    if result.n_outliers and result.evaluations is not None:  # the store keeps what was answered
        kept = result.evaluations
        evaluations = kept.points, kept.values, kept.gradients
    images = path_atoms(landscape.molecule, result, evaluations=evaluations)
    document = as_document(result, summary)
    document["changing_cell"] = cells.as_document(landscape.molecule)
    written = Written().and_then(lambda: [write_document(folder / RESULT, document)])
    if written.failure is not None:
        return written  # an earlier result stays as it was
    for name, structures in _structures(landscape, result, summary, images).items():
        written = written.and_then(partial(_written_structures, folder / name, structures))
    written = written.and_then(lambda: _new_minima(folder, landscape, summary.verification))
    written = written.and_then(lambda: [write_report(folder, result, summary, images)])
    written = written.and_then(lambda: draw(folder / "profile.png", result))
    _remove_others(folder, written.files, (REPORT, *_PRODUCTS))
    return written


def _structures(
    landscape: Any, result: PathResult, summary: Summary, images: list[Any]
) -> dict[str, Any]:
    """The structures of a result by the names of their files."""
    found: dict[str, Any] = {"path.extxyz": images}
    if result.saddle is not None:
        found["saddle.xyz"] = next(i for i in images if i.info["t"] == result.saddle.time)
    if summary.followed is not None:
        found["mep.extxyz"] = following.images(landscape.molecule, summary.followed)
    if summary.rates is not None:
        found["mode.extxyz"] = movie(summary.rates)
    return found


def _written_structures(file: Path, images: Any) -> list[Path]:
    return [write_structures(file, images)]


def forget_result(folder: Path) -> None:
    """Remove all files of an earlier result; its evaluations stay."""
    _remove_others(folder, [], (RESULT, REPORT, *_PRODUCTS))


def _remove_others(folder: Path, written: Sequence[Path], names: Sequence[str] = _PRODUCTS) -> None:
    """Remove what an earlier result has left and this one, now complete, does not speak of."""
    for name in names:
        place = folder / name
        if place not in written and place.is_file() and not place.is_symlink():
            place.unlink(missing_ok=True)


def write_structures(file: Path, images: Any) -> Path:
    """Write structures in one step, as extended xyz."""
    return write_text(file, lambda text: write(text, images, format="extxyz"))


def _new_minima(folder: Path, landscape: Any, report: SaddleReport | None) -> list[Path]:
    """The minima found by `--verify` that are neither end, one file each."""
    written = []
    for name, neighbour in named_minima(report):
        if name:
            known = landscape.recall(neighbour.position)
            gradient = None if known is None else known[2]
            atoms = landscape.molecule.atoms(neighbour.position, neighbour.value, gradient)
            atoms.info = {}
            written.append(write_structures(folder / name, atoms))
    return written


def make_folder(place: Path) -> None:
    """Make the folder for all files of a run, if it is not there; InputError where none can be."""
    try:
        if place.is_symlink() and not place.exists():
            raise InputError(
                f"--output is {place}, a symbolic link to nothing; give another folder"
            )
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"--output is {place}, which cannot be made a folder ({error.strerror}); give another"
        ) from error


def require_own(
    folder: Path, names: Sequence[str] = (RESULT, *_PRODUCTS), ours: str = "evaluations.*"
) -> None:
    """Raise an InputError where files in a folder would be lost that no run has left there.

    Parameters
    ----------
    folder : Path
        That of the run.
    names : sequence of str
        Files that the run writes, beside its report.
    ours : str
        What a run of the same kind has left in it, whose files may be replaced.
    """
    lost = [] if any(folder.glob(ours)) else [n for n in names if (folder / n).exists()]
    lost += [REPORT] if is_report_of_others(folder) else []
    if lost:
        raise InputError(
            f"--output is {folder}, where {', '.join(lost)} would be lost, which no such run has "
            "left there; give another folder"
        )


def draw(file: Path, result: PathResult) -> list[Path]:
    """The profile as a picture, where matplotlib is installed; returns the files written.

    The name's ending says which kind of picture; without one it is PNG.

    Raises
    ------
    InputError
        If matplotlib knows no such kind.
    """
    try:
        from matplotlib.figure import Figure

        from ..plot import plot_profile
    except ModuleNotFoundError:
        return []
    figure = Figure(figsize=(6, 4), layout="constrained")
    kind, known = file.suffix[1:].lower() or "png", figure.canvas.get_supported_filetypes()
    if kind not in known:
        raise InputError(
            f"--output is {file}; a picture can be one of {', '.join(sorted(known))}, "
            "by the ending of its name"
        )
    axes = figure.subplots()
    plot_profile(result, axes, arc_length=True, relative=True, unit="eV", length_unit="Å")
    axes.set_ylabel("energy above the reactant (eV)")
    axes.set_xlabel("length along the path (Å)")
    return [write_file(file, lambda to: figure.savefig(to, dpi=150, format=kind))]


def known_evaluations(landscape: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points (n, D), energies (n,) and gradients (n, D) of all that did not fail."""
    points, values, gradients = (np.array(c) for c in zip(*landscape.records, strict=True))
    good = np.isfinite(values)
    return points[good], values[good], gradients[good]
