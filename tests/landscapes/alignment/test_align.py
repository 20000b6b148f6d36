"""The same function, nearer: units hidden by a random permutation are found again."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from examples.nn_experiments.networks import NETWORKS
from fourierpathfinder.landscapes import align_units
from fourierpathfinder.landscapes.alignment.matching import by_weights
from fourierpathfinder.landscapes.alignment.structure import find_units


class Functional(nn.Module):
    """A convolutional network written with functions, views and sizes."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 5, 3)
        self.norm = nn.BatchNorm2d(5)
        self.second = nn.Conv2d(5, 7, 3)
        self.full = nn.Linear(7 * 5 * 5, 11)
        self.last = nn.Linear(11, 3)

    def forward(self, x):
        x = nn.functional.max_pool2d(nn.functional.relu(self.norm(self.first(x / 2))), 2)
        x = self.second(x).tanh()
        x = x.view(x.size(0), -1)
        return self.last(nn.functional.dropout(self.full(x).relu(), training=self.training))


class Heads(nn.Module):
    """Two heads on one trunk, with the global mean of the channels between."""

    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Conv1d(2, 6, 3, padding=1), nn.SiLU())
        self.left, self.right = nn.Linear(6, 2), nn.Linear(6, 3)

    def forward(self, x):
        x = self.trunk(x).mean(-1)
        return {"left": self.left(x), "right": [self.right(x)]}


class Words(nn.Module):
    """Embedding, two stacked LSTM layers, and their last hidden state."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(13, 5)
        self.lstm = nn.LSTM(5, 6, num_layers=2, batch_first=True)
        self.last = nn.Linear(6, 4)

    def forward(self, x):
        _, (hidden, _) = self.lstm(self.words(x))
        return self.last(hidden[-1])


class Sequence(nn.Module):
    """All steps of a GRU side by side, normalised first."""

    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(4, 6, batch_first=True)
        self.norm = nn.LayerNorm(6)
        self.last = nn.Linear(7 * 6, 3)

    def forward(self, x):
        return self.last(self.norm(self.gru(x)[0]).flatten(1))


def transposed():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, stride=2),
        nn.GELU(),
        nn.ConvTranspose2d(4, 5, 3, stride=2),
        nn.BatchNorm2d(5),
        nn.ELU(),
        nn.Conv2d(5, 1, 1),
    )


def normed():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.Flatten(), nn.BatchNorm1d(4 * 9), nn.ReLU(), nn.Linear(36, 5),
        nn.BatchNorm1d(5), nn.PReLU(5), nn.Linear(5, 2), nn.PReLU(),
    )  # fmt: skip


def images(n=40):
    return torch.rand(n, 1, 28, 28)


def paper(name):
    return lambda: NETWORKS[name].make("softplus")


CASES = {
    "fcp": (paper("fcp"), images, [50, 50]),
    "lenet": (paper("lenet"), images, [6, 16, 120, 84]),
    "autoencoder": (paper("autoencoder"), images, [32, 32, 32]),
    "lstm": (paper("lstm"), images, [48]),
    "functional": (Functional, lambda: torch.rand(40, 1, 16, 16), [5, 7, 11]),
    "heads": (Heads, lambda: torch.rand(40, 2, 9), [6]),
    "words": (Words, lambda: torch.randint(13, (40, 8)), [5, 6, 6]),
    "sequence": (Sequence, lambda: torch.rand(40, 7, 4), [6]),
    "transposed": (transposed, lambda: torch.rand(40, 1, 9, 9), [4, 5]),
    "normed": (normed, lambda: torch.rand(40, 1, 5, 5), [4, 5]),
}


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def made(name):
    """A network whose norms have seen data, so that their statistics differ from unit to unit."""
    make, data, sizes = CASES[name]
    module, inputs = make(), data()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        module.train()(inputs)
    return module.eval(), inputs, sizes


def hidden(module):
    """The same function with its units in a random order."""
    state = module.state_dict()
    for units in find_units(module):
        state = units.permuted(state, torch.randperm(units.n_units))
    copy = deepcopy(module)
    copy.load_state_dict(state)
    return copy


def outputs(module, inputs):
    with torch.no_grad():
        found = module(inputs)
    return torch.cat([found["left"], found["right"][0]], -1) if isinstance(found, dict) else found


@pytest.mark.parametrize("name", CASES)
def test_units_of_each_architecture(name):
    module, _, sizes = made(name)
    assert [units.n_units for units in find_units(module)] == sizes


@pytest.mark.parametrize("name", CASES)
def test_any_order_of_the_units_is_the_same_function(name):
    """Independently of the package's own check; in float64."""
    module, inputs, _ = made(name)
    module, inputs = module.double(), inputs.double() if inputs.is_floating_point() else inputs
    other = hidden(module)
    torch.testing.assert_close(outputs(other, inputs), outputs(module, inputs))
    assert any(
        not torch.equal(x, y) for x, y in zip(module.parameters(), other.parameters(), strict=True)
    )


@pytest.mark.parametrize("by", ["weights", "activations"])
@pytest.mark.parametrize("name", CASES)
def test_hidden_units_are_found_again(name, by):
    module, inputs, _ = made(name)
    shuffled = hidden(module)
    data = inputs if by == "activations" else None
    if name == "lstm" and data is None:
        with pytest.raises(ValueError, match="pass some as `data`"):
            align_units(module, module, shuffled)
        data = inputs
    aligned = align_units(module, module, shuffled, data, match_activations=by == "activations")
    for key, value in module.state_dict().items():
        torch.testing.assert_close(aligned.state_dict()[key], value, msg=f"{key} differs")


@pytest.mark.parametrize("name", ["fcp", "lenet", "autoencoder", "words"])
def test_unrelated_networks_come_nearer_and_stay_what_they_are(name):
    a, inputs, _ = made(name)
    b, _, _ = made(name)
    a, b = a.double(), b.double()
    inputs = inputs.double() if inputs.is_floating_point() else inputs
    for data in (None, inputs):
        aligned = align_units(a, a, b, data)
        torch.testing.assert_close(outputs(aligned, inputs), outputs(b, inputs))
        if data is None:
            assert distance(a, aligned) < distance(a, b)


def distance(a, b):
    pairs = zip(a.parameters(), b.parameters(), strict=True)
    return sum(float(((x - y) ** 2).sum().detach()) for x, y in pairs) ** 0.5


def test_gates_of_an_lstm_are_permuted_together():
    module, inputs, _ = made("lstm")
    order = torch.randperm(48)
    state = module.state_dict()
    state["lstm.weight_ih_l0"] = state["lstm.weight_ih_l0"].view(4, 48, 28)[:, order].flatten(0, 1)
    recurrent = state["lstm.weight_hh_l0"].view(4, 48, 48)
    state["lstm.weight_hh_l0"] = recurrent[:, order][:, :, order].flatten(0, 1)
    for bias in ("lstm.bias_ih_l0", "lstm.bias_hh_l0"):
        state[bias] = state[bias].view(4, 48)[:, order].flatten()
    state["linear.weight"] = state["linear.weight"][:, order]
    (units,) = find_units(module)
    mine = units.permuted(module.state_dict(), order)
    assert all(torch.equal(mine[name], value) for name, value in state.items())
    aligned = align_units(module, module, state, inputs)
    assert all(torch.equal(aligned[name], x) for name, x in module.state_dict().items())


def test_one_hidden_layer_is_matched_as_well_as_can_be():
    """Against the assignment problem written out by hand, for which one set of units is exact."""
    module = nn.Sequential(nn.Linear(3, 6), nn.Tanh(), nn.Linear(6, 2))
    a, b = deepcopy(module).double(), deepcopy(module).double()
    for parameter in b.parameters():
        nn.init.normal_(parameter)
    x, y = (
        np.concatenate(
            [n[0].weight.detach(), n[0].bias.detach()[:, None], n[2].weight.detach().T], axis=1
        )
        for n in (a, b)
    )
    costs = ((x[:, None] - y[None]) ** 2).sum(-1)
    rows, columns = linear_sum_assignment(costs)
    aligned = align_units(module.double(), a, b)
    assert distance(a, aligned) ** 2 == pytest.approx(
        costs[rows, columns].sum() + float(((a[2].bias - b[2].bias) ** 2).sum().detach())
    )


def test_matching_of_weights_never_makes_it_worse_where_it_is_not_exact():
    """A recurrent layer has the same units on both axes of a weight."""
    module, _, _ = made("lstm")
    a = module.state_dict()
    b = made("lstm")[0].state_dict()
    names = set(a)
    products = []
    for state in (b, by_weights(a, b, find_units(module), names)):
        products.append(sum(float((a[n].double() * state[n].double()).sum()) for n in names))
    assert products[1] > products[0]


def test_result_is_of_the_kind_that_was_given():
    module, inputs, _ = made("fcp")
    other = hidden(module)
    before = deepcopy(other.state_dict())
    aligned = align_units(module, module.state_dict(), other.state_dict(), inputs)
    assert isinstance(aligned, dict)
    assert list(aligned) == list(before)
    assert isinstance(align_units(module, module, other), nn.Sequential)
    assert all(torch.equal(other.state_dict()[name], value) for name, value in before.items())


def test_data_may_be_tensors_pairs_or_a_loader():
    module, inputs, _ = made("lenet")
    other, labels = hidden(module), torch.zeros(len(inputs))
    loader = DataLoader(TensorDataset(inputs, labels), batch_size=7)
    for data in (inputs, (inputs, labels), loader):
        aligned = align_units(module, module, other, data)
        torch.testing.assert_close(aligned.state_dict(), module.state_dict())


def test_dead_units_do_no_harm():
    module, inputs, _ = made("fcp")
    with torch.no_grad():
        module[1].weight[[3, 8]] = 0.0
    aligned = align_units(module, module, hidden(module), inputs)
    torch.testing.assert_close(outputs(aligned, inputs), outputs(module, inputs))


def test_nothing_to_align_is_no_error():
    module = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
    aligned = align_units(module, module, module)
    assert torch.equal(aligned[1].weight, module[1].weight)
