"""What got worse: the counted benchmarks, run again and held against the saved numbers.

    python benchmarks/compare.py                  every system of barriers.py by the surrogate
    python benchmarks/compare.py --only hcn mb    some of them
    python benchmarks/compare.py --reactions      the 97 reactions of reactions.py instead
    python benchmarks/compare.py --save           write the new numbers down instead

Only what does not depend on the machine's speed is compared: gradients, errors, certificates. The
exit status is 1 if anything got worse.
"""

import argparse
import csv
import math
import sys
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import reactions
from barriers import run_surrogate
from reaction_set import reactions as published
from systems import systems

SAVED = Path(__file__).parent / "saved"
ONE_MORE = 1
"""Gradients by which another processor may differ."""


@dataclass(frozen=True)
class Count:
    """What one system took.

    Parameters
    ----------
    system : str
        Its name.
    n_gradients : int
        Ends and certificate included.
    certified : bool
        Whether the height was certified.
    right : bool
        Whether it is the known answer, by dense sampling.
    """

    system: str
    n_gradients: int
    certified: bool
    right: bool

    def worse_than(self, saved: "Count") -> list[str]:
        """What got worse, in words."""
        found = []
        if self.n_gradients > saved.n_gradients + ONE_MORE:
            found.append(f"{self.n_gradients} gradients in place of {saved.n_gradients}")
        found += [
            f"no longer {name}"
            for name in ("certified", "right")
            if getattr(saved, name) and not getattr(self, name)
        ]
        return found


def count(names: list[str] | None) -> Iterable[Count]:
    """The counts of today."""
    for system in systems(names):
        run = run_surrogate(system)
        yield Count(system.name, run.n_gradients, run.certified, run.right)


def count_reactions(names: list[str] | None) -> Iterable[Count]:
    """The same for the published reactions; right is who finds the lowest way known."""
    for reaction in published(names):
        run = reactions.run(reactions.Task(reaction.name))
        is_first = math.isnan(reaction.height)
        yield Count(
            run.name, run.n_gradients, run.certified, not run.is_wrong and (run.is_best or is_first)
        )


def load(file: Path) -> dict[str, Count]:
    """The saved counts by system."""
    if not file.exists():
        return {}
    with file.open(newline="") as rows:
        return {
            row["system"]: Count(
                row["system"],
                int(row["n_gradients"]),
                row["certified"] == "True",
                row["right"] == "True",
            )
            for row in csv.DictReader(rows)
        }


def save(counts: Iterable[Count], file: Path) -> None:
    """Write counts down."""
    file.parent.mkdir(exist_ok=True)
    with file.open("w", newline="") as rows:
        writer = csv.writer(rows, lineterminator="\n")
        writer.writerow(field.name for field in fields(Count))
        writer.writerows(astuple(each) for each in counts)


def main() -> int:
    """Run, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", help="systems, by the start of a name")
    parser.add_argument("--save", action="store_true", help="write the new numbers down")
    parser.add_argument("--reactions", action="store_true", help="the published reactions")
    given = parser.parse_args()
    counted, name = (count_reactions, "reactions") if given.reactions else (count, "barriers")
    file = SAVED / f"{name}.csv"
    saved = load(file)
    now, n_worse = {}, 0
    for each in counted(given.only):
        now[each.system] = each
        if given.save:
            save((saved | now).values(), file)
        before = saved.get(each.system)
        worse = [] if before is None else each.worse_than(before)
        n_worse += bool(worse)
        change = "new" if before is None else f"{each.n_gradients - before.n_gradients:+d}"
        print(f"{each.system:34} {each.n_gradients:4} {change:>4}  {'; '.join(worse)}", flush=True)
    if given.save:
        return 0
    print(f"{n_worse} of {len(now)} got worse." if n_worse else "Nothing got worse.")
    return 1 if n_worse else 0


if __name__ == "__main__":
    sys.exit(main())
