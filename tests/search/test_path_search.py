"""The search on functions that are known: what it holds fixed, and where it stops."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fourierpathfinder.landscapes.toy import two_channels
from fourierpathfinder.path import SinePath, sines
from fourierpathfinder.search.path_search import PathSearch, Pin
from fourierpathfinder.search.policy import BOLD, WARY

from ..tolerances import assert_close

FINE = np.linspace(0, 1, 2001)


def search(scale=1.0, trusted=WARY.trust.on_path, gain=BOLD.move.fine_gain, **numbers):
    return PathSearch(scale, replace(BOLD.move, **numbers), trusted, gain)


def bent(rng, n_terms=6, n_coordinates=3):
    a, b = rng.normal(size=(2, n_coordinates))
    return SinePath(a, b, 0.2 * rng.normal(size=(n_terms, n_coordinates)))


def certain(points):
    return np.zeros(len(points))


def flat(points):
    return np.zeros(len(points)), np.zeros_like(points)


def hill(points):
    """A hill at the origin, on which lower paths go round."""
    values = np.exp(-2 * (points**2).sum(axis=1))
    return values, -4 * points * values[:, None]


class TestPin:
    @settings(max_examples=30, deadline=None)
    @given(st.integers(0, 1000), st.floats(0.02, 0.98))
    def test_held_path_goes_through_the_point(self, seed, time):
        rng = np.random.default_rng(seed)
        path, point = bent(rng), rng.normal(size=3)
        held = Pin(time, point).held(path)
        assert_close(held(time), point)
        np.testing.assert_array_equal([held.start, held.end], [path.start, path.end])

    def test_held_path_is_the_nearest_in_n_c_n(self, rng):
        """Against the pseudo-inverse."""
        path, point, time = bent(rng), rng.normal(size=3), 0.31
        order = np.arange(1.0, 7)[:, None]
        row = sines(np.array([time]), 6) / order.T
        shift = np.linalg.pinv(row) @ (point - path(time))[None]
        expected = path.coefficients + shift / order
        assert_close(Pin(time, point).held(path).coefficients, expected)

    def test_held_path_goes_through_several_points_and_is_the_nearest(self, rng):
        """Against a least-norm solution with all constraints in one matrix."""
        path, points, times = bent(rng), rng.normal(size=(3, 3)), np.array([0.2, 0.55, 0.9])
        held = Pin(times, points).held(path)
        assert_close(held(times), points)
        order = np.arange(1.0, 7)[:, None]
        rows = sines(times, 6) / order.T
        shift = np.linalg.lstsq(rows, points - path(times), rcond=None)[0]
        assert_close(held.coefficients, path.coefficients + shift / order)

    def test_projected_gradient_leaves_several_points_in_place(self, rng):
        path, gradient, times = bent(rng), rng.normal(size=(6, 3)), np.array([0.2, 0.55, 0.9])
        projected = Pin(times, path(times)).projected(gradient)
        moved = path.with_coefficients(path.coefficients + projected / np.arange(1.0, 7)[:, None])
        assert_close(moved(times), path(times))
        assert_close((projected * (gradient - projected)).sum(), 0.0, scale=(gradient**2).sum())

    @settings(max_examples=30, deadline=None)
    @given(st.integers(0, 1000), st.floats(0.02, 0.98))
    def test_projected_gradient_leaves_the_point_in_place(self, seed, time):
        rng = np.random.default_rng(seed)
        path, gradient = bent(rng), rng.normal(size=(6, 3))
        pin, order = Pin(time, path(time)), np.arange(1.0, 7)[:, None]
        projected = pin.projected(gradient)
        moved = path.with_coefficients(path.coefficients + projected / order)
        assert_close(moved(time), path(time))
        assert_close(pin.projected(projected), projected)
        assert_close((projected * (gradient - projected)).sum(), 0.0, scale=(gradient**2).sum())


class TestMove:
    def test_settles_on_the_straight_line_where_nothing_else_pulls(self, rng):
        path = SinePath(np.zeros(3), np.ones(3), 0.01 * rng.normal(size=(5, 3)))
        move = search()(flat, certain, path)
        assert not move.cut_short
        assert move.blocked is None
        assert np.abs(move.path.coefficients).max() < 3e-4

    def test_finds_the_channel_of_a_known_landscape(self):
        toy = two_channels()
        path = SinePath.straight(toy.start, toy.end, 8)
        now = path.with_coefficients(path.coefficients + 0.01)
        scale = toy.height - toy.minimum_values.min()
        for _ in range(20):
            move = search(scale)(toy.value_and_grad, certain, now)
            now = move.path
            if not move.cut_short:
                break
        height = toy.value_and_grad(now(FINE))[0].max()
        assert not move.cut_short
        assert min(abs(height - toy.saddle_values[:2])) < 0.02 * scale

    def test_ends_where_iterations_gain_too_little(self):
        """The less an iteration must gain, the more are made, and the nearer the line is."""
        path = SinePath(
            np.zeros(3), np.ones(3), 0.02 * np.random.default_rng(1).normal(size=(9, 3))
        )
        calls, off = [], []
        for gain in (1e-3, 1e-6, 1e-9):
            count = [0]

            def counted(points, count=count):
                count[0] += 1
                return flat(points)

            move = search(gain=gain)(counted, certain, path)
            calls.append(count[0])
            off.append(np.abs(move.path.coefficients).max())
            assert not move.cut_short
        assert calls[0] < calls[1] < calls[2]
        assert off[0] > off[1] > off[2]

    def test_does_not_step_over_a_wall_between_its_points(self):
        """A wall of height 1, thinner than their distance, which ends at about |y| = 1."""
        middle = 2 * 16 / 33 - 1 + 1 / 33

        def wall(points):
            x, y = points.T
            values = np.exp(-(((x - middle) / 0.015) ** 2) / 2 - 2 * y**2)
            slopes = np.stack([-(x - middle) / 0.015**2, -4 * y], axis=1)
            return values, slopes * values[:, None]

        heights = []
        for unseen in (np.inf, BOLD.move.unseen):
            path = SinePath(np.array([-1.0, 0.0]), np.array([1.0, 0.0]), np.full((4, 2), 0.01))
            for _ in range(5):
                path = search(largest=10.0, unseen=unseen)(wall, certain, path).path
            heights.append(wall(path(FINE))[0].max())
        assert heights[0] > 0.7
        assert heights[1] < 0.3

    def test_moves_no_further_than_allowed(self):
        path = SinePath(np.array([-1.0, 0.0]), np.array([1.0, 0.0]), np.full((4, 2), 0.01))
        move = search(largest=0.1)(hill, certain, path)
        assert move.cut_short
        assert move.blocked is None
        moved = np.linalg.norm(move.path(FINE) - path(FINE), axis=1).max() / 2
        assert moved == pytest.approx(0.1, rel=0.02)

    def test_stops_at_the_deviation_and_names_the_point(self):
        """The further from y = 0 the less is known: the path stops, the point lies beyond."""

        def deviation(points):
            return np.abs(points[:, 1])

        path = SinePath(np.array([-1.0, 0.0]), np.array([1.0, 0.0]), np.full((4, 2), 0.01))
        move = search(trusted=0.2, largest=10.0)(hill, deviation, path)
        assert move.cut_short
        assert move.blocked is not None
        assert deviation(move.path(FINE)).max() <= 0.2 * 1.01
        assert deviation(move.blocked[None])[0] > deviation(move.path(FINE)).max()

    def test_beyond_the_cap_already_it_does_not_get_much_worse(self):
        def deviation(points):
            return 0.5 + np.abs(points[:, 1])

        path = SinePath(np.array([-1.0, 0.0]), np.array([1.0, 0.0]), np.full((4, 2), 0.01))
        move = search(trusted=0.1)(hill, deviation, path)
        assert move.blocked is not None
        assert deviation(move.path(FINE)).max() < 1.2 * deviation(path(FINE)).max()

    @pytest.mark.parametrize("time", [0.1, 0.5, 0.83])
    def test_pinned_path_goes_through_the_point_exactly(self, time):
        pin = Pin(time, np.array([2 * time - 1, 0.3]))
        path = SinePath(np.array([-1.0, 0.0]), np.array([1.0, 0.0]), np.full((6, 2), 0.01))
        for _ in range(3):
            path = search()(hill, certain, path, pin).path
            assert_close(path(time), pin.position)

    @pytest.mark.parametrize("n_terms", [1, 8, 31, 47])
    def test_any_number_of_terms(self, n_terms):
        path = SinePath(np.array([-1.0, 0.0]), np.array([1.0, 0.0]), np.full((n_terms, 2), 1e-3))
        assert search()(hill, certain, path).path.n_terms == n_terms

    @settings(max_examples=8, deadline=None)
    @given(st.floats(1e-3, 1e3), st.floats(1e-2, 1e2))
    def test_units_do_not_matter(self, energy, length):
        path = SinePath(np.array([-1.0, 0.0]), np.array([1.0, 0.0]), np.full((4, 2), 0.01))

        def scaled(points):
            values, gradients = hill(points / length)
            return energy * values, energy / length * gradients

        one = search()(hill, certain, path)
        other = search(energy)(
            scaled,
            certain,
            SinePath(length * path.start, length * path.end, length * path.coefficients),
        )
        np.testing.assert_allclose(
            other.path(FINE) / length, one.path(FINE), atol=0.02, err_msg=f"{energy} {length}"
        )
