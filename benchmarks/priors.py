"""What a cheap potential beneath saves: GFN1-xTB under GFN2-xTB, where the saddle is known.

    python benchmarks/priors.py                           all, with the prior and without
    python benchmarks/priors.py --only baker_0 zmx_1      those whose names begin so
    python benchmarks/priors.py --ways prior plain begin  and what the cheap path alone would save
    python benchmarks/priors.py --ways chain              GFN1-xTB beneath, and EMT beneath that
    python benchmarks/priors.py --ways run                a finished run of GFN1-xTB, asked no more
    python benchmarks/priors.py --bad                     priors that are wrong, on 20 reactions
    python benchmarks/priors.py --force 0.01              until the force at the saddle is 0.01 eV/Å
    python benchmarks/priors.py --save-lower              write down lower ways than are known
    python benchmarks/priors.py --csv runs.csv            each run is written as it ends, none twice
    python benchmarks/priors.py --csv saved/priors.csv --table    what is known already, as a table

Counted are gradients of GFN2-xTB, outside the library: both ends and the certificate included. A
height is judged by dense sampling of the path that was returned. `begin` starts at the path that
was found on the cheap landscape, without making it the prior mean. The wrong priors are: `sign`,
the negative of GFN1-xTB; `noise`, GFN1-xTB with noise of 0.1 eV; `well`, a harmonic well half-way;
`other`, Lennard-Jones parameters of argon for every atom; `raises`, GFN1-xTB that fails at every
third call.
"""

import argparse
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy

import numpy as np
from judge import Watched, continuous_height
from reaction_set import Reaction, reactions, save_lower_ways
from reactions import AGREES, CLOSE, N_SAMPLES
from runs_file import add_run, read_runs

from fourierpathfinder import Surrogate, find_path
from fourierpathfinder.atoms import MoleculeLandscape
from fourierpathfinder.landscapes.abilities import Forwarding
from fourierpathfinder.result import PathResult

BUDGET = 100
WRONG = ("sign", "noise", "well", "other", "raises")
N_BAD = 20
"""Reactions that wrong priors are tried on, those of the fewest atoms."""
NOISE = 0.1
"""In eV, and in eV/Å on components of gradients."""


@dataclass(frozen=True)
class Run:
    """One reaction, found in one way; energies in meV unless another unit is stated."""

    name: str
    way: str
    rng: int
    certified: bool = False
    n_gradients: int = 0
    n_prior_gradients: int = 0
    barrier: float = float("nan")
    """As reported, in eV."""
    cheap_barrier: float = float("nan")
    """That of the cheap landscape along the returned path, in eV."""
    height_error: float = float("nan")
    misreported: float = float("nan")
    above_best: float = float("nan")
    own_seconds: float = float("nan")
    message: str = ""
    force: float = 0.0
    """Largest force at the saddle that is asked for, in eV/Å; 0 where none is."""

    @property
    def is_wrong(self) -> bool:
        """Whether a height is certified that the path does not have."""
        return self.certified and not abs(self.misreported) <= max(AGREES, self.height_error)

    @property
    def is_best(self) -> bool:
        """Whether the best way known is found, or a better one."""
        return self.above_best <= CLOSE

    @property
    def path_barrier(self) -> float:
        """The height of the returned path above the reactant by dense sampling, in eV."""
        return self.barrier - 1e-3 * self.misreported


class Beginning(Forwarding):
    """A landscape with a first path of its own.

    Parameters
    ----------
    landscape : Landscape
    path : SinePath
    """

    def __init__(self, landscape: Any, path: Any) -> None:
        super().__init__(landscape)
        self._path = path

    def offering(self, behind: Any) -> Any:
        """All of it, with this first path."""
        return replace(behind, landscape=self, values=None, first_path=self)

    def initial_path(self, *_: Any) -> Any:
        """The path."""
        return self._path

    def value_and_grad(self, points: Any) -> Any:
        """As they are."""
        return self.landscape.value_and_grad(points)


class Turned(Forwarding):
    """A landscape whose sign is changed."""

    def value_and_grad(self, points: Any) -> Any:
        """The negative."""
        values, gradients = self.landscape.value_and_grad(points)
        return -values, -gradients


class Noisy(Forwarding):
    """A landscape with noise.

    Parameters
    ----------
    landscape : Landscape
    rng : int
        Seed.
    """

    def __init__(self, landscape: Any, rng: int) -> None:
        super().__init__(landscape)
        self._rng = np.random.default_rng(rng)

    def value_and_grad(self, points: Any) -> Any:
        """Values and gradients with normal noise."""
        values, gradients = self.landscape.value_and_grad(points)
        normal = self._rng.standard_normal
        return (
            values + NOISE * normal(values.shape),
            gradients + NOISE * normal(gradients.shape),
        )


class Failing(Forwarding):
    """A landscape that raises at every third call."""

    def __init__(self, landscape: Any) -> None:
        super().__init__(landscape)
        self._n_calls = 0

    def value_and_grad(self, points: Any) -> Any:
        """As they are, if at all."""
        self._n_calls += 1
        if self._n_calls % 3 == 0:
            raise RuntimeError("this is a third call")
        return self.landscape.value_and_grad(points)


class Well(Forwarding):
    """A harmonic well of 10 eV/Å² around a point, which knows nothing of atoms.

    Parameters
    ----------
    landscape : Landscape
        Whose coordinates it has.
    centre : array (D,)
    """

    def __init__(self, landscape: Any, centre: Any) -> None:
        super().__init__(landscape)
        self._centre = centre

    def value_and_grad(self, points: Any) -> Any:
        """Its values and gradients."""
        away = points - self._centre
        return 5.0 * (away**2).sum(axis=1), 10.0 * away


def gfn1_xtb(charge: int, multiplicity: int) -> Any:
    """A quiet GFN1-xTB calculator."""
    from tblite.ase import TBLite

    return TBLite(method="GFN1-xTB", charge=charge, multiplicity=multiplicity, verbosity=0)


def argon() -> Any:
    """Lennard-Jones parameters of argon for whatever atom, with a core that fits a molecule."""
    from ase.calculators.lj import LennardJones

    return LennardJones(sigma=1.2, epsilon=0.0104, rc=8.0)


def effective_medium() -> Any:
    """A potential for metals, which also has parameters for H, C, N and O."""
    from ase.calculators.emt import EMT

    return EMT()


def priors_of(way: str, reaction: Reaction, rng: int) -> list[Any]:
    """What is given as `prior`, the one next to GFN2-xTB first; nothing for the plain search."""
    if way in ("plain", "begin"):
        return []
    make = partial(gfn1_xtb, reaction.charge, reaction.multiplicity)
    cheap = MoleculeLandscape(reaction.reactant, argon if way == "other" else make)
    middle = (reaction.reactant.positions + reaction.product.positions).ravel() / 2
    if way == "run":
        return [find_path(cheap, reaction.reactant, reaction.product, rng=rng)]
    if way == "chain":
        return [cheap, MoleculeLandscape(reaction.reactant, effective_medium)]
    wrong: dict[str, Callable[[], Any]] = {
        "sign": lambda: Turned(cheap),
        "noise": lambda: Noisy(cheap, rng),
        "raises": lambda: Failing(cheap),
        "well": lambda: Well(cheap, middle),
    }
    return [wrong[way]() if way in wrong else cheap]


def run(
    reaction: Reaction, way: str, rng: int, max_gradients: int = BUDGET, force: float = 0.0
) -> Run:
    """One run, judged."""
    landscape = MoleculeLandscape(reaction.reactant, reaction.calculator)
    make = partial(gfn1_xtb, reaction.charge, reaction.multiplicity)
    cheap = Watched(MoleculeLandscape(reaction.reactant, make))
    watched = at_work = Watched(landscape)
    ends = reaction.reactant, reaction.product
    priors = [
        one if isinstance(one, PathResult) else Watched(one)
        for one in priors_of(way, reaction, rng)
    ]
    began = process_time()
    try:
        if way == "begin":
            quick = Surrogate(certify=False)
            first = find_path(cheap, *ends, method=quick, max_gradients=200, rng=rng)
            at_work = Beginning(watched, first.path)
        result = find_path(
            at_work,
            *ends,
            method=Surrogate(saddle_gradient=force or None),
            prior=priors,
            max_gradients=max_gradients,
            rng=rng,
        )
    except Exception as error:  # a failure is a result
        note = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        n_gradients = watched.n_gradients
        return Run(reaction.name, way, rng, n_gradients=n_gradients, message=note, force=force)
    seconds = process_time() - began - watched.seconds - cheap.seconds
    seconds -= sum(one.seconds for one in priors if isinstance(one, Watched))
    try:
        height = continuous_height(landscape, result.path, N_SAMPLES)
    except Exception:  # no density converges somewhere on the path: it is not judged
        height = float("nan")
    try:
        along = cheap.value_and_grad(result.path(np.linspace(0, 1, 65)))[0]
    except Exception:
        along = np.full(2, np.nan)
    return Run(
        reaction.name,
        way,
        rng,
        certified=result.certified,
        n_gradients=watched.n_gradients,
        n_prior_gradients=result.n_prior_gradients,
        barrier=round(result.barrier, 6),
        cheap_barrier=round(float(along.max() - along[0]), 4),
        height_error=round(1e3 * float(result.height_error), 3),
        misreported=round(1e3 * (result.height - height), 3),
        above_best=round(1e3 * (height - reaction.height), 3),
        own_seconds=round(seconds, 2),
        message=result.message,
        force=force,
    )


def all_runs(given: argparse.Namespace) -> Iterator[Run]:
    """The runs that are asked for; those that the file holds already are not made again."""
    done = {(run.name, run.way, run.rng, run.force): run for run in read_runs(Run, given.csv)}
    for reaction in asked_for(given):
        for way in given.ways:
            known = done.get((reaction.name, way, given.rng, given.force))
            if known is None and not given.table:
                known = run(reaction, way, given.rng, force=given.force)
                add_run(known, given.csv)
            if known is not None:
                yield known


def asked_for(given: argparse.Namespace) -> list[Reaction]:
    """The reactions whose saddle is known; of wrong priors a few small ones."""
    known = [one for one in reactions(given.only) if np.isfinite(one.height)]
    if given.bad:
        known = sorted(known, key=lambda one: len(one.reactant))[:N_BAD]
    return known


def harm(runs: Sequence[Run]) -> str:
    """How many gradients more than without it each wrong prior has cost, at worst."""
    plain = {one.name: one.n_gradients for one in runs if one.way == "plain"}
    lines = ["| wrong prior | N | at worst, gradients more | in the median | wrong certificates |"]
    lines.append("| --- |" + " --- |" * 4)
    for way in WRONG:
        some = [one for one in runs if one.way == way and one.name in plain]
        if some:
            more = [one.n_gradients - plain[one.name] for one in some]
            n_wrong = sum(one.is_wrong for one in some)
            cells = f"{len(some)} | {max(more):+d} | {np.median(more):+.0f} | {n_wrong}"
            lines.append(f"| {way} | {cells} |")
    return "\n".join(lines)


def table(runs: Sequence[Run], ways: Sequence[str]) -> str:
    """A line for each way."""
    head = (
        "| way | N | certified | within 5 meV of the best | wrong | gradients median | p90 | mean "
    )
    lines = [head + "| of the prior, median |", "| --- |" + " --- |" * 8]
    for way in ways:
        some = [one for one in runs if one.way == way]
        if not some:
            continue
        n = np.array([one.n_gradients for one in some])
        cheap = np.median([one.n_prior_gradients for one in some])
        counts = (
            len(some),
            sum(one.certified for one in some),
            sum(one.is_best for one in some),
            sum(one.is_wrong for one in some),
        )
        numbers = f"{np.median(n):.0f} | {np.percentile(n, 90):.0f} | {n.mean():.1f} | {cheap:.0f}"
        lines.append(f"| {way} | " + " | ".join(map(str, counts)) + f" | {numbers} |")
    return "\n".join(lines)


def main() -> None:
    """Run what the command line asks for, and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", metavar="NAME")
    parser.add_argument("--ways", nargs="+", default=["prior", "plain"], metavar="WAY")
    parser.add_argument("--bad", action="store_true", help="wrong priors, on 20 reactions")
    parser.add_argument("--table", action="store_true", help="only what --csv holds")
    parser.add_argument("--save-lower", action="store_true", help="write lower ways down")
    parser.add_argument("--rng", type=int, default=0)
    parser.add_argument("--force", type=float, default=0.0, metavar="F", help="at the saddle, eV/Å")
    parser.add_argument("--csv", type=Path)
    given = parser.parse_args()
    if given.bad:
        given.ways = ["plain", *WRONG]
    runs = []
    for one in all_runs(given):
        runs.append(one)
        print(
            f"{one.name:28} {one.way:7} {'yes' if one.certified else 'no ':3} "
            f"{one.n_gradients:4} + {one.n_prior_gradients:4}  {one.barrier:7.3f} eV "
            f"(cheap {one.cheap_barrier:6.3f})  {one.above_best:+9.2f} meV  "
            f"{one.own_seconds:6.1f} s  {one.message[:60]}",
            flush=True,
        )
    if given.save_lower:
        lower = [one for one in runs if one.above_best < -CLOSE]
        save_lower_ways({one.name: one.path_barrier for one in lower})
    print("\n" + table(runs, given.ways))
    if given.bad:
        print("\n" + harm(runs))


if __name__ == "__main__":
    main()
