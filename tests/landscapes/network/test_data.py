"""Data as tensors, data sets and loaders: the same numbers whatever holds them."""

import random
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    Sampler,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
)

from fourierpathfinder.landscapes import NetworkLandscape, align_units

from .architectures import build, data_of, points_of


class Items(Dataset):
    """Samples one by one, with plain numbers as targets."""

    def __init__(self, inputs, targets):
        self.inputs, self.targets = inputs, targets

    def __len__(self):
        return len(self.inputs)

    def __getitem__(self, i):
        return self.inputs[i], int(self.targets[i])


class Stream(IterableDataset):
    def __iter__(self):
        return iter([(INPUTS[i], TARGETS[i]) for i in range(20)])


INPUTS, TARGETS = data_of("perceptron")


def doubled(items):
    inputs, targets = zip(*items, strict=True)
    return torch.stack(inputs) * 2, torch.tensor(targets)


@pytest.mark.parametrize(
    "data",
    [
        [INPUTS, TARGETS],
        (INPUTS.numpy(), TARGETS.numpy()),
        TensorDataset(INPUTS, TARGETS),
        Items(INPUTS, TARGETS),
        DataLoader(Items(INPUTS, TARGETS), batch_size=4, shuffle=True, drop_last=True),
        DataLoader(Items(INPUTS / 2, TARGETS), batch_size=3, collate_fn=doubled),
    ],
    ids=["list", "numpy", "tensor data set", "data set", "loader", "own collate"],
)
@pytest.mark.parametrize("samples", [None, np.array([[3, 1, 2], [9, 9, 0], [1, 1, 1]])])
def test_whatever_holds_the_data(data, samples):
    module, loss = build("perceptron"), nn.functional.cross_entropy
    expected = NetworkLandscape(module, loss, (INPUTS, TARGETS))
    landscape = NetworkLandscape(module, loss, data, batch_size=7)
    points = points_of(landscape).float()
    assert landscape.n_samples == expected.n_samples
    found, known = (of.value_and_grad(points, samples) for of in (landscape, expected))
    for a, b in zip(found, known, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)


def nested_inputs():
    """Of several lengths."""
    return torch.nested.nested_tensor(
        [row[: 1 + k % 3] for k, row in enumerate(INPUTS)], layout=torch.jagged
    )


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (Stream(), TypeError, r"iterable kind \(Stream\)"),
        (DataLoader(Stream()), TypeError, "iterable kind"),
        ("mnist", TypeError, "`data` is a str; pass a pair"),
        ((INPUTS, TARGETS, TARGETS), ValueError, "a tuple of length 3"),
        (
            list(DataLoader(TensorDataset(INPUTS, TARGETS), 10)),
            ValueError,
            "a list of length 3; .* the loader itself",
        ),
        ((INPUTS, None), TypeError, "must hold tensors of samples, got a NoneType"),
        ((INPUTS, TARGETS[:7]), ValueError, r"of \[7, 30\] samples"),
        ((INPUTS[:0], TARGETS[:0]), ValueError, r"of \[0\] samples"),
        (TensorDataset(INPUTS), ValueError, "a tuple of length 1; .* pass them twice"),
        ((INPUTS.to_sparse(), TARGETS), TypeError, r"the layout torch.sparse_coo; .*to_dense"),
        ((nested_inputs(), TARGETS), TypeError, "a nested tensor, .* pass a list"),
    ],
)
def test_what_is_no_data(data, error, words):
    with pytest.raises(error, match=words):
        NetworkLandscape(build("perceptron"), nn.functional.cross_entropy, data)


def value_of(data, **options):
    """The loss of one network over data, given in whatever way."""
    landscape = NetworkLandscape(build("perceptron"), nn.functional.cross_entropy, data, **options)
    return float(landscape.value(landscape.coordinates(build("perceptron"))[None]))


def own_value(indices):
    output = build("perceptron").eval()(INPUTS[indices])
    return float(nn.functional.cross_entropy(output, TARGETS[indices]).detach())


def test_a_sampler_chooses_what_counts():
    items = Items(INPUTS, TARGETS)
    chosen = [3, 4, 11, 20, 7]
    for dataset in (items, TensorDataset(INPUTS, TARGETS)):
        loader = DataLoader(dataset, 2, sampler=SubsetRandomSampler(chosen))
        assert value_of(loader) == pytest.approx(own_value(chosen), rel=1e-5)
    batches = DataLoader(items, batch_sampler=[[0, 1], [5], [5, 6]])
    assert value_of(batches) == pytest.approx(own_value([0, 1, 5, 5, 6]), rel=1e-5)


def test_a_sampler_that_draws_is_drawn_from_once():
    weights = torch.zeros(30).scatter(0, torch.tensor([2, 9]), 1.0)
    loader = DataLoader(TensorDataset(INPUTS, TARGETS), sampler=WeightedRandomSampler(weights, 12))
    state = torch.get_rng_state()
    found = [value_of(loader) for _ in range(2)]
    assert found[0] == found[1]
    assert torch.equal(state, torch.get_rng_state())
    low, high = sorted(own_value([i]) for i in (2, 9))
    assert low - 1e-6 < found[0] < high + 1e-6


class ByNumPy(Sampler):
    """Draws from NumPy's global generator, for ever."""

    def __iter__(self):
        while True:
            yield int(np.random.randint(30))  # noqa: NPY002


class InBatches(BatchSampler):
    """A kind of its own."""


@pytest.mark.parametrize("of_loader", [True, False])
def test_the_generator_of_a_sampler_is_left_as_it_was(of_loader):
    generator = torch.Generator().manual_seed(5)
    items = TensorDataset(INPUTS, TARGETS)
    if of_loader:
        chosen = RandomSampler(items, replacement=True, generator=generator)
        loaders = [
            DataLoader(items, 2, sampler=chosen),
            DataLoader(items, batch_sampler=InBatches(chosen, 2, drop_last=False)),
        ]
    else:
        chosen = RandomSampler(items, replacement=True)
        loaders = [DataLoader(items, 2, sampler=chosen, generator=generator)]
    state = generator.get_state()
    for loader in loaders:
        first = value_of(loader)
        assert torch.equal(generator.get_state(), state)
        torch.rand(1, generator=generator)
        assert value_of(loader) == first
        generator.set_state(state)


def test_a_sampler_that_never_ends_needs_a_number():
    loader = DataLoader(TensorDataset(INPUTS, TARGETS), 2, sampler=ByNumPy())
    with pytest.raises(ValueError, match=r"more than 300 indices of 30 samples.*`n_samples="):
        value_of(loader)
    before = np.random.get_state()[2]  # noqa: NPY002
    landscape = NetworkLandscape(
        build("perceptron"), nn.functional.cross_entropy, loader, n_samples=12
    )
    assert landscape.n_samples == 12
    assert np.random.get_state()[2] == before  # noqa: NPY002
    assert value_of(loader, n_samples=12) == value_of(loader, n_samples=12)


def test_a_stream_of_a_stated_length():
    assert value_of(Stream(), n_samples=20) == pytest.approx(own_value(range(20)), rel=1e-5)
    assert value_of(DataLoader(Stream(), 4), n_samples=7) == pytest.approx(own_value(range(7)))
    with pytest.raises(ValueError, match="`n_samples` is 21, but `data` gave only 20"):
        value_of(Stream(), n_samples=21)
    with pytest.raises(ValueError, match="`n_samples` is 0"):
        value_of(Stream(), n_samples=0)


class Streamed:
    """An iterable that is no data set of torch's, as those of `datasets` that are streamed."""

    def __iter__(self):
        return iter(Stream())


def test_whatever_can_be_gone_through_is_a_stream():
    for data in (Streamed(), iter(Stream()), zip(INPUTS, TARGETS, strict=True)):
        assert value_of(data, n_samples=8) == pytest.approx(own_value(range(8)), rel=1e-5)
    assert value_of(DataLoader(Streamed(), 4, sampler=[0]), n_samples=8) == pytest.approx(
        own_value(range(8)), rel=1e-5
    )
    with pytest.raises(TypeError, match=r"of the iterable kind \(generator\).*`n_samples="):
        value_of(each for each in Stream())
    with pytest.raises(TypeError, match="is a _SingleProcessDataLoaderIter; pass"):
        value_of(iter(DataLoader(TensorDataset(INPUTS, TARGETS), 4)), n_samples=8)


class Augmented(Items):
    """Shaken at random at each call, by whichever generator."""

    def __init__(self, draw):
        super().__init__(INPUTS, TARGETS)
        self.draw = draw

    def __getitem__(self, i):
        x, y = super().__getitem__(i)
        return x + self.draw(), y


of_each_library = pytest.mark.parametrize(
    "draw",
    [
        lambda: torch.randn(5),
        lambda: random.gauss(0, 1),
        lambda: float(np.random.normal()),  # noqa: NPY002
    ],
    ids=["torch", "python", "numpy"],
)


@of_each_library
def test_augmentation_is_fixed(draw):
    data = Augmented(draw)
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002
    assert value_of(data) == value_of(data, batch_size=4) or value_of(data) == pytest.approx(
        value_of(data, batch_size=4), rel=1e-6
    )
    assert value_of(data) != pytest.approx(own_value(range(30)), rel=1e-3)
    assert torch.equal(states[0], torch.get_rng_state())
    assert states[1] == random.getstate()
    assert np.array_equal(states[2], np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.parametrize("rare", [0.0, 0.01])
def test_augmentation_is_noticed_though_nothing_comes_of_it(rare):
    def seldom():
        return torch.randn(5) if random.random() < rare else torch.zeros(5)

    landscape = NetworkLandscape(
        build("perceptron"), nn.functional.cross_entropy, Augmented(seldom)
    )
    point = landscape.coordinates(build("perceptron"))[None]
    assert len({landscape.value(point).item() for _ in range(20)}) == 1


def test_augmentation_of_some_samples():
    class OfOne(Items):
        def __getitem__(self, i):
            x, y = super().__getitem__(i)
            return (x + torch.randn(5), y) if y == TARGETS[-1] else (x, y)

    landscape = NetworkLandscape(
        build("perceptron"), nn.functional.cross_entropy, OfOne(INPUTS, TARGETS)
    )
    point = landscape.coordinates(build("perceptron"))[None]
    assert landscape.value(point).item() == landscape.value(point).item()


@pytest.mark.parametrize("data", [TensorDataset(INPUTS, TARGETS), Stream()])
def test_a_loader_of_ready_batches(data):
    with pytest.raises(ValueError, match=r"has `batch_size=None`.*`torch\.cat`"):
        value_of(DataLoader(data, batch_size=None))


def with_noise(items):
    x, y = default_collate(items)
    return x + 1e-3 * torch.randn_like(x), y


GENERATOR = np.random.default_rng(0)


def mixed_by_a_generator_of_its_own(items):
    x, y = default_collate(items)
    share, order = GENERATOR.random(), GENERATOR.permutation(len(x))
    return share * x + (1 - share) * x[order], y


@pytest.mark.parametrize("collate", [with_noise, mixed_by_a_generator_of_its_own])
def test_batches_put_together_at_random(collate):
    items = Items(INPUTS, TARGETS)
    for data, options in (
        (DataLoader(items, 5, collate_fn=collate), {}),
        (items, {"collate": collate}),
    ):
        with pytest.raises(ValueError, match=r"`collate` .* draws random .* in the data set"):
            value_of(data, **options)


def test_augmentation_that_cannot_be_fixed():
    generator = np.random.default_rng()
    with pytest.raises(ValueError, match="gives another sample 0 at each call"):
        value_of(Augmented(lambda: float(generator.normal())))


@dataclass
class Sample:
    x: torch.Tensor
    label: torch.Tensor


class OfSamples(nn.Module):
    """Called with a whole sample."""

    def __init__(self):
        super().__init__()
        self.net = build("perceptron")

    def forward(self, sample):
        return self.net(sample.x)


class Named(nn.Module):
    """Called with what it knows by name; returns an object with logits and a loss."""

    def __init__(self):
        super().__init__()
        self.net = build("perceptron")

    def forward(self, x, labels=None):
        return Named.Output(logits := self.net(x), labels and None, logits)

    @dataclass
    class Output:
        logits: torch.Tensor
        loss: torch.Tensor | None = None
        hidden: torch.Tensor | None = None


def of_dict(output, batch):
    return nn.functional.cross_entropy(output.logits, batch["y"])


@pytest.mark.parametrize("samples", [None, np.array([[3, 1, 2]])])
def test_samples_of_other_kinds(samples):
    reference = NetworkLandscape(
        build("perceptron"), nn.functional.cross_entropy, (INPUTS, TARGETS)
    )
    point = reference.coordinates(build("perceptron"))[None]
    expected = reference.value_and_grad(point, samples)
    rows = [{"x": INPUTS[i], "y": TARGETS[i], "name": str(i)} for i in range(30)]
    as_dicts = (Named(), of_dict, rows)

    def of_sample(output, batch):
        return nn.functional.cross_entropy(output, batch.label)

    def of_nested(output, target):
        return nn.functional.cross_entropy(output, target["y"][0])

    given = [
        (as_dicts, {"collate": _rows}),
        ((Named(), of_dict, {"x": INPUTS, "y": TARGETS}), {}),
        ((Named(), of_dict, DataLoader(rows, 7, collate_fn=_rows)), {}),
        ((Named(), of_dict, rows), {}),
        ((OfSamples(), of_sample, Sample(INPUTS, TARGETS)), {}),
        ((OfSamples(), of_sample, [Sample(INPUTS[i], TARGETS[i]) for i in range(30)]), {}),
        ((build("perceptron"), of_nested, (INPUTS, {"y": (TARGETS, TARGETS)})), {}),
        (
            (
                build("perceptron"),
                lambda o, t: nn.functional.cross_entropy(o, t[1]),
                (INPUTS, (INPUTS, TARGETS)),
            ),
            {},
        ),
    ]
    for arguments, options in given:
        found = NetworkLandscape(*arguments, **options).value_and_grad(point, samples)
        for a, b in zip(found, expected, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)


def _rows(items):
    return {"x": torch.stack([i["x"] for i in items]), "y": torch.stack([i["y"] for i in items])}


def test_samples_that_make_no_batch():
    ragged = [(torch.ones(n, 4), 1) for n in (2, 3)]
    with pytest.raises(ValueError, match=r"could not be put together as a batch.*pass `collate=`"):
        NetworkLandscape(nn.Linear(4, 2), nn.functional.cross_entropy, ragged).value(
            torch.zeros(1, 10)
        )


def test_arrays_that_run_backwards():
    inputs, targets = np.arange(12.0, dtype=np.float32).reshape(6, 2), np.arange(6) % 2
    module = nn.Linear(2, 2)
    values = [
        NetworkLandscape(module, nn.functional.cross_entropy, data).value(torch.ones(1, 6))
        for data in ((inputs, targets), (inputs[::-1], targets[::-1]))
    ]
    torch.testing.assert_close(*values)


class OfADict(nn.Module):
    """Takes its inputs as one dict."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 3)

    def forward(self, batch):
        return self.layer(batch["numbers"])


@pytest.mark.parametrize("as_inputs", [True, False])
def test_a_dict_of_which_the_module_knows_no_name_is_one_argument(as_inputs):
    torch.manual_seed(0)
    inputs, labels = {"numbers": torch.randn(12, 4)}, torch.arange(12) % 3
    data = (inputs, labels) if as_inputs else {**inputs, "labels": labels}

    def loss(output, target):
        return functional.cross_entropy(output, target if as_inputs else target["labels"])

    module = OfADict()
    landscape = NetworkLandscape(module, loss, data)
    expected = functional.cross_entropy(module(inputs), labels).detach()
    torch.testing.assert_close(landscape.value(landscape.coordinates(module)[None])[0], expected)
    assert landscape.same(landscape.coordinates(module), landscape.coordinates(module))
    align_units(module, module, OfADict(), data)


def weighted(output, target, weight):
    return (functional.cross_entropy(output, target, reduction="none") * weight).mean()


def of_a_batch(output, labels, input_lengths, lengths):
    paths = output.reshape(len(output), 6, 3).log_softmax(-1).transpose(0, 1)
    return functional.ctc_loss(paths, labels, input_lengths, lengths)


@pytest.mark.parametrize("put", [
    TensorDataset, lambda *parts: parts, lambda *parts: DataLoader(TensorDataset(*parts), 5),
    lambda *parts: list(zip(*parts, strict=True)), lambda x, *rest: (x, rest),
])  # fmt: skip
def test_a_loss_of_more_arguments_takes_each_part(put):
    torch.manual_seed(0)
    x, target, weight = torch.randn(12, 4), torch.arange(12) % 3, torch.rand(12)
    module = nn.Linear(4, 3)
    landscape = NetworkLandscape(module, weighted, put(x, target, weight))
    expected = weighted(module(x), target, weight).detach()
    torch.testing.assert_close(landscape.value(landscape.coordinates(module)[None])[0], expected)

    module, rest = nn.Linear(4, 18), (torch.full((12,), 6), torch.full((12,), 2))
    labels = torch.randint(1, 3, (12, 2))
    landscape = NetworkLandscape(module, of_a_batch, put(x, labels, *rest))
    expected = of_a_batch(module(x), labels, *rest).detach()
    torch.testing.assert_close(landscape.value(landscape.coordinates(module)[None])[0], expected)


def test_more_parts_than_the_loss_takes():
    parts = torch.randn(12, 4), torch.arange(12) % 3, torch.rand(12)
    for loss in (functional.cross_entropy, nn.CrossEntropyLoss()):
        with pytest.raises(ValueError, match=r"tuple of length 3.*\(inputs, \(target, weight\)\)"):
            NetworkLandscape(nn.Linear(4, 3), loss, parts)


class RarelyAugmented(Items):
    """Shaken at random at one sample, which is not among those that are tried."""

    def __init__(self, draw):
        super().__init__(INPUTS, TARGETS)
        self.draw = draw

    def __getitem__(self, i):
        x, y = super().__getitem__(i)
        return (x + self.draw() if i == 6 else x), y


@of_each_library
def test_augmentation_of_a_few_samples_is_fixed_when_it_is_met(draw):
    module = build("perceptron")
    landscape = NetworkLandscape(
        module, functional.cross_entropy, RarelyAugmented(draw), batch_size=4
    )
    point = landscape.coordinates(module)[None]
    state = torch.get_rng_state()
    values = [landscape.value(point).item() for _ in range(3)]
    assert torch.equal(torch.get_rng_state(), state)
    assert values[0] == values[1] == values[2]
    again = NetworkLandscape(module, functional.cross_entropy, RarelyAugmented(draw), batch_size=7)
    assert again.value(point).item() == pytest.approx(values[0], rel=1e-6)
    assert values[0] != pytest.approx(own_value(range(30)), rel=1e-6)


KEPT = {
    "pair": lambda: (INPUTS, TARGETS),
    "dict": lambda: {"input": INPUTS, "labels": TARGETS},
    "arrays": lambda: (INPUTS.numpy(), TARGETS.numpy()),
    "tensor data set": lambda: TensorDataset(INPUTS, TARGETS),
    "data set": lambda: Items(INPUTS, TARGETS),
    "list": lambda: list(zip(INPUTS, TARGETS, strict=True)),
    "loader": lambda: DataLoader(TensorDataset(INPUTS, TARGETS), 4, shuffle=True),
    "subset": lambda: DataLoader(
        TensorDataset(INPUTS, TARGETS), 4, sampler=SubsetRandomSampler(range(len(INPUTS)))
    ),
    "batches": lambda: DataLoader(
        TensorDataset(INPUTS, TARGETS),
        batch_sampler=BatchSampler(RandomSampler(INPUTS, generator=None), 4, drop_last=False),
    ),
}


def labelled_loss(output, target):
    target = target["labels"] if isinstance(target, dict) else target
    return functional.cross_entropy(output, target)


def chosen_of(data, n_samples):
    """The inputs that count, in their order."""
    landscape = NetworkLandscape(
        build("perceptron"), labelled_loss, data, n_samples=n_samples, batch_size=3
    )
    assert landscape.n_samples == n_samples
    everything = landscape._samples.batch(slice(0, n_samples))
    return everything.tensors[0]


@pytest.mark.parametrize("kind", KEPT)
def test_so_many_samples_are_taken_from_all_over_the_data(kind):
    found = chosen_of(KEPT[kind](), 10)
    where = [int((row == INPUTS).all(1).nonzero()) for row in found]
    assert where == sorted(set(where))
    assert max(where) - min(where) > len(INPUTS) // 2
    torch.testing.assert_close(chosen_of(KEPT[kind](), 10), found)
    assert len(chosen_of(KEPT[kind](), len(INPUTS))) == len(INPUTS)
    with pytest.raises(ValueError, match=f"`n_samples` is 31, but `data` has only {len(INPUTS)}"):
        chosen_of(KEPT[kind](), 31)
    for wrong, error in ((0, ValueError), (2.5, TypeError), ("8", TypeError)):
        with pytest.raises(error, match=f"`n_samples` is {wrong!r}; it must be"):
            chosen_of(KEPT[kind](), wrong)


def test_tensors_need_no_collate():
    for data in ((INPUTS, TARGETS), {"input": INPUTS, "labels": TARGETS}):
        with pytest.raises(TypeError, match="`collate` makes a batch of a list of samples, but"):
            NetworkLandscape(build("perceptron"), labelled_loss, data, collate=doubled)
