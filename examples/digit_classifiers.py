"""Two classifiers of digits, trained from different starts, connected by a path of low loss.

    python examples/digit_classifiers.py [FOLDER] [--device cuda]

The images are the 8 x 8 digits that come with scikit-learn: nothing is downloaded.
"""

import argparse
from pathlib import Path
from time import perf_counter

import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from torch import nn

from fourierpathfinder import PathResult, SinePath, find_path
from fourierpathfinder.landscapes import NetworkLandscape, align_units
from fourierpathfinder.plot import plot_height_against_budget, plot_loss_and_accuracy, plot_plane

N_TRAINING = 1297
N_EPOCHS = 40


def main(folder: Path, device: str) -> None:
    """Train, connect, print and draw."""
    folder.mkdir(parents=True, exist_ok=True)
    training, test = digits(device)
    began = perf_counter()
    first, second = (trained(seed, training) for seed in (0, 1))
    print(f"two networks trained in {perf_counter() - began:.1f} s")
    landscapes = {
        name: NetworkLandscape(first, nn.functional.cross_entropy, data)
        for name, data in (("training", training), ("test", test))
    }
    hits = {
        name: NetworkLandscape(first, accuracy, data)
        for name, data in (("training", training), ("test", test))
    }
    landscape = landscapes["training"]

    began = perf_counter()
    result = find_path(landscape, first, second, rng=0)
    print(f"path found in {perf_counter() - began:.1f} s\n{result}")
    line = SinePath.straight(result.path.start, result.path.end, 1)
    print(f"straight line  {highest(landscape, line):.4f}")
    aligned = landscape.coordinates(align_units(first, first, second))
    print(f"    aligned    {highest(landscape, SinePath.straight(line.start, aligned, 1)):.4f}")
    print(f"path           {result.height:.4f}, ends {result.start_value:.4f}")
    print(f"    test       {highest(landscapes['test'], result.path):.4f}")
    draw(landscapes, hits, line, result).savefig(folder / "path.png", dpi=110)


def digits(device: str) -> tuple[tuple[torch.Tensor, torch.Tensor], ...]:
    """Training and test data, the writers mixed."""
    bundled = load_digits()
    order = torch.randperm(len(bundled.target), generator=torch.Generator().manual_seed(0))
    images = torch.tensor(bundled.data / 16, dtype=torch.float32)[order].to(device)
    labels = torch.tensor(bundled.target)[order].to(device)
    return (images[:N_TRAINING], labels[:N_TRAINING]), (images[N_TRAINING:], labels[N_TRAINING:])


def trained(seed: int, data: tuple[torch.Tensor, torch.Tensor]) -> nn.Module:
    """A network with two hidden layers, 17,226 weights."""
    images, labels = data
    torch.manual_seed(seed)
    network = nn.Sequential(
        nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 96), nn.ReLU(), nn.Linear(96, 10)
    ).to(images.device)
    adam = torch.optim.Adam(network.parameters(), lr=2e-3)
    for _ in range(N_EPOCHS):
        for batch in torch.randperm(len(labels), device=images.device).split(64):
            adam.zero_grad()
            nn.functional.cross_entropy(network(images[batch]), labels[batch]).backward()
            adam.step()
    return network


def accuracy(output: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The fraction of right answers; a landscape may be a map of anything."""
    return (output.argmax(-1) == labels).float().mean()


def highest(landscape: NetworkLandscape, path: SinePath) -> float:
    """The largest of 101 values along a path."""
    return float(landscape.value(path(torch.linspace(0, 1, 101).numpy())).max())


def draw(
    landscapes: dict[str, NetworkLandscape],
    hits: dict[str, NetworkLandscape],
    line: SinePath,
    result: PathResult,
) -> Figure:
    """Loss and accuracy along the path, the plane that it bends in, and what it cost."""
    figure = Figure(figsize=(10, 8), layout="constrained")
    (loss, right), (plane, budget) = figure.subplots(2, 2)
    names = ["found", "straight line"]
    plot_loss_and_accuracy([result, line], landscapes, hits, (loss, right), labels=names)
    plot_plane(landscapes["training"], result, plane, others=[line], labels=names)
    floor = max(result.start_value, result.end_value)
    plot_height_against_budget({"found": result}, budget, floor=floor)
    return figure


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default="output/digit_classifiers")
    parser.add_argument("--device", default="cpu", help="cuda for a GPU")
    return parser.parse_args()


if __name__ == "__main__":
    given = arguments()
    main(given.folder, given.device)
