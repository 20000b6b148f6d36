"""Ends whose loss is not finite, and heights that are never below the ends."""

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset, Subset, SubsetRandomSampler, TensorDataset

from fourierpathfinder import LandscapeError, Status, Stochastic, find_path, find_paths
from fourierpathfinder.landscapes import NetworkLandscape

N_SAMPLES = 5000


def build(seed, *, norm=False):
    torch.manual_seed(seed)
    between = nn.BatchNorm1d(6) if norm else nn.Tanh()
    return nn.Sequential(nn.Linear(4, 6), between, nn.Linear(6, 3))


def data(*broken):
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(N_SAMPLES, 4, generator=generator)
    for index in broken:
        inputs[index, 2] = float("nan")
    return inputs, torch.randint(0, 3, (N_SAMPLES,), generator=generator)


class Items(Dataset):
    def __init__(self, inputs, labels):
        self.inputs, self.labels = inputs, labels

    def __len__(self):
        return N_SAMPLES

    def __getitem__(self, i):
        return self.inputs[i], self.labels[i]


@pytest.mark.parametrize("norm", [True, False])
@pytest.mark.parametrize("holder", [tuple, lambda pair: Items(*pair)])
@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ([3333], "the loss of sample 3333 of `data` is not"),
        ([17, 4998], "the loss of samples 17, 4998 of `data` is not"),
        (range(1000, 1100, 7), "the loss of samples 1000, 1007, 1014, 1021 and others of `data`"),
    ],
)
def test_samples_without_a_loss_are_named_before_the_first_step(broken, words, holder, norm):
    first, second = build(0, norm=norm), build(1, norm=norm)
    landscape = NetworkLandscape(first, functional.cross_entropy, holder(data(*broken)))
    steps = []
    with pytest.raises(LandscapeError, match=words) as caught:
        find_path(landscape, first, second, method=Stochastic(n_steps=5), callback=steps.append)
    assert "t = 0" in str(caught.value)
    assert not steps


def holders():
    """Data of which some samples are left out, the broken one not among these."""
    pair, indices = data(3333), list(range(3000, 4000, 3))
    for dataset in (TensorDataset(*pair), Items(*pair)):
        yield DataLoader(dataset, sampler=SubsetRandomSampler(indices)), {}
        yield DataLoader(dataset, sampler=[3333] * 3 + [*range(2500, 3500)]), {}
        yield Subset(dataset, indices), {}
    labels = data()[1]
    numbers = torch.arange(N_SAMPLES).float()[:, None]  # what is drawn is told by the data
    counted = NetworkLandscape(nn.Linear(1, 1), None, (numbers, labels), n_samples=1000)
    broken = [int(counted._samples.batch([k]).tree[0]) for k in (333, 450)]
    for holder in (tuple, lambda pair: Items(*pair)):
        words = f"samples {broken[0]}, {broken[1]} of"
        yield holder(data(*broken)), {"n_samples": 1000, "words": words}


@pytest.mark.parametrize("k", range(8))
def test_samples_have_the_numbers_that_they_have_in_the_data(k):
    holder, more = list(holders())[k]
    words = more.pop("words", "sample 111 of" if isinstance(holder, Subset) else "sample 3333 of")
    first, second = build(0), build(1)
    landscape = NetworkLandscape(first, functional.cross_entropy, holder, **more)
    with pytest.raises(LandscapeError, match=f"the loss of {words} `data` is not"):
        find_path(landscape, first, second, method=Stochastic(n_steps=5))


def test_of_several_paths_only_those_with_such_an_end_fail():
    def loss(output, target):
        each = functional.cross_entropy(output, target, reduction="none")
        return torch.where(output[:, 0] > 50, torch.nan, each)

    first, second, bad = build(0), build(1), build(2)
    with torch.no_grad():
        bad[2].weight.mul_(20)
    inputs, labels = data()
    with torch.no_grad():
        few = bad(inputs)[:, 0] > 50
    assert not few.any()
    with torch.no_grad():
        shift = 50 - bad(inputs)[:, 0].topk(2).values.mean()
        bad[2].bias[0] += shift  # of one sample the loss is NaN
    landscape = NetworkLandscape(first, loss, (inputs, labels))
    pairs = [(first, second), (first, bad)]
    good, failed = find_paths(landscape, pairs, method=Stochastic(n_steps=5), rng=0)
    alone = find_path(landscape, first, second, method=Stochastic(n_steps=5), rng=0)
    assert good.status is Status.STEPS_DONE
    assert good.height == pytest.approx(alone.height, rel=1e-6)
    assert failed.status is Status.FAILED


@pytest.mark.parametrize("step", [1, 20])
def test_an_interrupted_run_is_no_lower_than_its_ends(step):
    first, second = build(0), build(1)
    inputs, labels = data()
    with torch.no_grad():
        second[2].bias[0] += 3.0
    landscape = NetworkLandscape(first, functional.cross_entropy, (inputs, labels))

    def stop(now):
        if now.n_iterations == step:
            raise KeyboardInterrupt

    method = Stochastic(n_steps=200)
    result = find_path(landscape, first, second, method=method, rng=0, callback=stop)
    assert result.status is Status.INTERRUPTED
    own = [functional.cross_entropy(module(inputs), labels).item() for module in (first, second)]
    assert result.height >= max(own) * (1 - 1e-6)
    assert [result.start_value, result.end_value] == pytest.approx(own, rel=1e-5)
    assert result.height_error == float("inf")
