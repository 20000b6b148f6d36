"""What is connected in unusual ways is aligned as far as that goes; what cannot be is refused."""

from copy import deepcopy

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


class Factors(Residual):
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


KEPT = {
    "residual": (Residual(), (4,)),
    "twice": (Twice(), (4,)),
    "mixes": (Mixes(), (4,)),
    "factors": (Factors(), (4,)),
    "tied": (tied(), (4,)),
    "groups": (nn.Sequential(nn.Conv2d(4, 4, 3, groups=2), nn.Conv2d(4, 1, 1)), (4, 6, 6)),
    "both ways": (nn.LSTM(3, 4, bidirectional=True, batch_first=True), (5, 3)),
    "projected": (nn.LSTM(3, 4, proj_size=2, batch_first=True), (5, 3)),
    "not flattened": (nn.Sequential(nn.Conv2d(1, 4, 3), nn.Linear(6, 2)), (1, 8, 8)),
    "across units": (nn.Sequential(nn.Linear(3, 4), nn.Softmax(-1), nn.Linear(4, 2)), (3,)),
}


def outputs(module, state, inputs):
    other = deepcopy(module)
    other.load_state_dict(state)
    with torch.no_grad():
        found = other(inputs)
    return found[0] if isinstance(found, tuple) else found


@pytest.mark.filterwarnings("ignore:LSTM with projections:UserWarning")
@pytest.mark.parametrize("name", KEPT)
def test_whatever_is_connected_how_the_function_stays(name):
    """What no order of units leaves alone keeps its order."""
    module, shape = KEPT[name]
    generator = torch.Generator().manual_seed(2)
    other = {
        key: torch.randn(value.shape, generator=generator) / 3
        for key, value in module.state_dict().items()
    }
    if name == "tied":
        other["2.weight"] = other["0.weight"]
    inputs = torch.randn(6, *shape, generator=generator)
    aligned = align_units(module, module, other, data=inputs)
    torch.testing.assert_close(
        outputs(module, aligned, inputs), outputs(module, other, inputs), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize(
    "module",
    [Decides(), nn.Sequential(nn.Linear(3, 4), nn.Linear(8, 2))],
    ids=["decides", "does not run"],
)
def test_what_cannot_be_followed_asks_for_data(module):
    with pytest.raises(ValueError, match=r"no inputs could be made up.*pass some as `data`"):
        align_units(module, module, module.state_dict())


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
