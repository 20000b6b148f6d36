"""What w workers buy where a gradient takes a second: rounds, counts and wall time.

    python benchmarks/workers.py            fig3, mb, leps, lj7 and lj13 with 1, 2 and 4 workers
    python benchmarks/workers.py --only mb

The landscape sleeps for a second at every point, so that the figures are those of any calculator
that takes much longer than the library does.
"""

import argparse
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter, sleep
from typing import Any

from judge import continuous_height
from systems import System, systems

from fourierpathfinder import find_path

WORKERS = (1, 2, 4)
NAMES = ("fig3", "mb", "leps", "lj7", "lj13")


class Slow:
    """A landscape that takes a second a point."""

    def __init__(self, landscape: Any) -> None:
        self._landscape = landscape

    def value_and_grad(self, points: Any) -> tuple[Any, Any]:
        """Values and gradients at `points` (M, D)."""
        sleep(1.0 * len(points))
        return self._landscape.value_and_grad(points)


def row(system: System, n_workers: int) -> str:
    """One run as a row of the table."""
    slow = Slow(system.landscape)
    for name in ("n_atoms", "initial_path"):
        if hasattr(system.landscape, name):
            setattr(slow, name, getattr(system.landscape, name))
    with ThreadPoolExecutor(n_workers) as pool:
        began = perf_counter()
        result = find_path(slow, system.start, system.end, executor=pool, rng=0)
        seconds = perf_counter() - began
    right = abs(continuous_height(system.landscape, result.path) - system.height)
    verdict = "yes" if result.certified and right <= system.tolerance else "no"
    cells = (system.title, n_workers, result.n_gradients, f"{seconds:.1f}", verdict)
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", default=NAMES, metavar="NAME")
    given = parser.parse_args()
    print("| system | workers | gradients | seconds | right and certified |")
    print("| --- | --- | --- | --- | --- |")
    for system in systems(given.only):
        for n_workers in WORKERS:
            print(row(system, n_workers), flush=True)


if __name__ == "__main__":
    main()
