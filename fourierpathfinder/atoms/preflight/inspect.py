"""All checks in their order, and the correction of what can be corrected."""

from ase import Atoms

from .chirality import chirality
from .finding import Finding, Severity
from .held import constraints, held_atoms, needless
from .labels import order, relabelling
from .lattice import cell, half_cell, lone_molecule, wrapping
from .minimum import same_minimum
from .overlaps import overlaps
from .states import composition, moments

_MAX_REPAIRS = 10


def preflight(start: Atoms, end: Atoms, *, contact: float = 0.62) -> list[Finding]:
    """Check two structures before anything is calculated.

    Parameters
    ----------
    start, end : ase.Atoms
        The ends of a path. Constraints of the start hold for both.
    contact : float
        The fraction of the summed covalent radii below which atoms overlap; 0 for never.

    Returns
    -------
    list of Finding
        The gravest first; empty where there is nothing to say.

    Examples
    --------
    >>> from ase.build import molecule
    >>> for finding in preflight(molecule("H2O"), molecule("NH3")):
    ...     print(finding)
    error: the product is H3N but the reactant is H2O; both must be made of the same atoms
    """
    for check in (constraints, composition, order, cell, held_atoms):
        if found := check(start, end):
            return [found]  # the later ones compare atom with atom
    found_overlaps = list(overlaps(start, end, contact))
    if found_overlaps:
        return found_overlaps
    checks = (
        same_minimum, chirality, relabelling, moments, lone_molecule, needless, wrapping, half_cell
    )  # fmt: skip
    findings = [finding for check in checks if (finding := check(start, end))]
    if any(finding.subject == "same minimum" for finding in findings):
        findings = [finding for finding in findings if finding.subject != "relabelling"]
    return sorted(findings, key=lambda finding: list(Severity).index(finding.severity))


def repair(
    start: Atoms, end: Atoms, *, contact: float = 0.62
) -> tuple[Atoms, Atoms, list[Finding]]:
    """Correct what can be corrected safely, one thing after the other.

    Parameters
    ----------
    start, end, contact
        As for `preflight`.

    Returns
    -------
    tuple of (ase.Atoms, ase.Atoms, list of Finding)
        The ends, and what was found and done: notes, as nothing is left to do.
    """
    corrected: list[Finding] = []
    for _ in range(_MAX_REPAIRS):
        findings = preflight(start, end, contact=contact)
        finding = next((finding for finding in findings if finding.repaired), None)
        if finding is None or finding.repaired is None:
            break
        start, end = finding.repaired
        corrected.append(finding.corrected())
    return start, end, corrected
