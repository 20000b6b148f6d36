"""`find-many` on the 97 reactions, undisturbed and killed on the way, must make the same table.

    python benchmarks/many.py FOLDER                        both, and what differs
    python benchmarks/many.py FOLDER --only baker --jobs 4  some of them

The pairs are written to FOLDER/pairs, a file each with its charge and multiplicity; the commands
are `fourierpathfinder find-many pairs --each charge --each multiplicity ...`. The second one gets
SIGKILL when a part of the pairs is done, and is started again with `--restart`. Ends with status 1
if a table differs by a byte.
"""

import argparse
import csv
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy

from ase.io import write
from reaction_set import reactions

BUDGET = 200
"""Gradients of one pair at most, as in `reactions.py`."""
TABLES = ("table.csv", "table.json", "table.html")


def write_pairs(folder: Path, names: list[str] | None) -> None:
    """A file for each pair: reactant and product, with charge and multiplicity."""
    folder.mkdir(parents=True, exist_ok=True)
    for reaction in reactions(names):
        ends = [reaction.reactant.copy(), reaction.product.copy()]
        for end in ends:
            end.info = {"charge": reaction.charge, "multiplicity": reaction.multiplicity}
        write(folder / f"{reaction.name}.extxyz", ends)


def command(pairs: Path, folder: Path, n_jobs: int) -> list[str]:
    """What a user would type."""
    return [
        "fourierpathfinder", "find-many", str(pairs), "-c", "tblite",
        "--method", "GFN2-xTB", "--each", "charge", "--each", "multiplicity",
        "--max-gradients", str(BUDGET), "--jobs", str(n_jobs), "--output", str(folder), "--restart",
    ]  # fmt: skip


def run(arguments: list[str], log: Path, folder: Path, until: int | None = None) -> bool:
    """Run to the end, or kill when `until` pairs are done; returns whether it came to its end."""
    with log.open("a") as output:
        process = subprocess.Popen(arguments, stdout=output, stderr=subprocess.STDOUT)
        while process.poll() is None:
            time.sleep(0.5)
            if until is not None and len(list(folder.glob("pairs/*/row.json"))) >= until:
                process.send_signal(signal.SIGKILL)
                process.wait()
                return False
    return True


def main() -> None:
    """Run twice, and compare."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="by the start of a name")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--kills", type=int, default=3)
    given = parser.parse_args()
    pairs = given.folder / "pairs"
    write_pairs(pairs, given.only)
    n = len(list(pairs.iterdir()))
    for name, kills in (("undisturbed", 0), ("killed", given.kills)):
        folder = given.folder / name
        arguments = command(pairs, folder, given.jobs)
        began, n_killed = time.perf_counter(), 0
        for number in range(kills):
            until = round((number + 1) * n / (kills + 1))
            n_killed += not run(arguments, given.folder / f"{name}.txt", folder, until)
        run(arguments, given.folder / f"{name}.txt", folder)
        print(f"{name}: {time.perf_counter() - began:.0f} s, killed {n_killed} times, "
              f"{counted(folder)}", flush=True)  # fmt: skip
    differing = [
        table for table in TABLES
        if (given.folder / "undisturbed" / table).read_bytes()
        != (given.folder / "killed" / table).read_bytes()
    ]  # fmt: skip
    print("differing:", ", ".join(differing) or "none")
    sys.exit(bool(differing))


def counted(folder: Path) -> str:
    """How many pairs have which status."""
    with (folder / "table.csv").open(newline="") as rows:
        words = Counter(row["status"] for row in csv.DictReader(rows))
    return ", ".join(f"{count} {word}" for word, count in words.items())


if __name__ == "__main__":
    main()
