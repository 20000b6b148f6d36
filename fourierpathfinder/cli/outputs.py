"""What a run leaves behind: structures, a picture, a report, and `result.json`.

Each file is written in one step, so that none is ever half new.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from ase.io import write

from .._arrays import to_numpy
from ..atoms.output import path_atoms
from ..rates import ReactionRates
from ..reaction_path import MinimumEnergyPath
from ..result import PathResult
from ..saddle import Neighbour, SaddleReport
from ..storage.documents import read_document, write_document
from ..storage.errors import OtherReleaseError
from ..storage.files import write_file, write_text
from ..storage.results import parts_of, result_of
from . import cells, following
from .exits import InputError
from .places import RESULT
from .reporting import REPORT, is_report_of_others, write_report
from .vibrating import UNITS, movie
from .vibrating import as_document as vibrations_as_document

SCHEMA = "fourierpathfinder/result/3"

_SIDES = ("towards-reactant", "towards-product")
_PRODUCTS = ("path.extxyz", "saddle.xyz", *(f"minimum-{side}.xyz" for side in _SIDES),
             "mep.extxyz", "mode.extxyz", "profile.png")  # fmt: skip
"""The files that belong to one result: those of an earlier one are not left beside it."""


@dataclass(frozen=True, eq=False)
class Summary:
    """All that `result.json` tells beyond the path itself."""

    calculator: str
    findings: tuple[str, ...]
    n_gradients_relaxing: int
    n_gradients_known: int = 0
    n_failures: int = 0
    verification: SaddleReport | None = None
    rates: ReactionRates | None = None
    n_gradients_vibrating: int = 0
    followed: MinimumEnergyPath | None = None
    problem: str = ""
    """Why the run failed, if it did."""
    prior: str = ""
    cell: str = ""
    """How the cell changes, where it does."""
    left_out: str = ""
    """What an earlier run had found beyond the path, and this one is not asked for."""
    ridges: tuple[str, ...] = ()
    """What became of each top from which `--verify` found a second way down."""


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


def named_minima(report: SaddleReport | None) -> list[tuple[str | None, Neighbour]]:
    """The minima below the saddle, each with the name of its file if it is neither end."""
    neighbours = () if report is None else report.neighbours
    return [
        (None if neighbour.is_end or neighbour.problem else f"minimum-{side}.xyz", neighbour)
        for side, neighbour in zip(_SIDES, neighbours, strict=False)
    ]


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


def as_document(result: PathResult, summary: Summary) -> dict[str, Any]:
    """The content of `result.json`; energies in eV, lengths in Å, forces in eV/Å."""
    return {
        "schema": SCHEMA,
        "version": version("fourierpathfinder"),
        "units": {"energy": "eV", "length": "Å", "force": "eV/Å", **UNITS},
        "barrier": _finite(result.barrier),
        "reverse_barrier": _finite(result.reverse_barrier),
        **_told(parts_of(result)),
        "channels": [_part(part) for part in result.channels],
        "segments": [_part(part) for part in result.segments],
        "calculator": summary.calculator,
        "prior": summary.prior or None,
        "n_gradients_relaxing": summary.n_gradients_relaxing,
        "n_gradients_vibrating": summary.n_gradients_vibrating,
        "n_gradients_known": summary.n_gradients_known,
        "n_failures": summary.n_failures,
        "findings": list(summary.findings),
        "verification": _verification(summary.verification),
        "ridges": list(summary.ridges),
        "vibrations": vibrations_as_document(summary.rates),
        "minimum_energy_path": following.as_document(summary.followed),
    }


_NAMES = {"start_value": "start_energy", "end_value": "end_energy"}
_SADDLE_NAMES = {"value": "energy", "gradient_norm": "force"}


def _told(parts: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a result in the words of this file, numbers that are not finite as null.

    Evaluations have a file of their own.
    """
    told = {
        _NAMES.get(name, name): _plain(value)
        for name, value in parts.items()
        if name != "evaluations"
    }
    told["profile"] = {"times": told.pop("times"), "energies": told.pop("heights")}
    told["profile"]["errors"] = told.pop("profile_errors", None)
    if told["saddle"] is not None:
        told["saddle"] = {_SADDLE_NAMES.get(k, k): value for k, value in told["saddle"].items()}
    return told


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, float):
        return _finite(value)
    if hasattr(value, "shape"):
        return _plain(to_numpy(value).tolist())
    return [_plain(part) for part in value] if isinstance(value, list) else value


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def read_result(file: Path) -> PathResult:
    """The path and profile from a `result.json`; channels and segments are left out.

    Raises
    ------
    ValueError
        If the file is damaged or something else.
    """
    try:
        return result_of(_parts(read_document(file, SCHEMA)))
    except OtherReleaseError:
        raise
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{file} is not a result of this program ({error} is missing)") from error
    except ValueError as error:
        raise ValueError(f"{file} is not a result of this program: {error}") from error


def _parts(document: Mapping[str, Any]) -> dict[str, Any]:
    """What `_told` put in the words of this file."""
    back = {told: name for name, told in _NAMES.items()}
    parts = {back.get(name, name): value for name, value in document.items()}
    parts |= {"times": parts["profile"]["times"], "heights": parts["profile"]["energies"]}
    parts["profile_errors"] = parts["profile"].get("errors")
    history = dict(parts["history"])
    history["heights"] = [np.nan if h is None else h for h in history["heights"]]
    parts |= {"history": history, "channels": [], "segments": []}
    if parts["height_error"] is None:
        parts["height_error"] = np.inf
    if isinstance(parts["saddle"], dict):
        told = {told: name for name, told in _SADDLE_NAMES.items()}
        parts["saddle"] = {told.get(k, k): value for k, value in parts["saddle"].items()}
    return parts


def known_evaluations(landscape: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points (n, D), energies (n,) and gradients (n, D) of all that did not fail."""
    points, values, gradients = (np.array(c) for c in zip(*landscape.records, strict=True))
    good = np.isfinite(values)
    return points[good], values[good], gradients[good]


def _part(result: PathResult) -> dict[str, Any]:
    """Another path between the same ends, or a part of one between intermediate minima."""
    names = ("barrier", "reverse_barrier", "height", "height_error", "certified")
    return {name: _plain(getattr(result, name)) for name in names}


def _verification(report: SaddleReport | None) -> dict[str, Any] | None:
    if report is None:
        return None
    return {
        "connects_the_ends": report.connects_the_ends,
        "n_negative_curvatures": report.n_negative,
        "lowest_curvatures": report.curvatures.values.tolist(),
        "neighbours": [
            {
                "is_end": neighbour.is_end,
                "symmetry": neighbour.symmetry,
                "energy": neighbour.value if np.isfinite(neighbour.value) else None,
                "file": name,
                "problem": neighbour.problem,
            }
            for name, neighbour in named_minima(report)
        ],
        "n_gradients": report.n_gradients,
        "problem": report.problem,
    }
