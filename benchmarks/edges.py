"""What w workers buy for a graph of minima whose every edge takes a second.

    python benchmarks/edges.py [--minima 12] [--workers 1 2 4]

The paths are straight lines over random minima and the time is spent asleep, so that the figures
are those of the scheduling alone: the share of the wall time in which a worker had an edge.
"""

import argparse
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from time import perf_counter, sleep

import numpy as np

from fourierpathfinder import Paper, connect

SECONDS = 1.0


class Slow:
    """A flat landscape that takes a second for all the points of a path, and counts paths."""

    stochastic = True  # so that its paths are taken as they are

    def __init__(self) -> None:
        self.n_paths = 0
        self._lock = Lock()

    def value_and_grad(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Zeros at `points` (M, D)."""
        if len(points) > 2:
            with self._lock:
                self.n_paths += 1
            sleep(SECONDS)
        return np.linalg.norm(points, axis=1), np.zeros_like(points)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minima", type=int, default=12)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    asked = parser.parse_args()
    minima = np.random.default_rng(5).uniform(-1, 1, size=(asked.minima, 2))
    method = Paper(n_terms=1, n_steps=1, n_points=3)
    print("| workers | edges | seconds of edges | wall time | times one worker |")
    print("| --- | --- | --- | --- | --- |")
    for n_workers in asked.workers:
        slow, began = Slow(), perf_counter()
        with ThreadPoolExecutor(n_workers) as pool:
            graph = connect(
                slow, minima, pairs="all", method=method, executor=pool, n_workers=n_workers, rng=0
            )
        wall, busy = perf_counter() - began, slow.n_paths * SECONDS
        cells = (n_workers, len(graph.edges), busy, f"{wall:.1f}", f"{busy / wall:.2f}")
        print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


if __name__ == "__main__":
    main()
