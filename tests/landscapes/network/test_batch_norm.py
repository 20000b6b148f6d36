"""Statistics of batch normalisation: those of the data at each point, and part of the gradient."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.swa_utils import update_bn
from torch.utils.data import DataLoader, Dataset, SubsetRandomSampler, TensorDataset

from fourierpathfinder import Stochastic, find_path, find_paths
from fourierpathfinder.landscapes import NetworkLandscape
from fourierpathfinder.landscapes.network.drawn_samples import mixed_batches

from .architectures import build, data_of, landscape_of, loss_of, points_of

KINDS = ["normalised", "residual"]


def updated(kind, module, batch_size):
    """The module with statistics by torch's own means, in evaluation mode."""
    module, (inputs, _) = copy.deepcopy(module), data_of(kind, torch.float64)
    update_bn([inputs[chosen] for chosen in mixed_batches(len(inputs), batch_size)], module)
    return module.eval()


@pytest.mark.parametrize("vectorize", [True, False])
@pytest.mark.parametrize("batch_size", [30, 10])
@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_at_a_point_is_the_networks_own(kind, batch_size, vectorize):
    landscape = landscape_of(kind, torch.float64, batch_size=batch_size, vectorize=vectorize)
    modules = [build(kind, seed).double() for seed in (3, 4)]
    points = torch.stack([landscape.coordinates(module) for module in modules])
    inputs, targets = data_of(kind, torch.float64)
    values, _ = landscape.value_and_grad(points)
    torch.testing.assert_close(landscape.value(points), values)
    for module, value in zip(modules, values, strict=True):
        own = loss_of(kind)(updated(kind, module, batch_size)(inputs), targets)
        assert value.item() == pytest.approx(own.item(), rel=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_a_module_comes_with_its_statistics(kind):
    landscape = landscape_of(kind, torch.float64, batch_size=15)
    module = build(kind, 3).double()
    found = landscape.module(landscape.coordinates(module)).state_dict()
    for name, expected in updated(kind, module, 15).state_dict().items():
        if not name.endswith("num_batches_tracked"):
            torch.testing.assert_close(found[name], expected, rtol=1e-12, atol=1e-14)


@pytest.mark.slow
@pytest.mark.parametrize("vectorize", [True, False])
@pytest.mark.parametrize("batch_size", [30, 11])
@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_is_that_of_the_value(kind, batch_size, vectorize):
    landscape = landscape_of(kind, torch.float64, batch_size=batch_size, vectorize=vectorize)
    points = points_of(landscape, 2)
    _, gradients = landscape.value_and_grad(points)
    steps = 1e-6 * torch.eye(landscape.n_coordinates, dtype=torch.float64)
    for point, gradient in zip(points, gradients, strict=True):
        slopes = (landscape.value(point + steps) - landscape.value(point - steps)) / 2e-6
        torch.testing.assert_close(gradient, slopes, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("vectorize", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_a_mini_batch_is_normalised_with_its_own_statistics(kind, vectorize):
    landscape = landscape_of(kind, torch.float64, vectorize=vectorize)
    module, (inputs, targets) = build(kind, 3).double().train(), data_of(kind, torch.float64)
    samples = np.array([[4, 9, 2, 17], [1, 8, 3, 22]])
    points = landscape.coordinates(module).expand(2, -1)
    values, gradients = landscape.value_and_grad(points, samples)
    for m in range(2):
        chosen = torch.tensor(samples[m])
        loss = loss_of(kind)(module(inputs[chosen]), targets[chosen])
        expected = torch.autograd.grad(loss, list(module.parameters()))
        assert values[m].item() == pytest.approx(loss.item(), rel=1e-12)
        flat = torch.cat([gradient.reshape(-1) for gradient in expected])
        torch.testing.assert_close(gradients[m], flat, rtol=1e-9, atol=1e-12)


def test_statistics_of_an_end_do_not_matter():
    landscape, module = landscape_of("normalised"), build("normalised", 3)
    point = landscape.coordinates(module)
    module[1].running_mean += 5
    assert torch.equal(landscape.coordinates(module), point)


def test_layers_without_statistics_are_refused():
    module = nn.Sequential(nn.Linear(5, 3), nn.BatchNorm1d(3, track_running_stats=False))
    with pytest.raises(ValueError, match=r"the layer '1' has `track_running_stats=False`"):
        NetworkLandscape(module, nn.functional.cross_entropy, data_of("perceptron"))


class Backbone(nn.Module):
    """The first normalisation is kept in evaluation mode while the rest is trained."""

    def __init__(self, by_hand):
        super().__init__()
        self.first, self.held = nn.Linear(5, 6), nn.BatchNorm1d(6)
        self.second, self.tracked, self.last = nn.Linear(6, 4), nn.BatchNorm1d(4), nn.Linear(4, 3)
        self.held.running_mean += torch.linspace(-1, 1, 6)
        self.held.running_var *= 3
        self.held.eval()
        self.by_hand = by_hand
        if by_hand:
            self.held.train = lambda mode=True: self.held

    def train(self, mode=True):
        super().train(mode)
        if not self.by_hand:
            self.held.eval()
        return self

    def forward(self, x):
        x = self.held(self.first(x)).relu()
        return self.last(self.tracked(self.second(x)).relu())


@pytest.mark.parametrize("by_hand", [True, False])
def test_layers_that_are_never_trained_keep_their_statistics(by_hand):
    torch.manual_seed(0)
    a, b = Backbone(by_hand), Backbone(by_hand)
    data = torch.randn(40, 5), torch.randint(3, (40,))
    loss = nn.functional.cross_entropy
    landscape = NetworkLandscape(a, loss, data)
    points = torch.stack([landscape.coordinates(end) for end in (a, b)])
    landscape.ends(*points)
    values, gradients = landscape.value_and_grad(points)
    for k, end in enumerate((a, b)):
        other = landscape.module(points[k])
        trained = copy.deepcopy(end)
        trained.tracked.momentum = None  # the statistics of all batches since
        trained.train()(data[0])
        for module in (trained, other):
            own = loss(module.eval()(data[0]), data[1])
            assert float(values[k]) == pytest.approx(own.item(), rel=1e-5)
        assert torch.equal(other.held.running_var, a.held.running_var)
    step = 1e-2 * torch.randn(landscape.n_coordinates, generator=torch.Generator().manual_seed(1))
    double = NetworkLandscape(a.double(), loss, (data[0].double(), data[1]))
    ahead, behind = double.value(points[:1].double() + torch.stack([step, -step]) * 1e-4)
    assert float(ahead - behind) == pytest.approx(float(2e-4 * gradients[0] @ step), rel=1e-3)


def test_statistics_that_are_kept_must_be_the_same_in_both_ends():
    landscape = NetworkLandscape(
        Backbone(by_hand=False),
        nn.functional.cross_entropy,
        (torch.randn(20, 5), torch.arange(20) % 3),
    )
    other = Backbone(by_hand=False)
    other.held.running_mean += 1
    with pytest.raises(ValueError, match=r"'held.running_mean' is a buffer.*`train` keeps"):
        landscape.coordinates(other)


N_SORTED = 600
CENTRES = 3 * torch.randn(3, 4, generator=torch.Generator().manual_seed(0))


def sorted_data():
    """Samples of three classes, one class after the other."""
    labels = torch.arange(3).repeat_interleave(N_SORTED // 3)
    noise = torch.randn(N_SORTED, 4, generator=torch.Generator().manual_seed(1))
    return CENTRES[labels] + noise, labels


def small(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))


def shuffled_loss(module, seed):
    """After `update_bn` by a loader that shuffles."""
    inputs, labels = sorted_data()
    module, generator = copy.deepcopy(module), torch.Generator().manual_seed(seed)
    update_bn(DataLoader(TensorDataset(inputs), 50, shuffle=True, generator=generator), module)
    with torch.no_grad():
        return nn.functional.cross_entropy(module.eval()(inputs), labels).item()


class Items(Dataset):
    def __len__(self):
        return N_SORTED

    def __getitem__(self, index):
        inputs, labels = sorted_data()
        return inputs[index], labels[index]


SORTED = {
    "pair": sorted_data,
    "dataset": Items,
    "loader": lambda: DataLoader(TensorDataset(*sorted_data()), shuffle=True),
    "sampler": lambda: DataLoader(
        TensorDataset(*sorted_data()), sampler=SubsetRandomSampler(range(N_SORTED))
    ),
}


@pytest.mark.parametrize("kind", SORTED)
def test_statistics_of_sorted_data_are_those_of_a_loader_that_shuffles(kind):
    module = small(0)
    landscape = NetworkLandscape(module, nn.functional.cross_entropy, SORTED[kind](), batch_size=50)
    found = landscape.value(landscape.coordinates(module)[None]).item()
    losses = np.array([shuffled_loss(module, seed) for seed in range(20)])
    assert abs(found - losses.mean()) < 4 * losses.std()
    in_order = copy.deepcopy(module)
    inputs, labels = sorted_data()
    update_bn(inputs.split(50), in_order)
    wrong = nn.functional.cross_entropy(in_order.eval()(inputs), labels).item()
    assert abs(wrong - losses.mean()) > 100 * losses.std()


def test_statistics_are_the_same_each_time_and_in_company():
    ends = small(0), small(1)
    heights = []
    for _ in range(2):
        landscape = NetworkLandscape(
            ends[0], nn.functional.cross_entropy, sorted_data(), batch_size=50
        )
        heights.append(find_path(landscape, *ends, method=Stochastic(n_steps=5), rng=0).height)
    pair = find_paths(landscape, [ends, ends[::-1]], method=Stochastic(n_steps=5), rng=0)
    assert heights[0] == heights[1]
    assert pair[0].height == pytest.approx(heights[0], rel=1e-6)


@pytest.mark.parametrize(
    "n_samples, size", [(7, 2), (251, 250), (11, 5), (2, 2), (600, 250), (9, 1)]
)
def test_no_batch_is_of_one_sample(n_samples, size):
    batches = mixed_batches(n_samples, size)
    assert sorted(np.concatenate(batches).tolist()) == list(range(n_samples))
    sizes = [len(batch) for batch in batches]
    assert min(sizes) >= min(size, 2)
    assert max(sizes) <= max(size, 3 if size == 2 else 0)
    assert max(sizes) - min(sizes) <= 1


def test_one_sample_left_over_has_no_share_of_its_own():
    inputs, labels = (
        tensor[::5].double() if tensor.is_floating_point() else tensor[::5]
        for tensor in sorted_data()
    )
    inputs, labels = inputs[:51], labels[:51]
    module = small(0).double()
    data = inputs, labels
    together, parts = (
        NetworkLandscape(module, nn.functional.cross_entropy, data, batch_size=size)
        for size in (51, 50)
    )
    point = together.coordinates(module)[None]
    assert parts.value(point).item() == pytest.approx(together.value(point).item(), rel=0.05)


def test_one_value_a_channel_has_no_statistics():
    first, second = small(0), small(1)
    loss, data = nn.functional.cross_entropy, sorted_data()
    said = "one sample alone, with one value a channel.*`batch_size=` of 2 at least"
    with pytest.raises(ValueError, match=f"`start`:.*{said}"):
        find_path(NetworkLandscape(first, loss, data, batch_size=1), first, second)
    landscape = NetworkLandscape(first, loss, data)
    with pytest.raises(ValueError, match=said):
        find_path(landscape, first, second, method=Stochastic(n_steps=3, batch_size=1))
    alone = NetworkLandscape(first, loss, tuple(tensor[:1] for tensor in data))
    with pytest.raises(ValueError, match=said):
        find_path(alone, first, second)


def test_one_image_has_statistics():
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(3)
    )
    images, labels = torch.randn(6, 1, 5, 5), torch.randint(0, 3, (6,))
    module(images)
    landscape = NetworkLandscape(
        module, nn.functional.cross_entropy, (images, labels), batch_size=1
    )
    found = landscape.value(landscape.coordinates(module)[None]).item()
    update_bn(images.split(1), module)
    own = nn.functional.cross_entropy(module.eval()(images), labels).item()
    assert found == pytest.approx(own, rel=1e-5)
