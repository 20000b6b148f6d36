"""Networks for vectors, sequences and graphs, and what is done to weights, in plain torch."""

import math
import warnings

import torch
from torch import nn
from torch.func import jacrev, vmap
from torch.nn import functional
from torch.nn.utils import parametrizations, spectral_norm, weight_norm

from .kinds import Kind, images, series, tokens, vectors


class Last(nn.Module):
    """A recurrent layer, whose last output is classified."""

    def __init__(self, kind, **options):
        super().__init__()
        self.rnn = kind(4, 8, batch_first=True, **options)
        self.output = nn.Linear(16 if options.get("bidirectional") else 8, 5)

    def forward(self, x):
        return self.output(self.rnn(x)[0][:, -1])


class Convolved(nn.Module):
    """Over time, with dilated layers whose weights are normalised in either way."""

    def __init__(self, normalise):
        super().__init__()
        self.first = normalise(nn.Conv1d(4, 8, 3, padding=2, dilation=2))
        self.second = normalise(nn.Conv1d(8, 8, 3, padding=4, dilation=4))
        self.output = nn.Linear(8, 5)

    def forward(self, x):
        x = torch.relu(self.first(x.mT))
        return self.output((x + torch.relu(self.second(x))).mean(2))


class Encoder(nn.Module):
    def __init__(self, norm_first):
        super().__init__()
        self.embed = nn.Embedding(40, 16, padding_idx=0)
        layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True, norm_first=norm_first)
        self.body = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.output = nn.Linear(16, 5)

    def forward(self, x):
        return self.output(self.body(self.embed(x)).mean(1))


class Translator(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(40, 16)
        self.body = nn.Transformer(16, 4, 1, 1, 32, batch_first=True)

    def forward(self, source, target):
        hidden = self.body(self.embed(source), self.embed(target))
        return hidden @ self.embed.weight.mT


class Graph(nn.Module):
    """Convolution or attention on graphs of six nodes, with dense adjacencies."""

    def __init__(self, attention):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 8), nn.Linear(8, 8)])
        self.scores = nn.Linear(8, 1) if attention else None
        self.output, self.norm = nn.Linear(8, 5), nn.BatchNorm1d(8)

    def forward(self, x, adjacency):
        for layer in self.layers:
            x = layer(x)
            weights = adjacency
            if self.scores is not None:
                s = self.scores(x)
                weights = (s + s.mT).masked_fill(adjacency == 0, -math.inf).softmax(-1)
            x = torch.relu(weights @ x)
        return self.output(self.norm(x.mean(1)))


class PointNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(4, 8, 1), nn.BatchNorm1d(8), nn.ReLU(), nn.Conv1d(8, 16, 1)
        )
        self.head = nn.Sequential(nn.BatchNorm1d(16), nn.Linear(16, 5))

    def forward(self, x):
        return self.head(self.body(x.mT).max(2)[0])


class Experts(nn.Module):
    """A mixture, of which the best two are used."""

    def __init__(self):
        super().__init__()
        self.experts = nn.ModuleList([nn.Linear(12, 5) for _ in range(4)])
        self.gate = nn.Linear(12, 4)

    def forward(self, x):
        best, which = self.gate(x).topk(2, dim=-1)
        weights = torch.zeros(len(x), 4).scatter(1, which, best.softmax(-1))
        return sum(weights[:, k, None] * e(x) for k, e in enumerate(self.experts))


class Adapted(nn.Module):
    """A frozen layer with a trained one of low rank beside it."""

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(7)
        self.base = nn.Linear(12, 5).requires_grad_(False)
        for parameter in self.base.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
        self.down, self.up = nn.Linear(12, 2, bias=False), nn.Linear(2, 5, bias=False)

    def forward(self, x):
        return self.base(x) + self.up(self.down(x))


class TiedAutoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = nn.Linear(12, 4), nn.Linear(4, 12)
        self.decoder.weight = nn.Parameter(self.encoder.weight.mT.contiguous())
        self.again = nn.Linear(12, 4)
        self.again.weight = self.encoder.weight

    def forward(self, x):
        return self.decoder(torch.tanh(self.encoder(x)) + self.again(x))


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.output = nn.Linear(12, 8), nn.Linear(8, 8), nn.Linear(8, 5)
        self.norm = nn.BatchNorm1d(8)

    def forward(self, x):
        return self.output(self.norm(5 * self.b(torch.relu(self.norm(self.a(x))))))


class Physics(nn.Module):
    """The residual of u'' + u, by either of torch's ways to differentiate."""

    def __init__(self, way):
        super().__init__()
        self.net, self.way = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1)), way

    def forward(self, x):
        if self.way == "func":
            return self.net(x) + vmap(jacrev(jacrev(lambda z: self.net(z)[0])))(x)[:, 0]
        x = x.detach().requires_grad_()
        u = self.net(x)
        slope = torch.autograd.grad(u.sum(), x, create_graph=True)[0]
        return u + torch.autograd.grad(slope.sum(), x, create_graph=True)[0]


class NeuralODE(nn.Module):
    def __init__(self):
        super().__init__()
        self.field = nn.Sequential(nn.Linear(12, 12), nn.Tanh())
        self.output = nn.Linear(12, 5)

    def forward(self, x):
        for _ in range(8):
            x = x + 0.1 * self.field(x)
        return self.output(x)


class Heads(nn.Module):
    """Several outputs."""

    def __init__(self):
        super().__init__()
        self.body, self.a, self.b = nn.Linear(12, 8), nn.Linear(8, 5), nn.Linear(8, 1)

    def forward(self, x):
        x = torch.relu(self.body(x))
        return {"class": self.a(x), "number": self.b(x)[:, 0]}


class Variational(nn.Module):
    """Draws noise in evaluation as well."""

    def __init__(self):
        super().__init__()
        self.mean, self.output = nn.Linear(12, 4), nn.Linear(4, 5)

    def forward(self, x):
        x = self.mean(x)
        return self.output(x + torch.randn_like(x))


class Standardised(nn.Module):
    """Divides by the spread of its batch."""

    def __init__(self):
        super().__init__()
        self.output = nn.Linear(12, 5)

    def forward(self, x):
        return self.output(x / x.std(0))


def perceptron():
    return nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 5))


def discriminator(normalise):
    return nn.Sequential(
        normalise(nn.Conv2d(3, 8, 3)),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        normalise(nn.Linear(1568, 5)),
    )


def converged(module):
    """Singular vectors as after long training."""
    module.train()
    with torch.no_grad():
        for _ in range(300):
            module(images()[0][:1])


def old_weight_norm(layer):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return weight_norm(layer)


def graphs():
    x, y = series(length=6)
    torch.manual_seed(2)
    adjacency = (torch.rand(len(x), 6, 6) < 0.4).float()
    adjacency = (((adjacency + adjacency.mT) > 0) | torch.eye(6).bool()).float()
    return (x, adjacency / adjacency.sum(-1, keepdim=True)), y


def translation():
    x, _ = tokens()
    return (x, x.flip(1)), x.roll(1, 1)


def of_tokens(output, target):
    return functional.cross_entropy(output.mT, target)


def same():
    x, _ = vectors()
    return x, x


def points():
    x, _ = vectors(features=1)
    return x, torch.zeros_like(x)


def two_targets():
    x, y = vectors()
    return x, (y, x[:, 0])


def of_both(output, target):
    first = functional.cross_entropy(output["class"], target[0])
    return first + functional.mse_loss(output["number"], target[1])


def sirens():
    return nn.Sequential(nn.Linear(12, 16), _Sine(), nn.Linear(16, 5))


class _Sine(nn.Module):
    def forward(self, x):
        return torch.sin(3 * x)


def in_dtype(dtype):
    return lambda: perceptron().to(dtype)


def vectors_in(dtype):
    def data():
        x, y = vectors()
        return x.to(dtype), y

    return data


mse = functional.mse_loss
_WEIGHTS = torch.tensor([1.0, 1.0, 5.0, 1.0, 20.0])

KINDS = [
    Kind("Perceptron, dropout", perceptron, vectors),
    Kind("Perceptron, weights of classes", perceptron, vectors, nn.CrossEntropyLoss(_WEIGHTS)),
    Kind("Perceptron, bfloat16 by autocast", perceptron, vectors,
         options={"autocast": torch.bfloat16}),
    Kind("Perceptron in bfloat16", in_dtype(torch.bfloat16), vectors_in(torch.bfloat16)),
    Kind("Perceptron in float16", in_dtype(torch.float16), vectors_in(torch.float16)),
    Kind("One BatchNorm, used twice", Twice, vectors),
    Kind("LSTM", lambda: Last(nn.LSTM), series),
    Kind("LSTM, two layers in both directions", lambda: Last(
        nn.LSTM, num_layers=2, bidirectional=True, dropout=0.3), series),
    Kind("GRU", lambda: Last(nn.GRU), series),
    Kind("Elman network", lambda: Last(nn.RNN), series),
    Kind("Temporal convolutions, weight_norm", lambda: Convolved(old_weight_norm), series),
    Kind("The same by parametrization", lambda: Convolved(parametrizations.weight_norm), series),
    Kind("Discriminator, spectral_norm", lambda: discriminator(spectral_norm), images,
         prepare=converged),
    Kind("The same by parametrization", lambda: discriminator(parametrizations.spectral_norm),
         images, prepare=converged),
    Kind("Transformer encoder", lambda: Encoder(False), tokens),
    Kind("Transformer encoder, norm first", lambda: Encoder(True), tokens),
    Kind("Translator, tied embeddings", Translator, translation, of_tokens),
    Kind("Graph convolution", lambda: Graph(False), graphs),
    Kind("Graph attention", lambda: Graph(True), graphs),
    Kind("PointNet", PointNet, series),
    Kind("Mixture of experts", Experts, vectors),
    Kind("LoRA beside a frozen layer", Adapted, vectors),
    Kind("Autoencoder, tied weights", TiedAutoencoder, same, mse),
    Kind("Physics-informed, autograd", lambda: Physics("autograd"), points, mse),
    Kind("Physics-informed, torch.func", lambda: Physics("func"), points, mse),
    Kind("Neural ODE", NeuralODE, vectors),
    Kind("SIREN", sirens, vectors),
    Kind("Two heads and two targets", Heads, two_targets, of_both),
    Kind("Noise in evaluation", Variational, vectors),
    Kind("Standardised by the batch", Standardised, vectors),
]  # fmt: skip
