"""Barriers by this library and by its peers: exact counts of gradients, and how far off they are.

    python benchmarks/barriers.py                         systems x methods, one table
    python benchmarks/barriers.py --only hcn lj7          some systems
    python benchmarks/barriers.py --methods surrogate     some methods
    python benchmarks/barriers.py --robust 20             the surrogate, 20 disturbed copies of each

Every gradient counts: ends, start and certification included. A height is judged by dense sampling
of the path that was returned, not by the word of who returned it.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from disturb import disturbed
from judge import Watched, continuous_height
from peers import PEERS, Count
from systems import System, systems

from fourierpathfinder import Surrogate, find_path

BUDGET = 120


@dataclass(frozen=True)
class Run:
    """One run of the surrogate method on one system.

    Parameters
    ----------
    system, unit : str
        Its name, and "eV" or "E".
    n_coordinates, n_gradients : int
        D, and evaluations, counted outside the library.
    error : float
        True continuous height minus the known answer; in meV, or in thousandths of E.
    misreported : float
        Reported height minus true continuous height, in the same unit.
    height_error : float
        What the library says that this is at most.
    right : bool
        Whether the true height is within the tolerance of the known answer.
    certified : bool
        Whether the library certifies it.
    milliseconds : float
        The library's own processor time per gradient.
    status : str
        Why the run ended.
    """

    system: str
    unit: str
    n_coordinates: int
    n_gradients: int
    error: float
    misreported: float
    height_error: float
    right: bool
    certified: bool
    milliseconds: float
    status: str

    @property
    def is_lie(self) -> bool:
        """Whether something false is certified: another height than the path has."""
        return self.certified and abs(self.misreported) > max(1.0, self.height_error)

    @property
    def is_wrong(self) -> bool:
        """Whether a certified height is not the known answer."""
        return self.certified and not self.right


def run_surrogate(system: System, seed: int = 0, method: Surrogate | None = None) -> Run:
    """The surrogate method on one system, judged."""
    watched = Watched(system.landscape)
    began = process_time()
    result = find_path(
        watched,
        system.start,
        system.end,
        method=method or Surrogate(),
        max_gradients=BUDGET,
        rng=seed,
    )
    own = process_time() - began - watched.seconds
    height = continuous_height(system.landscape, result.path)
    milli = 1e-3 * (system.rise if system.unit == "E" else 1.0)
    return Run(
        system=system.name,
        unit=system.unit,
        n_coordinates=system.n_coordinates,
        n_gradients=watched.n_gradients,
        error=(height - system.height) / milli,
        misreported=(result.height - height) / milli,
        height_error=result.height_error / milli,
        right=abs(height - system.height) <= system.tolerance,
        certified=result.certified,
        milliseconds=1e3 * own / watched.n_gradients,
        status=result.status.name,
    )


def compare(names: Sequence[str] | None, methods: Sequence[str] | None) -> Iterator[dict[str, Any]]:
    """One row a system: the surrogate's run and each peer's counts."""
    peers = [peer for peer in PEERS if wanted(peer.name, methods)]
    for system in systems(names):
        row: dict[str, Any] = {"name": system.name, "title": system.title}
        row["D"] = system.n_coordinates
        row["barrier"] = system.height - system.start_value
        row["unit"] = system.unit
        row["surrogate"] = asdict(run_surrogate(system)) if wanted("surrogate", methods) else None
        row["peers"] = {peer.name: asdict(peer(system)) for peer in peers}
        yield row


def wanted(name: str, methods: Sequence[str] | None) -> bool:
    """Whether a method is asked for, by any part of its name."""
    return methods is None or any(method.lower() in name.lower() for method in methods)


def comparison_table(rows: Sequence[dict[str, Any]]) -> str:
    """Markdown: gradients until the answer is reached / until the method itself stops.

    Of the bands with 5 and with 7 images the better one is shown.
    """
    families = list(dict.fromkeys(family(name) for name in rows[0]["peers"]))
    head = ["system", "D", "Surrogate", "off by", "certified", *families]
    lines = [head, ["---"] * len(head)]
    for row in rows:
        ours = row["surrogate"]
        cells = [row["title"], str(row["D"])]
        cells += ["", "", ""] if ours is None else our_cells(ours)
        for each in families:
            counts = [Count(**c) for name, c in row["peers"].items() if family(name) == each]
            cells.append(peer_cell(min(counts, key=lambda count: count.to_answer or np.inf)))
        lines.append(cells)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def family(name: str) -> str:
    """The name without the number of images."""
    return name.rstrip("0123456789 ")


def our_cells(run: dict[str, Any]) -> list[str]:
    """Gradients, error and certificate."""
    unit = "meV" if run["unit"] == "eV" else "‰"
    return [
        f"**{run['n_gradients']}**",
        f"{run['error']:.2g} {unit}",
        "yes" if run["certified"] else f"no ({run['status']})",
    ]


def peer_cell(count: Count) -> str:
    """Both counts, or what went wrong."""
    if count.to_answer is None:
        spent = "" if count.to_convergence is None else f" / {count.to_convergence}"
        return f"{count.note or 'never'}{spent}"
    return f"{count.to_answer} / {count.to_convergence or '–'}"


def summary(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Sentences on the median, and on systems where a peer needs no more."""
    ours = {row["title"]: row["surrogate"]["n_gradients"] for row in rows if row["surrogate"]}
    if not ours:
        return []
    lines = [f"Median of the surrogate: {np.median(list(ours.values())):g} gradients."]
    for row in rows:
        counts = {n: c["to_answer"] for n, c in row["peers"].items() if c["to_answer"]}
        if counts and row["surrogate"]:
            best = min(counts, key=lambda name: counts[name])
            if counts[best] <= ours[row["title"]]:
                lines.append(f"{row['title']}: {best} needs {counts[best]}, no more than we do.")
    return lines


def robustness(names: Sequence[str] | None, n_runs: int) -> Iterator[dict[str, Any]]:
    """One row a system: `n_runs` disturbed copies."""
    for system in systems(names):
        runs = []
        for seed in range(n_runs):
            copy = disturbed(system, np.random.default_rng(seed))
            runs.append(run_surrogate(copy, seed))
        yield {"name": system.name, "title": system.title, "runs": [asdict(run) for run in runs]}


def robustness_table(rows: Sequence[dict[str, Any]]) -> str:
    """Markdown."""
    head = ["system", "right and certified", "certified but not the answer"]
    head += ["certified but not its height", "gradients", "worst error"]
    lines = [head, ["---"] * len(head)]
    for row in rows:
        runs = [Run(**run) for run in row["runs"]]
        counts = [run.n_gradients for run in runs]
        worst = max(runs, key=lambda run: abs(run.error))
        lines.append(
            [
                row["title"],
                f"{sum(run.right and run.certified for run in runs)} of {len(runs)}",
                str(sum(run.is_wrong for run in runs)),
                str(sum(run.is_lie for run in runs)),
                f"{np.median(counts):g} ({min(counts)} to {max(counts)})",
                f"{worst.error:.2g} {'meV' if worst.unit == 'eV' else '‰'}",
            ]
        )
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", help="systems, by the start of a name")
    parser.add_argument("--methods", nargs="+", metavar="NAME", help="methods, by part of a name")
    parser.add_argument("--robust", type=int, metavar="N", help="disturbed copies of each system")
    parser.add_argument("--output", type=Path, metavar="DIR", help="where to put .json and .md")
    return parser.parse_args()


def main() -> None:
    """Run, print and write."""
    given = arguments()
    rows = []
    found = (
        robustness(given.only, given.robust) if given.robust else compare(given.only, given.methods)
    )
    table = robustness_table if given.robust else comparison_table
    for row in found:
        rows.append(row)
        print(table([row]).splitlines()[-1] if len(rows) > 1 else table([row]), flush=True)
    lines = [] if given.robust else summary(rows)
    print("", *lines, sep="\n")
    if given.output:
        given.output.mkdir(parents=True, exist_ok=True)
        name = "robustness" if given.robust else "barriers"
        (given.output / f"{name}.json").write_text(json.dumps(rows, indent=1) + "\n")
        (given.output / f"{name}.md").write_text("\n".join([table(rows), "", *lines]) + "\n")


if __name__ == "__main__":
    main()
