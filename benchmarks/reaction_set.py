"""The 97 reactions of the benchmark: minima and saddles under GFN2-xTB.

`structures/reactions.extxyz.xz` holds reactant, product and, where one is known, the saddle of
each, relaxed with GFN2-xTB (tblite) to 0.005 eV/Å, the product superposed on the reactant; energies
in eV. The names say where they come from:

- `baker_*`: the 25 saddles of J. Baker and F. Chan, J. Comput. Chem. 17, 888 (1996), followed to
  both sides.
- `zmx_*`, `zm_*`: saddles of P. M. Zimmerman, J. Chem. Phys. 138, 184102 (2013), refined and
  followed to both sides; `zm_007` and `zm_008` have loose fragments.
- `t1x_*`: six pairs of Transition1x, M. Schreiner et al., Sci. Data 9, 779 (2022), whose ends were
  relaxed; no saddle is known.

A frame called `lower` is the top of a path that was found since and whose dense sampling stays
below the saddle.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from ase import Atoms
from ase.io import read

FILE = Path(__file__).parent / "structures" / "reactions.extxyz.xz"


@dataclass(frozen=True, eq=False)
class Reaction:
    """Two minima, and the energy of the best way known between them.

    Parameters
    ----------
    name : str
        What `--only` calls it.
    reactant, product : ase.Atoms
        The ends.
    start_value : float
        The reactant's energy in eV.
    height : float
        That of the lowest saddle known; NaN where none is.
    charge, multiplicity : int
        For the calculator.
    """

    name: str
    reactant: Atoms
    product: Atoms
    start_value: float
    height: float
    charge: int
    multiplicity: int

    @property
    def calculator(self) -> Any:
        """A maker of calculators, which may be sent to another process."""
        return partial(gfn2_xtb, self.charge, self.multiplicity)


def gfn2_xtb(charge: int, multiplicity: int) -> Any:
    """A quiet GFN2-xTB calculator with the accuracy that its users have."""
    from tblite.ase import TBLite

    return TBLite(method="GFN2-xTB", charge=charge, multiplicity=multiplicity, verbosity=0)


def reactions(names: Sequence[str] | None = None) -> Iterator[Reaction]:
    """The reactions whose names begin with one of `names`; None for all."""
    for name, group in groupby(read(FILE, ":"), key=lambda frame: frame.info["name"]):
        if names is None or name.startswith(tuple(names)):
            yield _reaction(name, list(group))


def _reaction(name: str, frames: Sequence[Atoms]) -> Reaction:
    known = {frame.info["what"]: frame for frame in frames}
    tops = [_energy(known[what]) for what in ("saddle", "lower") if what in known]
    reactant = known["reactant"]
    return Reaction(
        name=name,
        reactant=reactant,
        product=known["product"],
        start_value=_energy(reactant),
        height=min(tops, default=float("nan")),
        charge=int(reactant.info["charge"]),
        multiplicity=int(reactant.info["multiplicity"]),
    )


def _energy(frame: Atoms) -> float:
    return float(frame.info["gfn2_energy"])
