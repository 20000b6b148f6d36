"""Batch normalisation: its statistics belong to a point of the path as its weights do.

    python examples/batch_norm.py

They are estimated anew at every point of the path from the training images, so that the height at
either end is that end's own loss, as the last lines show: nothing has to be refreshed by hand.
"""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.optim.swa_utils import update_bn
from torch.utils.data import DataLoader, TensorDataset

from fourierpathfinder import SinePath, Stochastic, find_path
from fourierpathfinder.landscapes import NetworkLandscape


def main() -> None:
    """Train, connect and compare the ends."""
    images, labels = digits()
    first, second = (trained(seed, images, labels) for seed in (0, 1))
    loss, together = nn.functional.cross_entropy, len(images)  # those of all images at once
    landscape = NetworkLandscape(first, loss, (images, labels), batch_size=together)
    result = find_path(landscape, first, second, method=Stochastic(n_steps=600), rng=0)
    line = SinePath.straight(result.path.start, result.path.end, 1)
    straight = landscape.value(line(torch.linspace(0, 1, 41).numpy())).max()
    print(f"straight line {float(straight):.4f}")
    print(f"path          {result.height:.4f}")
    ends = {"start": (first, result.start_value), "end": (second, result.end_value)}
    for name, (network, value) in ends.items():
        print(f"{name:5} on the path {value:.6f}, its own {own_loss(network, images, labels):.6f}")


def digits() -> tuple[torch.Tensor, torch.Tensor]:
    """Images (1, 8, 8) in [0, 1] and their labels."""
    bundled = load_digits()
    images = torch.tensor(bundled.images / 16, dtype=torch.float32)[:, None]
    return images, torch.tensor(bundled.target)


def trained(seed: int, images: torch.Tensor, labels: torch.Tensor) -> nn.Module:
    """A small convolutional network."""
    torch.manual_seed(seed)
    network = nn.Sequential(
        nn.Conv2d(1, 8, 3, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(64, 10),
    )
    adam = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(20):
        for batch in torch.randperm(len(labels)).split(64):
            adam.zero_grad()
            nn.functional.cross_entropy(network(images[batch]), labels[batch]).backward()
            adam.step()
    return network


def own_loss(network: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    """The loss after torch's own estimate of the statistics."""
    update_bn(DataLoader(TensorDataset(images), batch_size=len(images)), network)
    network.eval()
    with torch.no_grad():
        return float(nn.functional.cross_entropy(network(images), labels))


if __name__ == "__main__":
    main()
