"""The detour over a subspace changes nothing but the time it takes."""

import numpy as np
import pytest
from fourierpathfinder.search.subspace import Subspace

from fourierpathfinder.gaussian_process import GaussianProcess
from fourierpathfinder.gaussian_process.inverse_distances import InverseDistances
from fourierpathfinder.path import SinePath
from fourierpathfinder.search import subspace as module
from fourierpathfinder.search.path_search import PathSearch, Pin
from fourierpathfinder.search.saddle_search import newton_decrement, surrogate_saddle

D = 130


@pytest.fixture
def model(rng):
    x = rng.normal(size=(9, D)) / np.sqrt(D)
    direction = rng.normal(size=D) / np.sqrt(D)
    stiffness = np.linspace(0.2, 2, D)
    phase = 4 * x @ direction
    values = np.cos(phase) + (stiffness * x**2).sum(axis=1)
    gradients = -4 * np.sin(phase)[:, None] * direction + 2 * stiffness * x
    return GaussianProcess(nugget=1e-9).fit(x, values, gradients)


@pytest.fixture
def path(model, rng):
    x = model.data.x
    return SinePath(x[0], x[1], 0.05 * rng.normal(size=(4, D)) / np.sqrt(D))


@pytest.fixture
def space(model, path):
    return Subspace.around(model, path.start, path.coefficients)


@pytest.fixture
def without_detour(monkeypatch):
    """Do the same in all D coordinates."""

    def switch():
        monkeypatch.setattr(module, "_MANY", 10**9)

    return switch


def test_pays_for_many_coordinates_only(model, rng):
    assert Subspace.pays_for(model)
    x = rng.normal(size=(4, 30))
    small = GaussianProcess().fit(x, x[:, 0], np.eye(30)[:4])
    assert not Subspace.pays_for(small)
    atoms = rng.normal(size=(3, 120))
    of_distances = GaussianProcess(InverseDistances(40)).fit(atoms, atoms[:, 0], atoms)
    assert not Subspace.pays_for(of_distances)


def test_basis_is_orthonormal_and_spans_all_that_matters(model, path, space):
    q = space.basis.shape[1]
    assert q <= 2 * len(model.data.x) + path.n_terms
    np.testing.assert_allclose(space.basis.T @ space.basis, np.eye(q), atol=1e-12)
    rows = np.concatenate([model.data.x - path.start, model.data.gradients, path.coefficients])
    np.testing.assert_allclose(rows @ space.basis @ space.basis.T, rows, atol=1e-8)


def test_inwards_and_outwards_are_inverse(model, path, space):
    points = path(np.linspace(0, 1, 7))
    np.testing.assert_allclose(space.outwards(space.inwards(points)), points, atol=1e-10)
    inner = space.path_inwards(path)
    np.testing.assert_allclose(space.outwards(inner(0.37)), path(0.37), atol=1e-10)
    pin = Pin(0.4, path(0.4))
    np.testing.assert_allclose(space.pin_inwards(pin).position, inner(0.4), atol=1e-10)
    assert space.pin_inwards(None) is None


def test_predictions_are_the_same(model, path, space):
    points, small = path(np.linspace(0, 1, 9)), space.model(model)
    y = space.inwards(points)
    mean, gradient = model.predict(points)
    small_mean, small_gradient = small.predict(y)
    scale = np.ptp(model.data.values)
    np.testing.assert_allclose(small_mean, mean, atol=1e-8 * scale)
    np.testing.assert_allclose(small_gradient @ space.basis.T, gradient, atol=1e-8 * scale)
    np.testing.assert_allclose(small.deviation(y), model.deviation(points), atol=1e-6 * scale)
    curved = space.basis.T @ model.hessian(points[4]) @ space.basis
    np.testing.assert_allclose(small.hessian(y[4]), curved, atol=1e-7 * np.abs(curved).max())


@pytest.mark.parametrize("pinned", [False, True])
def test_path_search_is_the_same(model, path, space, pinned):
    search, small = PathSearch(1.0), space.model(model)
    pin = Pin(0.45, path(0.45)) if pinned else None
    full = search(model.predict, model.deviation, path, pin)
    inner = search(small.predict, small.deviation, space.path_inwards(path), space.pin_inwards(pin))
    back = space.move_outwards(inner, path)
    assert back.cut_short == full.cut_short
    np.testing.assert_allclose(back.path.coefficients, full.path.coefficients, atol=1e-5)
    if full.blocked is not None:
        np.testing.assert_allclose(back.blocked, full.blocked, atol=1e-4)


def test_saddle_search_is_the_same(model, path, without_detour):
    top, tangent = path(0.5), path.velocity(0.5) / np.linalg.norm(path.velocity(0.5))
    short = surrogate_saddle(model, top, tangent, 0.1)
    gradient = np.random.default_rng(0).normal(size=D)
    decrement = newton_decrement(model, top, gradient)
    without_detour()
    np.testing.assert_allclose(short, surrogate_saddle(model, top, tangent, 0.1), atol=1e-8)
    assert decrement == pytest.approx(newton_decrement(model, top, gradient), rel=1e-6)
