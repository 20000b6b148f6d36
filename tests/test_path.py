"""The sine path against sums written term by term, finite differences and autograd."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fourierpathfinder._arrays import to_numpy
from fourierpathfinder.path import SinePath, roughness_weights

from .tolerances import assert_close

T = np.linspace(0, 1, 7)


def written_out(a, b, c, t):
    return (1 - t) * a + t * b + sum(c[n] * np.sin((n + 1) * np.pi * t) for n in range(len(c)))


def random_path(rng, make=np.asarray, batch=(), n=4, d=3, dtype="float64"):
    arrays = (
        rng.normal(size=(*batch, d)),
        rng.normal(size=(*batch, d)),
        rng.normal(size=(*batch, n, d)),
    )
    return SinePath(*(make(x, dtype) for x in arrays))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_points_are_the_series(make_array, rng, dtype):
    path = random_path(rng, make_array, dtype=dtype)
    a, b, c = (to_numpy(x) for x in (path.start, path.end, path.coefficients))
    points = path(make_array(T, dtype))
    assert points.dtype == path.start.dtype
    expected = np.stack([written_out(a, b, c, t) for t in T])
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(to_numpy(points), expected, atol=tolerance)
    np.testing.assert_allclose(to_numpy(path(0.3)), written_out(a, b, c, 0.3), atol=tolerance)


def test_derivatives_match_finite_differences(make_array, rng):
    path = random_path(rng, make_array)
    h = 1e-5
    slope = (to_numpy(path(T + h)) - to_numpy(path(T - h))) / (2 * h)
    np.testing.assert_allclose(to_numpy(path.velocity(T)), slope, atol=1e-7)
    bend = (to_numpy(path.velocity(T + h)) - to_numpy(path.velocity(T - h))) / (2 * h)
    np.testing.assert_allclose(to_numpy(path.acceleration(T)), bend, atol=1e-5)
    speed = np.linalg.norm(to_numpy(path.velocity(T)), axis=-1)
    assert_close(to_numpy(path.speed(T)), speed)
    assert_close(float(path.speed(0.5)), np.linalg.norm(to_numpy(path.velocity(0.5))))


def test_pull_back_is_the_adjoint_seen_by_autograd(rng):
    path = random_path(rng, lambda x, _: torch.asarray(x))
    c = path.coefficients.clone().requires_grad_()
    g, v = torch.asarray(rng.normal(size=(2, len(T), 3)))
    moving = path.with_coefficients(c)
    ((moving(T) * g).sum() + (moving.velocity(T) * v).sum()).backward()
    torch.testing.assert_close(path.pull_back(T, g, v), c.grad)


def test_pull_back_matches_finite_differences(make_array, rng):
    path = random_path(rng, make_array)
    g = rng.normal(size=(len(T), 3))
    pulled = to_numpy(path.pull_back(make_array(T), make_array(g)))
    c = to_numpy(path.coefficients)
    for n, d in [(0, 0), (2, 1), (3, 2)]:
        shifted = c.copy()
        shifted[n, d] += 1.0
        change = to_numpy(path.with_coefficients(make_array(shifted))(T)) - to_numpy(path(T))
        assert_close(pulled[n, d], (change * g).sum())


@settings(deadline=None, max_examples=60)
@given(
    n_terms=st.integers(1, 12),
    extra=st.integers(2, 40),
    seed=st.integers(0, 10_000),
    scale=st.floats(1e-3, 1e3),
    shift=st.floats(-100, 100),
)
def test_closed_form_roughness(n_terms, extra, seed, scale, shift):
    rng = np.random.default_rng(seed)
    n_points = n_terms + extra
    path = SinePath(
        shift + scale * rng.normal(size=2),
        shift + scale * rng.normal(size=2),
        scale * rng.normal(size=(n_terms, 2)),
    )
    steps = np.diff(path(np.linspace(0, 1, n_points)), axis=0)
    np.testing.assert_allclose(path.roughness(n_points), (steps**2).sum(), rtol=1e-9)


def test_roughness_gradient(make_array, rng):
    path = random_path(rng, make_array)
    gradient = to_numpy(path.roughness_gradient(20))
    c, h = to_numpy(path.coefficients), 1e-5
    for n, d in [(0, 0), (3, 2)]:
        up, down = c.copy(), c.copy()
        up[n, d] += h
        down[n, d] -= h
        rise = float(path.with_coefficients(make_array(up)).roughness(20)) - float(
            path.with_coefficients(make_array(down)).roughness(20)
        )
        np.testing.assert_allclose(gradient[n, d], rise / (2 * h), rtol=1e-6)


def test_aliased_terms_are_refused():
    with pytest.raises(ValueError, match="`n_terms` is 9 but a grid of `n_points` = 10"):
        roughness_weights(9, 10)


def test_leading_axes_hold_independent_paths(make_array, rng):
    many = random_path(rng, make_array, batch=(5,))
    one = SinePath(many.start[2, ...], many.end[2, ...], many.coefficients[2, ...])
    for name in ("__call__", "velocity", "acceleration", "speed"):
        batch = to_numpy(getattr(many, name)(T))
        assert_close(batch[2], to_numpy(getattr(one, name)(T)))
    assert_close(to_numpy(many.length())[2], float(one.length()))
    assert_close(to_numpy(many.roughness(20))[2], float(one.roughness(20)))


def test_each_path_may_have_its_own_times(make_array, rng):
    many = random_path(rng, make_array, batch=(5,))
    times = rng.uniform(size=(5, 3))
    points = to_numpy(many(make_array(times)))
    one = SinePath(many.start[4, ...], many.end[4, ...], many.coefficients[4, ...])
    assert_close(points[4], to_numpy(one(times[4])))


def test_length_of_a_line_and_of_a_dense_polygon(make_array, rng):
    line = SinePath.straight(make_array([0.0, 0.0]), make_array([3.0, 4.0]), 3)
    assert_close(float(line.length()), 5.0)
    path = random_path(rng, make_array)
    polygon = to_numpy(path(np.linspace(0, 1, 200_001)))
    length = np.linalg.norm(np.diff(polygon, axis=0), axis=1).sum()
    np.testing.assert_allclose(float(path.length()), length, rtol=1e-5)


def test_fit_recovers_a_path_and_goes_through_few_points(make_array, rng):
    path = random_path(rng, make_array)
    t = np.linspace(0.05, 0.95, 20)
    again = SinePath.fit(path.start, path.end, t, path(t), 4)
    np.testing.assert_allclose(to_numpy(again.coefficients), to_numpy(path.coefficients), atol=1e-9)
    points = make_array(rng.normal(size=(2, 3)))
    through = SinePath.fit(path.start, path.end, [0.3, 0.6], points, 8)
    np.testing.assert_allclose(to_numpy(through([0.3, 0.6])), to_numpy(points), atol=1e-9)


def test_fit_through_few_points_is_the_smoothest(rng):
    a, b = np.zeros(1), np.zeros(1)
    fitted = SinePath.fit(a, b, [0.5], np.ones((1, 1)), 5).coefficients[:, 0]
    n = np.arange(1, 6)
    basis = np.sin(n * np.pi / 2)
    expected = basis / n**2 / (basis**2 / n**2).sum()
    assert_close(fitted, expected)


def test_resampled_keeps_the_curve_and_evens_the_speed(make_array):
    path = SinePath(
        make_array([0.0, 0.0]),
        make_array([1.0, 0.0]),
        make_array([[0.0, 0.4], [0.08, 0.0]]),
    )
    even = path.resampled(20)
    assert np.ptp(to_numpy(even.speed(T))) < 0.05 * float(path.length())
    dense = to_numpy(path(np.linspace(0, 1, 4001)))
    for point in to_numpy(even(T)):
        assert np.linalg.norm(dense - point, axis=1).min() < 2e-3


@pytest.mark.parametrize(
    ("arrays", "error", "text"),
    [
        ((np.zeros(3), np.zeros(4), np.zeros((1, 3))), ValueError, r"`start` has shape \(3,\)"),
        ((np.zeros(3), np.zeros(3), np.zeros((1, 4))), ValueError, r"`coefficients` has shape"),
        ((np.zeros(3), np.zeros(3), np.zeros(3)), ValueError, r"`coefficients` has shape"),
        (([0.0], np.zeros(1), np.zeros((1, 1))), TypeError, "`start` must be an array of floats"),
        ((np.zeros(1, int), np.zeros(1), np.zeros((1, 1))), TypeError, "got int64"),
    ],
)
def test_bad_input(arrays, error, text):
    with pytest.raises(error, match=text):
        SinePath(*arrays)


def test_no_terms_is_refused():
    with pytest.raises(ValueError, match="`n_terms` is 0"):
        SinePath.straight(np.zeros(2), np.ones(2), 0)
