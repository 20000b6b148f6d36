"""Paths between trained networks, by this library and by others, in equal processor time.

    python -m benchmarks.network_times                            as in docs/networks.rst
    python -m benchmarks.network_times --only fcp --seeds 2 3     another pair
    python -m benchmarks.network_times --times 4 --rng 1          in four times the time

How long a step takes is measured first, of all ways in turns and the least of several times, so
that no run is disturbed by what else the machine does. Each way then takes as many steps as the
time allows: `Stochastic()` with its defaults, and a Bezier curve and a one-bend chain with each of
their rates, the best of which counts. The search for it does not. Heights are the largest of 31
points on all images.
"""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import torch

from benchmarks.network_curves import BATCH, BEZIER, CHAIN, Curve, OneBend, curve_height, train_bend
from benchmarks.network_pairs import CASES, trained_ends
from examples.nn_experiments.data import Images, load_images
from fourierpathfinder import SinePath, Stochastic
from fourierpathfinder.evaluation import Evaluator
from fourierpathfinder.landscapes import NetworkLandscape

SECONDS = {
    "fcp": 3.0,
    "autoencoder": 3.0,
    "lenet": 12.0,
    "lstm": 15.0,
    "residual": 12.0,
    "wide": 30.0,
    "transformer": 15.0,
}

N_IMAGES = 10_000

TRIED = 20, 120
"""Steps of a short and of a long run, whose difference is timed."""

TURNS = 5


class Pair:
    """Two ends on their landscape."""

    def __init__(self, name: str, seeds: tuple[int, int], images: Images, folder: Path) -> None:
        case = CASES[name]
        ends = trained_ends(name, seeds, images, folder, "cpu")
        data = case.data(images.train_images, images.train_labels)
        self.landscape = NetworkLandscape(ends[0], case.loss, data)
        self.a, self.b = (self.landscape.coordinates(end) for end in ends)

    def ours(self, n_steps: int, rng: int = 0) -> Curve:
        """The path of `Stochastic()`."""
        line = SinePath.straight(self.a, self.b, 1)
        evaluator = Evaluator(self.landscape)
        run = Stochastic(n_steps=n_steps).start(evaluator, line, np.random.default_rng(rng))
        for _ in range(n_steps):
            run.step()
        return run.path

    def peer(self, kind: OneBend, rate: float, n_steps: int) -> Curve:
        """A curve of others."""
        return train_bend(kind, self.landscape, self.a, self.b, rate, n_steps * BATCH)

    def height(self, curve: Curve) -> float:
        """The largest loss along a curve."""
        return curve_height(self.landscape.value, curve, n_refined=0)


def seconds_a_step(ways: dict[str, Callable[[int], Any]]) -> dict[str, float]:
    """Of each way, from the least of several times."""
    short, long = TRIED
    tried = [(name, n) for name in ways for n in TRIED]
    least = dict.fromkeys(tried, float("inf"))
    for _ in range(TURNS):
        for name, n in tried:
            least[name, n] = min(least[name, n], _seconds(ways[name], n))
    return {name: (least[name, long] - least[name, short]) / (long - short) for name in ways}


def _seconds(way: Callable[[int], Any], n_steps: int) -> float:
    began = process_time()
    way(n_steps)
    return process_time() - began


def compare(name: str, pair: Pair, given: argparse.Namespace) -> str:
    """One line of the table."""
    case, seconds = CASES[name], given.times * SECONDS[name]
    each = {
        "ours": partial(pair.ours, rng=given.rng),
        "Bezier": partial(pair.peer, BEZIER, 1e-6),
        "chain": partial(pair.peer, CHAIN, 1e-6),
    }
    n_steps = {way: int(seconds / of_step) for way, of_step in seconds_a_step(each).items()}
    ends = float(pair.landscape.value(torch.stack([pair.a, pair.b])).max())
    cells = [case.title, f"{ends:.5f}", f"{seconds:g} s"]
    cells.append(f"{pair.height(each['ours'](n_steps['ours'])):.5f} ({n_steps['ours']} steps)")
    for kind, way in ((BEZIER, "Bezier"), (CHAIN, "chain"))[: given.peers]:
        heights = {r: pair.height(pair.peer(kind, r, n_steps[way])) for r in case.sgd_rates}
        best = min(heights, key=heights.__getitem__)
        cells.append(f"{heights[best]:.5f} ({n_steps[way]} steps, rate {best:g})")
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Print a line for each network."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(SECONDS), metavar="NAME")
    parser.add_argument("--data", metavar="DIR", help="where MNIST's files are; else OpenML")
    parser.add_argument("--seeds", nargs=2, type=int, default=(0, 1), help="of the two ends")
    parser.add_argument("--rng", type=int, default=0, help="of our path")
    parser.add_argument(
        "--times", type=float, default=1.0, help="what the seconds are multiplied by"
    )
    parser.add_argument("--peers", type=int, default=2, help="how many of the two peers")
    parser.add_argument("--output", type=Path, default=Path("output/networks"), metavar="DIR")
    given = parser.parse_args()
    torch.set_num_threads(1)
    images = load_images("mnist", given.data).first(N_IMAGES, N_IMAGES)
    print(
        "| network | higher end | seconds | Stochastic() | Bezier | chain |\n" + "| --- " * 6 + "|"
    )
    for name in given.only:
        pair = Pair(name, tuple(given.seeds), images, given.output / "ends")
        print(compare(name, pair, given), flush=True)


if __name__ == "__main__":
    main()
