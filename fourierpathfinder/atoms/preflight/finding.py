"""What a check found: a sentence, how grave it is, and the ends with it corrected."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from ase import Atoms

Ends = tuple[Atoms, Atoms]


class Severity(Enum):
    """How much a finding matters."""

    STOP = "error"
    """No path can be computed."""
    WARNING = "warning"
    """A path can be computed, but probably not the one that is meant."""
    NOTE = "note"
    """Taken care of, or only worth knowing."""


@dataclass(frozen=True, eq=False)
class Finding:
    """One thing that was noticed.

    Parameters
    ----------
    subject : str
        What it is about: "composition", "order", "relabelling", "cell", "periodicity", "wrapping",
        "overlap", "handedness", "relaxation", "same minimum", "fixed atoms" or "moments".
    severity : Severity
        How much it matters.
    sentence : str
        What was found, and what to do.
    repaired : tuple of ase.Atoms, optional
        The ends with it corrected, where that is safe.
    """

    subject: str
    severity: Severity
    sentence: str
    repaired: Ends | None = None

    def __str__(self) -> str:
        return f"{self.severity.value}: {self.sentence}"


def listed(indices: np.ndarray) -> str:
    """The first few of some atoms, and how many more there are."""
    shown = ", ".join(map(str, indices[:5]))
    return shown + (f" and {len(indices) - 5} more" if len(indices) > 5 else "")
