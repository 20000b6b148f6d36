"""What is no chain of known layers is refused with a sentence that names the place."""

import pytest
import torch
from torch import nn

from fourierpathfinder.landscapes import align_units


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.inner, self.last = nn.Linear(4, 5), nn.Linear(5, 5), nn.Linear(5, 2)

    def forward(self, x):
        x = self.first(x).relu()
        return self.last(x + self.inner(x).relu())


class Twice(Residual):
    def forward(self, x):
        return self.last(self.inner(self.inner(self.first(x)).relu()))


class Decides(Residual):
    def forward(self, x):
        return self.last(self.first(x)) if x.sum() > 0 else self.last(-self.first(x))


class Mixes(Residual):
    def forward(self, x):
        return self.last(self.first(x).cumsum(-1))


class Lies(Residual):
    """Learned factors, one a unit, that are no layer's."""

    def __init__(self):
        super().__init__()
        self.factors = nn.Parameter(torch.arange(5.0))

    def forward(self, x):
        return self.last(self.first(x) * self.factors)


def tied():
    module = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4))
    module[2].weight = module[0].weight
    return module


REFUSED = {
    "residual": (Residual(), "`add` joins two branches, as residual networks do"),
    "twice": (Twice(), "the layer `inner` is used twice"),
    "decides": (Decides(), "torch.fx cannot trace it"),
    "mixes": (Mixes(), "`last` reads the result of `cumsum`, which may mix units"),
    "lies": (Lies(), "permuting them changes its outputs"),
    "tied": (tied(), "`0.weight` and `2.weight` are one parameter"),
    "groups": (
        nn.Sequential(nn.Conv2d(4, 4, 3, groups=2), nn.Conv2d(4, 1, 1)),
        "`0` is split into 2 groups",
    ),
    "both ways": (
        nn.Sequential(nn.LSTM(3, 4, bidirectional=True)),
        "`0` reads in both directions",
    ),
    "projected": (nn.Sequential(nn.LSTM(3, 4, proj_size=2)), "`0` projects its hidden state"),
    "not flattened": (
        nn.Sequential(nn.Conv2d(1, 4, 3), nn.Linear(6, 2)),
        "`1` does not read the units of the layer before it on their axis",
    ),
    "wrong length": (
        nn.Sequential(nn.Linear(3, 4), nn.Linear(8, 2)),
        "`1` reads 8 numbers where `0` makes 4 units",
    ),
    "unknown layer": (
        nn.Sequential(nn.Linear(3, 4), nn.Softmax(-1), nn.Linear(4, 2)),
        r"`2` reads the result of `1` \(Softmax\)",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    module, sentence = REFUSED[name]
    other = {key: -value for key, value in module.state_dict().items()}
    with pytest.raises(ValueError, match=sentence):
        align_units(module, module, other)


def test_wrong_states_are_refused_by_name():
    module = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    state = module.state_dict()
    with pytest.raises(ValueError, match=r"(?s)`b` does not belong.*2\.bias"):
        align_units(module, module, {k: v for k, v in state.items() if k != "2.bias"})
    with pytest.raises(ValueError, match=r"(?s)`a` does not belong.*0\.weight"):
        align_units(module, state | {"0.weight": torch.zeros(4, 4)}, module)
    with pytest.raises(TypeError, match="`b` is a Tensor; pass a module or a state dict"):
        align_units(module, module, torch.zeros(3))


def test_activations_need_data():
    module = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    with pytest.raises(ValueError, match="there are no `data`"):
        align_units(module, module, module, match_activations=True)
