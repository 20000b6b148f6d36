"""Ends shaken by 0.1 Å: relaxed by the surrogate and by ASE's BFGS, and the whole job after that.

    python benchmarks/relaxations.py                     Baker's 25 under GFN2-xTB, one table
    python benchmarks/relaxations.py --only baker_05     those whose names begin so
    python benchmarks/relaxations.py --output runs.csv   go on from there another time

Both ends of each reaction are shaken at random, by 0.1 Å in root mean square over the atoms, and
relaxed until the largest force on an atom is 0.01 eV/Å. The whole job is the two relaxations, the
path between what they lead to, certified, and its saddle to 0.01 eV/Å; all that the relaxations
evaluate is known to the search.
"""

import argparse
import os
from dataclasses import asdict, dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy

import numpy as np
from ase import Atoms
from ase.optimize import BFGS
from judge import Watched
from reaction_set import Reaction, reactions
from runs_file import read_runs, write_runs

from fourierpathfinder import Surrogate, find_path, relax
from fourierpathfinder.atoms import MoleculeLandscape

SHAKEN = 0.1
"""Å."""
FORCE = 0.01
"""eV/Å."""
BUDGET = 300


@dataclass(frozen=True)
class Run:
    """Both ends of one reaction."""

    name: str
    bfgs: int
    """Gradients of both ends."""
    surrogate: int
    whole: int
    """The surrogate's relaxations, the path and its tight saddle."""
    certified: bool
    barrier: float
    """eV."""
    force: float
    """At the saddle, eV/Å."""
    largest: float
    """The largest force on an atom at the two relaxed ends, in eV/Å."""


def run(reaction: Reaction, seed: int) -> Run:
    """One reaction."""
    landscape = MoleculeLandscape(reaction.reactant, reaction.calculator)
    rng = np.random.default_rng(seed)
    ends = [shaken(atoms, rng) for atoms in (reaction.reactant, reaction.product)]
    bfgs = sum(by_bfgs(atoms, reaction) for atoms in ends)
    watched = Watched(landscape)
    first = relax(watched, ends[0], force=FORCE)
    last = relax(watched, ends[1], force=FORCE, known=first.evaluations)
    spent = watched.n_gradients
    result = find_path(
        watched,
        first.position,
        last.position,
        method=Surrogate(saddle_gradient=FORCE),
        known=last.evaluations,
        max_gradients=200,
        rng=0,
    )
    force = float("nan") if result.saddle is None else result.saddle.largest_force
    return Run(
        reaction.name, bfgs, spent, watched.n_gradients, result.certified,
        round(result.barrier, 4), round(force, 5),
        round(max(first.largest_force, last.largest_force), 5),
    )  # fmt: skip


def shaken(atoms: Atoms, rng: np.random.Generator) -> Atoms:
    """A copy with every atom displaced."""
    moved = atoms.copy()
    shifts = rng.normal(size=moved.positions.shape)
    moved.positions += SHAKEN * np.sqrt(len(moved)) * shifts / np.linalg.norm(shifts)
    return moved


def by_bfgs(atoms: Atoms, reaction: Reaction) -> int:
    """Gradients that ASE's BFGS takes, with its defaults."""
    moved = atoms.copy()
    moved.calc = reaction.calculator()
    optimizer = BFGS(moved, logfile=None)
    optimizer.run(fmax=FORCE, steps=BUDGET)
    return int(optimizer.nsteps) + 1


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", default=["baker_"], metavar="NAME")
    parser.add_argument("--output", type=Path, metavar="FILE", help="a csv to go on from")
    given = parser.parse_args()
    known = {one.name: one for one in read_runs(Run, given.output)}
    print("| reaction | BFGS, both ends | surrogate | whole job | certified | barrier (eV) "
          "| force at the saddle | at the ends (eV/Å) |", "| --- " * 8 + "|", sep="\n")  # fmt: skip
    runs = []
    for seed, reaction in enumerate(reactions(given.only)):
        if reaction.name not in known:
            known[reaction.name] = run(reaction, seed)
            write_runs(list(known.values()), given.output)
        runs.append(known[reaction.name])
        cells = (f"{value}" for value in asdict(runs[-1]).values())
        print("| " + " | ".join(cells) + " |", flush=True)
    ratios = [one.surrogate / one.bfgs for one in runs]
    print(f"\nThe surrogate takes {np.median(ratios):.2f} of BFGS's gradients (median), "
          f"{np.median([one.surrogate for one in runs]):g} for both ends. The whole job takes "
          f"{np.median([one.whole for one in runs]):g} (median); "
          f"{sum(one.certified for one in runs)} of {len(runs)} certified.")  # fmt: skip


if __name__ == "__main__":
    main()
