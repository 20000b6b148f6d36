"""`result.json`: the path and all that is known of it, in words of this field, and back."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from .._arrays import to_numpy
from ..rates import ReactionRates
from ..reaction_path import MinimumEnergyPath
from ..result import PathResult
from ..saddle import Neighbour, SaddleReport
from ..storage.documents import read_document
from ..storage.errors import OtherReleaseError
from ..storage.results import parts_of, result_of
from . import following
from .vibrating import UNITS
from .vibrating import as_document as vibrations_as_document

SCHEMA = "fourierpathfinder/result/3"

SIDES = ("towards-reactant", "towards-product")


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


def named_minima(report: SaddleReport | None) -> list[tuple[str | None, Neighbour]]:
    """The minima below the saddle, each with the name of its file if it is neither end."""
    neighbours = () if report is None else report.neighbours
    return [
        (None if neighbour.is_end or neighbour.problem else f"minimum-{side}.xyz", neighbour)
        for side, neighbour in zip(SIDES, neighbours, strict=False)
    ]


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
