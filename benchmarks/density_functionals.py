"""A whole job with an expensive calculator: from ends that GFN2-xTB has relaxed to a barrier.

    python benchmarks/density_functionals.py --csv runs.csv              both, eight reactions
    python benchmarks/density_functionals.py --xc hf --only baker_01     one of both, one reaction
    python benchmarks/density_functionals.py --ways prior bfgs neb       beside climbing NEB
    python benchmarks/density_functionals.py --force 0.01                searches to 0.01 eV/Å

PySCF with def2-SVP and density fitting. Counted are all of its gradients, outside the library. The
ways: `prior`, both ends relaxed and the path found with GFN2-xTB beneath; `bfgs`, both ends relaxed
by ASE's BFGS and the path found without a prior; `neb`, those ends and ASE's climbing NEB with
seven images, to 0.05 eV/Å. Ends are relaxed to 0.01 eV/Å. Each run is written as it ends, none is
made twice.
"""

import argparse
import importlib.util
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator
from ase.mep.neb import NEB
from ase.optimize import BFGS, FIRE
from reaction_set import Reaction, reactions
from runs_file import add_run, read_runs

from fourierpathfinder import Evaluations, Surrogate, find_path, relax
from fourierpathfinder.atoms import MoleculeLandscape

REACTIONS = (
    "baker_01", "baker_15", "baker_02", "baker_03", "baker_24", "baker_25", "baker_14", "baker_21",
)  # fmt: skip
"""Up to eight atoms, the smallest first; all electrons are paired."""
FORCE, FORCE_OF_BAND = 0.01, 0.05
"""eV/Å."""
BUDGET = 200
N_IMAGES = 7
STEPS_OF_BAND = 200


@dataclass(frozen=True)
class Run:
    """One whole job."""

    name: str
    xc: str
    way: str
    n_relaxing: int = 0
    """Gradients of the expensive calculator for both ends."""
    n_path: int = 0
    """Those of the path, both ends included, which are known from their relaxation."""
    n_whole: int = 0
    n_prior: int = 0
    certified: bool = False
    barrier: float = float("nan")
    """In eV."""
    seconds: float = float("nan")
    """Of the clock."""
    message: str = ""
    force: float = 0.0
    """Largest force at the saddle that is asked for, in eV/Å; 0 where none is."""


class Counted(Calculator):  # type: ignore[misc]
    """A calculator that counts what it calculates.

    Parameters
    ----------
    within : ase.calculators.calculator.Calculator
    """

    implemented_properties = ("energy", "forces")

    def __init__(self, within: Any) -> None:
        super().__init__()
        self.within, self.n_gradients = within, 0

    def calculate(self, atoms: Any = None, properties: Any = None, changes: Any = ()) -> None:
        """Energy and forces."""
        super().calculate(atoms, properties, changes)
        self.n_gradients += 1
        self.within.calculate(atoms, ["energy", "forces"], changes)
        self.results = dict(self.within.results)


def pyscf_calculator() -> Any:
    """The calculator of the example."""
    example = Path(__file__).parents[1] / "examples" / "pyscf_calculator.py"
    spec = importlib.util.spec_from_file_location("pyscf_calculator", example)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.PySCF


def run(reaction: Reaction, xc: str, way: str, force: float) -> Run:
    """One job; a failure is a result."""
    calculator = Counted(pyscf_calculator()(xc=xc, charge=reaction.charge))
    began = perf_counter()
    try:
        jobs = {"prior": upon, "bfgs": by_bfgs, "neb": by_band}
        found = jobs[way](reaction, calculator, Surrogate(saddle_gradient=force or None))
    except Exception as error:
        note = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        found = {"n_whole": calculator.n_gradients, "message": note}
    seconds = round(perf_counter() - began, 1)
    return Run(reaction.name, xc, way, seconds=seconds, force=force, **found)


def upon(reaction: Reaction, calculator: Counted, method: Surrogate) -> dict[str, Any]:
    """Everything with GFN2-xTB beneath."""
    expensive = MoleculeLandscape(reaction.reactant, lambda: calculator)
    cheap = MoleculeLandscape(reaction.reactant, reaction.calculator)
    ends = [
        relax(expensive, atoms, prior=cheap, force=FORCE, max_gradients=BUDGET)
        for atoms in (reaction.reactant, reaction.product)
    ]
    n_relaxing = calculator.n_gradients
    result = find_path(
        expensive,
        *(end.position for end in ends),
        method=method,
        prior=cheap,
        known=Evaluations(
            np.stack([end.position for end in ends]),
            np.array([end.value for end in ends]),
            np.stack([end.gradient for end in ends]),
        ),
        max_gradients=BUDGET,
        rng=0,
    )
    n_prior = result.n_prior_gradients + sum(end.n_prior_gradients for end in ends)
    return told(result, n_relaxing, calculator) | {"n_prior": n_prior}


def told(result: Any, n_relaxing: int, calculator: Counted) -> dict[str, Any]:
    """What a search leaves, after relaxations that knew its ends already."""
    return {
        "n_relaxing": n_relaxing,
        "n_path": calculator.n_gradients - n_relaxing + 2,
        "n_whole": calculator.n_gradients,
        "certified": result.certified,
        "barrier": round(result.barrier, 5),
        "message": result.message,
    }


def relaxed(reaction: Reaction, calculator: Counted) -> list[Atoms]:
    """Both ends by BFGS."""
    ends = [reaction.reactant.copy(), reaction.product.copy()]
    for atoms in ends:
        atoms.calc = calculator
        BFGS(atoms, logfile=None).run(fmax=FORCE, steps=BUDGET)
    return ends


def by_bfgs(reaction: Reaction, calculator: Counted, method: Surrogate) -> dict[str, Any]:
    """Ends by BFGS, the path by the plain search."""
    ends = relaxed(reaction, calculator)
    n_relaxing = calculator.n_gradients
    expensive = MoleculeLandscape(reaction.reactant, lambda: calculator)
    result = find_path(expensive, *ends, method=method, max_gradients=BUDGET, rng=0)
    n_path = calculator.n_gradients - n_relaxing
    return told(result, n_relaxing, calculator) | {"n_path": n_path}


def by_band(reaction: Reaction, calculator: Counted, _: Surrogate) -> dict[str, Any]:
    """Ends by BFGS, then a climbing band from the image-dependent pair potential."""
    start, end = relaxed(reaction, calculator)
    images = [start, *(start.copy() for _ in range(N_IMAGES)), end]
    of_images = [Counted(calculator.within) for _ in images]  # each keeps its last answer
    for image, its in zip(images, of_images, strict=True):
        image.calc = its
    band = NEB(images, climb=True, method="improvedtangent")
    band.interpolate("idpp")
    converged = FIRE(band, logfile=None).run(fmax=FORCE_OF_BAND, steps=STEPS_OF_BAND)
    energies = [image.get_potential_energy() for image in images]
    n_path = sum(its.n_gradients for its in of_images)
    return {
        "n_relaxing": calculator.n_gradients,
        "n_path": n_path,
        "n_whole": calculator.n_gradients + n_path - 2,  # both ends were known
        "barrier": round(max(energies) - energies[0], 5),
        "message": "" if converged else "not converged",
    }


def all_runs(given: argparse.Namespace) -> Iterator[Run]:
    """The runs that are asked for; those that the file holds already are not made again."""
    done = {(run.name, run.xc, run.way, run.force): run for run in read_runs(Run, given.csv)}
    by_name = {one.name: one for one in reactions(given.only)}
    ordered = [one for prefix in given.only for one in by_name.values() if starts(one, prefix)]
    for xc in given.xc:
        for reaction in ordered:
            for way in given.ways:
                known = done.get((reaction.name, xc, way, given.force))
                if known is None:
                    known = run(reaction, xc, way, given.force)
                    add_run(known, given.csv)
                yield known


def starts(reaction: Reaction, prefix: str) -> bool:
    """Whether a reaction is meant by the beginning of its name."""
    return reaction.name.startswith(prefix)


def table(runs: Sequence[Run]) -> str:
    """Medians for each functional and way."""
    lines = [
        "| functional | way | N | certified | ends | path | whole job | seconds |",
        "| --- |" + " --- |" * 7,
    ]
    for xc, way in dict.fromkeys((one.xc, one.way) for one in runs):
        some = [one for one in runs if (one.xc, one.way) == (xc, way)]
        medians = (
            np.median([getattr(one, name) for one in some])
            for name in ("n_relaxing", "n_path", "n_whole", "seconds")
        )
        n_certified = sum(one.certified for one in some)
        cells = " | ".join(f"{value:g}" for value in medians)
        lines.append(f"| {xc} | {way} | {len(some)} | {n_certified} | {cells} |")
    return "\n".join(lines)


def main() -> None:
    """Run what the command line asks for, and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", default=list(REACTIONS))
    parser.add_argument("--xc", nargs="+", default=["hf", "pbe"])
    parser.add_argument("--ways", nargs="+", default=["prior", "bfgs"], metavar="WAY")
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--force", type=float, default=0.0, metavar="F", help="at the saddle, eV/Å")
    given = parser.parse_args()
    runs = []
    for one in all_runs(given):
        runs.append(one)
        print(
            f"{one.name:16} {one.xc:4} {one.way:6} {'yes' if one.certified else 'no ':3} ends "
            f"{one.n_relaxing:3}, path {one.n_path:3}, whole {one.n_whole:3} + {one.n_prior:3}  "
            f"{one.barrier:7.4f} eV  {one.seconds:7.1f} s  {one.message[:50]}",
            flush=True,
        )
    print("\n" + table(runs))


if __name__ == "__main__":
    main()
