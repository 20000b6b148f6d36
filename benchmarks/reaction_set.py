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

`saved/lower_ways.csv` has the barriers of paths that were found since, whose dense sampling stays
below the saddle, or where none is known; `--save-lower` of `reactions.py` and `priors.py` adds
to it.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from ase import Atoms
from ase.io import read

FILE = Path(__file__).parent / "structures" / "reactions.extxyz.xz"
LOWER_WAYS = Path(__file__).parent / "saved" / "lower_ways.csv"


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
        That of the lowest way known; NaN where none is.
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


def lower_ways() -> dict[str, float]:
    """Barriers in eV by name, of paths that lie below the saddle of the set."""
    if not LOWER_WAYS.exists():
        return {}
    with LOWER_WAYS.open(newline="") as rows:
        return {row["name"]: float(row["barrier"]) for row in csv.DictReader(rows)}


def save_lower_ways(barriers: dict[str, float]) -> None:
    """Write barriers down where they are lower than what is known."""
    known = lower_ways()
    lower = {name: min(known.get(name, barrier), barrier) for name, barrier in barriers.items()}
    with LOWER_WAYS.open("w", newline="") as rows:
        writer = csv.writer(rows, lineterminator="\n")
        writer.writerow(("name", "barrier"))
        writer.writerows(sorted((name, f"{value:.6f}") for name, value in (known | lower).items()))


def _reaction(name: str, frames: Sequence[Atoms]) -> Reaction:
    known = {frame.info["what"]: frame for frame in frames}
    reactant = known["reactant"]
    tops = [_energy(known["saddle"])] if "saddle" in known else []
    barriers = lower_ways()
    tops += [_energy(reactant) + barriers[name]] if name in barriers else []
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
