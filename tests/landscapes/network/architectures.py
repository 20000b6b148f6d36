"""Small networks of every kind, each with data."""

import torch
from torch import nn

from fourierpathfinder.landscapes import NetworkLandscape


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 6, batch_first=True, num_layers=2, dropout=0.5)
        self.output = nn.Linear(6, 3, bias=False)

    def forward(self, x):
        return self.output(self.lstm(x)[0][:, -1])


class Tied(nn.Module):
    """Two layers share one weight, and the first is frozen."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(5, 4).requires_grad_(False)
        self.middle = nn.Linear(4, 4)
        self.again = nn.Linear(4, 4, bias=False)
        self.again.weight = self.middle.weight
        self.register_buffer("shift", torch.tensor([0.5]))
        self.scale = nn.Parameter(torch.tensor(1.5))

    def forward(self, x):
        x = torch.tanh(self.first(x) + self.shift)
        return self.scale * self.again(torch.tanh(self.middle(x)))


class TwoInputs(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(3, 3), nn.Linear(2, 3)

    def forward(self, x, y):
        return self.a(x) * self.b(y)


class Branching(nn.Module):
    """Does what vmap does not allow."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(5, 3)

    def forward(self, x):
        x = self.layer(x)
        return torch.tanh(x) if self.layer.bias.mean().item() > 0 else x


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3, padding=1)
        self.norms = nn.ModuleList([nn.BatchNorm2d(4), nn.BatchNorm2d(4, affine=False)])
        self.conv = nn.Conv2d(4, 4, 3, padding=1, bias=False)
        self.output = nn.Linear(4, 3)
        self.norm = nn.BatchNorm1d(3)

    def forward(self, x):
        x = torch.relu(self.norms[0](self.stem(x)))
        x = x + torch.relu(self.norms[1](self.conv(x)))
        return self.norm(self.output(x.mean((2, 3))))


def perceptron():
    return nn.Sequential(
        nn.Linear(5, 6, bias=False), nn.Softplus(), nn.Dropout(0.5), nn.Linear(6, 3)
    )


def convolutional():
    return nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(8, 3)
    )


def normalised():
    return nn.Sequential(nn.Linear(5, 6), nn.BatchNorm1d(6), nn.Softplus(), nn.Linear(6, 3))


def autoencoder():
    return nn.Sequential(nn.Linear(5, 2, bias=False), nn.Softplus(), nn.Linear(2, 5), nn.Sigmoid())


KINDS = {
    "perceptron": (perceptron, (5,)),
    "convolutional": (convolutional, (1, 6, 6)),
    "recurrent": (Recurrent, (7, 4)),
    "tied": (Tied, (5,)),
    "branching": (Branching, (5,)),
    "normalised": (normalised, (5,)),
    "residual": (Residual, (1, 6, 6)),
    "autoencoder": (autoencoder, (5,)),
}
OF_SINGLE_SAMPLES = [k for k in KINDS if k not in ("normalised", "residual", "branching")]
"""Where the loss of a sample does not depend on which others are in the batch."""
N_SAMPLES = 30


def build(kind, seed=0):
    """A network of that kind; torch's own generator is left where it was."""
    make, _ = KINDS[kind]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()


def data_of(kind, dtype=torch.float32, n_samples=N_SAMPLES):
    """Inputs and targets for a kind of network."""
    generator = torch.Generator().manual_seed(1)
    shape = n_samples, *KINDS[kind][1]
    inputs = torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)
    if kind == "autoencoder":
        return inputs, inputs
    outputs = 4 if kind == "tied" else 3
    return inputs, torch.randint(0, outputs, (n_samples,), generator=generator)


def loss_of(kind):
    return nn.functional.mse_loss if kind == "autoencoder" else nn.functional.cross_entropy


def landscape_of(kind, dtype=torch.float32, **options):
    module = build(kind).to(dtype)
    return NetworkLandscape(module, loss_of(kind), data_of(kind, dtype), **options)


def points_of(landscape, n_points=3, seed=2):
    """Random points near the weights that a module starts with."""
    generator = torch.Generator().manual_seed(seed)
    shape = (n_points, landscape.n_coordinates)
    return 0.4 * torch.randn(shape, generator=generator, dtype=torch.float64)
