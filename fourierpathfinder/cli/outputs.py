"""What a run leaves behind: `path.extxyz`, `saddle.xyz`, `profile.png` and `result.json`.

Each file is written beside its place and then moved there, so that none is ever half new.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from ase.io import write

from ..atoms.output import path_atoms
from ..path import SinePath
from ..result import History, PathResult, Saddle, Status
from ..saddle.verification import Neighbour, SaddleReport

SCHEMA = "fourierpathfinder/result/1"


@dataclass(frozen=True, eq=False)
class Summary:
    """All that `result.json` tells beyond the path itself."""

    calculator: str
    findings: tuple[str, ...]
    n_gradients_relaxing: int
    n_gradients_known: int
    n_failures: int
    verification: SaddleReport | None


def write_all(folder: Path, landscape: Any, result: PathResult, summary: Summary) -> list[Path]:
    """Write every output; returns the files written."""
    evaluations = _evaluations(landscape)
    images = path_atoms(landscape.molecule, result, evaluations=evaluations)
    written = [
        moved_into_place(folder / "path.extxyz", lambda file: write(file, images, format="extxyz"))
    ]
    if result.saddle is not None:
        top = next(image for image in images if image.info["t"] == result.saddle.time)
        written.append(
            moved_into_place(folder / "saddle.xyz", lambda file: write(file, top, format="extxyz"))
        )
    written += _new_minima(folder, landscape, summary.verification)
    document = json.dumps(as_document(result, summary), indent=1)
    written.append(
        moved_into_place(folder / "result.json", lambda file: file.write_text(document + "\n"))
    )
    return [*written, *draw(folder / "profile.png", result)]


def _new_minima(folder: Path, landscape: Any, report: SaddleReport | None) -> list[Path]:
    """The minima that `--verify` came upon and that are neither end, one file each."""
    written = []
    for name, neighbour in named_minima(report):
        if name:
            known = landscape.recall(neighbour.position)
            gradient = None if known is None else known[2]
            atoms = landscape.molecule.atoms(neighbour.position, neighbour.value, gradient)
            atoms.info = {}
            write_atoms = partial(write, images=atoms, format="extxyz")
            written.append(moved_into_place(folder / name, write_atoms))
    return written


def named_minima(report: SaddleReport | None) -> list[tuple[str | None, Neighbour]]:
    """The minima below the saddle, each with the name of its file if it is neither end."""
    neighbours = () if report is None else report.neighbours
    sides = ("towards-reactant", "towards-product")
    return [
        (None if neighbour.is_end else f"minimum-{side}.xyz", neighbour)
        for side, neighbour in zip(sides, neighbours, strict=False)
    ]


def draw(file: Path, result: PathResult) -> list[Path]:
    """The profile as a picture, where matplotlib is installed; returns the files written."""
    try:
        from matplotlib.figure import Figure

        from ..plot import plot_profile
    except ModuleNotFoundError:
        return []
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    plot_profile(result, axes, arc_length=True, relative=True, unit="eV", length_unit="Å")
    axes.set_ylabel("energy above the reactant (eV)")
    axes.set_xlabel("length along the path (Å)")
    return [moved_into_place(file, lambda to: figure.savefig(to, dpi=150, format="png"))]


def as_document(result: PathResult, summary: Summary) -> dict[str, Any]:
    """The content of `result.json`; energies in eV, lengths in Å, forces in eV/Å."""
    return {
        "schema": SCHEMA,
        "version": version("fourierpathfinder"),
        "units": {"energy": "eV", "length": "Å", "force": "eV/Å"},
        "barrier": result.barrier,
        "reverse_barrier": result.reverse_barrier,
        "height": result.height,
        "height_error": result.height_error,
        "height_time": result.height_time,
        "start_energy": result.start_value,
        "end_energy": result.end_value,
        "certified": result.certified,
        "status": result.status.name,
        "message": result.message,
        "n_gradients": result.n_gradients,
        "n_gradients_relaxing": summary.n_gradients_relaxing,
        "n_gradients_known": summary.n_gradients_known,
        "n_iterations": result.n_iterations,
        "n_failures": summary.n_failures,
        "saddle": _saddle(result.saddle),
        "profile": {"times": result.times.tolist(), "energies": result.heights.tolist()},
        "path": {
            name: np.asarray(getattr(result.path, name)).tolist()
            for name in ("start", "end", "coefficients")
        },
        "history": {
            "n_gradients": result.history.n_gradients.tolist(),
            "heights": [h if np.isfinite(h) else None for h in result.history.heights.tolist()],
        },
        "channels": [_part(part) for part in result.channels],
        "segments": [_part(part) for part in result.segments],
        "method": repr(result.method),
        "calculator": summary.calculator,
        "findings": list(summary.findings),
        "verification": _verification(summary.verification),
    }


def read_result(file: Path) -> PathResult:
    """The path and profile from a `result.json`.

    Raises
    ------
    ValueError
        If the file is something else.
    """
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        if data["schema"] != SCHEMA:
            raise ValueError(f"its schema is {data['schema']!r}, this version's {SCHEMA!r}")
        return _from_document(data)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{file} is not a result of this program ({error})") from error


def _from_document(data: dict[str, Any]) -> PathResult:
    saddle = data["saddle"]
    heights = [np.nan if h is None else h for h in data["history"]["heights"]]
    return PathResult(
        path=SinePath(**{name: np.array(value) for name, value in data["path"].items()}),
        height=data["height"],
        height_time=data["height_time"],
        start_value=data["start_energy"],
        end_value=data["end_energy"],
        times=np.array(data["profile"]["times"]),
        heights=np.array(data["profile"]["energies"]),
        saddle=None if saddle is None else Saddle(
            np.array(saddle["position"]), saddle["energy"], saddle["force"], saddle["time"]
        ),
        certified=data["certified"],
        height_error=data["height_error"],
        status=Status[data["status"]],
        message=data["message"],
        n_gradients=data["n_gradients"],
        n_iterations=data["n_iterations"],
        history=History(np.array(data["history"]["n_gradients"]), np.array(heights)),
        method=data["method"],
    )  # fmt: skip


def _evaluations(landscape: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    points, values, gradients = (np.array(c) for c in zip(*landscape.records, strict=True))
    good = np.isfinite(values)
    return points[good], values[good], gradients[good]


def _saddle(saddle: Saddle | None) -> dict[str, Any] | None:
    if saddle is None:
        return None
    return {
        "energy": saddle.value,
        "force": saddle.gradient_norm,
        "time": saddle.time,
        "position": np.asarray(saddle.position).tolist(),
    }


def _part(result: PathResult) -> dict[str, Any]:
    """Another path between the same ends, or a part of one between intermediate minima."""
    names = ("barrier", "reverse_barrier", "height", "height_error", "certified")
    return {name: getattr(result, name) for name in names}


def _verification(report: SaddleReport | None) -> dict[str, Any] | None:
    if report is None:
        return None
    return {
        "connects_the_ends": report.connects_the_ends,
        "n_negative_curvatures": report.n_negative,
        "lowest_curvatures": report.curvatures.values.tolist(),
        "neighbours": [
            {"is_end": neighbour.is_end, "energy": neighbour.value, "file": name}
            for name, neighbour in named_minima(report)
        ],
        "n_gradients": report.n_gradients,
    }


def moved_into_place(place: Path, write_to: Callable[[Path], object]) -> Path:
    """Write a file under another name, and move it to its place once it is whole."""
    draft = place.with_name(f".{place.name}.part")
    try:
        write_to(draft)
        draft.replace(place)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return place
