"""What every step of a run needs, and what it leaves for the next one."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..result import IntermediateResult, PathResult
from .document import Summary
from .memory import Prior, RecordedMolecule
from .outputs import write_all
from .settings import Settings

log = logging.getLogger("fourierpathfinder.cli")

NO_SADDLE = "no: there is no saddle"
"""Why there are no vibrations and no reaction path where nothing has failed."""

TELLING = 100.0
"""In eV: an error estimated larger than this only says that nothing is known yet."""


@dataclass(frozen=True, eq=False)
class Found:
    """What a run ended with."""

    result: PathResult
    summary: Summary
    files: tuple[Path, ...] = ()
    failure: OSError | None = None
    """Why one of the files could not be written."""
    not_verified: str = ""
    """Why `--verify` came to no end."""
    not_vibrated: str = ""
    """Why there are no vibrations, where they were asked for."""
    not_followed: str = ""
    """Why there is no minimum-energy path, where it was asked for."""


@dataclass(frozen=True, eq=False)
class Work:
    """What every step of a run needs."""

    settings: Settings
    landscape: RecordedMolecule
    prior: Prior


def written(work: Work, found: Found) -> Found:
    """Write all files, with the evaluations counted as they are now."""
    records = work.landscape.records
    summary = replace(
        found.summary,
        n_gradients_known=len(records),
        n_failures=sum(not np.isfinite(value) for _, value, _ in records),
    )
    made = write_all(work.settings.output, work.landscape, found.result, summary)
    return replace(found, summary=summary, files=made.files, failure=made.failure)


def tell(now: IntermediateResult) -> None:
    """Say how far a search has come."""
    error = now.height_error
    log.info(
        "%3d gradients, height %.6f eV%s%s",
        now.n_gradients,
        now.height,
        f" ± {error:.2g}" if error < TELLING else "",
        f"; next: {now.waiting_for}" if now.waiting_for else "",
    )
