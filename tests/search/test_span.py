"""The detour over a span changes nothing but the time it takes."""

import numpy as np
import pytest

from fourierpathfinder.gaussian_process import GaussianProcess
from fourierpathfinder.gaussian_process.inverse_distances import InverseDistances
from fourierpathfinder.path import SinePath
from fourierpathfinder.search.path_search import PathSearch, Pin
from fourierpathfinder.search.policy import BOLD, WARY
from fourierpathfinder.search.saddle_search import newton_decrement, surrogate_saddle
from fourierpathfinder.search.span import Span

from ..tolerances import assert_close

D = 130
CONDITION = 1e5
"""By what solving with the covariances of these few points amplifies roundings, at most."""


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
def span(model, path):
    return Span.around(model, path.start, path.coefficients)


class Everywhere:
    """The same surrogate, without a word of where it varies: all work is in D coordinates."""

    def __init__(self, model):
        self.model = model

    def __getattr__(self, name):
        return getattr(self.model, name)

    def span(self):
        return None


def test_pays_for_many_coordinates_only(model, rng):
    assert Span.pays_for(model)
    x = rng.normal(size=(4, 30))
    small = GaussianProcess().fit(x, x[:, 0], np.eye(30)[:4])
    assert not Span.pays_for(small)
    atoms = rng.normal(size=(3, 120))
    of_distances = GaussianProcess(InverseDistances(40)).fit(atoms, atoms[:, 0], atoms)
    assert not Span.pays_for(of_distances)


def test_basis_is_orthonormal_and_spans_all_that_matters(model, path, span):
    q = span.basis.shape[1]
    assert q <= 2 * len(model.data.x) + path.n_terms
    assert_close(span.basis.T @ span.basis, np.eye(q))
    rows = np.concatenate([model.data.x - path.start, model.data.gradients, path.coefficients])
    assert_close(rows @ span.basis @ span.basis.T, rows, amplification=CONDITION)


def test_inwards_and_outwards_are_inverse(model, path, span):
    points = path(np.linspace(0, 1, 7))
    assert_close(span.outwards(span.inwards(points)), points)
    inner = span.path_inwards(path)
    assert_close(span.outwards(inner(0.37)), path(0.37))
    pin = Pin(0.4, path(0.4))
    assert_close(span.pin_inwards(pin).position, inner(0.4))
    assert span.pin_inwards(None) is None


def test_predictions_are_the_same(model, path, span):
    points, small = path(np.linspace(0, 1, 9)), span.model(model)
    y = span.inwards(points)
    mean, gradient = model.predict(points)
    small_mean, small_gradient = small.predict(y)
    scale = np.ptp(model.data.values)
    assert_close(small_mean, mean, scale=scale, amplification=CONDITION)
    assert_close(small_gradient @ span.basis.T, gradient, amplification=CONDITION)
    assert_close(small.deviation(y), model.deviation(points), amplification=CONDITION)
    curved = span.basis.T @ model.hessian(points[4]) @ span.basis
    assert_close(small.hessian(y[4]), curved, amplification=CONDITION)


@pytest.mark.parametrize("pinned", [False, True])
def test_path_search_is_the_same(model, path, span, pinned):
    search, small = (
        PathSearch(1.0, BOLD.move, WARY.trust.on_path, BOLD.move.fine_gain),
        span.model(model),
    )
    pin = Pin(0.45, path(0.45)) if pinned else None
    full = search(model.predict, model.deviation, path, pin)
    inner = search(small.predict, small.deviation, span.path_inwards(path), span.pin_inwards(pin))
    back = span.moved_outwards(inner, path)
    assert back.cut_short == full.cut_short
    np.testing.assert_allclose(back.path.coefficients, full.path.coefficients, atol=1e-5)
    if full.blocked is not None:
        np.testing.assert_allclose(back.blocked, full.blocked, atol=1e-4)


def test_saddle_search_is_the_same(model, path):
    top, tangent = path(0.5), path.velocity(0.5) / np.linalg.norm(path.velocity(0.5))
    assert not Span.pays_for(Everywhere(model))
    short, full = (
        surrogate_saddle(one, top, tangent, 1.0, BOLD.climb) for one in (model, Everywhere(model))
    )
    np.testing.assert_allclose(short.position, full.position, atol=1e-8)
    assert short.is_stationary == full.is_stationary


def test_newton_decrement_is_the_same(model, path):
    gradient = np.random.default_rng(0).normal(size=D)
    short, full = (
        newton_decrement(one, path(0.5), gradient, BOLD.climb.flat)
        for one in (model, Everywhere(model))
    )
    assert_close(short, full, amplification=CONDITION)
