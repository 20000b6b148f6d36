"""Metrics in one pass, and random directions."""

import numpy as np
import pytest
import torch
from torch import nn

from fourierpathfinder.landscapes import NetworkLandscape


@pytest.fixture
def problem():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(64, 3))
        data = torch.randn(70, 1, 6, 6), torch.randint(3, (70,))
    return net, data


def error(output, target):
    return (output.argmax(-1) != target).float()


@pytest.mark.parametrize("memory", [None, 20_000])
def test_metrics_are_those_of_the_module(problem, memory):
    """In one pass, however many samples are computed at once; the loss too."""
    net, data = problem
    calls = []
    net.register_forward_hook(lambda *_: calls.append(1))
    landscape = NetworkLandscape(net, nn.functional.cross_entropy, data, memory=memory)
    point = landscape.coordinates(net)
    points = torch.stack([point, 1.1 * point])
    metrics = {"error": error, "mean error": lambda o, t: error(o, t).mean()}
    found = landscape.measure(points, metrics)
    assert set(found) == {"loss", *metrics}
    np.testing.assert_allclose(found["loss"], landscape.value(points), rtol=1e-5)
    for m in range(2):
        own = landscape.module(points[m])
        with torch.no_grad():
            exact = error(own(data[0]), data[1]).mean()
        for name in metrics:
            assert found[name][m] == pytest.approx(float(exact), abs=1e-6)


def test_all_outputs_in_the_order_of_the_data(problem):
    net, data = problem
    landscape = NetworkLandscape(net, nn.functional.cross_entropy, data, memory=20_000)
    outputs, targets = zip(*landscape.outputs(net), strict=True)
    assert len(outputs) > 1
    assert torch.equal(torch.cat(targets), data[1])
    with torch.no_grad():
        own = landscape.module(landscape.coordinates(net))(data[0])
    torch.testing.assert_close(torch.cat(outputs), own, rtol=1e-4, atol=1e-5)


def test_filters_of_a_random_direction_have_the_norms_of_the_network(problem):
    net, data = problem
    landscape = NetworkLandscape(net, nn.functional.cross_entropy, data)
    direction = landscape.random_direction(net, rng=0)
    parts = direction.split([p.numel() for p in net.parameters()])
    for part, parameter in zip(parts, net.parameters(), strict=True):
        if parameter.ndim < 2:
            assert not part.any()
        else:
            norms = part.view_as(parameter).flatten(1).norm(dim=1)
            torch.testing.assert_close(norms, parameter.detach().flatten(1).norm(dim=1))
    assert torch.equal(direction, landscape.random_direction(net, rng=0))
    assert not torch.equal(direction, landscape.random_direction(net, rng=1))


@pytest.mark.parametrize("memory", [None, 20_000])
def test_samples_that_weigh_differently(problem, memory):
    """As tokens do, some of which are padding."""
    net, (inputs, targets) = problem
    landscape = NetworkLandscape(net, nn.functional.cross_entropy, (inputs, targets), memory=memory)
    point = landscape.coordinates(net)

    def error_of_some(output, target):
        return (error(output, target) * target).sum(), target.sum()

    found = landscape.measure(point[None], {"some": error_of_some})["some"][0]
    with torch.no_grad():
        total, weight = error_of_some(landscape.module(point)(inputs), targets)
    assert found == pytest.approx(float(total / weight), abs=1e-6)


@pytest.mark.parametrize(
    ("metric", "kind", "words"),
    [
        (lambda o, t: error(o, t).sum(), ValueError, "'wrong' is no mean over samples"),
        (lambda o, t: o.std(), ValueError, r"no mean.*`landscape\.outputs\(point\)`"),
        (lambda o, t: None, TypeError, "'wrong' returned a NoneType; it must return a number"),
        ("accuracy", TypeError, "'wrong' is a str; pass a function of output and target"),
    ],
)
def test_what_is_no_metric_is_refused(problem, metric, kind, words):
    net, data = problem
    landscape = NetworkLandscape(net, nn.functional.cross_entropy, data)
    with pytest.raises(kind, match=words):
        landscape.measure(landscape.coordinates(net)[None], {"wrong": metric})


def test_metrics_have_names_of_their_own(problem):
    net, data = problem
    landscape = NetworkLandscape(net, nn.functional.cross_entropy, data)
    point = landscape.coordinates(net)[None]
    with pytest.raises(ValueError, match='a metric is called "loss"'):
        landscape.measure(point, {"loss": error})
    with pytest.raises(TypeError, match="`metrics` is a list; pass a dict"):
        landscape.measure(point, [error])


def test_modules_that_keep_outputs_in_a_dict():
    """Which torch does not copy, as they have a history."""

    class Keeps(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.kept = nn.Linear(4, 3), {}
            self.layer.register_forward_hook(self.keep)

        def keep(self, layer, inputs, output):
            self.kept["layer"] = [output]

        def forward(self, x):
            return self.layer(x)

    module, data = Keeps(), (torch.randn(6, 4), torch.arange(6) % 3)
    module(data[0]).sum().backward()
    landscape = NetworkLandscape(module, nn.functional.cross_entropy, data)
    point = landscape.coordinates(module)
    expected = nn.functional.cross_entropy(module(data[0]), data[1])
    torch.testing.assert_close(landscape.value(point[None])[0], expected.detach())


def precision(output, target):
    found = output.argmax(-1) == 0
    return (found & (target == 0)).float().sum() / found.sum()


def balanced(output, target):
    right = (output.argmax(-1) == target).float()
    return torch.stack([right[target == k].mean() for k in target.unique()]).mean()


@pytest.mark.parametrize("batch_size", [None, 500, 20])
@pytest.mark.parametrize("metric", [precision, balanced])
def test_what_is_no_mean_is_noticed_on_sorted_data(metric, batch_size):
    """And where the network makes hardly a mistake."""
    labels = torch.arange(3).repeat_interleave(500)
    noise = torch.randn(1500, 3, generator=torch.Generator().manual_seed(0))
    net = nn.Linear(3, 3)
    with torch.no_grad():
        net.weight.copy_(torch.eye(3))
        net.bias.zero_()
    for size in (0.01, 0.3):
        data = nn.functional.one_hot(labels, 3) + size * noise, labels
        landscape = NetworkLandscape(net, nn.functional.cross_entropy, data, batch_size=batch_size)
        points = landscape.coordinates(net)[None]
        with pytest.raises(ValueError, match="is no mean over samples"):
            landscape.measure(points, {"metric": metric})
        right = landscape.measure(points, {"error": error})["error"]
        assert right == pytest.approx(error(net(data[0]), labels).mean().item())
