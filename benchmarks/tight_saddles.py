"""Gradients to a small force at the saddle: Baker's 25 under GFN2-xTB.

    python benchmarks/tight_saddles.py                      all 25, one table
    python benchmarks/tight_saddles.py --only baker_05      those whose names begin so
    python benchmarks/tight_saddles.py --output runs.csv    go on from there another time

Three runs of each reaction: as it comes, and with `saddle_gradient` 0.05 and 0.01 eV/Å (largest
force on an atom), which is what other programs count to. Every gradient counts, both ends and the
certificate among them.
"""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy

import numpy as np
from judge import Watched
from reaction_set import Reaction, reactions
from runs_file import read_runs, write_runs

from fourierpathfinder import Surrogate, find_path
from fourierpathfinder.atoms import MoleculeLandscape

LIMITS = (None, 0.05, 0.01)
BUDGET = 200
CLOSE = 5.0
"""In meV, from the lowest way known."""


@dataclass(frozen=True)
class Run:
    """One search."""

    name: str
    limit: float
    """eV/Å; infinite where none was asked for."""
    n_gradients: int
    force: float
    """The largest on an atom at the saddle, evaluated anew, in eV/Å."""
    certified: bool
    above_best: float
    """meV."""


def run(reaction: Reaction, limit: float | None) -> Run:
    """One search, its saddle's force evaluated anew."""
    landscape = MoleculeLandscape(reaction.reactant, reaction.calculator)
    watched = Watched(landscape)
    result = find_path(
        watched,
        reaction.reactant,
        reaction.product,
        method=Surrogate(saddle_gradient=limit),
        max_gradients=BUDGET,
        rng=0,
    )
    force = float("nan")
    if result.saddle is not None:
        gradient = landscape.value_and_grad(np.asarray(result.saddle.position)[None])[1][0]
        force = float(np.linalg.norm(landscape.forces(gradient), axis=1).max())
        if np.isnan(force):  # a calculator begun anew may fail where it did not on the way
            force = result.saddle.largest_force
    above = 1e3 * (result.height - reaction.height)
    asked = float("inf") if limit is None else limit
    return Run(
        reaction.name, asked, watched.n_gradients, round(force, 5), result.certified,
        round(above, 2),
    )  # fmt: skip


def row(runs: Sequence[Run]) -> str:
    """The runs of one reaction in Markdown."""
    cells = [runs[0].name]
    cells += [f"{run.n_gradients} | {run.force:.4f}" for run in runs]
    cells.append("yes" if all(run.certified for run in runs) else "no")
    cells.append(f"{runs[-1].above_best:.2f}")
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", default=["baker_"], metavar="NAME")
    parser.add_argument("--output", type=Path, metavar="FILE", help="a csv to go on from")
    given = parser.parse_args()
    known = {(one.name, one.limit): one for one in read_runs(Run, given.output)}
    print("| reaction | gradients | force (eV/Å) | to 0.05 | force | to 0.01 | force | certified "
          "| above the best known (meV) |", "| --- " * 9 + "|", sep="\n")  # fmt: skip
    groups = []
    for reaction in reactions(given.only):
        for limit in LIMITS:
            key = (reaction.name, float("inf") if limit is None else limit)
            if key not in known:
                known[key] = run(reaction, limit)
                write_runs(list(known.values()), given.output)
        groups.append([one for one in known.values() if one.name == reaction.name])
        print(row(groups[-1]), flush=True)
    for index, limit in enumerate(LIMITS):
        runs = [group[index] for group in groups]
        reached = sum(one.force <= one.limit for one in runs)
        right = sum(abs(one.above_best) <= CLOSE for one in runs)
        asked = "as they come" if limit is None else f"to {limit:g} eV/Å"
        spent = np.median([one.n_gradients for one in runs])
        print(f"\n{asked}: median {spent:g} gradients, "
              f"{reached} of {len(runs)} reached, {right} within {CLOSE:g} meV "
              "of the best known.")  # fmt: skip


if __name__ == "__main__":
    main()
