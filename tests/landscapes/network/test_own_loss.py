"""The loss at a point is what the module itself gives, or it is refused with the cause."""

import copy
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations
from torch.optim.swa_utils import update_bn

from benchmarks.zoo.images import NormAct
from fourierpathfinder import Stochastic, find_path
from fourierpathfinder.landscapes import NetworkLandscape
from fourierpathfinder.landscapes.network.drawn_samples import mixed_batches

GENERATOR = torch.Generator().manual_seed(7)
INPUTS = torch.randn(60, 1, 6, 6, generator=GENERATOR, dtype=torch.float64)
TARGETS = torch.randint(3, (60,), generator=GENERATOR)
cross_entropy = functional.cross_entropy


class NormThenTanh(nn.BatchNorm2d):
    """A subclass with a forward of its own, around that of its parent."""

    def forward(self, x):
        return torch.tanh(super().forward(x))


class Twice(nn.Module):
    """A layer that is used twice, under two names."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(36, 8), nn.Linear(8, 8)
        self.norm = self.same = nn.BatchNorm1d(8)
        self.output = nn.Linear(8, 3)

    def forward(self, x):
        x = self.norm(torch.tanh(self.first(x.flatten(1))))
        return self.output(self.same(3 * self.second(x) + 1))


class Auxiliary(nn.Module):
    """A head that is used in training alone."""

    def __init__(self):
        super().__init__()
        self.output, self.head = nn.Linear(36, 3), nn.BatchNorm1d(3)
        self.norm = nn.BatchNorm1d(36)

    def forward(self, x):
        y = self.output(self.norm(x.flatten(1)))
        return (y, self.head(y)) if self.training else y


class SeveralDimensions(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(6)
        self.volume = nn.BatchNorm3d(1, affine=False)
        self.output = nn.Linear(36, 3)

    def forward(self, x):
        x = self.volume(self.norm(x[:, 0])[:, None, None])
        return self.output(x.flatten(1))


def convolutional(norm):
    return nn.Sequential(nn.Conv2d(1, 4, 3), norm, nn.Flatten(), nn.Linear(64, 3))


NORMALISED = {
    "subclass": lambda: convolutional(NormThenTanh(4)),
    "own call": lambda: convolutional(NormAct(4)),
    "twice": Twice,
    "training only": Auxiliary,
    "synchronised": lambda: nn.SyncBatchNorm.convert_sync_batchnorm(
        convolutional(nn.BatchNorm2d(4))
    ),
    "several dimensions": SeveralDimensions,
    "no momentum": lambda: convolutional(nn.BatchNorm2d(4, momentum=None)),
}


def spectral():
    linear = nn.utils.spectral_norm(nn.Linear(16, 3))
    return nn.Sequential(
        nn.utils.spectral_norm(nn.Conv2d(1, 4, 3)), nn.Flatten(), nn.Linear(64, 16), linear
    )


def parametrized_spectral():
    conv = parametrizations.spectral_norm(nn.Conv2d(1, 4, 3))
    return nn.Sequential(
        conv, nn.Flatten(), parametrizations.spectral_norm(nn.Linear(64, 3), dim=1)
    )


class FunctionalDropout(nn.Module):
    def __init__(self):
        super().__init__()
        self.output = nn.Linear(36, 3)

    def forward(self, x):
        return self.output(functional.dropout(x.flatten(1), 0.5, self.training))


OTHERS = {
    "weight norm": lambda: convolutional(nn.utils.weight_norm(nn.Conv2d(4, 4, 1))),
    "parametrized weight norm": lambda: convolutional(
        parametrizations.weight_norm(nn.Conv2d(4, 4, 1), dim=1)
    ),
    "spectral norm": spectral,
    "parametrized spectral norm": parametrized_spectral,
    "orthogonal": lambda: nn.Sequential(
        nn.Flatten(),
        parametrizations.orthogonal(
            nn.Linear(36, 3), orthogonal_map="matrix_exp", use_trivialization=False
        ),
    ),
    "instance norm": lambda: convolutional(nn.InstanceNorm2d(4, affine=True)),
    "group norm": lambda: convolutional(nn.GroupNorm(2, 4)),
    "dropout": FunctionalDropout,
    "dropout layer": lambda: nn.Sequential(
        nn.Dropout2d(0.5), nn.Flatten(), nn.Linear(36, 3), nn.AlphaDropout(0.5)
    ),
}


def built(make, seed=0):
    torch.manual_seed(seed)
    with pytest.warns(FutureWarning) if make is OTHERS["weight norm"] else nullcontext():
        return make().double()


def own_loss(module, batch_size=60):
    """By torch alone."""
    if any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in module.modules()):
        module = copy.deepcopy(module)
        update_bn([INPUTS[chosen] for chosen in mixed_batches(len(INPUTS), batch_size)], module)
    with torch.no_grad():
        return cross_entropy(module.eval()(INPUTS), TARGETS).item()


@pytest.mark.parametrize("vectorize", [True, False])
@pytest.mark.parametrize("batch_size", [60, 15])
@pytest.mark.parametrize("kind", NORMALISED)
def test_running_statistics(kind, batch_size, vectorize):
    modules = [built(NORMALISED[kind], seed) for seed in (0, 1)]
    landscape = NetworkLandscape(
        modules[0], cross_entropy, (INPUTS, TARGETS), batch_size=batch_size, vectorize=vectorize
    )
    points = torch.stack([landscape.coordinates(module) for module in modules])
    landscape.ends(*points)
    values = landscape.value(points)
    for module, point, value in zip(modules, points, values, strict=True):
        assert value.item() == pytest.approx(own_loss(module, batch_size), rel=1e-10)
        again = cross_entropy(landscape.module(point)(INPUTS), TARGETS)
        assert again.item() == pytest.approx(value.item(), rel=1e-10)


@pytest.mark.parametrize("kind", OTHERS)
def test_other_layers(kind):
    modules = [built(OTHERS[kind], seed) for seed in (0, 1)]
    if kind.endswith("spectral norm"):  # as after long training
        modules = [converged(module) for module in modules]
    landscape = NetworkLandscape(modules[0], cross_entropy, (INPUTS, TARGETS))
    points = torch.stack([landscape.coordinates(module) for module in modules])
    landscape.ends(*points)
    for module, point, value in zip(modules, points, landscape.value(points), strict=True):
        assert value.item() == pytest.approx(own_loss(module), rel=1e-9)
        again = cross_entropy(landscape.module(point)(INPUTS), TARGETS)
        assert again.item() == pytest.approx(value.item(), rel=1e-9)


def converged(module):
    """With singular vectors after many steps of the power method."""
    module.train()
    with torch.no_grad():
        for _ in range(500):
            module(INPUTS[:2])
    return module


@pytest.mark.parametrize("kind", [*NORMALISED, *OTHERS])
def test_the_gradient_is_that_of_the_value(kind):
    module = built((NORMALISED | OTHERS)[kind])
    landscape = NetworkLandscape(module, cross_entropy, (INPUTS, TARGETS), batch_size=30)
    point = landscape.coordinates(module)
    _, gradient = landscape.value_and_grad(point[None])
    generator = torch.Generator().manual_seed(3)
    for _ in range(3):
        step = 1e-5 * torch.randn(len(point), generator=generator, dtype=torch.float64)
        high, low = landscape.value(torch.stack([point + step, point - step]))
        assert float(gradient[0] @ step) == pytest.approx(
            float(high - low) / 2, rel=1e-5, abs=1e-12
        )


@pytest.mark.parametrize("kind", ["subclass", "twice", "training only"])
def test_a_path_between_such_networks(kind):
    a, b = (built(NORMALISED[kind], seed).float() for seed in (0, 1))
    landscape = NetworkLandscape(a, cross_entropy, (INPUTS.float(), TARGETS))
    result = find_path(landscape, a, b, method=Stochastic(n_steps=5), rng=0)
    own = [own_loss(copy.deepcopy(module).double()) for module in (a, b)]
    assert [result.start_value, result.end_value] == pytest.approx(own, rel=1e-5)


def test_tracked_instance_norm():
    module = convolutional(nn.InstanceNorm2d(4, affine=True, track_running_stats=True)).double()
    landscape = NetworkLandscape(module, cross_entropy, (INPUTS, TARGETS), batch_size=20)
    point = landscape.coordinates(module)
    expected = copy.deepcopy(module).train()
    hidden = expected[0](INPUTS).detach()
    expected[1].running_mean = hidden.mean((2, 3)).mean(0)
    expected[1].running_var = hidden.var((2, 3)).mean(0)
    own = cross_entropy(expected.eval()(INPUTS), TARGETS).item()
    assert landscape.value(point[None]).item() == pytest.approx(own, rel=1e-12)
    landscape.ends(point, point)


def test_frozen_statistics():
    module = convolutional(nn.BatchNorm2d(4)).double()
    with torch.no_grad():
        module(INPUTS + 2)
    own = cross_entropy(copy.deepcopy(module).eval()(INPUTS), TARGETS).item()
    data = INPUTS, TARGETS
    landscape = NetworkLandscape(module, cross_entropy, data, batch_norm="frozen")
    point = landscape.coordinates(module)
    for samples in (None, np.arange(60)[None]):
        found = landscape.value(point[None], samples).item()
        assert found == pytest.approx(own, rel=1e-12)
    landscape.ends(point, point)
    other = copy.deepcopy(module)
    other[1].running_mean += 1
    with pytest.raises(ValueError, match=r"running_mean' is a buffer .* `batch_norm=\"estimate\"`"):
        landscape.coordinates(other)
    with pytest.raises(ValueError, match="`batch_norm` is 'off'"):
        NetworkLandscape(module, cross_entropy, data, batch_norm="off")


class AlwaysDropping(nn.Module):
    def __init__(self):
        super().__init__()
        self.output = nn.Linear(36, 3)

    def forward(self, x):
        return self.output(functional.dropout(x.flatten(1), 0.5))


class Scaled(nn.Module):
    """Has an attribute that is no parameter."""

    def __init__(self, scale):
        super().__init__()
        self.layer, self.scale = nn.Linear(36, 3), scale

    def forward(self, x):
        return self.scale * self.layer(x.flatten(1))


class Mixing(nn.Module):
    """Normalises with its batch in evaluation as well."""

    def __init__(self):
        super().__init__()
        self.output = nn.Linear(36, 3)

    def forward(self, x):
        x = x.flatten(1)
        return self.output(x / x.norm(dim=0))


def test_what_is_random_is_refused():
    a, b = built(AlwaysDropping, 0), built(AlwaysDropping, 1)
    for end in (b, b.state_dict()):
        with pytest.raises(ValueError, match=r"draws random numbers"):
            find_path(NetworkLandscape(a, cross_entropy, (INPUTS, TARGETS)), a, end)


def test_so_is_a_random_loss():
    def noisy(output, target):
        return cross_entropy(output + torch.randn_like(output), target)

    a, b = (nn.Sequential(nn.Flatten(), nn.Linear(36, 3)).double() for _ in range(2))
    for end in (b, b.state_dict()):
        with pytest.raises(ValueError, match=r"`loss` draws random .* pass them among the data"):
            find_path(NetworkLandscape(a, noisy, (INPUTS, TARGETS)), a, end)


def test_what_is_no_parameter_must_be_the_same():
    a, b = Scaled(1.0).double(), Scaled(2.0).double()
    landscape = NetworkLandscape(a, cross_entropy, (INPUTS, TARGETS))
    with pytest.raises(ValueError, match=r"`end`: the network's own loss .* attribute that is no"):
        find_path(landscape, a, b)
    inner = [nn.Sequential(module, nn.Tanh()) for module in (a, b)]
    landscape = NetworkLandscape(inner[0], cross_entropy, (INPUTS, TARGETS))
    with pytest.raises(ValueError, match=r"the layer '0' \(Scaled\) is the first"):
        find_path(landscape, *inner)


def deep(depth):
    """Each normalisation amplifies what the layer before rounds; with random weights the most."""

    def make():
        layers = [
            layer
            for _ in range(depth)
            for layer in (nn.Linear(16, 16), nn.BatchNorm1d(16), nn.ReLU())
        ]
        return nn.Sequential(*layers, nn.Linear(16, 3))

    return make


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_what_is_rounded_is_no_difference(dtype):
    generator = torch.Generator().manual_seed(0)
    data = torch.randn(24, 16, generator=generator).to(dtype), torch.arange(24) % 3
    modules = [built(deep(40), seed).to(dtype) for seed in range(2)]
    landscape = NetworkLandscape(modules[0], functional.cross_entropy, data)
    ends = [landscape.coordinates(module) for module in modules]
    landscape.ends(*ends)
    for module, end in zip(modules, ends, strict=True):
        exact = module.double()
        update_bn([data[0].double()], exact)
        own = functional.cross_entropy(exact.eval()(data[0].double()), data[1])
        error = abs(float(landscape.value(end[None])[0]) / float(own.detach()) - 1)
        assert error < (1e-10 if dtype == torch.float64 else 1e-2)


def test_a_loss_that_is_only_rounding_says_nothing():
    data = torch.randn(100, 16, generator=torch.Generator().manual_seed(0)), torch.arange(100) % 3
    module, other = built(deep(80)).float(), built(deep(80), 1).float()
    landscape = NetworkLandscape(module, functional.cross_entropy, data)
    with pytest.raises(ValueError, match=r"amplifies what the one before rounds, .* double"):
        landscape.coordinates(other)


def test_a_difference_beside_infinity_is_found():
    """A mask of -inf is the same in both networks; a NaN of only one of them is not."""
    for scale in (2.0, np.nan):
        mask = nn.Threshold(0.0, -np.inf)
        a, b = (
            nn.Sequential(nn.Flatten(), mask, nn.Softmax(1), Scaled(s)).double()
            for s in (1.0, scale)
        )
        landscape = NetworkLandscape(a, cross_entropy, (INPUTS, TARGETS))
        with pytest.raises(ValueError, match=r"the layer '3' \(Scaled\) is the first"):
            landscape.coordinates(b)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_an_end_whose_loss_is_not_finite(bad):
    def loss(output, target):
        losses = cross_entropy(output, target, reduction="none")
        return torch.where(output.abs().amax(-1) > 1e6, losses * 0 + bad, losses).mean()

    good, huge, fine = (built(lambda: Scaled(1.0), seed) for seed in range(3))
    with torch.no_grad():
        huge.layer.weight *= 1e9
    landscape = NetworkLandscape(good, loss, (INPUTS, TARGETS))
    points = [nn.utils.parameters_to_vector(m.parameters()).detach() for m in (huge, good, fine)]
    assert not landscape.value(points[0][None]).isfinite().any()
    for end in (huge, points[0]):
        with pytest.raises(ValueError, match=f"`end`: the loss there is {bad} on some samples"):
            find_path(landscape, good, end)
    landscape.ends(*points[1:])
    points[0][3] = bad
    with pytest.raises(ValueError, match=f"`start` has {bad} at coordinate 3"):
        find_path(landscape, points[0], good)


def test_a_loss_that_is_no_mean_is_noticed_after_a_point_that_has_none():
    module = Mixing().double()
    landscape = NetworkLandscape(module, cross_entropy, (INPUTS, TARGETS))
    point = landscape.coordinates(module)
    assert landscape.value(torch.full_like(point, np.nan)[None]).isnan().all()
    with pytest.raises(ValueError, match="no mean over samples"):
        landscape.value(point[None])


def test_what_mixes_samples_is_refused():
    landscape = NetworkLandscape(Mixing().double(), cross_entropy, (INPUTS, TARGETS))
    with pytest.raises(ValueError, match=r"no mean over samples: .* A layer or loss that mixes"):
        landscape.value(landscape.coordinates(Mixing().double())[None])


def test_a_parameter_without_a_shape():
    with pytest.raises(ValueError, match=r"'1.weight' has no shape yet; call the module once"):
        NetworkLandscape(
            nn.Sequential(nn.Flatten(), nn.LazyLinear(3)), cross_entropy, (INPUTS, TARGETS)
        )


class Slopes(nn.Module):
    """Differentiates within its forward pass, in either of torch's ways."""

    def __init__(self, way):
        super().__init__()
        self.net, self.way = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1)), way

    def forward(self, x):
        if self.way == "func":
            return torch.func.vmap(torch.func.jacrev(lambda z: self.net(z)[0]))(x)
        if self.way == "forward mode":
            return torch.func.jvp(self.net, (x,), (torch.ones_like(x),))[1]
        x = x.detach().requires_grad_()
        return torch.autograd.grad(self.net(x).sum(), x, create_graph=True)[0]


@pytest.mark.parametrize("samples", [None, np.array([[0, 1, 2], [4, 2, 8]])])
@pytest.mark.parametrize("way", ["func", "autograd", "forward mode"])
@pytest.mark.filterwarnings("ignore:.*torch.jit.script. is deprecated:DeprecationWarning")
def test_modules_that_differentiate_by_themselves(way, samples):
    torch.manual_seed(0)
    modules = [Slopes(way).double() for _ in range(2)]
    x, y = torch.randn(9, 1).double(), torch.randn(9, 1).double()
    landscape = NetworkLandscape(modules[0], functional.mse_loss, (x, y))
    points = torch.stack([landscape.coordinates(module) for module in modules])
    landscape.ends(*points)
    values, gradients = landscape.value_and_grad(points, samples)
    torch.testing.assert_close(landscape.value(points, samples), values)
    for m, module in enumerate(modules):
        rows = slice(None) if samples is None else samples[m]
        own = functional.mse_loss(module(x[rows]), y[rows])
        assert values[m].item() == pytest.approx(own.item(), rel=1e-12)
        slopes = torch.autograd.grad(
            own, list(module.parameters()), allow_unused=True, materialize_grads=True
        )
        flat = torch.cat([slope.reshape(-1) for slope in slopes])
        torch.testing.assert_close(gradients[m], flat, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_has_masters_in_single(dtype):
    modules = [built(lambda: convolutional(nn.GroupNorm(2, 4)), seed).to(dtype) for seed in (0, 1)]
    landscape = NetworkLandscape(modules[0], cross_entropy, (INPUTS.to(dtype), TARGETS))
    point = landscape.coordinates(modules[1])
    assert point.dtype == torch.float32
    own = cross_entropy(modules[1](INPUTS.to(dtype)).float(), TARGETS).item()
    values, gradients = landscape.value_and_grad(point[None])
    assert values.dtype == gradients.dtype == torch.float32
    assert values.item() == pytest.approx(own, rel=1e-6)
    assert landscape.state_dict(point)["0.weight"].dtype == dtype
    result = find_path(landscape, *modules, method=Stochastic(n_steps=3), rng=0)
    assert result.height >= max(result.start_value, result.end_value)
