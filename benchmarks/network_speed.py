"""What paths between networks take in seconds and in memory.

    python -m benchmarks.network_speed                            two cores
    python -m benchmarks.network_speed --device cuda              a GPU
    python -m benchmarks.network_speed --only ensemble --pairs 4

ensemble: `find_paths` with many FCP pairs, against one pair at a time, in sample gradients a
second. share: the library's own part of a step at a million weights. large: memory of steps on 11
million weights. Weights, images and labels are random: they do not matter here.
"""

import argparse
import json
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from torch import nn

from benchmarks.networks import samples_a_step
from examples.large_network import resnet
from examples.nn_experiments.networks import NETWORKS
from fourierpathfinder import Stochastic, find_path, find_paths
from fourierpathfinder.landscapes import NetworkLandscape
from fourierpathfinder.landscapes.abilities import Abilities, Forwarding

N_IMAGES = 2000

N_EVALUATED = 32
"""Samples of the final height, which is left out of all times."""


class Watched(Forwarding):
    """A network's landscape that times its mini-batches.

    Parameters
    ----------
    landscape : NetworkLandscape
        What to watch.
    """

    def __init__(self, landscape: NetworkLandscape) -> None:
        super().__init__(landscape)
        self._network = landscape
        self.seconds = 0.0

    def value_and_grad(self, points: Any, samples: Any = None) -> tuple[Any, Any]:
        """What the landscape says."""
        began = now(points.device)
        answer = self._network.value_and_grad(points, samples)
        self.seconds += now(points.device) - began
        return answer

    def value(self, points: Any, samples: Any = None) -> Any:
        """The same for values alone, off the clock."""
        return self._network.value(points, samples)

    def offering(self, behind: Abilities) -> Abilities:
        """All of it."""
        return replace(behind, landscape=self, values=self)


def now(device: torch.device | str) -> float:
    """The time, when the device has done what it was told."""
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize()
    return perf_counter()


def landscape_of(make: Callable[[], nn.Module], shape: tuple[int, ...], device: str) -> Any:
    """Cross-entropy of random images."""
    data = torch.rand(N_IMAGES, *shape), torch.randint(10, (N_IMAGES,))
    return NetworkLandscape(make(), nn.functional.cross_entropy, data, device=device)


def seconds_of_steps(run: Callable[[Stochastic], Any], n_steps: int, device: str) -> float:
    """Of the steps alone: of a long run less a short one."""

    def seconds(n: int) -> float:
        began = now(device)
        run(Stochastic(n_steps=n, evaluation_samples=N_EVALUATED))
        return now(device) - began

    short = max(1, n_steps // 10)
    seconds(short)
    return (seconds(n_steps) - seconds(short)) * n_steps / (n_steps - short)


def ensemble(given: argparse.Namespace) -> dict[str, Any]:
    """Sample gradients a second, in lockstep and one pair at a time."""
    make = partial(NETWORKS["fcp"].make, "softplus")
    landscape = landscape_of(make, (1, 28, 28), given.device)
    pairs = [(make(), make()) for _ in range(given.pairs)]
    per_step = samples_a_step(landscape, landscape.coordinates(pairs[0][0]))

    def together(method: Stochastic) -> None:
        find_paths(landscape, pairs, method=method, rng=0)

    def alone(method: Stochastic) -> None:
        find_path(landscape, *pairs[0], method=method, rng=0)

    n = given.steps
    rates = {
        "one pair": n * per_step / seconds_of_steps(alone, n, given.device),
        "lockstep": n * per_step * len(pairs) / seconds_of_steps(together, n, given.device),
    }
    return rates | {"pairs": len(pairs), "ratio": rates["lockstep"] / rates["one pair"]}


def share(given: argparse.Namespace) -> dict[str, Any]:
    """The library's own part of a step: terms, pull-back and Adam.

    Of all networks a perceptron computes least with each weight, a convolutional one much more.
    """
    return {
        "perceptron": _share(_perceptron, (1, 28, 28), given.steps, given.device),
        "residual": _share(
            partial(resnet, 19), (3, 32, 32), max(4, given.steps // 10), given.device
        ),
    }


def _share(
    make: Callable[[], nn.Module], shape: tuple[int, ...], n_steps: int, device: str
) -> dict[str, Any]:
    landscape = Watched(landscape_of(make, shape, device))
    spent: list[tuple[float, float]] = []

    def note(_: Any) -> None:
        spent.append((now(device), landscape.seconds))

    method = Stochastic(n_steps=n_steps, batch_size=64, evaluation_samples=N_EVALUATED)
    find_path(landscape, make(), make(), method=method, rng=0, callback=note)
    (began, idle), (ended, busy) = spent[0], spent[-1]
    return {
        "weights": landscape.n_coordinates,
        "milliseconds a step": 1e3 * (ended - began) / (n_steps - 1),
        "own share": 1 - (busy - idle) / (ended - began),
    }


def _perceptron() -> nn.Module:
    """A million weights."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 700), nn.ReLU(), nn.Linear(700, 630), nn.ReLU(),
        nn.Linear(630, 10),
    )  # fmt: skip


def large(given: argparse.Namespace) -> dict[str, Any]:
    """The example with 11 million weights, in a process of its own."""
    script = Path(__file__).parent.parent / "examples" / "large_network.py"
    command = [sys.executable, str(script), "--device", given.device, "--steps", "20"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    return {"host memory (GiB)": most, "printed": done.stdout.splitlines()}


PARTS = {"ensemble": ensemble, "share": share, "large": large}


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--pairs", type=int, default=16)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--threads", type=int, default=2, help="of torch, on the CPU")
    parser.add_argument("--output", type=Path, metavar="FILE", help="a JSON file to write")
    return parser.parse_args()


def main() -> None:
    """Run, print and write."""
    given = arguments()
    torch.set_num_threads(given.threads)
    torch.manual_seed(0)
    found = {}
    for name in given.only:
        found[name] = PARTS[name](given)
        print(f"{name}: {json.dumps(found[name], indent=1)}", flush=True)
    if given.output:
        given.output.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
