"""The four networks of the paper, with exactly the parameter counts of its Table I.

All of them read images (..., 1, 28, 28) in [0, 1]. The text of the paper says ReLU for the fully
connected network and LeNet, its notebooks use softplus, and so do the published weights: softplus
is the default here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

Activation = Literal["softplus", "relu"]

ACTIVATIONS: dict[str, type[nn.Module]] = {"softplus": nn.Softplus, "relu": nn.ReLU}

N_PIXELS = 28 * 28


def fully_connected(activation: Activation = "softplus") -> nn.Sequential:
    """Return 784-50-50-10 without biases (FCP)."""
    act = ACTIVATIONS[activation]
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(N_PIXELS, 50, bias=False),
        act(),
        nn.Linear(50, 50, bias=False),
        act(),
        nn.Linear(50, 10, bias=False),
    )


def lenet(activation: Activation = "softplus") -> nn.Sequential:
    """Return LeNet: two convolutions with average pooling, three linear layers."""
    act = ACTIVATIONS[activation]
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        act(),
        nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5),
        act(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        act(),
        nn.Linear(120, 84),
        act(),
        nn.Linear(84, 10),
    )


def autoencoder(activation: Activation = "softplus") -> nn.Sequential:
    """Return 784-32-32-32-784 without biases; text and notebooks agree on softplus."""
    act = ACTIVATIONS[activation]
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(N_PIXELS, 32, bias=False),
        act(),
        nn.Linear(32, 32, bias=False),
        act(),
        nn.Linear(32, 32, bias=False),
        act(),
        nn.Linear(32, N_PIXELS, bias=False),
        nn.Sigmoid(),
    )


class PermutedLSTM(nn.Module):
    """An LSTM that reads the pixels, permuted once, as 28 steps of 28."""

    permutation: torch.Tensor

    def __init__(self, n_hidden: int = 48, n_classes: int = 10) -> None:
        super().__init__()
        # The seed with which the published weights fit the training images.
        generator = torch.Generator().manual_seed(1234)
        order = torch.randperm(N_PIXELS, generator=generator)
        self.register_buffer("permutation", order, persistent=False)
        self.lstm = nn.LSTM(28, n_hidden, batch_first=True)
        self.linear = nn.Linear(n_hidden, n_classes, bias=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Class scores (M, 10) from the last hidden state."""
        steps = images.flatten(1)[:, self.permutation].unflatten(1, (28, 28))
        # On a GPU `vmap` does many members at once, but knows nothing of the fused layer there.
        hidden = written_out(self.lstm, steps) if steps.is_cuda else self.lstm(steps)[0][:, -1]
        scores: torch.Tensor = self.linear(hidden)
        return scores


def written_out(lstm: nn.LSTM, steps: torch.Tensor) -> torch.Tensor:
    """The last hidden state (M, H) of a layer that reads steps (M, T, I), in plain operations."""
    inputs = nn.functional.linear(steps, lstm.weight_ih_l0, lstm.bias_ih_l0 + lstm.bias_hh_l0)
    hidden = cell = inputs.new_zeros(len(inputs), lstm.hidden_size)
    for of_step in inputs.unbind(1):
        gates = of_step + hidden @ lstm.weight_hh_l0.T
        enter, forget, new, leave = gates.chunk(4, -1)
        cell = forget.sigmoid() * cell + enter.sigmoid() * new.tanh()
        hidden = leave.sigmoid() * cell.tanh()
    return hidden


@dataclass(frozen=True)
class Network:
    """One of the paper's networks, and what it is trained to do."""

    title: str
    n_parameters: int
    cost: float
    """Seconds for a million gradients of single images on one core, for the progress."""
    make: Callable[[Activation], nn.Module]
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    reconstructs: bool = False
    """Whether the target is the image itself rather than its label."""

    def targets(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """What the output is compared with: labels (M,), or pixels (M, 784)."""
        return images.flatten(1) if self.reconstructs else labels


NETWORKS = {
    "fcp": Network("FCP", 42_200, 7, fully_connected, nn.functional.cross_entropy),
    "lenet": Network("LeNet", 61_706, 107, lenet, nn.functional.cross_entropy),
    "autoencoder": Network(
        "Autoencoder", 52_224, 10, autoencoder, nn.functional.mse_loss, reconstructs=True
    ),
    "lstm": Network("LSTM", 15_456, 47, lambda _: PermutedLSTM(), nn.functional.cross_entropy),
}
