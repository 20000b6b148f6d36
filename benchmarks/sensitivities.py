"""What each number of the search is worth: python benchmarks/sensitivities.py [groups or numbers].

Each number of the policy is halved and doubled (a switch is turned), all others left as they are,
and the systems that take least time are run. Every run is kept in `--csv FILE`: a run that is there
already is not made again, so that the command goes on where it was stopped. `--rst` prints the page
of the documentation from what is there.

    nice python benchmarks/sensitivities.py --csv sensitivities.csv
    python benchmarks/sensitivities.py --csv sensitivities.csv --rst > docs/sensitivities.rst
"""

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from systems import System, systems

from fourierpathfinder import PathResult, Surrogate, find_path
from fourierpathfinder.search.policy import BOLD, Policy

CHEAPEST = "fig3", "mb", "leps", "lj7-0", "nh3"
BUDGET = 60
FACTORS = 0.5, 2.0
N_SEEDS = 1
FINE = np.linspace(0, 1, 2001)


@dataclass(frozen=True)
class Change:
    """One number of the policy, and what it is multiplied by; a switch is turned by -1."""

    group: str
    number: str
    factor: float

    @property
    def name(self) -> str:
        """As the policy's docstring calls it."""
        return f"{self.group}.{self.number}"

    @property
    def before(self) -> float | tuple[float, ...]:
        """The number as it is."""
        return getattr(getattr(BOLD, self.group), self.number)

    @property
    def after(self) -> float | tuple[float, ...]:
        """The number as it becomes; counts stay whole, and at least one."""
        if isinstance(self.before, bool):
            return not self.before
        if isinstance(self.before, int):
            return max(1, round(self.factor * self.before))
        if isinstance(self.before, tuple):
            return tuple(self.factor * part for part in self.before)
        return self.factor * self.before

    def policy(self) -> Policy:
        """The policy with that."""
        group = replace(getattr(BOLD, self.group), **{self.number: self.after})
        return replace(BOLD, **{self.group: group})


@dataclass(frozen=True)
class Run:
    """One line of the file: `value` is what the number was, 'as it is' for none changed."""

    number: str
    value: str
    system: str
    seed: int
    n_gradients: int
    certified: int
    wrong: int


UNCHANGED = "all", "as it is"


def changes(wanted: list[str]) -> Iterator[Change]:
    """All that begin with one of `wanted`; all for none."""
    for group in fields(Policy):
        for number in fields(getattr(BOLD, group.name)):
            switch = isinstance(getattr(getattr(BOLD, group.name), number.name), bool)
            for factor in (-1.0,) if switch else FACTORS:
                change = Change(group.name, number.name, factor)
                if not wanted or change.name.startswith(tuple(wanted)):
                    yield change


def jobs(wanted: list[str]) -> Iterator[tuple[tuple[str, str], Policy]]:
    """What is to be run, in order: number and value, and the policy."""
    yield UNCHANGED, BOLD
    for change in changes(wanted):
        yield (change.name, str(change.after)), change.policy()


def run(system: System, policy: Policy, seed: int) -> tuple[int, int, int]:
    """Gradients, whether certified, and whether wrongly."""
    method = Surrogate(policy=policy)
    ends = system.start, system.end
    try:
        result = find_path(system.landscape, *ends, method=method, max_gradients=BUDGET, rng=seed)
    except (ValueError, ArithmeticError):  # a policy so far off that the numbers fail
        return BUDGET, 0, 0
    n_gradients = result.n_gradients if result.certified else BUDGET
    return n_gradients, int(result.certified), int(result.certified and is_wrong(system, result))


def is_wrong(system: System, result: PathResult) -> bool:
    """Whether the path rises above its height by more than the tolerance."""
    n = len(FINE) if system.unit == "E" else 201
    times = np.linspace(0, 1, n)
    dense = system.landscape.value_and_grad(result.path(times))[0].max()
    return bool(dense - result.height > system.tolerance)


def read(file: Path) -> list[Run]:
    """What is in the file."""
    if not file.exists():
        return []
    with file.open(newline="") as lines:
        return [
            Run(*row[:3], *map(int, row[3:])) for row in csv.reader(lines) if row[0] != "number"
        ]


def measure(file: Path, wanted: list[str], names: list[str], n_seeds: int) -> None:
    """Run what is not in the file yet."""
    done = {(one.number, one.value, one.system, one.seed) for one in read(file)}
    chosen = list(systems(names))
    with file.open("a", newline="") as lines:
        writer = csv.writer(lines)
        if not done:
            writer.writerow([one.name for one in fields(Run)])
        for key, policy in jobs(wanted):
            for system in chosen:
                for seed in range(n_seeds):
                    if (*key, system.name, seed) not in done:
                        writer.writerow([*key, system.name, seed, *run(system, policy, seed)])
                        lines.flush()


PAGE = """What the numbers of the search are worth
========================================

Every number by which the surrogate method decides stands in one place,
:mod:`fourierpathfinder.search.policy`, with its unit and its reason. Here each one is halved and
doubled (switches are turned), all others left as they are, in {n_starts} runs on {n_systems} of
the :doc:`systems of the benchmark <benchmarks>`: {names}.
Given are gradients in all; in brackets how many runs found no certificate within {budget} gradients
(they count as {budget}), and with ! how many certified paths rise above their height by more than
the tolerance. As they are, the numbers need **{unchanged}**.

A number that changes nothing here has its use elsewhere: for failed evaluations, for paths over
several saddles, for molecules that are hard to certify. What those of ``across`` are for, paths in
a plane of symmetry, is not among the five systems. (Twice ``doubt.pairs`` would be a quantile above
one.)

``python benchmarks/sensitivities.py`` makes this table; it goes on where it was stopped.
Differences of a few percent are within what other random starts would do.

"""


def page(runs: list[Run]) -> Iterator[str]:
    """The documentation's page, line by line; what has not been run to its end is left out."""
    mine: dict[tuple[str, str], list[Run]] = {}
    for one in runs:
        mine.setdefault((one.number, one.value), []).append(one)
    unchanged = mine.pop(UNCHANGED)
    cells = {key: cell(those) for key, those in mine.items() if len(those) == len(unchanged)}
    names = dict.fromkeys(one.system for one in unchanged)
    yield PAGE.format(
        n_systems=len(names),
        names=", ".join(f"``{name}``" for name in names),
        n_starts=len(unchanged),
        budget=BUDGET,
        unchanged=cell(unchanged),
    )
    rows: dict[str, list[str]] = {}
    for change in changes([]):
        found = cells.get((change.name, str(change.after)))
        if found is not None:
            row = rows.setdefault(change.name, [f"``{change.name}``", shown(change.before), "", ""])
            row[3 if change.factor == FACTORS[-1] else 2] = found
    yield from table(["number", "as it is", "halved or turned", "doubled"], [*rows.values()])


def cell(runs: list[Run]) -> str:
    """Gradients in all, with marks."""
    lost = sum(not one.certified for one in runs)
    wrong = sum(one.wrong for one in runs)
    marks = f" ({lost})" * bool(lost) + f" !{wrong}" * bool(wrong)
    return f"{sum(one.n_gradients for one in runs)}{marks}"


def shown(value: float | tuple[float, ...]) -> str:
    """A number, or several."""
    return ", ".join(f"{part:g}" for part in value) if isinstance(value, tuple) else f"{value:g}"


def table(head: list[str], rows: list[list[str]]) -> Iterator[str]:
    """Rows as a simple reStructuredText table."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    rule = "  ".join("=" * width for width in widths)
    yield rule
    yield line(head, widths)
    yield rule
    for row in rows:
        yield line(row, widths)
    yield rule


def line(row: list[str], widths: list[int]) -> str:
    """One row; an empty cell is a backslash, as the format wants it."""
    padded = (f"{text or chr(92):{width}}" for text, width in zip(row, widths, strict=True))
    return "  ".join(padded).rstrip()


def main() -> None:
    """Measure, or print the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("numbers", nargs="*", help="beginnings of names, as 'trust' or 'ask.close'")
    parser.add_argument("--csv", type=Path, default=Path("sensitivities.csv"), metavar="FILE")
    parser.add_argument("--systems", nargs="+", default=list(CHEAPEST), metavar="NAME")
    parser.add_argument("--seeds", type=int, default=N_SEEDS, metavar="N", help="runs on each")
    parser.add_argument("--rst", action="store_true", help="print the page instead")
    asked = parser.parse_args()
    if asked.rst:
        print("\n".join(page(read(asked.csv))))
    else:
        measure(asked.csv, asked.numbers, asked.systems, asked.seeds)


if __name__ == "__main__":
    main()
