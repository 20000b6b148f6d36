"""What the library itself takes for each gradient, from 15 to 10,000 coordinates.

    python benchmarks/own_time.py                   every system from five seeds
    python benchmarks/own_time.py --only lj38       one of them
    python benchmarks/own_time.py --seeds 12        from as many seeds
    python benchmarks/own_time.py --only cu863 cu10975 --seeds 1       large crystals, minutes
    python benchmarks/own_time.py --only au1000 --force 0.01           to 0.01 eV/Å at the saddle

The time inside the landscape is taken off. The last system is Fig. 3 turned at random in 10,000
coordinates, of which all but two are springs; the peak memory is the whole process's. The crystals
are copper with a vacancy, all atoms free, and run only when they are named.
"""

import argparse
import resource
from collections.abc import Iterator
from time import perf_counter
from typing import Any

import numpy as np
from ase.build import bulk
from ase.calculators.emt import EMT
from systems import systems

from fourierpathfinder import Surrogate, find_path, relax
from fourierpathfinder.atoms import MoleculeLandscape
from fourierpathfinder.landscapes.abilities import Forwarding
from fourierpathfinder.landscapes.toy import two_channels

NAMES = ("au223", "lj13", "al333", "cuvac", "lj38", "au1000")
CRYSTALS = {"cu863": 6, "cu10975": 14}
"""How many cubic cells each side has."""
N_EMBEDDED = 10_000
STIFFNESS = 50.0
"""Of the springs, in the toy's energy per squared length."""
MOST_GRADIENTS = 100

Problem = tuple[str, Any, np.ndarray, np.ndarray]


class Timed(Forwarding):
    """A landscape that adds up the seconds spent in it."""

    def __init__(self, landscape: Any) -> None:
        super().__init__(landscape)
        self.seconds = 0.0

    def value_and_grad(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values and gradients at `points` (M, D)."""
        began = perf_counter()
        try:
            return self.landscape.value_and_grad(points)
        finally:
            self.seconds += perf_counter() - began


class Embedded:
    """Fig. 3 in a plane of a space of many dimensions, with springs in all other directions."""

    def __init__(self, n_dims: int) -> None:
        self._toy = two_channels()
        shape = n_dims, self._toy.start.size
        self._plane = np.linalg.qr(np.random.default_rng(0).normal(size=shape))[0]
        self.start, self.end = (self._plane @ end for end in (self._toy.start, self._toy.end))

    def value_and_grad(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values and gradients at `points` (M, D)."""
        inside = points @ self._plane
        outside = points - inside @ self._plane.T
        values, gradients = self._toy.value_and_grad(inside)
        springs = 0.5 * STIFFNESS * (outside**2).sum(axis=1)
        return values + springs, gradients @ self._plane.T + STIFFNESS * outside


def problems(names: list[str] | None) -> Iterator[Problem]:
    """Title, landscape and ends, by rising number of coordinates."""
    for name in NAMES:
        if names is None or name in names:
            for system in systems([name]):
                yield system.title, system.landscape, system.start, system.end
    for name, n_cells in CRYSTALS.items():
        if name in (names or ()):
            yield hop_of_a_vacancy(n_cells)
    if names is None or "fig3" in names:
        toy = Embedded(N_EMBEDDED)
        yield f"Fig. 3 in {N_EMBEDDED:,} coordinates", toy, toy.start, toy.end


def hop_of_a_vacancy(n_cells: int) -> Problem:
    """An atom goes into the vacancy beside it; both ends are relaxed."""
    crystal = bulk("Cu", cubic=True).repeat(n_cells)
    beside = int(np.argsort(crystal.get_distances(0, range(len(crystal)), mic=True))[1])
    hopped = crystal.copy()
    hopped.positions[beside] = crystal.positions[0]
    ends = crystal[1:], hopped[1:]
    landscape = MoleculeLandscape(ends[0], EMT)
    start, end = (relax(landscape, x, force=0.02).position for x in landscape.ends(*ends))
    return f"vacancy in copper, {len(ends[0]):,} atoms", landscape, start, end


def row(problem: Problem, n_seeds: int, force: float | None) -> str:
    """One system as a row of the table."""
    title, landscape, start, end = problem
    counts, shares, all_certified = [], [], True
    method = Surrogate(saddle_gradient=force)
    for seed in range(n_seeds):
        timed = Timed(landscape)
        began = perf_counter()
        result = find_path(timed, start, end, method=method, rng=seed, max_gradients=MOST_GRADIENTS)
        own = perf_counter() - began - timed.seconds
        counts.append(result.n_gradients)
        shares.append(own / result.n_gradients)
        all_certified &= result.certified
    cells = (
        title,
        len(start),
        f"{min(counts)} to {max(counts)}",
        f"{min(shares):.3f} to {max(shares):.3f}",
        "yes" if all_certified else "no",
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB",
    )
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", choices=(*NAMES, *CRYSTALS, "fig3"), metavar="NAME")
    parser.add_argument("--seeds", type=int, default=5, metavar="N")
    parser.add_argument("--force", type=float, metavar="F", help="at the saddle, in eV/Å")
    given = parser.parse_args()
    print("| system | D | gradients | own seconds per gradient | certified | peak memory |")
    print("| --- | --- | --- | --- | --- | --- |")
    for problem in problems(given.only):
        print(row(problem, given.seeds, given.force), flush=True)


if __name__ == "__main__":
    main()
