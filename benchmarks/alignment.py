"""The straight line between two networks whose units were put in one order, by this and by others.

    python -m benchmarks.alignment --data DIR      MNIST's four files are in DIR

Trains a pair each of a perceptron, a convolutional network, a residual network with batch
normalisation and a vision transformer on digits, and measures how far the loss rises between them:
with the units as they are, matched by the weight matching of Ainsworth et al. (git re-basin,
arXiv:2209.04836; written out below, with the permutations written by hand as they do), and matched
by `align_units` by weights, activations and straight-through. Heights are over all images that the
ends were trained on, statistics of batch normalisation estimated at each point. A few minutes.
"""

import argparse
import itertools
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import nn

from benchmarks.network_pairs import residual
from benchmarks.vision_transformer import Transformer
from examples.nn_experiments.data import load_images
from fourierpathfinder import SinePath
from fourierpathfinder.landscapes import NetworkLandscape, StraightThrough, align_units

N_POINTS = 25
BATCH = 64

Permutations = Mapping[str, Sequence[tuple[str, int]]]
"""Of each permutation, the parameters and axes on which it acts."""


def perceptron() -> nn.Sequential:
    """Three hidden layers."""
    return nn.Sequential(
        *(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU()),
        *(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)),
    )


def convolutional() -> nn.Sequential:
    """Three convolutions and a linear layer."""
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU()),
        *(nn.Conv2d(32, 32, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(512, 10)),
    )


def of_chain(layers: Sequence[str]) -> Permutations:
    """The permutations between layers that follow each other."""
    return {
        name: [(f"{name}.weight", 0), (f"{name}.bias", 0), (f"{after}.weight", 1)]
        for name, after in itertools.pairwise(layers)
    }


def of_norm(name: str) -> list[tuple[str, int]]:
    """All of a batch normalisation."""
    return [(f"{name}.{each}", 0) for each in ("weight", "bias", "running_mean", "running_var")]


def of_residual() -> Permutations:
    """Three widths of the residual stream, and the channels within each block."""
    inside = {
        f"block {k}": [
            (f"{k}.inner.0.weight", 0),
            *of_norm(f"{k}.inner.1"),
            (f"{k}.inner.3.weight", 1),
        ]
        for k in (4, 5, 6)
    }
    out = {k: [(f"{k}.inner.3.weight", 0), *of_norm(f"{k}.inner.4")] for k in (4, 5, 6)}
    read = {k: [(f"{k}.inner.0.weight", 1), (f"{k}.shortcut.weight", 1)] for k in (5, 6)}
    short = {k: [(f"{k}.shortcut.weight", 0)] for k in (5, 6)}
    first = [("1.weight", 0), *of_norm("2"), ("4.inner.0.weight", 1)]
    return {
        "8": [*first, *out[4], *read[5]],
        "16": [*out[5], *short[5], *read[6]],
        "32": [*out[6], *short[6], ("9.weight", 1)],
        **inside,
    }


def of_transformer() -> Permutations:
    """The residual stream and the hidden units of both blocks; heads stay as they are."""
    stream = [("patches.weight", 0), ("patches.bias", 0), ("places", 1)]
    stream += [("norm.weight", 0), ("norm.bias", 0), ("head.weight", 1)]
    hidden = {}
    for block in ("blocks.0", "blocks.1"):
        stream += [(f"{block}.{name}.{w}", 0) for name in ("norm1", "norm2", "out", "last")
                   for w in ("weight", "bias")]  # fmt: skip
        stream += [(f"{block}.{name}.weight", 1) for name in ("q", "k", "v", "full")]
        hidden |= of_chain([f"{block}.full", f"{block}.last"])
    return {"stream": stream, **hidden}


@dataclass(frozen=True)
class Pair:
    """What is trained, and how its permutations are written by hand."""

    title: str
    make: Callable[[], nn.Module]
    permutations: Permutations
    n_epochs: int
    learning_rate: float = 2e-3


PAIRS = (
    Pair("perceptron", perceptron, of_chain(["1", "3", "5", "7"]), 15),
    Pair("convolutional", convolutional, of_chain(["0", "2", "4"]), 12),
    Pair("residual", residual, of_residual(), 10, 4e-3),
    Pair("transformer", Transformer, of_transformer(), 12),
)


def trained(pair: Pair, images: torch.Tensor, labels: torch.Tensor, seed: int) -> nn.Module:
    """One network, by Adam with a linear decay."""
    torch.manual_seed(seed)
    module = pair.make().train()
    adam = torch.optim.Adam(module.parameters(), lr=pair.learning_rate)
    n_steps = pair.n_epochs * (len(images) // BATCH)
    decay = torch.optim.lr_scheduler.LambdaLR(adam, lambda k: 1 - k / n_steps)
    for _ in range(pair.n_epochs):
        for batch in torch.randperm(len(images)).split(BATCH)[: len(images) // BATCH]:
            adam.zero_grad()
            nn.functional.cross_entropy(module(images[batch]), labels[batch]).backward()
            adam.step()
            decay.step()
    return module.eval()


def git_re_basin(a: nn.Module, b: nn.Module, permutations: Permutations) -> nn.Module:
    """Algorithm 1 of the paper: one permutation after the other, in random order."""
    rng = np.random.default_rng(0)
    mine = a.state_dict()
    state = {name: tensor.clone() for name, tensor in b.state_dict().items()}
    weights = {name for name, _ in a.named_parameters()}
    names, improved = list(permutations), True
    while improved:
        improved = False
        for name in rng.permutation(names):
            places = permutations[name]
            n_units = min(mine[p].shape[axis] for p, axis in places)
            gains = sum(
                _rows(mine[p], axis, n_units) @ _rows(state[p], axis, n_units).T
                for p, axis in places
                if p in weights
            )
            order = torch.as_tensor(linear_sum_assignment(gains.numpy(), maximize=True)[1])
            if gains[range(n_units), order].sum() > gains.trace() + 1e-9:
                improved = True
                for p, axis in places:
                    split = state[p].unflatten(axis, (n_units, -1))
                    state[p] = split.index_select(axis, order).flatten(axis, axis + 1)
    module = deepcopy(b)
    module.load_state_dict(state)
    return module


def _rows(values: torch.Tensor, axis: int, n_units: int) -> torch.Tensor:
    return values.detach().double().unflatten(axis, (n_units, -1)).movedim(axis, 0).flatten(1)


def barrier(landscape: NetworkLandscape, a: nn.Module, b: nn.Module) -> float:
    """How far the loss on the straight line rises above the line between the ends' losses."""
    line = SinePath.straight(landscape.coordinates(a), landscape.coordinates(b), 1)
    times = np.linspace(0, 1, N_POINTS)
    losses = landscape.value(line(times)).numpy()
    return float((losses - (1 - times) * losses[0] - times * losses[-1]).max())


def compared(pair: Pair, images: torch.Tensor, labels: torch.Tensor) -> list[str]:
    """A row of the table."""
    a, b = (trained(pair, images, labels, seed) for seed in (0, 1))
    loss = nn.functional.cross_entropy
    landscape = NetworkLandscape(a, loss, (images, labels))
    data = images, labels
    straight_through = StraightThrough(loss)
    ways = (
        lambda: b,
        lambda: git_re_basin(a, b, pair.permutations),
        lambda: align_units(a, a, b),
        lambda: align_units(a, a, b, (images[:1000], labels[:1000])),
        lambda: align_units(a, a, b, data, straight_through=straight_through),
    )
    n_weights = sum(parameter.numel() for parameter in a.parameters())
    cells = [pair.title, f"{n_weights:,}"]
    for way in ways:
        began = perf_counter()
        aligned = way()
        seconds = perf_counter() - began
        torch.testing.assert_close(aligned(images[:64]), b(images[:64]), atol=1e-3, rtol=1e-3)
        cells.append(f"{barrier(landscape, a, aligned):.3g} ({seconds:.1f} s)")
    return cells


def main() -> None:
    """Print the table, a row at a time."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", metavar="DIR", help="where MNIST's files are; else OpenML")
    parser.add_argument("--images", type=int, default=4000, help="the first of the training set")
    parser.add_argument("--only", nargs="+", choices=[pair.title for pair in PAIRS])
    given = parser.parse_args()
    torch.set_num_threads(1)
    images = load_images("mnist", given.data).first(given.images, 1)
    head = ["network", "weights", "as they are", "git re-basin"]
    print(" | ".join([*head, "by weights", "by activations", "straight-through"]))
    for pair in PAIRS:
        if not given.only or pair.title in given.only:
            row = compared(pair, images.train_images, images.train_labels)
            print(" | ".join(row), flush=True)


if __name__ == "__main__":
    main()
