"""What people read: lines during the run, one table at its end."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import click

from ..decimals import as_text, decimals_for, decimals_of
from ..result import PathResult, Saddle
from ..saddle import SaddleReport
from ..storage.files import open_appending
from . import vibrating
from .document import named_minima
from .work import TELLING, Found

_PACKAGE = "fourierpathfinder"


class _Lines(logging.StreamHandler[Any]):
    """Lines on a stream; where they cannot be written a run goes on, and that is said once."""

    def __init__(self, stream: Any, name: str) -> None:
        super().__init__(stream)
        self._of = name
        self._has_failed = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Say once why, on the terminal, and nothing where that is what fails."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
        elif not self._has_failed:
            self._has_failed = True
            with suppress(OSError):
                click.echo(f"warning: lines are missing in {self._of}: {error}", err=True)


@contextmanager
def logging_to(file: Path) -> Iterator[None]:
    """Everything that the package logs, on the terminal and with the time in a file."""
    logger = logging.getLogger(_PACKAGE)
    stream = TextIOWrapper(open_appending(file), encoding="utf-8", write_through=True)
    terminal, kept = _Lines(sys.stderr, "what is printed"), _Lines(stream, str(file))
    terminal.addFilter(lambda record: not record.name.endswith(".table"))
    kept.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    level = logger.level
    logger.setLevel(logging.INFO)
    for handler in (terminal, kept):
        logger.addHandler(handler)
    try:
        yield
    finally:
        logger.setLevel(level)
        for handler in (terminal, kept):
            logger.removeHandler(handler)
        kept.close()
        with suppress(OSError):  # what could not be written has been told
            stream.close()


def table(found: Found) -> str:
    """The outcome, one line a fact."""
    result, summary = found.result, found.summary
    decimals = decimals_of(result)
    rows = {
        "barrier": f"{as_text(result.barrier, decimals)} eV  ({_error(result.height_error)})",
        "reverse": f"{as_text(result.reverse_barrier, decimals)} eV",
        "height": f"{as_text(result.height, max(6, decimals))} eV at t = {result.height_time:.3f}",
        "saddle": _saddle(result.saddle),
        "certified": "yes" if result.certified else "no",
        "cell": summary.cell,
        "channels": _barriers(result.channels) if len(result.channels) > 1 else "",
        "segments": _barriers(result.segments) if len(result.segments) > 1 else "",
        "gradients": str(result.n_gradients)
        + (f", and {summary.n_gradients_relaxing} to relax the ends"
           if summary.n_gradients_relaxing else "")
        + (f", and {result.n_prior_gradients} of the prior, {summary.prior}"
           if summary.prior else ""),
        "failures": str(summary.n_failures) if summary.n_failures else "",
        "outliers": f"{result.n_outliers} not confirmed when asked again, and left out"
        if result.n_outliers else "",
        "status": result.message,
        "verified": found.not_verified if summary.verification is None
        else str(summary.verification),
        "ridge": "; ".join(summary.ridges),
        "mep": found.not_followed if summary.followed is None else str(summary.followed),
        "vibrations": found.not_vibrated,
        "new minima": _new_minima(summary.verification),
        "removed": summary.left_out,
        "written": " ".join(str(file) for file in found.files),
    }  # fmt: skip
    lines = [f"{name:>10}  {text}" for name, text in rows.items() if text]
    if summary.rates is not None:
        lines.append(vibrating.text(summary.rates, summary.n_gradients_vibrating))
    return "\n".join(lines)


def _error(error: float) -> str:
    """How well the barrier is known; one estimated without bounds only says that it is not."""
    return f"± {error:.1g}" if error < TELLING else "its error is not known"


def _saddle(saddle: Saddle | None) -> str:
    """The largest force on an atom there, which is what `--saddle-force` is about."""
    return "not found" if saddle is None else f"force {saddle.largest_force:.1g} eV/Å"


def _new_minima(report: SaddleReport | None) -> str:
    found = [(name, neighbour.value) for name, neighbour in named_minima(report) if name]
    return ", ".join(f"{energy:.4f} eV in {name}" for name, energy in found)


def _barriers(parts: tuple[PathResult, ...]) -> str:
    return ", ".join(
        f"{as_text(part.barrier, decimals_for(part.barrier, error=part.height_error))} eV"
        for part in parts
    )
