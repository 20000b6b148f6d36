"""Batches that are objects of a user's own, as those of graphs are, hold the samples asked for."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from fourierpathfinder import Stochastic, find_path
from fourierpathfinder.landscapes import NetworkLandscape

GENERATOR = torch.Generator().manual_seed(0)
GRAPHS = [
    SimpleNamespace(x=torch.randn(2 + i % 3, 4, generator=GENERATOR), y=i % 3) for i in range(20)
]
SAMPLES = np.array([[0, 3, 5], [7, 7, 2], [11, 1, 6]])


def together(graphs):
    """A batch as an object without any structure that torch knows."""
    places = torch.cat([torch.full((len(g.x),), i) for i, g in enumerate(graphs)])
    labels = torch.tensor([g.y for g in graphs])
    return SimpleNamespace(x=torch.cat([g.x for g in graphs]), places=places, y=labels)


def beside_numbers(graphs):
    batch = together(graphs)
    return (torch.tensor([len(g.x) for g in graphs]).float(), batch), batch.y


class Graphs(nn.Module):
    def __init__(self, seed):
        super().__init__()
        torch.manual_seed(seed)
        self.inner, self.output = nn.Linear(4, 5), nn.Linear(5, 3)

    def forward(self, batch):
        return self.pooled(self.inner(batch.x).tanh(), batch)

    def pooled(self, x, batch):
        return self.output(torch.zeros(len(batch.y), 5).index_add(0, batch.places, x))


class WritingIntoIt(Graphs):
    """As many do with the features of a graph."""

    def forward(self, batch):
        batch.x = self.inner(batch.x).tanh()
        return self.pooled(batch.x, batch)


class BesideNumbers(Graphs):
    def forward(self, sizes, batch):
        return super().forward(batch) / sizes[:, None]


def loss(output, batch):
    return functional.cross_entropy(output, getattr(batch, "y", batch))


KINDS = [(Graphs, together), (WritingIntoIt, together), (BesideNumbers, beside_numbers)]


def called(module, graphs, collate):
    """By torch alone."""
    batch = collate(graphs)
    inputs, target = batch if isinstance(batch, tuple) else ((batch,), batch)
    mean = loss(module(*inputs), target)
    gradients = torch.autograd.grad(mean, list(module.parameters()))
    return mean.detach(), torch.cat([each.flatten() for each in gradients])


@pytest.mark.parametrize("vectorize", [True, False])
@pytest.mark.parametrize(("kind", "collate"), KINDS)
def test_each_point_has_its_own(kind, collate, vectorize):
    modules = [kind(seed) for seed in range(3)]
    landscape = NetworkLandscape(modules[0], loss, GRAPHS, collate=collate, vectorize=vectorize)
    points = torch.stack([landscape.coordinates(module) for module in modules])
    values, gradients = landscape.value_and_grad(points, SAMPLES)
    for row, module, value, gradient in zip(SAMPLES, modules, values, gradients, strict=True):
        expected, slope = called(module, [GRAPHS[i] for i in row], collate)
        torch.testing.assert_close(value, expected)
        torch.testing.assert_close(gradient, slope)
    whole = torch.stack([called(module, GRAPHS, collate)[0] for module in modules])
    torch.testing.assert_close(landscape.value(points), whole)
    method = Stochastic(n_steps=3, points_per_step=2, batch_size=4)
    height = find_path(landscape, *modules[:2], method=method, rng=0).height
    assert height >= float(whole[:2].max()) * (1 - 1e-6)


def test_names_belong_to_their_samples():
    words = {"low": -1.0, "high": 1.0}

    class OfNames(nn.Linear):
        def forward(self, batch):
            return super().forward(torch.tensor([[words[name]] for name in batch["name"]]))

    rows = [{"name": list(words)[i % 2], "y": torch.tensor(i % 3)} for i in range(12)]
    landscape = NetworkLandscape(
        OfNames(1, 3), lambda o, b: functional.cross_entropy(o, b["y"]), rows, vectorize=True
    )
    points = torch.randn(2, 6, generator=torch.Generator().manual_seed(1))
    samples = np.array([[0, 2, 4], [1, 3, 5]])
    one_by_one = [landscape.value(points[i : i + 1], samples[i : i + 1])[0] for i in range(2)]
    torch.testing.assert_close(landscape.value(points, samples), torch.stack(one_by_one))


def test_other_objects_are_other_data():
    others = [SimpleNamespace(x=graph.x + 1, y=graph.y) for graph in GRAPHS]
    first, again, other = (
        NetworkLandscape(Graphs(0), loss, graphs, collate=together)
        for graphs in (GRAPHS, list(GRAPHS), others)
    )
    assert first.identity["data"] == again.identity["data"] != other.identity["data"]
    assert first.description == again.description != other.description


class OfAName(nn.Linear):
    """One output for each of two names."""

    def forward(self, x, names):
        return super().forward(x) * torch.tensor([[1.0 + len(name)] for name in names])


@pytest.mark.parametrize("batch_size", [None, 5])
@pytest.mark.parametrize("n_samples", [None, 12])
def test_lists_beside_tensors_are_taken_apart(batch_size, n_samples):
    x = torch.randn(18, 4, generator=torch.Generator().manual_seed(1))
    names, labels = [["a", "bbb"][i % 2] for i in range(18)], [i % 3 for i in range(18)]

    def loss(output, data):
        return functional.cross_entropy(output, torch.tensor(data["y"]))

    data = {"x": x, "names": names, "y": labels}
    landscape = NetworkLandscape(
        OfAName(4, 3), loss, data, batch_size=batch_size, n_samples=n_samples, vectorize=True
    )
    modules = [OfAName(4, 3) for _ in range(2)]
    points = torch.stack([landscape.coordinates(module) for module in modules])
    landscape.ends(*points)
    if n_samples is None:
        own = [loss(module(x, names), data).detach() for module in modules]
        torch.testing.assert_close(landscape.value(points), torch.stack(own))
    samples = np.array([[0, 3, 5], [7, 2, 4]])
    one_by_one = [landscape.value(points[i : i + 1], samples[i : i + 1])[0] for i in range(2)]
    torch.testing.assert_close(landscape.value(points, samples), torch.stack(one_by_one))


def test_samples_of_several_names_make_no_batch():
    rows = [{"x": torch.zeros(4), "y": torch.tensor(0)}, {"y": torch.tensor(1)}]
    with pytest.raises(ValueError, match=r"could not be put together as a batch \('x'\)"):
        NetworkLandscape(nn.Linear(4, 3), loss, rows)
