"""97 published reactions under GFN2-xTB: what is certified, at what cost, and whether it is right.

    python benchmarks/reactions.py                        all, one table
    python benchmarks/reactions.py --only baker_25 zm_    those whose names begin so
    python benchmarks/reactions.py --rng 3                another seed
    python benchmarks/reactions.py --last-bits 20         20 changes of every answer's last bits
    python benchmarks/reactions.py --float32              answers in single precision
    python benchmarks/reactions.py --jobs 2 --output runs.csv
    python benchmarks/reactions.py --save-lower           write down lower ways than are known
    python benchmarks/reactions.py --peers 30             sella and climbing bands, on a random 30

Every gradient counts: ends and certificate included. A height is judged by dense sampling of the
path that was returned, 201 points and the tops refined, and held against the lowest way known.
With `--output` each run is written as it ends; those that the file already holds are not run again.
Peers begin from the image-dependent pair potential and are judged by the height that they end at:
they give no path that could be sampled, and no certificate.
"""

import argparse
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from time import process_time
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy; each job has one core

import numpy as np
from judge import Watched, continuous_height
from peers import Band, Count, SaddleSearch
from perturbed import Float32, LastBits
from reaction_set import Reaction, reactions, save_lower_ways
from runs_file import add_run, read_runs
from systems import System

from fourierpathfinder import Surrogate, find_path
from fourierpathfinder.atoms import MoleculeLandscape

BUDGET = 200
PEERS = (SaddleSearch(), Band("FIRE", 7, budget=3000))
N_SAMPLES = 201
CLOSE = 5.0
"""In meV: a height nearer than this to the best way known has found it."""
AGREES = 1.0
"""In meV: a certified height may miss the path's own by this, or by its stated error if larger."""


@dataclass(frozen=True)
class Task:
    """One run to be done: a reaction, and what is done to it."""

    name: str
    rng: int = 0
    last_bits: int = 0
    """Which change of the last bits; 0 for none."""
    float32: bool = False
    force: float = 0.0
    """Largest force at the saddle that is asked for, in eV/Å; 0 where none is."""


@dataclass(frozen=True)
class Run(Task):
    """One run that was done, judged; energies in meV unless another unit is stated."""

    n_coordinates: int = 0
    certified: bool = False
    status: str = ""
    n_gradients: int = 0
    """Counted outside the library."""
    barrier: float = float("nan")
    """As reported, in eV."""
    height_error: float = float("nan")
    misreported: float = float("nan")
    """Reported height minus that of the returned path."""
    above_best: float = float("nan")
    """Height of the returned path minus the lowest way known; negative: a lower way."""
    own_milliseconds: float = float("nan")
    """The library's own processor time a gradient."""
    seconds: float = float("nan")
    note: str = ""
    """The exception, if there was one."""

    @property
    def is_wrong(self) -> bool:
        """Whether a height is certified that the path does not have."""
        return self.certified and not abs(self.misreported) <= max(AGREES, self.height_error)

    @property
    def is_best(self) -> bool:
        """Whether the best way known is found, or a better one."""
        return self.above_best <= CLOSE

    @property
    def is_lower(self) -> bool:
        """Whether the returned path lies below all that is known, or is the first."""
        unknown = bool(np.isnan(self.above_best)) and not np.isnan(self.misreported)
        return unknown or self.above_best < -CLOSE

    @property
    def path_barrier(self) -> float:
        """The height of the returned path above the reactant by dense sampling, in eV."""
        return self.barrier - 1e-3 * self.misreported


def run(task: Task, max_gradients: int = BUDGET) -> Run:
    """One run, judged."""
    (reaction,) = (each for each in reactions([task.name]) if each.name == task.name)
    landscape = MoleculeLandscape(reaction.reactant, reaction.calculator)
    watched = Watched(landscape)
    began = process_time()
    try:
        result = find_path(
            seen_as(task, watched),
            reaction.reactant,
            reaction.product,
            method=Surrogate(saddle_gradient=task.force or None),
            max_gradients=max_gradients,
            rng=task.rng,
        )
    except Exception as error:  # a failure is a result
        note = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        return Run(**asdict(task), n_gradients=watched.n_gradients, status="FAILED", note=note)
    seconds = process_time() - began
    return Run(
        **asdict(task),
        n_coordinates=landscape.n_coordinates,
        certified=result.certified,
        status=result.status.name,
        n_gradients=watched.n_gradients,
        barrier=round(result.barrier, 6),
        own_milliseconds=round(1e3 * (seconds - watched.seconds) / watched.n_gradients, 2),
        seconds=round(seconds, 2),
        **judged(reaction, landscape, result),
    )


def seen_as(task: Task, landscape: Any) -> Any:
    """The landscape with what the task does to its answers."""
    if task.float32:
        landscape = Float32(landscape, task.rng)
    return LastBits(landscape, task.last_bits) if task.last_bits else landscape


def judged(reaction: Reaction, landscape: Any, result: Any) -> dict[str, Any]:
    """What dense sampling says of a path; the landscape is the unchanged one."""
    stated = {"height_error": round(1e3 * float(result.height_error), 3)}
    try:
        height = continuous_height(landscape, result.path, N_SAMPLES)
    except Exception as error:
        return stated | {"note": f"sampling: {error}".splitlines()[0][:200]}
    return stated | {
        "misreported": round(1e3 * (result.height - height), 3),
        "above_best": round(1e3 * (height - reaction.height), 3),
    }


def tasks_of(given: argparse.Namespace) -> list[Task]:
    """What the command line asks for."""
    names = [reaction.name for reaction in reactions(given.only)]
    changes = range(1, given.last_bits + 1) if given.last_bits else [0]
    return [
        Task(name, seed, change, given.float32, given.force)
        for seed in given.rng
        for change in changes
        for name in names
    ]


def run_all(tasks: Sequence[Task], n_jobs: int, max_gradients: int) -> Iterator[Run]:
    """The runs as they end."""
    if n_jobs == 1:
        yield from (run(task, max_gradients) for task in tasks)
        return
    with ProcessPoolExecutor(n_jobs, mp_context=get_context("spawn")) as pool:
        under_way = [pool.submit(run, task, max_gradients) for task in tasks]
        yield from (future.result() for future in as_completed(under_way))


HEAD = ["reaction", "D", "certified", "gradients", "barrier (eV)", "± (meV)", "misreported (meV)",
        "above the best known (meV)", "own ms a gradient", ""]  # fmt: skip


def table_row(run: Run) -> str:
    """One run in Markdown."""
    variant = [f"rng {run.rng}"] if run.rng else []
    variant += [f"bits {run.last_bits}"] if run.last_bits else []
    remarks = [*variant, *(["**WRONG**"] if run.is_wrong else []), *filter(None, [run.note])]
    cells = [
        run.name,
        f"{run.n_coordinates}",
        "yes" if run.certified else f"no ({run.status})",
        f"{run.n_gradients}",
        f"{run.barrier:.4f}",
        f"{run.height_error:.2g}",
        f"{run.misreported:.2g}",
        f"{run.above_best:.2f}",
        f"{run.own_milliseconds:.0f}",
        "; ".join(remarks),
    ]
    return markdown(cells)


def markdown(cells: Sequence[str]) -> str:
    """A row of a table."""
    return "| " + " | ".join(cells) + " |"


def summary(runs: Sequence[Run]) -> str:
    """Counts and quantiles over runs, in one sentence each."""
    counts = [run.n_gradients for run in runs]
    own = [run.own_milliseconds for run in runs if np.isfinite(run.own_milliseconds)] or [np.nan]
    lower = sorted({run.name for run in runs if run.above_best < -CLOSE})
    known = [run for run in runs if not np.isnan(run.above_best)]
    wrong = [run.name for run in runs if run.is_wrong]
    lines = [
        f"{sum(run.certified for run in runs)} of {len(runs)} certified.",
        f"{sum(run.is_best for run in runs)} within {CLOSE:g} meV of the best way known, or below "
        f"({sum(run.is_best and run.certified for run in runs)} of them certified; a way is known "
        f"for {len(known)}).",
        f"{len(wrong)} certified and wrong{': ' if wrong else ''}{', '.join(wrong)}.",
        f"Gradients: median {np.median(counts):g}, 90th percentile {np.quantile(counts, 0.9):g}, "
        f"mean {np.mean(counts):.1f}.",
        f"Own milliseconds a gradient: median {np.median(own):.0f}, 90th percentile "
        f"{np.quantile(own, 0.9):.0f}.",
    ]
    if lower:
        lines.append(f"Lower than the best way known: {', '.join(lower)}.")
    missed = [run.name for run in runs if not run.certified]
    lines.append(f"Not certified: {', '.join(missed) or 'none'}.")
    missed = [f"{run.name} ({run.above_best:+.0f})" for run in known if not run.is_best]
    lines.append(f"Above the best way known (meV): {', '.join(missed) or 'none'}.")
    return "\n".join(lines)


def by_variant(runs: Sequence[Run]) -> Iterator[tuple[str, list[Run]]]:
    """The runs of each seed and change of the last bits."""
    variants = dict.fromkeys((run.rng, run.last_bits, run.float32, run.force) for run in runs)
    for rng, change, float32, force in variants:
        title = f"rng {rng}" + (f", change {change} of the last bits" if change else "")
        title += ", single precision" if float32 else ""
        title += f", saddle to {force:g} eV/Å" if force else ""
        yield title, [run for run in runs if (run.rng, run.last_bits, run.float32, run.force)
                      == (rng, change, float32, force)]  # fmt: skip


def run_peers(name: str) -> list[Count]:
    """What each peer spends on one reaction, in eV."""
    (reaction,) = (each for each in reactions([name]) if each.name == name)
    system = as_system(reaction)
    return [peer(system) for peer in PEERS]


def as_system(reaction: Reaction) -> System:
    """A reaction in the form that the peers know."""
    landscape = MoleculeLandscape(reaction.reactant, reaction.calculator)
    start, end = landscape.ends(reaction.reactant, reaction.product)
    values = landscape.value_and_grad(np.stack([start, end]))[0]
    return System(
        reaction.name, reaction.name, landscape, start, end, None, reaction.height,
        *map(float, values), "eV",
    )  # fmt: skip


def compare_peers(names: Sequence[str], n_jobs: int) -> None:
    """A table of the peers: gradients until they stop, and how far from the best way known."""
    head = ["reaction", *(cell for peer in PEERS for cell in (peer.name, "above the best (meV)"))]
    print(markdown(head), markdown(["---"] * len(head)), sep="\n")
    with ProcessPoolExecutor(n_jobs, mp_context=get_context("spawn")) as pool:
        rows = []
        for name, counts in zip(names, pool.map(run_peers, names), strict=True):
            rows.append(counts)
            cells = [cell for count in counts for cell in peer_cells(count)]
            print(markdown([name, *cells]), flush=True)
    for peer, counts in zip(PEERS, zip(*rows, strict=True), strict=True):
        done = [count for count in counts if count.to_convergence]
        right = [count for count in done if 1e3 * abs(count.error) <= CLOSE]
        spent = np.median([count.to_convergence for count in done]) if done else np.nan
        print(f"\n{peer.name}: {len(done)} of {len(counts)} converged, {len(right)} to within "
              f"{CLOSE:g} meV of the best way known; median {spent:g} gradients.")  # fmt: skip


def peer_cells(count: Count) -> list[str]:
    """Gradients and error."""
    spent = f"{count.to_convergence}" if count.to_convergence else count.note or "not converged"
    return [spent, f"{1e3 * count.error:.1f}"]


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", help="by the start of a name")
    parser.add_argument("--rng", nargs="+", type=int, default=[0], metavar="SEED")
    parser.add_argument(
        "--last-bits", type=int, default=0, metavar="K", help="changes of last bits"
    )
    parser.add_argument("--float32", action="store_true", help="answers in single precision")
    parser.add_argument("--force", type=float, default=0.0, metavar="F", help="at the saddle, eV/Å")
    parser.add_argument("--max-gradients", type=int, default=BUDGET, metavar="N")
    parser.add_argument("--save-lower", action="store_true", help="write lower ways down")
    parser.add_argument("--peers", type=int, metavar="N", help="peers, on N drawn at random")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes")
    parser.add_argument("--output", type=Path, metavar="FILE", help="a csv to write and go on from")
    return parser.parse_args()


def main() -> None:
    """Run, print and write."""
    given = arguments()
    if given.peers:
        known = [each.name for each in reactions(given.only) if np.isfinite(each.height)]
        drawn = np.random.default_rng(0).permutation(known)[: given.peers]
        compare_peers(sorted(map(str, drawn)), given.jobs)
        return
    tasks = tasks_of(given)
    kept = {key_of(run): run for run in read_runs(Run, given.output)}
    runs = [kept[task] for task in tasks if task in kept]
    if runs:
        print(f"{len(runs)} runs are in {given.output} already.\n")
    print(markdown(HEAD), markdown(["---"] * len(HEAD)), *map(table_row, runs), sep="\n")
    missing = [task for task in tasks if task not in kept]
    for run in run_all(missing, given.jobs, given.max_gradients):
        add_run(run, given.output)
        runs.append(run)
        print(table_row(run), flush=True)
    if given.save_lower:
        save_lower_ways({run.name: run.path_barrier for run in runs if run.is_lower})
    for title, group in by_variant(runs):
        print(f"\n{title}\n", summary(group), sep="\n")


def key_of(run: Run) -> Task:
    """The task that a run was."""
    return Task(run.name, run.rng, run.last_bits, run.float32, run.force)


if __name__ == "__main__":
    main()
