"""Eigenvalues of Hessians against dense ones."""

import numpy as np
import pytest
import torch
from torch import nn

from fourierpathfinder import hessian_eigenvalues
from fourierpathfinder.landscapes import FunctionLandscape, NetworkLandscape

from .tolerances import assert_close


@pytest.fixture
def quadratic(rng):
    """x·Hx / 2 in forty dimensions, away from its minimum."""
    root = rng.normal(size=(40, 40))
    hessian = root + root.T
    landscape = FunctionLandscape(lambda x: 0.5 * x @ hessian @ x, lambda x: hessian @ x)
    return landscape, np.linalg.eigvalsh(hessian), rng.normal(size=(2, 40))


@pytest.mark.parametrize("n_values", [1, 3, 40])
def test_largest_and_lowest(quadratic, n_values):
    landscape, exact, points = quadratic
    largest = hessian_eigenvalues(landscape, points, n_values=n_values)
    lowest = hessian_eigenvalues(landscape, points, n_values=n_values, lowest=True)
    for found, expected in ((largest, exact[::-1]), (lowest, exact)):
        np.testing.assert_allclose(found, [expected[:n_values]] * 2, rtol=3e-3, atol=3e-2)


def test_a_network_in_single_precision_against_its_own_hessian():
    """That of torch.autograd, built in full."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2))
        data = torch.randn(50, 3), torch.randint(2, (50,))
    landscape = NetworkLandscape(net, nn.functional.cross_entropy, data)
    point = landscape.coordinates(net)
    sizes = [p.numel() for p in net.parameters()]
    names = [name for name, _ in net.named_parameters()]

    def loss(flat):
        parts = zip(names, net.parameters(), flat.split(sizes), strict=True)
        state = {name: part.view(like.shape) for name, like, part in parts}
        output = torch.func.functional_call(net, state, data[0])
        return nn.functional.cross_entropy(output, data[1])

    exact = torch.linalg.eigvalsh(torch.autograd.functional.hessian(loss, point))
    found = hessian_eigenvalues(landscape, point[None], n_values=2)
    np.testing.assert_allclose(found[0], exact.numpy()[::-1][:2], rtol=1e-2)


def test_of_one_coordinate():
    landscape = FunctionLandscape(lambda x: 3 * x @ x, lambda x: 6 * x)
    found = hessian_eigenvalues(landscape, np.array([[0.4]]))
    np.testing.assert_allclose(found, [[6.0]], rtol=1e-6)


def test_more_values_than_coordinates_are_refused():
    landscape = FunctionLandscape(lambda x: x @ x, lambda x: 2 * x)
    with pytest.raises(ValueError, match="between 1 and 2"):
        hessian_eigenvalues(landscape, np.zeros((1, 2)), n_values=3)


@pytest.mark.parametrize("points", [np.zeros(40), [0.0] * 40])
def test_one_point_is_refused_with_what_to_pass(quadratic, points):
    with pytest.raises(ValueError, match=r"must be an array \(M, D\).*`point\[None\]`"):
        hessian_eigenvalues(quadratic[0], points)


@pytest.mark.parametrize(
    ("points", "step", "words"),
    [
        (np.ones((1, 40), dtype=int), None, "numbers of int64; pass floating-point ones"),
        (np.full((1, 40), np.nan), None, "`points` holds numbers that are not finite"),
        (np.ones((1, 40)), 0.0, r"`step` is 0\.0; it must be a positive length"),
        (np.ones((1, 40)), np.nan, "`step` is nan; it must be a positive length"),
    ],
)
def test_what_has_no_hessian(quadratic, points, step, words):
    with pytest.raises(ValueError, match=words):
        hessian_eigenvalues(quadratic[0], points, step=step)


def test_a_gradient_that_is_not_finite():
    broken = FunctionLandscape(lambda x: x.sum(), lambda x: np.full_like(x, np.nan))
    with pytest.raises(ValueError, match="the gradient is not finite within"):
        hessian_eigenvalues(broken, np.ones((1, 6)))


@pytest.mark.parametrize("length", [1e-10, 1e-4, 1.0, 1e8])
def test_the_unit_of_length_does_not_matter(length):
    """A curvature is 8 in the well's own units; in metres the usual step leads far away."""

    def well(x):
        y = x / length
        value = (y[0] ** 2 - 1) ** 2 + y[1] ** 2
        return value, np.array([4 * y[0] * (y[0] ** 2 - 1), 2 * y[1]]) / length

    points = length * np.array([[1.0, 0.0], [-1.0, 0.0]])
    found = hessian_eigenvalues(FunctionLandscape(well, True), points, n_values=2)
    np.testing.assert_allclose(
        found * length**2, [[8.0, 2.0]] * 2, rtol=1e-2
    )  # as a step is chosen


def test_a_step_that_leaves_where_there_is_a_gradient_is_made_shorter():
    def walled(x):
        inside = np.abs(x) < 1e-7
        return x @ x, np.where(inside, 2 * x, np.nan)

    found = hessian_eigenvalues(FunctionLandscape(walled, True), np.zeros((1, 2)))
    np.testing.assert_allclose(found, [[2.0]])


def test_rounding_does_not_make_a_step_shorter(quadratic):
    """Shorter steps show nothing but more of it."""
    landscape, exact, points = quadratic
    asked = []

    def rounded(points):
        asked.append(len(points))
        values, gradients = landscape.value_and_grad(points)
        return values, np.round(gradients, 5)

    class Rounded:
        value_and_grad = staticmethod(rounded)

    found = hessian_eigenvalues(Rounded(), points[:1], n_values=40)
    np.testing.assert_allclose(found[0], exact[::-1], rtol=0.1, atol=1.0)
    assert sum(asked) <= 2 * 40 + 8


def test_without_curvature_the_usual_step_serves():
    slope = FunctionLandscape(lambda x: (x.sum(), np.ones(3)), True)
    assert_close(hessian_eigenvalues(slope, np.zeros((1, 3))), np.zeros((1, 1)))
