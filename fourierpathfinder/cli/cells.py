"""Ends with cells of their own: what `--cell` and `--pressure` do.

For the checks of the ends the product is laid in the reactant's cell, without its strain, and goes
back into its own cell afterwards.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms

from ..atoms import CrystalLandscape, MoleculeLandscape
from ..atoms.checks import require_changeable
from ..atoms.preflight import Finding
from ..atoms.strain import Strain, strain_of
from .calculators import CalculatorFactory
from .exits import InputError

_STRAINED = 0.01
"""Cells that differ by more than this strain are no rounding: the ends are not the same."""

_FIXED_ONLY = {
    "vibrations": "--vibrations and --temperature need a fixed cell: leave --cell out, with ends "
    "in the cell of interest",
    "mirror": "--mirror is for molecules: leave it out, or --cell",
}


@dataclass(frozen=True)
class Changing:
    """That the cell changes, and at which pressure in GPa."""

    pressure: float = 0.0

    def landscape(self, atoms: Atoms, calculator: CalculatorFactory) -> CrystalLandscape:
        """The landscape of atoms and strain together."""
        return CrystalLandscape(atoms, calculator, pressure=self.pressure)


Molecule = MoleculeLandscape | CrystalLandscape


def changing(options: dict[str, Any]) -> Changing | None:
    """What the options say; None where the cell is fixed."""
    pressure = options.get("pressure")
    if not options.get("cell"):
        if pressure is not None:
            raise InputError(
                f"--pressure is {pressure:g} GPa; it needs --cell, a cell that changes"
            )
        return None
    for name, sentence in _FIXED_ONLY.items():
        if options.get(name):
            raise InputError(sentence)
    if options.get("temperatures"):
        raise InputError(_FIXED_ONLY["vibrations"])
    if pressure is not None and not abs(pressure) < float("inf"):
        raise InputError(f"--pressure is {pressure}; it must be a finite number, in GPa")
    return Changing(pressure or 0.0)


@dataclass(frozen=True, eq=False)
class Laid:
    """A product without its strain against the reactant.

    Parameters
    ----------
    product : ase.Atoms
        In the reactant's cell.
    strain : Strain, optional
        What was taken from it; None where the two do not fit each other, which the checks will say.
    coordinates : ndarray
        How much of it.
    """

    product: Atoms
    strain: Strain | None
    coordinates: np.ndarray

    def back(self, product: Atoms) -> Atoms:
        """The product in its own cell again, turned as the reactant is."""
        if self.strain is None:
            return product
        return self.strain.strained(product, self.coordinates)

    def kept(self, findings: list[Finding]) -> list[Finding]:
        """The findings that are true of the product in its own cell, too."""
        largest = np.abs(self.coordinates).max(initial=0)
        if self.strain is None or largest / self.strain.length < _STRAINED:
            return findings
        return [finding for finding in findings if finding.subject != "same minimum"]


def laid(start: Atoms, end: Atoms) -> Laid:
    """The product in the reactant's cell, atom by atom at the same fractions of the cell."""
    try:
        require_changeable(start)
        if len(start) != len(end) or (start.pbc != end.pbc).any() or end.cell.rank < 3:
            return Laid(end, None, np.empty(0))
        strain = strain_of(start)
        coordinates, product = strain.reference(end)
    except ValueError as error:
        raise InputError(f"--cell: {error}") from error
    return Laid(product, strain, coordinates)


def require_different(molecule: CrystalLandscape, a: np.ndarray, b: np.ndarray) -> None:
    """Raise an InputError where relaxed ends have become one structure."""
    if molecule.same(a, b, labelled=True):
        raise InputError(
            "after relaxation, the ends are the same structure in the same cell; give two "
            "different minima"
        )


def as_document(molecule: Molecule) -> dict[str, Any] | None:
    """The entry `changing_cell` of `result.json`."""
    if not isinstance(molecule, CrystalLandscape):
        return None
    return {
        "pressure": molecule.pressure,
        "pressure_unit": "GPa",
        "reference_cell": molecule.strain.cell.tolist(),
        "length_of_strain": molecule.strain.length,
    }


def told(changes: Changing | None) -> str:
    """What the table says of the cell."""
    if changes is None:
        return ""
    if not changes.pressure:
        return "changes along the path"
    return f"changes along the path, at {changes.pressure:g} GPa: all energies are enthalpies"
