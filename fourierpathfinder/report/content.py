"""What a report tells, beside the result itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..rates import ReactionRates
from ..result import PathResult


@dataclass(frozen=True, eq=False)
class Report:
    """All that goes into a report; whatever is missing is left out of it.

    Parameters
    ----------
    result : PathResult or None
        The path; None where a run failed before there was one.
    title : str
        The headline.
    images : sequence of ase.Atoms
        Structures along the path, for the viewer.
    mode : sequence of ase.Atoms
        The imaginary mode, one period.
    rates : ReactionRates or None
        Vibrations, free energies and rates.
    facts : mapping
        Further lines of the table of numbers.
    settings : mapping
        How it was calculated.
    remarks : sequence of str
        What was noticed on the way.
    problem : str
        Why the run failed, if it did.
    unit, length_unit : str
        Of energies and lengths.

    Examples
    --------
    >>> from fourierpathfinder import find_path
    >>> from fourierpathfinder.landscapes.toy import two_channels
    >>> from fourierpathfinder.report import Report, report_html
    >>> toy = two_channels()
    >>> page = report_html(Report(find_path(toy, toy.start, toy.end, rng=0), title="two channels"))
    >>> page.startswith("<!doctype html>")
    True
    """

    result: PathResult | None
    title: str = "A path of low height"
    images: Sequence[Any] = ()
    mode: Sequence[Any] = ()
    rates: ReactionRates | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    remarks: Sequence[str] = ()
    problem: str = ""
    unit: str = ""
    length_unit: str = ""
