"""Modules, losses and metrics that write over what they are called with."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import Dataset, TensorDataset

from fourierpathfinder import Stochastic, find_path
from fourierpathfinder.landscapes import NetworkLandscape

N_SAMPLES = 60


class Shifting(nn.Module):
    """Writes over its input, which is not to be seen by a second call."""

    def __init__(self, seed, *, norm=False):
        super().__init__()
        torch.manual_seed(seed)
        self.layer = nn.Linear(4, 3)
        self.norm = nn.BatchNorm1d(4) if norm else nn.Identity()

    def forward(self, x):
        x -= 0.5
        x *= 2
        return self.layer(self.norm(x))


class Clamping(Shifting):
    """To the same effect if it is called twice."""

    def forward(self, x):
        return self.layer(x.clamp_(min=0))


class Uncounted(Shifting):
    """In a way that torch does not count."""

    def forward(self, x):
        x.data.add_(1)
        return self.layer(x)


def normalised(seed):
    return Shifting(seed, norm=True)


def data():
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(N_SAMPLES, 4, generator=generator)
    return inputs, torch.randint(0, 3, (N_SAMPLES,), generator=generator)


def target_writing(output, target):
    target[target == 2] = 0
    target.add_(1)
    return functional.cross_entropy(output, target)


class Items(Dataset):
    def __init__(self, inputs, labels):
        self.pairs = list(zip(inputs, labels, strict=True))

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, i):
        return self.pairs[i]


def own_loss(module, loss):
    inputs, labels = data()
    with torch.no_grad():
        return loss(module.eval()(inputs), labels).item()


@pytest.mark.parametrize("vectorize", [True, False])
@pytest.mark.parametrize("holder", [tuple, lambda pair: TensorDataset(*pair), lambda p: Items(*p)])
@pytest.mark.parametrize("loss", [functional.cross_entropy, target_writing])
@pytest.mark.parametrize("kind", [Shifting, Clamping, Uncounted])
def test_the_data_stay_and_the_loss_is_the_modules_own(kind, loss, holder, vectorize):
    first, second, kept = kind(0), kind(1), data()
    landscape = NetworkLandscape(first, loss, holder(kept), batch_size=7, vectorize=vectorize)
    result = find_path(landscape, first, second, method=Stochastic(n_steps=5), rng=0)
    for before, after in zip(data(), kept, strict=True):
        assert torch.equal(before, after)
    for module, value in ((first, result.start_value), (second, result.end_value)):
        assert value == pytest.approx(own_loss(module, loss), rel=1e-5)
    again = landscape.value(result.path(np.array([0.0, 0.0])))
    assert again.tolist() == pytest.approx([result.start_value] * 2, rel=1e-5)


def test_statistics_of_what_is_written():
    first, second, kept = normalised(0), normalised(1), data()
    landscape = NetworkLandscape(first, functional.cross_entropy, kept)
    result = find_path(landscape, first, second, method=Stochastic(n_steps=5), rng=0)
    assert torch.equal(kept[0], data()[0])
    torch.optim.swa_utils.update_bn([data()[0]], first)
    assert result.start_value == pytest.approx(own_loss(first, functional.cross_entropy), rel=1e-5)


def test_a_loss_that_reads_what_the_module_wrote():
    first, second = Shifting(0), Shifting(1)
    kept = {"x": data()[0], "y": data()[1]}

    def loss(output, batch):
        return functional.cross_entropy(output, batch["y"]) + batch["x"].square().mean()

    landscape = NetworkLandscape(first, loss, kept, batch_size=7)
    found = landscape.value(landscape.coordinates(second)[None]).item()
    inputs, labels = data()
    own = functional.cross_entropy(second(inputs), labels) + inputs.square().mean()
    assert found == pytest.approx(own.item(), rel=1e-5)
    assert torch.equal(kept["x"], data()[0])


def test_before_anything_was_checked_the_data_stay_too():
    kept, module = data(), normalised(0)
    landscape = NetworkLandscape(module, functional.cross_entropy, kept)
    point = torch.zeros(landscape.n_coordinates)
    landscape.state_dict(point)
    landscape.suitable_batch(point)
    list(landscape.outputs(point))
    assert torch.equal(kept[0], data()[0])


def test_a_metric_may_write_over_its_arguments():
    kept, module = data(), nn.Linear(4, 3)
    landscape = NetworkLandscape(module, functional.cross_entropy, kept)

    def writing(output, target):
        output.zero_()
        target.zero_()
        return (output.argmax(-1) == target).float()

    def right(output, target):
        return (output.argmax(-1) == target).float()

    found = landscape.measure(
        landscape.coordinates(module)[None], {"writing": writing, "right": right}
    )
    assert torch.equal(kept[1], data()[1])
    assert found["right"] == pytest.approx(right(module(kept[0]), kept[1]).mean().item())


def test_others_get_no_copies():
    kept, module = data(), nn.Linear(4, 3)
    landscape = NetworkLandscape(module, functional.cross_entropy, kept, batch_size=N_SAMPLES)
    point = landscape.coordinates(module)
    places = []
    landscape._network.module.register_forward_hook(
        lambda layer, inputs, output: places.append(inputs[0].data_ptr())
    )
    landscape.value(point[None])
    places.clear()
    landscape.value(point[None])
    assert places == [kept[0].data_ptr()]
