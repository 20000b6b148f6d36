"""The same function, nearer: units hidden by a random permutation are found again."""

from copy import deepcopy
from itertools import chain

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from examples.nn_experiments.networks import NETWORKS
from fourierpathfinder.landscapes import StraightThrough, align_units
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


class Block(nn.Module):
    """Two convolutions with norms on a residual connection, as in ResNet-18."""

    def __init__(self, n_in, n_out, norm):
        super().__init__()
        stride = 1 if n_in == n_out else 2
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride, 1, bias=False)
        self.bn1 = norm(n_out)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, 1, 1, bias=False)
        self.bn2 = norm(n_out)
        self.downsample = None
        if stride > 1:
            self.downsample = nn.Sequential(
                nn.Conv2d(n_in, n_out, 1, stride, bias=False), norm(n_out)
            )

    def forward(self, x):
        identity = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += identity
        return self.relu(out)


def residual(norm=nn.BatchNorm2d):
    """ResNet-18's shape with fewer channels."""
    blocks = [(8, 8), (8, 8), (8, 12), (12, 12), (12, 16), (16, 16)]
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, bias=False), norm(8), nn.ReLU(), nn.MaxPool2d(2),
        *(Block(n_in, n_out, norm) for n_in, n_out in blocks),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10),
    )  # fmt: skip


class Encoder(nn.Module):
    """torch's own transformer, with positions, and its words as the last layer or not."""

    def __init__(self, tied):
        super().__init__()
        self.words = nn.Embedding(11, 12)
        self.places = nn.Parameter(torch.randn(7, 12))
        layer = nn.TransformerEncoderLayer(12, 3, 20, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.last = nn.Linear(12, 11, bias=False)
        if tied:
            self.last.weight = self.words.weight

    def forward(self, x):
        return self.last(self.layers(self.words(x) + self.places))


class Attention(nn.Module):
    """As in vision transformers: one product for queries, keys and values."""

    def __init__(self):
        super().__init__()
        self.qkv, self.proj = nn.Linear(12, 36), nn.Linear(12, 12)

    def forward(self, x):
        q, k, v = self.qkv(x).reshape(len(x), -1, 3, 3, 4).permute(2, 0, 3, 1, 4).unbind(0)
        x = (q @ k.transpose(-2, -1) * 4**-0.5).softmax(-1) @ v
        return self.proj(x.transpose(1, 2).reshape(len(x), -1, 12))


class Vision(nn.Module):
    """A vision transformer with a class token."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 12, 4, 4)
        self.token = nn.Parameter(torch.randn(1, 1, 12))
        self.places = nn.Parameter(torch.randn(1, 5, 12))
        self.norms = nn.ModuleList(nn.LayerNorm(12) for _ in range(3))
        self.attention = Attention()
        self.full = nn.Sequential(nn.Linear(12, 17), nn.GELU(), nn.Linear(17, 12))
        self.head = nn.Linear(12, 10)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], dim=1) + self.places
        x = x + self.attention(self.norms[0](x))
        x = x + self.full(self.norms[1](x))
        return self.head(self.norms[2](x)[:, 0])


class Separate(nn.Module):
    """GPT-2's attention: one product cut into three, channels of each head free to differ."""

    def __init__(self):
        super().__init__()
        self.words, self.cut = nn.Embedding(11, 12), nn.Linear(12, 36)
        self.proj, self.norm = nn.Linear(12, 12), nn.LayerNorm(12)

    def forward(self, x):
        x = self.words(x)
        parts = self.cut(self.norm(x)).split(12, dim=2)
        q, k, v = (part.view(len(x), -1, 3, 4).transpose(1, 2) for part in parts)
        seen = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(seen.transpose(1, 2).reshape(len(x), -1, 12))
        return x @ self.words.weight.T


def grouped():
    """Convolutions within groups, one for each channel among them."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.GroupNorm(4, 8), nn.SiLU(), nn.Conv2d(8, 8, 3, groups=8),
        nn.Conv2d(8, 12, 1), nn.ReLU(), nn.Conv2d(12, 6, 3, groups=3), nn.Flatten(),
        nn.Linear(6 * 10 * 10, 4),
    )  # fmt: skip


class Dense(nn.Module):
    """Channels of earlier layers beside those of later ones."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 5, 3, padding=1), nn.Conv2d(5, 4, 3, padding=1)
        self.norm, self.last = nn.BatchNorm2d(9), nn.Conv2d(9, 2, 1)

    def forward(self, x):
        x = self.first(x).relu()
        return self.last(self.norm(torch.cat([x, self.second(x)], 1)).relu())


def images(n=40):
    return torch.rand(n, 1, 28, 28)


def paper(name):
    return lambda: NETWORKS[name].make("softplus")


def colours(n=40):
    return torch.rand(n, 3, 16, 16)


def tokens(n=40):
    return torch.randint(11, (n, 7))


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
    "residual": (residual, colours, [8, 8, 8, 12, 12, 12, 16, 16, 16]),
    "group norm": (lambda: residual(lambda n: nn.GroupNorm(4, n)), colours, [4, 4, 4] * 3),
    "encoder": (lambda: Encoder(tied=False), tokens, [12, 3, 20, 3, 20]),
    "tied encoder": (lambda: Encoder(tied=True), tokens, [12, 3, 20, 3, 20]),
    "vision": (Vision, lambda: torch.rand(40, 3, 8, 8), [12, 3, 17]),
    "separate": (Separate, tokens, [12, 3]),
    "grouped": (grouped, colours, [4, 3, 4]),
    "dense": (Dense, colours, [5, 4]),
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


def hidden(module, inputs):
    """The same function with its units in a random order, and with those within them."""
    state = module.state_dict()
    for units in find_units(module, (inputs,)):
        for each in (units, *chain(*units.within)):
            state = each.permuted(state, torch.randperm(each.n_units))
    copy = deepcopy(module)
    copy.load_state_dict(state)
    return copy


def outputs(module, inputs):
    with torch.no_grad():
        found = module(inputs)
    return torch.cat([found["left"], found["right"][0]], -1) if isinstance(found, dict) else found


@pytest.mark.parametrize("name", CASES)
def test_units_of_each_architecture(name):
    module, inputs, sizes = made(name)
    assert [units.n_units for units in find_units(module, (inputs,))] == sizes


@pytest.mark.parametrize("name", CASES)
def test_any_order_of_the_units_is_the_same_function(name):
    """Independently of the package's own check; in float64."""
    module, inputs, _ = made(name)
    module, inputs = module.double(), inputs.double() if inputs.is_floating_point() else inputs
    other = hidden(module, inputs)
    torch.testing.assert_close(outputs(other, inputs), outputs(module, inputs))
    assert any(
        not torch.equal(x, y) for x, y in zip(module.parameters(), other.parameters(), strict=True)
    )


@pytest.mark.parametrize("by", ["weights", "activations"])
@pytest.mark.parametrize("name", CASES)
def test_hidden_units_are_found_again(name, by):
    module, inputs, _ = made(name)
    shuffled = hidden(module, inputs)
    data = inputs if by == "activations" else None
    if name == "lstm" and data is None:
        with pytest.raises(ValueError, match="pass some as `data`"):
            align_units(module, module, shuffled)  # it reshapes to 28 steps by itself
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
    (units,) = find_units(module, (inputs,))
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
    module, inputs, _ = made("lstm")
    a = module.state_dict()
    b = made("lstm")[0].state_dict()
    names = set(a)
    products = []
    for state in (b, by_weights(a, b, find_units(module, (inputs,)), names)):
        products.append(sum(float((a[n].double() * state[n].double()).sum()) for n in names))
    assert products[1] > products[0]


def test_result_is_of_the_kind_that_was_given():
    module, inputs, _ = made("fcp")
    other = hidden(module, inputs)
    before = deepcopy(other.state_dict())
    aligned = align_units(module, module.state_dict(), other.state_dict(), inputs)
    assert isinstance(aligned, dict)
    assert list(aligned) == list(before)
    assert isinstance(align_units(module, module, other), nn.Sequential)
    assert all(torch.equal(other.state_dict()[name], value) for name, value in before.items())


def test_data_may_be_tensors_pairs_or_a_loader():
    module, inputs, _ = made("lenet")
    other, labels = hidden(module, inputs), torch.zeros(len(inputs))
    loader = DataLoader(TensorDataset(inputs, labels), batch_size=7)
    for data in (inputs, (inputs, labels), loader):
        aligned = align_units(module, module, other, data)
        torch.testing.assert_close(aligned.state_dict(), module.state_dict())


def test_dead_units_do_no_harm():
    module, inputs, _ = made("fcp")
    with torch.no_grad():
        module[1].weight[[3, 8]] = 0.0
    aligned = align_units(module, module, hidden(module, inputs), inputs)
    torch.testing.assert_close(outputs(aligned, inputs), outputs(module, inputs))


def test_nothing_to_align_is_no_error():
    module = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
    aligned = align_units(module, module, module)
    assert torch.equal(aligned[1].weight, module[1].weight)


def test_units_may_be_given():
    """As for a module of which only these may move, and with the same result where all are."""
    module, inputs, _ = made("functional")
    other = hidden(module, inputs)
    channels = {
        "first": [
            *(("first.weight", 0), ("first.bias", 0), ("norm.weight", 0), ("norm.bias", 0)),
            *(("norm.running_mean", 0), ("norm.running_var", 0), ("second.weight", 1)),
        ],
        "second": [("second.weight", 0), ("second.bias", 0), ("full.weight", 1)],
        "full": [("full.weight", 0), ("full.bias", 0), ("last.weight", 1)],
    }
    aligned = align_units(module, module, other, inputs, units=channels)
    torch.testing.assert_close(aligned.state_dict(), module.state_dict())


@pytest.mark.parametrize(
    ("units", "message"),
    [
        ({"first": [("first.weight", 0)]}, "changes its outputs"),
        ({"first": [("nowhere", 0)]}, "no such axis"),
        ({"first": [("first.weight", 7)]}, "no such axis"),
        ({"first": [("first.weight", 0), ("second.weight", 0)]}, "no multiples"),
    ],
)
def test_given_units_that_do_not_fit_are_refused(units, message):
    module, inputs, _ = made("functional")
    with pytest.raises(ValueError, match=message):
        align_units(module, module, hidden(module, inputs), inputs, units=units)


def test_straight_through_matching_is_no_worse_half_way_than_that_by_weights():
    torch.manual_seed(1)
    module = nn.Sequential(nn.Linear(5, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3))
    inputs = torch.randn(200, 5)
    labels = inputs[:, :3].argmax(-1)
    a, b = (trained(module, inputs, labels, seed) for seed in (0, 1))
    cross_entropy = nn.functional.cross_entropy

    def half_way(other):
        half = deepcopy(module).train()
        state = {n: (x + other.state_dict()[n]) / 2 for n, x in a.named_parameters()}
        half.load_state_dict(state, strict=False)
        with torch.no_grad():
            return float(cross_entropy(half(inputs), labels))

    by_weights = align_units(module, a, b)
    settings = StraightThrough(cross_entropy, n_passes=20, learning_rate=1e-2)
    by_loss = align_units(module, a, b, (inputs, labels), straight_through=settings)
    torch.testing.assert_close(outputs(by_loss, inputs), outputs(b, inputs))
    assert half_way(by_loss) <= half_way(by_weights)


def trained(module, inputs, labels, seed):
    torch.manual_seed(seed)
    network = deepcopy(module).train()
    for layer in network:
        if hasattr(layer, "reset_parameters"):
            layer.reset_parameters()
    adam = torch.optim.Adam(network.parameters(), lr=0.02)
    for _ in range(100):
        adam.zero_grad()
        nn.functional.cross_entropy(network(inputs), labels).backward()
        adam.step()
    return network.eval()


def test_inputs_by_name():
    """As models of `transformers` take them; what the module does not know is left out."""

    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.last = nn.Linear(4, 6), nn.Linear(6, 2)

        def forward(self, values, scale):
            return {"logits": self.last((scale[:, None] * self.first(values)).relu())}

    module = Named()
    data = {"values": torch.rand(30, 4), "scale": torch.rand(30), "labels": torch.zeros(30)}
    state = module.state_dict()
    order = torch.randperm(6)
    other = deepcopy(module)
    other.load_state_dict(
        state
        | {"first.weight": state["first.weight"][order], "first.bias": state["first.bias"][order]}
        | {"last.weight": state["last.weight"][:, order]}
    )
    for data_like in (data, [data, data]):
        aligned = align_units(module, module, other, data_like)
        torch.testing.assert_close(aligned.state_dict(), state)


def test_what_cannot_be_followed_keeps_its_order():
    """Units that are sorted, or told apart by their place, are no units; others still are."""

    class Sorted(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(4, 6), nn.Linear(6, 5), nn.Linear(5, 2)])

        def forward(self, x):
            x = self.layers[0](x).sort(-1).values
            return self.layers[2](self.layers[1](x * torch.arange(6)).relu())

    assert [units.n_units for units in find_units(Sorted(), (torch.rand(8, 4),))] == [5]


def test_writing_into_a_part_is_not_followed():
    class Writing(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.last = nn.Linear(4, 6), nn.Linear(6, 2)

        def forward(self, x):
            out = torch.zeros(len(x), 6)
            out[:, :] = self.first(x)
            return self.last(out)

    assert find_units(Writing(), (torch.rand(8, 4),)) == []


def test_finding_units_leaves_the_module_as_it_is():
    module, inputs, _ = made("residual")
    module.train()
    module[0].weight.requires_grad_(requires_grad=False)
    before = deepcopy(module.state_dict())
    find_units(module, (inputs,))
    assert all(layer.training for layer in module.modules())
    assert not module[0].weight.requires_grad
    torch.testing.assert_close(module.state_dict(), before)


class Experts(nn.Module):
    """Each sample goes through one of three networks, by its first number."""

    def __init__(self):
        super().__init__()
        self.before, self.after = nn.Linear(4, 8), nn.Linear(8, 3)
        self.gate = nn.Parameter(torch.tensor([0.3, 0.6]))
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(8, 6), nn.Tanh(), nn.Linear(6, 8)) for _ in range(3)
        )

    def forward(self, x):
        hidden = self.before(x).relu()
        chosen = (x[:, :1] > self.gate).sum(1)
        out = hidden
        for k, expert in enumerate(self.experts):
            rows = (chosen == k).nonzero()[:, 0]
            if len(rows):
                out = out.index_add(0, rows, expert(hidden[rows]))
        return self.after(out)


def _two_experts():
    torch.manual_seed(0)
    a, b = Experts(), Experts()
    with torch.no_grad():
        b.gate.copy_(torch.tensor([0.4, 0.8]))
    x = torch.rand(900, 4, generator=torch.Generator().manual_seed(1))
    return a, b, x[x[:, 0].argsort()]


@pytest.mark.parametrize("match_activations", [True, False])
def test_what_only_some_samples_reach_is_followed_too(match_activations):
    """Also where the two networks send other samples to an expert, so that these do not compare."""
    a, b, x = _two_experts()
    few = x[::9]
    aligned = align_units(a, a, b, few, match_activations=match_activations)
    assert not torch.equal(aligned.before.weight, b.before.weight)
    torch.testing.assert_close(aligned(x), b(x), rtol=1e-4, atol=1e-5)


def test_what_no_sample_of_the_first_batch_reaches_is_no_silent_change():
    a, b, x = _two_experts()
    for data in (x, DataLoader(TensorDataset(x, x), 50)):
        with pytest.raises(ValueError, match=r"do not reach 'experts\.1.*shuffle `data`"):
            align_units(a, a, b, data, match_activations=False)


def test_units_whose_samples_do_not_compare_are_matched_by_weights():
    a, _, x = _two_experts()
    b = deepcopy(a)
    order = torch.randperm(6, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        b.gate.copy_(torch.tensor([0.4, 0.8]))
        first, _, last = b.experts[1]
        first.weight.copy_(first.weight[order])
        first.bias.copy_(first.bias[order])
        last.weight.copy_(last.weight[:, order])
    aligned = align_units(a, a, b, x[::9])
    assert torch.equal(aligned.experts[1][0].weight, a.experts[1][0].weight)


def test_made_up_inputs_are_samples_whatever_their_number():
    """One that takes rows apart by itself reads 16 of a quarter of the numbers as four samples."""

    class Folding(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden, self.last = nn.Linear(4, 6), nn.Linear(24, 3)

        def forward(self, x):
            return self.last(self.hidden(x.view(-1, 4, 4)).relu().flatten(1))

    with pytest.raises(ValueError, match=r"no inputs could be made up.*pass some as `data`"):
        align_units(Folding(), Folding(), Folding())
    torch.manual_seed(0)
    a, b, x = Folding(), Folding(), torch.rand(20, 16)
    torch.testing.assert_close(align_units(a, a, b, x)(x), b(x))


class Stacked(nn.Module):
    """Experts in one tensor, from which the likeliest is taken by its number."""

    def __init__(self, choose):
        super().__init__()
        self.choose = choose
        self.gate = nn.Linear(6, 3)
        self.first = nn.Parameter(torch.randn(3, 6, 5))
        self.last = nn.Parameter(torch.randn(3, 5, 2))

    def forward(self, x):
        chosen = self.gate(x).max(-1).indices
        hidden = torch.bmm(x[:, None], self.choose(self.first, chosen)).tanh()
        return torch.bmm(hidden, self.choose(self.last, chosen))[:, 0]


@pytest.mark.parametrize("choose", [lambda w, i: w[i], lambda w, i: w.index_select(0, i)])
def test_units_by_whose_numbers_something_is_chosen_keep_their_order(choose):
    torch.manual_seed(0)
    a, x, order = Stacked(choose), torch.randn(40, 6), torch.tensor([3, 0, 4, 2, 1])
    b = deepcopy(a)
    with torch.no_grad():
        b.first.copy_(b.first[:, :, order])
        b.last.copy_(b.last[:, order])
    assert [units.n_units for units in find_units(a, (x,))] == [5]
    torch.testing.assert_close(align_units(a, a, b, x).state_dict(), a.state_dict())


def test_a_mask_over_several_axes_takes_all_of_them():
    class Masked(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden, self.last = nn.Linear(6, 5), nn.Linear(5, 2)
            self.weights = nn.Parameter(torch.arange(5.0))

        def forward(self, x):
            hidden = self.hidden(x)
            mask = hidden > 0
            chosen = hidden[mask] * self.weights.expand_as(hidden)[mask]  # (number of true ones,)
            return self.last(hidden) + chosen.sum()

    torch.manual_seed(0)
    a, b, x = Masked(), Masked(), torch.randn(40, 6)
    assert find_units(a, (x,)) == []
    torch.testing.assert_close(align_units(a, a, b, x)(x), b(x))
