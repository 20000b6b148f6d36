"""How often a certificate is wrong: random landscapes of hills and pits, judged by dense sampling.

    python benchmarks/hills.py                      150 landscapes of each family
    python benchmarks/hills.py --seeds 2000 --only hardest
    python benchmarks/hills.py --workers 4          with as many points at a time
    python benchmarks/hills.py --prior 5            upon a landscape that lacks five of the hills

Each landscape is a sum of Gaussian hills and pits of random places, widths and heights in a wide
bowl. The path leads from its lowest minimum to the one that is furthest from it. A certificate is
wrong where the path rises above its stated height by more than a thousandth of its rise, or differs
from it by more than `height_error`. The other hills of a landscape beneath are higher or lower by
half, one standard deviation.
"""

import argparse
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from copy import copy
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from fourierpathfinder import PathResult, Surrogate, find_path

TOLERANCE = 1e-3
MOST_GRADIENTS = 150
N_TRIALS = 30
"""Random starts in looking for the minima of a landscape."""
FINE = np.linspace(0, 1, 2001)
SPREAD = 0.5
"""Relative standard deviation of the heights of hills beneath."""


@dataclass(frozen=True)
class Family:
    """Landscapes of `n_hills` in `n_dims` dimensions, with widths between two bounds."""

    n_dims: int
    n_hills: int
    widths: tuple[float, float]


FAMILIES = {
    "wide": Family(2, 12, (0.3, 0.8)),
    "narrow": Family(2, 12, (0.25, 0.6)),
    "hardest": Family(2, 25, (0.12, 0.5)),
    "space": Family(3, 20, (0.4, 0.8)),
    "five": Family(5, 30, (0.5, 1.2)),
}


class Hills:
    """One landscape of a family."""

    def __init__(self, family: Family, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.centres = rng.uniform(-1.5, 1.5, (family.n_hills, family.n_dims))
        self.widths = rng.uniform(*family.widths, family.n_hills)
        self.heights = rng.normal(size=family.n_hills)

    def value_and_grad(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values and gradients at `points` (M, D)."""
        apart = points[:, None] - self.centres
        bumps = self.heights * np.exp(-(apart**2).sum(axis=-1) / (2 * self.widths**2))
        pulls = ((bumps / self.widths**2)[..., None] * apart).sum(axis=1)
        return bumps.sum(axis=1) + 0.1 * (points**2).sum(axis=1), 0.2 * points - pulls

    def beneath(self, n_missing: int, rng: np.random.Generator) -> "Hills":
        """A landscape that knows of these hills only so well."""
        other = copy(self)
        n_hills = len(self.heights)
        other.heights = self.heights * (1 + SPREAD * rng.normal(size=n_hills))
        other.heights[rng.permutation(n_hills)[:n_missing]] = 0.0
        return other

    def two_minima(self) -> tuple[np.ndarray, np.ndarray] | None:
        """The lowest minimum and the one furthest from it; None where there is only one."""

        def one(x: np.ndarray) -> tuple[float, np.ndarray]:
            values, gradients = self.value_and_grad(x[None])
            return float(values[0]), gradients[0]

        found: list[np.ndarray] = []
        starts = np.random.default_rng(0).uniform(-2, 2, (N_TRIALS, self.centres.shape[1]))
        for start in starts:
            x = minimize(one, start, jac=True, method="BFGS", options={"gtol": 1e-9}).x
            if all(np.linalg.norm(x - known) > 1e-3 for known in found):
                found.append(x)
        lowest = min(found, key=lambda x: one(x)[0])
        furthest = max(found, key=lambda x: float(np.linalg.norm(x - lowest)))
        return None if furthest is lowest else (lowest, furthest)


def is_wrong(hills: Hills, result: PathResult) -> bool:
    """Whether a certified path is higher than it was said to be."""
    truth = float(hills.value_and_grad(result.path(FINE))[0].max())
    rise = truth - min(result.start_value, result.end_value)
    off = truth - result.height
    return off > TOLERANCE * rise or abs(off) > result.height_error + 1e-6 * rise


def row(name: str, n_seeds: int, executor: Executor | None, n_missing: int | None) -> str:
    """A family as a row of the table."""
    counts, n_certified, wrong = [], 0, []
    for seed in range(n_seeds):
        hills = Hills(FAMILIES[name], seed)
        ends = hills.two_minima()
        if ends is None:
            continue
        rng = np.random.default_rng(10_000 + seed)
        result = find_path(
            hills,
            *ends,
            method=Surrogate(),
            prior=None if n_missing is None else hills.beneath(n_missing, rng),
            rng=0,
            max_gradients=MOST_GRADIENTS,
            executor=executor,
        )
        counts.append(result.n_gradients)
        n_certified += result.certified
        if result.certified and is_wrong(hills, result):
            wrong.append(seed)
    seeds = f" (seeds {', '.join(map(str, wrong))})" if wrong else ""
    mean = f"{np.mean(counts):.1f}"
    cells = (name, len(counts), n_certified, f"{len(wrong)}{seeds}", mean)
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", choices=FAMILIES, default=list(FAMILIES))
    parser.add_argument("--seeds", type=int, default=150, metavar="N")
    parser.add_argument("--workers", type=int, default=1, metavar="W")
    parser.add_argument("--prior", type=int, metavar="MISSING")
    given = parser.parse_args()
    print("| family | paths | certified | of these wrong | gradients |")
    print("| --- | --- | --- | --- | --- |")
    with ExitStack() as stack:
        many = given.workers > 1
        pool = stack.enter_context(ThreadPoolExecutor(given.workers)) if many else None
        for name in given.only:
            print(row(name, given.seeds, pool, given.prior), flush=True)


if __name__ == "__main__":
    main()
