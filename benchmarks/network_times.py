"""Paths between trained networks, by this library and by others, in equal processor time.

    python -m benchmarks.network_times                            as in docs/networks.rst
    python -m benchmarks.network_times --only fcp --seeds 2 3     another pair
    python -m benchmarks.network_times --times 4 --rng 1          in four times the time
    python -m benchmarks.network_times --device cuda --seconds 3 --workers 8

How long a step takes is measured first, of all ways in turns and the least of several times, so
that no run is disturbed by what else the machine does. Each way then takes as many steps as the
time allows: `Stochastic()` with its defaults, and a Bezier curve and a one-bend chain with each of
their batch sizes and rates, the best of which counts. The search for it does not; it judges by
1,000 of the images, and of the larger times it tries what were the best four in the time before.
Heights are the largest of 31 points on all images.
"""

import argparse
import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import torch

from benchmarks.network_curves import BEZIER, CHAIN, Curve, curve_height, train_bend
from benchmarks.network_pairs import CASES, trained_ends
from examples.nn_experiments.data import load_images
from fourierpathfinder import SinePath, Stochastic
from fourierpathfinder.evaluation import Evaluator
from fourierpathfinder.landscapes import NetworkLandscape

SECONDS = {
    "fcp": 3.0,
    "autoencoder": 3.0,
    "lenet": 12.0,
    "lstm": 15.0,
    "residual": 12.0,
    "transformer": 15.0,
    "wide": 30.0,
}

KINDS = {kind.name: kind for kind in (BEZIER, CHAIN)}
OURS = "Stochastic()"

N_IMAGES = 10_000
N_JUDGED = 1_000
"""Of these, by which the settings of a curve are chosen."""

TRIED = 20, 120
"""Steps of a short and of a long run, whose difference is timed."""

TURNS = 3

KEPT = 4
"""Settings of a curve that are tried again in a larger time."""


@dataclass(frozen=True)
class Asked:
    """Which pair, where, and what chance draws."""

    name: str
    seeds: tuple[int, int]
    data: str | None
    ends: Path
    device: str
    rng: int

    def pair(self) -> "Pair":
        """The pair, made once in each process."""
        return _pair(self)


@dataclass(frozen=True)
class Way:
    """A method with its settings."""

    name: str
    batch: int = 0
    rate: float = 0.0

    def __str__(self) -> str:
        return f"batch {self.batch}, rate {self.rate:g}" if self.batch else "defaults"


class Pair:
    """Two ends on their landscape."""

    def __init__(self, asked: Asked) -> None:
        case = CASES[asked.name]
        images = load_images("mnist", asked.data).first(N_IMAGES, N_IMAGES)
        ends = trained_ends(asked.name, asked.seeds, images, asked.ends, asked.device)
        data = case.data(images.train_images, images.train_labels)
        self.landscape = NetworkLandscape(ends[0], case.loss, data, device=asked.device)
        self.a, self.b = (self.landscape.coordinates(end) for end in ends)
        self._asked = asked

    def curve(self, way: Way, n_steps: int) -> Curve:
        """What a method comes to."""
        if way.name == OURS:
            return self._ours(n_steps)
        kind, budget = KINDS[way.name], n_steps * way.batch
        return train_bend(kind, self.landscape, self.a, self.b, way.rate, budget, way.batch)

    def _ours(self, n_steps: int) -> Curve:
        line = SinePath.straight(self.a, self.b, 1)
        evaluator, rng = Evaluator(self.landscape), np.random.default_rng(self._asked.rng)
        run = Stochastic(n_steps=n_steps).start(evaluator, line, rng)
        for _ in range(n_steps):
            run.step()
        return run.path

    def height(self, curve: Curve, n_images: int) -> float:
        """The largest loss along a curve, over the first so many images."""
        if n_images >= self.landscape.n_samples:
            return curve_height(self.landscape.value, curve, n_refined=0)
        few = partial(self.landscape.value, samples=np.arange(n_images)[None])
        return curve_height(few, curve, n_refined=0)

    def higher_end(self) -> float:
        """The larger of the ends' losses."""
        return float(self.landscape.value(torch.stack([self.a, self.b])).max())

    def clock(self) -> float:
        """The processor's time, or the time when a device has done what it was told."""
        if self._asked.device == "cpu":
            return process_time()
        torch.cuda.synchronize()
        return perf_counter()


@lru_cache(maxsize=1)
def _pair(asked: Asked) -> Pair:
    torch.set_num_threads(1)
    return Pair(asked)


def seconds_a_step(pair: Pair, ways: Iterable[Way]) -> dict[Way, float]:
    """Of each way, from the least of several times."""
    short, long = TRIED
    tried = [(way, n) for way in ways for n in TRIED]
    least = dict.fromkeys(tried, float("inf"))
    for _ in range(TURNS):
        for way, n in tried:
            began = pair.clock()
            pair.curve(way, n)
            least[way, n] = min(least[way, n], pair.clock() - began)
    return {way: (least[way, long] - least[way, short]) / (long - short) for way, _ in tried}


def height_after(asked: Asked, way: Way, n_steps: int, n_images: int) -> float:
    """One run, judged by so many images."""
    pair = asked.pair()
    return pair.height(pair.curve(way, n_steps), n_images)


def rows(asked: Asked, batches: list[int], times: list[float], pool: Executor) -> Iterator[str]:
    """The lines of one network, a line for each time."""
    case, pair = CASES[asked.name], asked.pair()
    peers = [
        Way(kind, batch, rate) for kind in KINDS for batch in batches for rate in case.sgd_rates
    ]
    # What a step takes hangs on the batch, not on the rate.
    timed = [Way(OURS), *dict.fromkeys(Way(peer.name, peer.batch, 1e-6) for peer in peers)]
    takes = seconds_a_step(pair, timed)

    def n_steps(way: Way, seconds: float) -> int:
        same = Way(way.name, way.batch, 1e-6) if way.batch else way
        return int(seconds / takes[same])

    def heights(ways: list[Way], seconds: float, n_images: int) -> dict[Way, float]:
        asks = {w: pool.submit(height_after, asked, w, n_steps(w, seconds), n_images) for w in ways}
        return {way: ask.result() for way, ask in asks.items()}

    end = pair.higher_end()
    for seconds in sorted(times):
        judged = heights(peers, seconds, N_JUDGED)
        ranked = {
            kind: sorted((w for w in peers if w.name == kind), key=judged.__getitem__)
            for kind in KINDS
        }
        best = [Way(OURS), *(ways[0] for ways in ranked.values())]
        found = heights(best, seconds, N_IMAGES)
        cells = [case.title, f"{end:.5f}", f"{seconds:g}"]
        cells += [f"{h:.5f} ({n_steps(way, seconds)} steps, {way})" for way, h in found.items()]
        ours, *others = (height - end for height in found.values())
        yield "| " + " | ".join([*cells, f"{_share(ours, min(others)):.2f}"]) + " |"
        peers = [way for ways in ranked.values() for way in ways[:KEPT]]


def _share(rise: float, other: float) -> float:
    """What a rise is of another, as far as the table shows them; 0 where there is none."""
    rise, other = (max(round(each, 5), 0.0) for each in (rise, other))
    return rise / other if other else float("inf") if rise else 0.0


def main() -> None:
    """Print a line for each network and time."""
    given = _arguments()
    torch.set_num_threads(1)
    head = ["network", "higher end", "seconds", OURS, *KINDS, "rise of the lower peer's"]
    print("| " + " | ".join(head) + " |\n" + "| --- " * len(head) + "|")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(given.workers, mp_context=context) as pool:
        for name in given.only:
            asked = Asked(
                name, tuple(given.seeds), given.data, given.output / "ends", given.device, given.rng
            )
            seconds = given.seconds or SECONDS[name]
            for row in rows(asked, given.batches, [t * seconds for t in given.times], pool):
                print(row, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add: Callable[..., Any] = parser.add_argument
    add("--only", nargs="+", choices=CASES, default=list(SECONDS), metavar="NAME")
    add("--data", metavar="DIR", help="where MNIST's files are; else OpenML")
    add("--seeds", nargs=2, type=int, default=(0, 1), help="of the two ends")
    add("--rng", type=int, default=0, help="of our path")
    add("--seconds", type=float, help="for every network; by default what it needs on a core")
    add("--times", nargs="+", type=float, default=[0.5, 1.0, 2.0], help="of these seconds")
    add("--batches", nargs="+", type=int, default=[32, 128, 512], help="of the peers")
    add("--device", default="cpu")
    add("--workers", type=int, default=1, help="processes, once a step has been timed")
    add("--output", type=Path, default=Path("output/networks"), metavar="DIR")
    return parser.parse_args()


if __name__ == "__main__":
    main()
