"""Sixteen classifiers, half of them trained by SGD and half by L-BFGS, as one graph.

    python connect_networks.py output

The folder receives `graph.jsonl`, from which the same command goes on, and `graph.png`: the
disconnectivity graph, the minimax heights, and how they are distributed.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from torch import nn

from fourierpathfinder import LandscapeGraph, Stochastic, connect
from fourierpathfinder.landscapes import NetworkLandscape
from fourierpathfinder.plot import plot_disconnectivity, plot_height_distribution, plot_heights

N_EACH = 8


def main(folder: Path, n_each: int = N_EACH, n_steps: int = 500) -> None:
    """Train, connect, tell and draw."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    data = digits()
    networks = [by_sgd(seed, data) for seed in range(n_each)]
    networks += [by_lbfgs(seed, data) for seed in range(n_each, 2 * n_each)]
    landscape = NetworkLandscape(networks[0], nn.functional.cross_entropy, data)
    graph = connect(
        landscape,
        networks,
        labels=["SGD"] * n_each + ["L-BFGS"] * n_each,
        method=Stochastic(n_steps=n_steps),
        n_tries=2,
        rng=0,
        checkpoint=folder / "graph.jsonl",
    )
    tell(graph)
    figure = Figure(figsize=(13, 4.2), layout="constrained")
    first, second, third = figure.subplots(1, 3)
    plot_disconnectivity(graph, first).set_ylabel("loss")
    plot_heights(graph, second)
    plot_height_distribution(graph, third)
    figure.savefig(folder / "graph.png", dpi=110)


def tell(graph: LandscapeGraph) -> None:
    """How heights over the graph compare with those of the pairs' own paths."""
    heights = graph.minimax_heights()
    direct = np.array([edge.height for edge in graph.edges])
    over = np.array([heights[edge.start, edge.end] for edge in graph.edges])
    print(f"{len(graph.edges)} paths, their heights {direct.min():.4f} to {direct.max():.4f}")
    print(f"over the graph never above: {bool((over <= direct).all())}, at most {over.max():.4f}")
    print(graph.message)


def digits() -> tuple[torch.Tensor, torch.Tensor]:
    """The 8 x 8 images that come with scikit-learn."""
    bundled = load_digits()
    return torch.tensor(bundled.data / 16, dtype=torch.float32), torch.tensor(bundled.target)


def network(seed: int) -> nn.Sequential:
    """A classifier of digits with one hidden layer, as it is before training."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))


def by_sgd(seed: int, data: tuple[torch.Tensor, torch.Tensor]) -> nn.Sequential:
    """Trained by stochastic gradient descent with momentum."""
    images, labels = data
    net = network(seed)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    for _ in range(30):
        for batch in torch.randperm(len(labels)).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(images[batch]), labels[batch]).backward()
            optimizer.step()
    return net


def by_lbfgs(seed: int, data: tuple[torch.Tensor, torch.Tensor]) -> nn.Sequential:
    """Trained by L-BFGS on all images at once."""
    images, labels = data
    net = network(seed)
    optimizer = torch.optim.LBFGS(net.parameters(), max_iter=60, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(images), labels)
        loss.backward()
        return loss

    optimizer.step(closure)
    return net


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
