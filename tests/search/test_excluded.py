"""Balls around failures: how wide they are, and the slope of what keeps paths out of them."""

import numpy as np
import pytest

from fourierpathfinder.search.excluded import ExcludedRegions

from ..tolerances import assert_close


def flat(points):
    return np.zeros(len(points)), np.zeros_like(points)


@pytest.fixture
def regions(rng):
    return ExcludedRegions.around(rng.normal(size=(3, 4)), rng.normal(size=(5, 4)) + 9, 10.0)


def test_slope_of_the_repulsion_by_finite_differences(regions, rng):
    raised = regions.raised(flat, 2.0)
    points = regions.centres + 0.3 * rng.normal(size=(3, 4))
    steps = 1e-6 * np.eye(4)
    for point, slope in zip(points, raised(points)[1], strict=True):
        up, down = raised(point + steps)[0], raised(point - steps)[0]
        np.testing.assert_allclose(slope, (up - down) / 2e-6, atol=1e-7)


def test_the_same_in_a_subspace(regions, rng):
    basis = np.linalg.qr(rng.normal(size=(4, 2)))[0]
    origin, y = regions.centres[0], rng.normal(size=(6, 2))
    inside = regions.within(origin, basis)
    x = origin + y @ basis.T
    np.testing.assert_allclose(inside.raised(flat, 1.0)(y)[0], regions.raised(flat, 1.0)(x)[0])
    np.testing.assert_allclose(inside.distance(y), regions.distance(x))
    slope = regions.raised(flat, 1.0)(x)[1] @ basis
    assert_close(inside.raised(flat, 1.0)(y)[1], slope)


def test_more_failures_widen_and_known_points_narrow():
    failed, far = np.zeros((1, 2)), np.full((1, 2), 100.0)
    lone = ExcludedRegions.around(failed, far, 1.0).radii[0]
    among = ExcludedRegions.around(np.array([[0.0, 0.0], [0.1, 0.0]]), far, 1.0).radii
    assert (among > lone).all()
    known = np.array([[0.08, 0.0], [100.0, 0.0]])
    assert ExcludedRegions.around(failed, known, 1.0).radii[0] == pytest.approx(0.04)


def test_enclosed_failure_excludes_nothing():
    regions = ExcludedRegions.around(np.zeros((1, 2)), np.array([[0.03, 0.0]]), 1.0)
    assert not regions.contain(np.zeros((1, 2))).any()


def test_no_failure_excludes_nothing(rng):
    nothing = ExcludedRegions.around(np.zeros((0, 3)), rng.normal(size=(2, 3)), 1.0)
    points = rng.normal(size=(4, 3))
    assert np.isinf(nothing.distance(points)).all()
    assert nothing.raised(flat, 1.0) is flat
