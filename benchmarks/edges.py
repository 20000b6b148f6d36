"""What w workers buy for a graph of minima whose every edge takes a second.

    python benchmarks/edges.py [--minima 12] [--workers 1 2 4]

The paths are straight lines over random minima and the time is spent asleep, so that the figures
are those of the scheduling alone: the share of the wall time in which a worker had an edge. Then
the processor time of 10,000 edges of bookkeeping, chosen, kept and written.
"""

import argparse
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from time import perf_counter, process_time, sleep

import numpy as np

from fourierpathfinder import LandscapeGraph, Paper, SinePath, connect
from fourierpathfinder.graph import Edge, Node
from fourierpathfinder.graph.record import Record
from fourierpathfinder.graph.schedule import Schedule

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


def bookkeeping(n_minima: int = 150, n_edges: int = 10_000) -> float:
    """Seconds of processor time for edges that cost nothing themselves."""
    rng = np.random.default_rng(0)
    places = rng.normal(size=(n_minima, 2))
    graph = LandscapeGraph([Node(place, 0.0) for place in places])
    schedule = Schedule(graph, list(places), list(combinations(range(n_minima), 2)), n_tries=None)
    with TemporaryDirectory() as folder, closing(Record(Path(folder, "graph"), {})) as record:
        began = process_time()
        for _ in range(n_edges):
            i, j = schedule.next_pair()
            path = SinePath.straight(places[i], places[j], 8)
            edge = Edge(i, j, 1 + float(rng.exponential()), True, path)
            graph.add_edge(edge)
            record.add(edges=[edge], pair=(i, j), n_gradients=1)
        return process_time() - began


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
    print(f"10,000 edges of bookkeeping: {bookkeeping():.1f} s of processor time")


if __name__ == "__main__":
    main()
