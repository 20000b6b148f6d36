"""`report.html`: the run as a page to look at."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..decimals import as_text, decimals_of
from ..report import Report, report_html
from ..result import PathResult, Status
from ..storage.files import write_text
from .vibrating import movie

REPORT = "report.html"


def write_report(folder: Path, result: PathResult, summary: Any, images: Sequence[Any]) -> Path:
    """Write the report of a run that has a path; `summary` is a `document.Summary`."""
    facts = {
        "gradients in all": str(summary.n_gradients_known),
        "calculations that failed": str(summary.n_failures),
        "cell": summary.cell,
        "verified": "" if summary.verification is None else str(summary.verification),
        "ridge": "; ".join(summary.ridges),
        "minimum-energy path": "" if summary.followed is None else str(summary.followed),
    }
    rates = summary.rates
    report = Report(
        result,
        title=f"{images[0].get_chemical_formula()}, {_outcome(result)}",
        images=images,
        mode=() if rates is None else movie(rates),
        rates=rates,
        followed=summary.followed,
        facts={name: fact for name, fact in facts.items() if fact},
        settings=_settings(summary.calculator) | {"method": repr(result.method)},
        remarks=[*summary.findings, *(() if rates is None else rates.notes)],
        problem=summary.problem,
        unit="eV",
        length_unit="Å",
    )
    return _written(folder, report)


def write_failure(folder: Path, calculator: str, ends: Sequence[Any], error: Exception) -> Path:
    """Write the report of a run that failed before there was a path."""
    report = Report(
        None,
        title=f"{ends[0].get_chemical_formula()}, no path",
        images=ends,
        settings=_settings(calculator),
        problem=str(error),
    )
    return _written(folder, report)


def is_report_of_others(folder: Path) -> bool:
    """Whether the report in a folder is none of ours; even a run that fails leaves one."""
    file = folder / REPORT
    return file.is_file() and b"Made by fourierpathfinder" not in file.read_bytes()


def _outcome(result: PathResult) -> str:
    decimals = decimals_of(result, least=3)
    told = f"barrier {as_text(result.barrier, decimals)} eV"
    if result.status is Status.FAILED:
        return "no path yet"
    return told if result.certified else f"{told}, not certified"


def _settings(calculator: str) -> dict[str, str]:
    return {"calculator": calculator, "version": version("fourierpathfinder")}


def _written(folder: Path, report: Report) -> Path:
    page = report_html(report)
    return write_text(folder / REPORT, lambda file: file.write(page))
