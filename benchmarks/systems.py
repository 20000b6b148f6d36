"""The systems of the benchmarks: a landscape, two ends, and the known answer between them.

Toys know their own answers. For molecules and surfaces the ends and the saddle lie in
`structures/`, relaxed and checked by `make_systems.py`, so that running a benchmark relaxes
nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.emt import EMT
from ase.io import read

from fourierpathfinder.atoms import MoleculeLandscape
from fourierpathfinder.landscapes.toy import (
    Toy,
    lennard_jones,
    leps_harmonic,
    mueller_brown,
    two_channels,
)

STRUCTURES = Path(__file__).parent / "structures"
MILLI_EV = 1e-3
TOY_TOLERANCE = 1e-3
"""Of the rise E; molecules have 1 meV."""


@dataclass(frozen=True, eq=False)
class System:
    """One problem and its answer.

    Parameters
    ----------
    name : str
        What `--only` calls it.
    title : str
        What the table calls it.
    landscape : Landscape
        The energies, in eV and Å, or reduced units for toys.
    start, end : ndarray (D,)
        The ends, superposed.
    saddle : ndarray (D,) or None
        The highest point of the lowest path between them; None where it is not known.
    height, start_value, end_value : float
        The values there; `height` is NaN where it is not known.
    unit : {"eV", "E"}
        What `tolerance` is stated in.
    """

    name: str
    title: str
    landscape: Any
    start: np.ndarray
    end: np.ndarray
    saddle: np.ndarray | None
    height: float
    start_value: float
    end_value: float
    unit: str

    @property
    def rise(self) -> float:
        """The scale E of the problem: the height above the lower end."""
        return self.height - min(self.start_value, self.end_value)

    @property
    def tolerance(self) -> float:
        """How far a height may lie from the answer, in the landscape's unit."""
        return MILLI_EV if self.unit == "eV" else TOY_TOLERANCE * self.rise

    @property
    def n_coordinates(self) -> int:
        """The number of coordinates D."""
        return len(self.start)

    @property
    def moves_as_a_whole(self) -> bool:
        """Whether turning and shifting all atoms changes nothing."""
        toy_of_atoms = getattr(self.landscape, "n_atoms", None) is not None
        return bool(getattr(self.landscape, "moves_as_a_whole", toy_of_atoms))


def gfn2_xtb() -> Any:
    """A quiet GFN2-xTB calculator, converged so far that repeated energies agree to 1e-11 eV."""
    from tblite.ase import TBLite

    return TBLite(method="GFN2-xTB", accuracy=0.01, verbosity=0)


TOYS: dict[str, tuple[str, Callable[[], Toy], int]] = {
    "fig3": ("Fig. 3", two_channels, 0),
    "mb": ("Müller-Brown", mueller_brown, 0),
    "leps": ("LEPS with oscillator", leps_harmonic, 0),
    "lj7-0": ("LJ7, first rearrangement", lambda: lennard_jones(7), 0),
    "lj7-1": ("LJ7, second rearrangement", lambda: lennard_jones(7), 4),
    "lj13": ("LJ13, vacancy and adatom", lambda: lennard_jones(13), 0),
    "lj38": ("LJ38, disordered", lambda: lennard_jones(38), 0),
}
"""By name: title, toy and which of its rearrangements.

Of LJ7 those two whose direct saddle is the lowest way: others are undercut by two steps over a
third minimum.
"""

MOLECULES: dict[str, tuple[str, Callable[[], Any]]] = {
    "au223": ("Au on Al(100) 2x2x3", EMT),
    "au333": ("Au on Al(100) 3x3x3", EMT),
    "al333": ("Al on Al(100) 3x3x3", EMT),
    "cuvac": ("vacancy in Cu32", EMT),
    "n2cu": ("N2 on Cu(111)", EMT),
    "hcn": ("HCN to HNC", gfn2_xtb),
    "h2co": ("H2CO to H2 + CO", gfn2_xtb),
    "nh3": ("NH3 inversion", gfn2_xtb),
    "vinyl": ("vinyl alcohol to acetaldehyde", gfn2_xtb),
    "ethane": ("ethane rotation", gfn2_xtb),
    "malon": ("malonaldehyde proton transfer", gfn2_xtb),
    "au1000": ("Au on a slab, D = 993", EMT),
}
"""By name: title and calculator."""

EXTRA = ("lj38", "au1000")
"""Too large for the table; run when named."""


def systems(names: Sequence[str] | None = None) -> Iterator[System]:
    """The systems whose names begin with one of `names`; None for all but the extra ones."""
    for name in (*TOYS, *MOLECULES):
        if name not in EXTRA if names is None else name.startswith(tuple(names)):
            system = _toy(name) if name in TOYS else _molecule(name)
            if system is not None:
                yield system


def _toy(name: str) -> System | None:
    title, make, which = TOYS[name]
    toy = make()
    if which >= len(toy.rearrangements):
        return None
    known = toy.rearrangements[which]
    ends = toy.value_and_grad(np.stack([known.start, known.end]))[0]
    return System(
        name, title, toy, known.start, known.end, known.saddle, known.height, *map(float, ends), "E"
    )


def _molecule(name: str) -> System | None:
    file = STRUCTURES / f"{name}.extxyz"
    if not file.exists():
        return None
    title, calculator = MOLECULES[name]
    frames: list[Atoms] = read(file, ":")
    landscape = MoleculeLandscape(frames[0], calculator)
    start, end = landscape.ends(frames[0], frames[1])
    saddle = landscape.ends(frames[0], frames[2])[1] if len(frames) > 2 else None
    values = [float(frame.info["known_energy"]) for frame in frames]
    height = values[2] if len(frames) > 2 else float("nan")
    return System(name, title, landscape, start, end, saddle, height, values[0], values[1], "eV")
