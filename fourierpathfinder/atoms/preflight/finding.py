"""What a check found, how grave it is, what to do, and the ends with it corrected."""

from dataclasses import dataclass, replace
from enum import Enum

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
    found : str
        What was found.
    advice : str
        What to do.
    repaired : tuple of ase.Atoms, optional
        The ends with it corrected, where that is safe.
    done : str
        What has been done once they are corrected; it then stands in place of the advice.
    """

    subject: str
    severity: Severity
    found: str
    advice: str = ""
    repaired: Ends | None = None
    done: str = ""

    @property
    def sentence(self) -> str:
        """What was found, and what to do."""
        return "; ".join(filter(None, (self.found, self.advice)))

    def __str__(self) -> str:
        return f"{self.severity.value}: {self.sentence}"

    def corrected(self) -> "Finding":
        """The note that is left of it once it is corrected: what was found, and what was done."""
        return replace(self, severity=Severity.NOTE, advice=self.done or self.advice)
