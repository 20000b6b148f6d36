"""Values and gradients against a plain loop over modules and samples, for every architecture."""

import pickle

import numpy as np
import pytest
import torch
from torch import nn

from fourierpathfinder import Stochastic, find_path
from fourierpathfinder.landscapes import Landscape, NetworkLandscape, check_landscape

from .architectures import (
    KINDS,
    N_SAMPLES,
    OF_SINGLE_SAMPLES,
    Branching,
    TwoInputs,
    build,
    data_of,
    landscape_of,
    loss_of,
    points_of,
)


def plain_loop(kind, point, samples=None):
    """Loss and gradient of an ordinary module in evaluation mode, sample by sample."""
    module, (inputs, targets) = build(kind).double().eval(), data_of(kind, torch.float64)
    trainable = [p for p in module.parameters() if p.requires_grad]
    nn.utils.vector_to_parameters(point, trainable)
    total = 0.0
    samples = range(N_SAMPLES) if samples is None else samples
    for i in samples:
        total = total + loss_of(kind)(module(inputs[i : i + 1]), targets[i : i + 1])
    gradients = torch.autograd.grad(total / len(samples), trainable)
    return total.item() / len(samples), torch.cat([g.reshape(-1) for g in gradients])


@pytest.mark.parametrize("vectorize", [True, False])
@pytest.mark.parametrize("kind", OF_SINGLE_SAMPLES)
def test_against_a_plain_loop(kind, vectorize):
    landscape = landscape_of(kind, torch.float64, vectorize=vectorize)
    points = points_of(landscape)
    values, gradients = landscape.value_and_grad(points)
    for m, point in enumerate(points):
        value, gradient = plain_loop(kind, point)
        assert values[m].item() == pytest.approx(value, rel=1e-12)
        torch.testing.assert_close(gradients[m], gradient, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(landscape.value(points), values)


@pytest.mark.parametrize("vectorize", [True, False])
@pytest.mark.parametrize("kind", ["perceptron", "convolutional", "recurrent"])
def test_own_samples_at_each_point(kind, vectorize):
    landscape = landscape_of(kind, torch.float64, vectorize=vectorize)
    points = points_of(landscape)
    samples = np.array([[3, 3, 7, 29], [0, 1, 2, 3], [11, 5, 28, 4]])
    values, gradients = landscape.value_and_grad(points, samples)
    for m, point in enumerate(points):
        value, gradient = plain_loop(kind, point, samples[m])
        assert values[m].item() == pytest.approx(value, rel=1e-12)
        torch.testing.assert_close(gradients[m], gradient, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(landscape.value(points, samples), values)


@pytest.mark.parametrize("kind", KINDS)
def test_in_single_precision(kind):
    exact, landscape = landscape_of(kind, torch.float64), landscape_of(kind)
    points = points_of(landscape)
    values, gradients = landscape.value_and_grad(points.float())
    assert values.dtype == gradients.dtype == torch.float32
    expected, slopes = exact.value_and_grad(points)
    torch.testing.assert_close(values.double(), expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(gradients.double(), slopes, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_batches_change_nothing_but_rounding(kind):
    whole = landscape_of(kind, torch.float64)
    points = points_of(whole)
    if kind == "branching":
        points = points.abs()  # on one side of the branch
    expected = whole.value_and_grad(points)
    parts = landscape_of(kind, torch.float64, memory=7000)
    for found, known in zip(parts.value_and_grad(points), expected, strict=True):
        torch.testing.assert_close(found, known, rtol=1e-10, atol=1e-13)


def test_what_vmap_does_not_allow_is_done_in_a_loop():
    landscape = landscape_of("branching", torch.float64, vectorize=True)
    points = points_of(landscape)
    values, gradients = landscape.value_and_grad(points)
    one = [landscape.value_and_grad(point[None]) for point in points]
    torch.testing.assert_close(values, torch.cat([value for value, _ in one]))
    torch.testing.assert_close(gradients, torch.cat([gradient for _, gradient in one]))


def test_errors_of_the_module_arrive_as_they_are():
    landscape = NetworkLandscape(
        Branching(), nn.functional.cross_entropy, (torch.ones(4, 7), torch.ones(4).long())
    )
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        landscape.value_and_grad(torch.ones(2, landscape.n_coordinates))


def test_several_inputs():
    torch.manual_seed(0)
    module, x, y, z = TwoInputs(), torch.randn(9, 3), torch.randn(9, 2), torch.randn(9, 3)
    landscape = NetworkLandscape(module, nn.functional.mse_loss, ((x, y), z))
    value, _ = landscape.value_and_grad(landscape.coordinates(module)[None])
    assert value.item() == pytest.approx(nn.functional.mse_loss(module(x, y), z).item())


def test_a_loss_for_each_sample():
    module, data = build("perceptron"), data_of("perceptron")
    mean = NetworkLandscape(module, nn.CrossEntropyLoss(), data)
    each = NetworkLandscape(module, nn.CrossEntropyLoss(reduction="none"), data)
    points = points_of(mean).float()
    for a, b in zip(mean.value_and_grad(points), each.value_and_grad(points), strict=True):
        torch.testing.assert_close(a, b)


def test_lower_precision_where_it_is_asked_for():
    landscape = landscape_of("perceptron", autocast=torch.bfloat16)
    points = points_of(landscape).float()
    for kind in (None, np.arange(12).reshape(3, 4)):
        exact = landscape_of("perceptron").value_and_grad(points, kind)
        found = landscape.value_and_grad(points, kind)
        assert found[0].dtype == found[1].dtype == torch.float32
        assert 0 < (found[0] - exact[0]).abs().max() < 0.05
        assert (found[1] - exact[1]).abs().max() < 0.05


@pytest.mark.parametrize("kind", ["perceptron", "recurrent", "residual"])
def test_the_module_stays_as_it_is(kind):
    module = build(kind).train()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    landscape = NetworkLandscape(module, loss_of(kind), data_of(kind))
    landscape.value_and_grad(points_of(landscape).float())
    assert all(part.training for part in module.modules())
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
    assert all(p.requires_grad and p.grad is None for p in module.parameters())


@pytest.mark.parametrize("kind", ["perceptron", "residual"])
def test_it_can_be_sent_to_a_process(kind):
    landscape = landscape_of(kind)
    points = points_of(landscape).float()
    copy = pickle.loads(pickle.dumps(landscape))
    for a, b in zip(copy.value_and_grad(points), landscape.value_and_grad(points), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kind", ["perceptron", "recurrent", "tied", "normalised", "autoencoder"])
def test_it_keeps_the_contract(kind, dtype):
    landscape = landscape_of(kind, dtype)
    report = check_landscape(landscape, points_of(landscape).to(dtype), rng=0)
    assert report.ok, str(report)
    assert report.n_evaluations > 20, "steady, so that its gradient is tested"


def test_it_is_a_landscape():
    landscape = landscape_of("perceptron")
    assert isinstance(landscape, Landscape)
    assert landscape.stochastic
    assert landscape.n_samples == N_SAMPLES
    assert landscape.n_coordinates == 30 + 18 + 3
    assert landscape.description.startswith("loss of Sequential, 51 parameters, 30 samples (")


def test_a_checkpoint_tells_losses_and_data_apart():
    module, (inputs, targets) = build("perceptron"), data_of("perceptron")

    def described(loss, data):
        return NetworkLandscape(module, loss, data).description

    def scaled(factor):
        return lambda output, target: factor * nn.functional.cross_entropy(output, target)

    weighted = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 3.0]))
    known = [
        described(nn.functional.cross_entropy, (inputs, targets)),
        described(nn.functional.cross_entropy, (inputs.flip(0), targets)),
        described(nn.functional.multi_margin_loss, (inputs, targets)),
        described(nn.CrossEntropyLoss(), (inputs, targets)),
        described(weighted, (inputs, targets)),
        described(scaled(1), (inputs, targets)),
    ]
    assert len(set(known)) == len(known)
    assert known[0] == described(nn.functional.cross_entropy, (inputs.clone(), targets))


@pytest.mark.parametrize(
    ("points", "error", "words"),
    [
        (np.zeros((2, 51), bool), TypeError, "must be a tensor or array of numbers"),
        (torch.zeros(51), ValueError, r"shape \(51,\); it must be \(M, 51\)"),
        (torch.zeros(1, 50), ValueError, r"shape \(1, 50\); it must be \(M, 51\)"),
    ],
)
def test_points_that_are_none(points, error, words):
    with pytest.raises(error, match=words):
        landscape_of("perceptron").value_and_grad(points)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"module": lambda x: x}, TypeError, "`module` is a function"),
        ({"module": nn.ReLU()}, ValueError, "no parameter with `requires_grad`"),
        ({"loss": 3}, TypeError, "`loss` is a int"),
        ({"loss": nn.MSELoss(reduction="sum")}, ValueError, "sums over the samples"),
        ({"batch_size": 0}, ValueError, "`batch_size` is 0"),
    ],
)
def test_what_makes_no_landscape(arguments, error, words):
    given = {"module": build("perceptron"), "loss": nn.MSELoss(), "data": data_of("perceptron")}
    with pytest.raises(error, match=words):
        NetworkLandscape(**(given | arguments))


class Scaled(nn.Sequential):
    """Has the parameters of a perceptron, and a loss that is not that of these."""

    def forward(self, x):
        return 2 * super().forward(x)


def test_a_path_begins_at_a_third_network():
    landscape = landscape_of("perceptron")
    a, b, third = (build("perceptron", seed=seed) for seed in (0, 1, 2))
    ends, point = [landscape.coordinates(end) for end in (a, b)], landscape.coordinates(third)
    chord, method = (ends[1] - ends[0]).norm(), Stochastic(n_terms=8, n_steps=1)
    for initial in (third, [third], third.state_dict(), point, point[None].numpy()):
        result = find_path(landscape, a, b, method=method, initial=initial, rng=0)
        nearest = (result.path(np.linspace(0, 1, 101)) - point).norm(dim=1).min()
        assert nearest < 0.2 * chord
    with pytest.raises(ValueError, match="`initial`, point 0: the network's own loss"):
        find_path(landscape, a, b, initial=[Scaled(*third)])
