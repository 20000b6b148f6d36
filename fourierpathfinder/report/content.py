"""What a report tells, beside the result itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..landscapes.abilities import abilities_of
from ..result import PathResult

if TYPE_CHECKING:
    from ..rates import ReactionRates
    from ..reaction_path import MinimumEnergyPath


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
    followed : MinimumEnergyPath or None
        The minimum-energy path.
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
    rates: "ReactionRates | None" = None
    followed: "MinimumEnergyPath | None" = None
    facts: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    remarks: Sequence[str] = ()
    problem: str = ""
    unit: str = ""
    length_unit: str = ""


def report_of(result: PathResult) -> Report:
    """A report of a result by itself, with its structures where its landscape has atoms.

    Parameters
    ----------
    result : PathResult
        What `find_path` returned.

    Returns
    -------
    Report
        With the settings of its method.

    Examples
    --------
    >>> from fourierpathfinder import find_path
    >>> from fourierpathfinder.landscapes.toy import two_channels
    >>> from fourierpathfinder.report import report_of
    >>> toy = two_channels()
    >>> list(report_of(find_path(toy, toy.start, toy.end, rng=0)).settings)
    ['method']
    """
    has_atoms = abilities_of(result.landscape).structures is not None and result.path is not None
    return Report(
        result,
        images=result.to_atoms() if has_atoms else (),
        settings={"method": repr(result.method)},
        unit="eV" if has_atoms else "",
        length_unit="Å" if has_atoms else "",
    )
