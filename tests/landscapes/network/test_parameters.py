"""Modules, state dicts and vectors to points and back, by name."""

import copy
from collections import OrderedDict

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from fourierpathfinder.landscapes import NetworkLandscape

from .architectures import KINDS, build, data_of, landscape_of, loss_of, points_of


@pytest.mark.parametrize("kind", KINDS)
def test_there_and_back(kind):
    module = build(kind, seed=5)
    landscape = landscape_of(kind)
    if kind == "tied":  # the frozen layer is the same along the path
        module.first.load_state_dict(build(kind).first.state_dict())
    point = landscape.coordinates(module)
    flat = nn.utils.parameters_to_vector([p for p in module.parameters() if p.requires_grad])
    assert torch.equal(point, flat)
    assert torch.equal(landscape.coordinates(module.state_dict()), point)
    assert torch.equal(landscape.coordinates(point), point)
    back = landscape.module(point)
    assert type(back) is type(module)
    assert not back.training
    assert torch.equal(landscape.coordinates(back), point)
    assert torch.equal(landscape.coordinates(landscape.state_dict(point)), point)
    for mine, given in zip(back.parameters(), module.parameters(), strict=True):
        assert torch.equal(mine, given)
        assert mine is not given


@pytest.mark.parametrize("kind", KINDS)
def test_a_module_has_the_loss_of_its_point(kind):
    landscape = landscape_of(kind, torch.float64)
    inputs, targets = data_of(kind, torch.float64)
    point = points_of(landscape)[0]
    loss = loss_of(kind)(landscape.module(point)(inputs), targets)
    assert landscape.value(point[None]).item() == pytest.approx(loss.item(), rel=1e-10)


def test_tied_weights_count_once_and_stay_tied():
    landscape = landscape_of("tied")
    assert landscape.n_coordinates == 4 * 4 + 4 + 1
    module = landscape.module(torch.zeros(21))
    assert module.again.weight is module.middle.weight
    assert set(landscape.state_dict(torch.ones(21))) == set(module.state_dict())


def test_tied_weights_that_differ():
    state = build("tied").state_dict()
    state["again.weight"] = state["again.weight"] + 1
    with pytest.raises(ValueError, match=r"'again.weight' and 'middle.weight' are one tied"):
        landscape_of("tied").coordinates(state)


@pytest.mark.parametrize("name", ["first.bias", "shift"])
def test_what_is_no_coordinate_must_be_the_same(name):
    state = build("tied").state_dict()
    state[name] = state[name] + 1
    with pytest.raises(ValueError, match=f"'{name}' is a buffer or a frozen parameter"):
        landscape_of("tied").coordinates(state)


def test_what_to_do_about_a_base_that_cannot_be_trained():
    """Orthogonal weights are kept as a fixed base and what is trained."""
    networks = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        networks.append(torch.nn.utils.parametrizations.orthogonal(torch.nn.Linear(5, 5)))
    data = torch.zeros(4, 5), torch.zeros(4, 5)
    landscape = NetworkLandscape(networks[0], torch.nn.functional.mse_loss, data)
    with pytest.raises(ValueError, match=r"weight\.0\.base' is a buffer .*remove_parametrizations"):
        landscape.coordinates(networks[1])


def test_what_to_do_about_pruned_weights():
    def pruned(seed):
        module = build("perceptron", seed)
        prune.l1_unstructured(module[0], "weight", 0.3)
        return module

    landscape = NetworkLandscape(pruned(0), nn.functional.mse_loss, data_of("perceptron"))
    with pytest.raises(
        ValueError, match=r"'0\.weight_mask' is a buffer.*`torch\.nn\.utils\.prune\."
    ):
        landscape.coordinates(pruned(1))


def test_a_state_dict_without_buffers_will_do():
    state = {n: v for n, v in build("normalised").state_dict().items() if "running" not in n}
    landscape = landscape_of("normalised")
    assert torch.equal(landscape.coordinates(state), landscape.coordinates(build("normalised")))


def test_wrong_names():
    landscape, state = landscape_of("perceptron"), build("perceptron").state_dict()
    renamed = OrderedDict((name.replace("0.", "zero."), value) for name, value in state.items())
    with pytest.raises(ValueError, match=r"lacks \['0.weight'\] and has the unknown \['zero.w"):
        landscape.coordinates(renamed)
    with pytest.raises(ValueError, match=r"lacks \['3.bias'\]; it must be"):
        landscape.coordinates({n: v for n, v in state.items() if n != "3.bias"})


def test_the_names_of_one_layer_are_not_the_modules():
    state = nn.Linear(7, 3).state_dict()
    with pytest.raises(ValueError, match=r"lacks \['0.weight', .* has the unknown \['weight', 'bi"):
        landscape_of("perceptron").coordinates(state)


def test_wrong_shapes():
    wider = nn.Sequential(
        nn.Linear(5, 7, bias=False), nn.Identity(), nn.Identity(), nn.Linear(7, 3)
    )
    with pytest.raises(ValueError, match=r"'0.weight' has shape \(7, 5\), in the .* \(6, 5\)"):
        landscape_of("perceptron").coordinates(wider)


def test_parameters_as_they_come_from_a_module_or_as_arrays():
    landscape = NetworkLandscape(build("perceptron"), nn.functional.mse_loss, data_of("perceptron"))
    module = build("perceptron", seed=1)
    expected = torch.cat([p.detach().flatten() for p in module.parameters()])
    arrays = [parameter.detach().numpy() for parameter in module.parameters()]
    ends = module.parameters(), arrays, list(module.parameters()), module.named_parameters()
    for end in ends:
        assert torch.equal(landscape.coordinates(end), expected)
    with pytest.raises(TypeError, match="an end is a list"):
        landscape.coordinates(["0.weight", "0.bias"])


def test_a_frozen_average_can_be_left_out():
    class Averaging(nn.Module):
        def __init__(self, seed):
            super().__init__()
            self.net = build("perceptron", seed)
            self.average = copy.deepcopy(self.net).requires_grad_(False)

        def forward(self, x):
            return self.net(x)

    a, b = Averaging(0), Averaging(1)
    landscape = NetworkLandscape(a, nn.functional.mse_loss, data_of("perceptron"))
    with pytest.raises(ValueError, match=r"no part in the loss, .* pass a state dict without it"):
        landscape.coordinates(b)
    state = {name: value for name, value in b.state_dict().items() if "average" not in name}
    expected = torch.cat([p.detach().flatten() for p in b.net.parameters()])
    assert torch.equal(landscape.coordinates(state), expected)


def test_wrong_vectors():
    with pytest.raises(ValueError, match=r"shape \(50,\); .* 3 trainable .* make \(51,\)"):
        landscape_of("perceptron").coordinates(np.zeros(50))


def test_the_dtype_is_kept():
    module = build("perceptron").to(torch.float64)
    module[3].float()
    data = data_of("perceptron", torch.float64)

    class Mixed(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = module

        def forward(self, x):
            return self.net[3](self.net[0](x).float())

    landscape = NetworkLandscape(Mixed(), nn.functional.cross_entropy, data)
    point = landscape.coordinates(Mixed())
    assert point.dtype == torch.float64
    state = landscape.state_dict(point)
    assert state["net.0.weight"].dtype == torch.float64
    assert state["net.3.weight"].dtype == torch.float32
    values, gradients = landscape.value_and_grad(point[None])
    assert values.dtype == gradients.dtype == torch.float64


def test_parameters_in_the_same_memory():
    module = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.Linear(4, 5))
    module[1].weight.data = module[0].weight.data.T
    data = torch.zeros(3, 5), torch.zeros(3, 5)
    with pytest.raises(ValueError, match=r"'0.weight' and '1.weight' lie in the same memory"):
        NetworkLandscape(module, torch.nn.functional.mse_loss, data)
    module[1].weight = torch.nn.Parameter(module[1].weight.detach().clone())
    NetworkLandscape(module, torch.nn.functional.mse_loss, data)


@pytest.mark.parametrize("frozen", [True, False])
def test_what_does_not_move_in_the_memory_of_a_parameter(frozen):
    module = torch.nn.Linear(5, 4)
    weight = module.weight.detach()
    if frozen:
        module.other = torch.nn.Parameter(weight, requires_grad=False)
    else:
        module.register_buffer("other", weight[1], persistent=False)
    data = torch.zeros(3, 5), torch.zeros(3, 4)
    with pytest.raises(ValueError, match=r"'(weight|other)' and '\w+' lie in the same memory"):
        NetworkLandscape(module, torch.nn.functional.mse_loss, data)


def test_complex_parameters_can_be_kept_in_pairs():
    class Rotating(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.randn(5, 4, dtype=torch.complex64))

        def forward(self, x):
            weight = self.weight
            weight = weight if weight.is_complex() else torch.view_as_complex(weight)
            return (x.to(weight.dtype) @ weight).abs()

    module, data = Rotating(), (torch.randn(3, 5), torch.zeros(3, 4))
    with pytest.raises(ValueError, match=r"complex64, no real number; .*`torch.view_as_real`"):
        NetworkLandscape(module, torch.nn.functional.mse_loss, data)
    own = torch.nn.functional.mse_loss(module(data[0]), data[1]).detach()
    module.weight = torch.nn.Parameter(torch.view_as_real(module.weight.detach()))
    landscape = NetworkLandscape(module, torch.nn.functional.mse_loss, data)
    point = landscape.coordinates(module)
    torch.testing.assert_close(landscape.value(point[None])[0], own)
