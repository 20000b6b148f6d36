"""Pairs of trained networks to connect: the paper's four, residual nets and a transformer.

Ends are trained with Adam and a cosine decay, from seeds of their own, and kept in files: a second
call reads them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi
from pathlib import Path

import torch
from torch import nn

from benchmarks.vision_transformer import Transformer
from examples.nn_experiments.data import Images
from examples.nn_experiments.networks import NETWORKS

LOW_LOSS = 1e-3
"""What the training loss of a classifier must be below to count as trained."""

BATCH = 64

CHUNK = 2000

FEWEST = 10_000
"""Images; of fewer, more passes are taken."""


class Block(nn.Module):
    """Two convolutions with BatchNorm, added to what came in."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        stride = 1 if n_in == n_out else 2
        self.inner = nn.Sequential(
            nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(n_out),
            nn.ReLU(),
            nn.Conv2d(n_out, n_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(n_out),
        )
        self.shortcut = nn.Conv2d(n_in, n_out, 1, stride, bias=False) if stride > 1 else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Half as many pixels where the channels are doubled."""
        straight = x if self.shortcut is None else self.shortcut(x)
        return torch.relu(straight + self.inner(x))


def residual(widths: tuple[int, int, int] = (8, 16, 32)) -> nn.Sequential:
    """A residual network with BatchNorm: 19,714 weights, or 307,690 with widths 32, 64, 128."""
    first, second, third = widths
    return nn.Sequential(
        nn.AvgPool2d(2),
        nn.Conv2d(1, first, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(first),
        nn.ReLU(),
        Block(first, first),
        Block(first, second),
        Block(second, third),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(third, 10),
    )


@dataclass(frozen=True)
class Case:
    """A network to train pairs of, and what its peers are trained with.

    Parameters
    ----------
    title : str
        Its name for people.
    make : callable
        An untrained module.
    loss : callable
        (output, target) -> mean over samples.
    n_epochs : int
        Passes over the images, batches of 64.
    learning_rate : float
        Adam's, decayed to 0.
    sgd_rates : tuple of float
        From which to choose that of stochastic gradient descent on a curve.
    reconstructs : bool
        Whether the target is the image.
    n_images : int
        Of the training images, how many the landscape consists of: less than all 60,000 where
        judging one path on them would take minutes.
    """

    title: str
    make: Callable[[], nn.Module]
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    n_epochs: int
    learning_rate: float
    sgd_rates: tuple[float, ...]
    reconstructs: bool = False
    n_images: int = 60_000

    def data(self, images: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Inputs and targets."""
        return images, images.flatten(1) if self.reconstructs else labels


FEWER = 10_000


def _paper(
    name: str,
    n_epochs: int,
    learning_rate: float,
    sgd_rates: tuple[float, ...],
    n_images: int = 60_000,
) -> Case:
    network = NETWORKS[name]
    return Case(
        network.title,
        lambda: network.make("softplus"),
        network.loss,
        n_epochs,
        learning_rate,
        sgd_rates,
        network.reconstructs,
        n_images=n_images,
    )


RATES = (0.03, 0.1, 0.3, 1.0)


def _classifier(
    title: str, make: Callable[[], nn.Module], n_epochs: int, learning_rate: float
) -> Case:
    return Case(
        title,
        make,
        nn.functional.cross_entropy,
        n_epochs=n_epochs,
        learning_rate=learning_rate,
        sgd_rates=RATES,
        n_images=FEWER,
    )


CASES = {
    "fcp": _paper("fcp", 40, 2e-3, RATES),
    "lenet": _paper("lenet", 30, 2e-3, RATES, FEWER),
    "autoencoder": _paper("autoencoder", 40, 2e-3, (1.0, 10.0, 100.0)),
    "lstm": _paper("lstm", 60, 4e-3, RATES, FEWER),
    "residual": _classifier("Residual", residual, 25, 4e-3),
    "wide": _classifier("Wide residual", lambda: residual((32, 64, 128)), 12, 2e-3),
    "transformer": _classifier("Transformer", Transformer, 30, 3e-3),
}


def trained_ends(
    name: str, seeds: tuple[int, int], images: Images, folder: Path, device: str
) -> tuple[nn.Module, nn.Module]:
    """Two trained networks, read from the folder where they exist."""
    first, second = (trained(name, seed, images, folder, device) for seed in seeds)
    return first, second


def trained(name: str, seed: int, images: Images, folder: Path, device: str) -> nn.Module:
    """One trained network."""
    case = CASES[name]
    file = folder / f"{name}-{len(images.train_labels)}-{seed}.pt"
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = case.make().to(device)
        if not file.exists():
            inputs, targets = case.data(images.train_images, images.train_labels)
            _train(module, case, inputs.to(device), targets.to(device))
            folder.mkdir(parents=True, exist_ok=True)
            torch.save(module.state_dict(), file)
    module.load_state_dict(torch.load(file, map_location=device))
    return module.eval()


def _train(module: nn.Module, case: Case, inputs: torch.Tensor, targets: torch.Tensor) -> None:
    adam = torch.optim.Adam(module.parameters(), lr=case.learning_rate)
    n_batches = len(inputs) // BATCH
    n_epochs = case.n_epochs * max(1, FEWEST // len(inputs))
    n_steps = n_epochs * n_batches
    decay = torch.optim.lr_scheduler.LambdaLR(adam, lambda k: (1 + cos(pi * k / n_steps)) / 2)
    module.train()
    for _ in range(n_epochs):
        order = torch.randperm(len(inputs), device=inputs.device)
        for batch in order.split(BATCH)[:n_batches]:
            adam.zero_grad()
            case.loss(module(inputs[batch]), targets[batch]).backward()
            adam.step()
            decay.step()


def mean_loss(module: nn.Module, case: Case, inputs: torch.Tensor, targets: torch.Tensor) -> float:
    """The loss over all samples, in evaluation mode."""
    module.eval()
    with torch.no_grad():
        parts = [
            case.loss(module(x), y) * len(x)
            for x, y in zip(inputs.split(CHUNK), targets.split(CHUNK), strict=True)
        ]
    return float(torch.stack(parts).sum()) / len(inputs)
