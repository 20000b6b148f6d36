"""What other ways spend to a small force at the saddle, on the reactions of `tight_saddles.py`.

    python benchmarks/tight_peers.py                                 Baker's 25
    python benchmarks/tight_peers.py --only baker_01 --bands         with climbing bands, too

Sella from the highest of five images of the pair potential (IDPP), to 0.05 and on to 0.01 eV/Å;
ASE's climbing band of seven images with improved tangents (BFGS), to 0.05. Beside them stands the
search with `saddle_gradient` in the same run. Every gradient counts; a saddle elsewhere is told by
how far it lies above the lowest way known.
"""

import argparse
import os
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.mep.neb import NEB, idpp_interpolate
from ase.optimize import BFGS
from peers import silent
from reaction_set import Reaction, reactions
from tight_saddles import run

MOST = 600
"""Gradients of one way."""


class SpentError(Exception):
    """No further gradient is allowed."""


class Counted(Calculator):
    """A calculator that counts together with its siblings."""

    implemented_properties = ("energy", "forces")

    def __init__(self, reaction: Reaction, spent: list[int]) -> None:
        super().__init__()
        self._inner, self._spent = reaction.calculator(), spent

    def calculate(
        self, atoms: Any = None, properties: Any = (), system_changes: Any = all_changes
    ) -> None:
        """Ask the one inside."""
        super().calculate(atoms, properties, system_changes)
        if self._spent[0] >= MOST:
            raise SpentError
        self._spent[0] += 1
        self._inner.calculate(self.atoms, ["energy", "forces"], all_changes)
        self.results = {key: self._inner.results[key] for key in ("energy", "forces")}


def images(reaction: Reaction, n: int, spent: list[int]) -> list[Atoms]:
    """Ends and `n` images between, as the pair potential has them."""
    band = [reaction.reactant.copy() for _ in range(n + 1)] + [reaction.product.copy()]
    for share, image in zip(np.linspace(0, 1, n + 2), band, strict=True):
        image.set_positions(
            (1 - share) * reaction.reactant.positions + share * reaction.product.positions
        )
        image.calc = Counted(reaction, spent)
    with silent():
        idpp_interpolate(band, traj=None, log=None)
    return band


def told(reaction: Reaction, spent: int, energy: float, note: str = "") -> str:
    """Gradients, and how far above the best known in meV."""
    above = 1e3 * (energy - reaction.height)
    return note or f"{spent} ({above:+.0f})"


def sella(reaction: Reaction) -> list[str]:
    """To 0.05 and to 0.01 eV/Å."""
    from sella import Sella

    spent, cells = [0], []
    try:
        band = images(reaction, 5, spent)
        top = max(band[1:-1], key=lambda image: image.get_potential_energy())
        search = Sella(top, order=1, internal=True, logfile=None)
        for limit in (0.05, 0.01):
            with silent():
                search.run(fmax=limit)
            cells.append(told(reaction, spent[0], top.get_potential_energy()))
    except Exception as error:  # a peer's failure is a result
        cells.append(f"{type(error).__name__}")
    return [*cells, *cells[-1:]][:2]


def climbing(reaction: Reaction) -> str:
    """A climbing band to 0.05 eV/Å."""
    spent = [0]
    try:
        band = images(reaction, 7, spent)
        with silent():
            BFGS(NEB(band, climb=True, method="improvedtangent"), logfile=None).run(fmax=0.05)
    except Exception as error:  # a peer's failure is a result
        return f"{type(error).__name__}"
    return told(reaction, spent[0], max(image.get_potential_energy() for image in band))


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", default=["baker_"], metavar="NAME")
    parser.add_argument("--bands", action="store_true", help="climbing bands, too, which take long")
    given = parser.parse_args()
    print("| reaction | here to 0.05 | to 0.01 | IDPP, sella to 0.05 | to 0.01 "
          "| climbing NEB to 0.05 |", "| --- " * 6 + "|", sep="\n")  # fmt: skip
    for reaction in reactions(given.only):
        ours = [run(reaction, limit) for limit in (0.05, 0.01)]
        cells = [f"{one.n_gradients} ({one.above_best:+.0f})" for one in ours]
        cells += sella(reaction)
        cells.append(climbing(reaction) if given.bands else "")
        print("| " + " | ".join([reaction.name, *cells]) + " |", flush=True)


if __name__ == "__main__":
    main()
