"""More than one path: channels from several starts, and segments between minima on the way."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from fourierpathfinder import Surrogate, find_path
from fourierpathfinder.landscapes.toy import lennard_jones, two_channels
from fourierpathfinder.result import Status


class Counted:
    """A landscape and every point at which it was evaluated."""

    def __init__(self, landscape):
        self.landscape, self.points = landscape, []
        for name in ("same", "placing", "n_atoms", "initial_path"):
            if hasattr(landscape, name):
                setattr(self, name, getattr(landscape, name))

    def value_and_grad(self, points):
        self.points += list(points)
        return self.landscape.value_and_grad(points)


class Corrugated:
    """A winding valley with a minimum at every whole x; shifts along it leave values."""

    def value_and_grad(self, points):
        x, y = points.T
        off = y - 0.2 * np.sin(2 * np.pi * x)
        along = 2 * np.pi * (np.sin(2 * np.pi * x) - 2 * off * 0.2 * np.cos(2 * np.pi * x) * 5)
        return 1 - np.cos(2 * np.pi * x) + 5 * off**2, np.stack([along, 10 * off], axis=1)

    def same(self, a, b):
        return bool(np.linalg.norm(self.placing(a, b)(b) - a) < 0.05)

    def placing(self, a, b):
        shift = np.array([np.round(a[0] - b[0]), 0.0])
        return lambda points: points + shift


def highest(landscape, path, n=2001):
    return landscape.value_and_grad(path(np.linspace(0, 1, n)))[0].max()


def nearest(values, value):
    """Index of the nearest of some values, which must be within 1e-3."""
    off = np.abs(np.asarray(values) - value)
    assert off.min() < 1e-3
    return int(off.argmin())


@pytest.mark.statistical
@pytest.mark.slow
def test_channels_of_figure_3_share_all_evaluations(last_bits):
    """Each is one that is known, listed once; the lowest always, the next one mostly."""
    toy, found = two_channels(), []
    for seed, changed in enumerate(last_bits(toy, 10)):
        counted = Counted(changed)
        method = Surrogate(n_starts=8)
        result = find_path(counted, toy.start, toy.end, method=method, rng=seed, max_gradients=40)
        assert result.n_gradients == len(counted.points) <= 40
        for channel in result.channels:
            assert channel.certified
            assert highest(toy, channel.path) == pytest.approx(channel.height, abs=1e-3)
        heights = [channel.height for channel in result.channels]
        assert heights == sorted(heights)
        assert result.height == pytest.approx(heights[0], abs=1e-6)
        which = [nearest(toy.saddle_values, height) for height in heights]
        assert len(set(which)) == len(which)
        found.append(which)
    assert all(which[0] == 0 for which in found)
    assert np.mean([1 in which for which in found]) >= 0.7


def test_one_start_is_one_channel():
    toy = two_channels()
    assert len(find_path(toy, toy.start, toy.end, method=Surrogate(), rng=0).channels) == 1


def test_path_over_a_minimum_comes_back_in_segments():
    valley = Counted(Corrugated())
    del valley.same
    ends = np.array([[0.0, 0.0], [2.0, 0.0]])
    result = find_path(valley, *ends, method=Surrogate(split=True), rng=0, max_gradients=60)
    first, second = result.segments
    np.testing.assert_array_equal(first.path.start, result.path.start)
    np.testing.assert_array_equal(first.path.end, second.path.start)
    np.testing.assert_array_equal(second.path.end, result.path.end)
    np.testing.assert_allclose(first.path.end, [1, 0], atol=0.02)
    for segment in result.segments:
        assert segment.certified
        assert segment.barrier == pytest.approx(2.0, abs=4e-3)
        assert highest(valley, segment.path) == pytest.approx(2.0, abs=4e-3)


def test_segment_that_is_an_image_of_another_costs_nothing():
    valley = Counted(Corrugated())
    ends = np.array([[0.0, 0.0], [2.0, 0.0]])
    result = find_path(valley, *ends, method=Surrogate(split=True), rng=0, max_gradients=60)
    one, other = result.segments
    assert "symmetry" in other.message
    assert other.certified == one.certified
    assert result.status is Status.CERTIFIED
    for segment in (one, other):
        assert segment.height == pytest.approx(2.0, abs=2e-3)
        assert highest(valley, segment.path) == pytest.approx(2.0, abs=4e-3)
    np.testing.assert_allclose(other.saddle.position, [1.5, 0.0], atol=0.02)
    del valley.same
    apart = find_path(valley, *ends, method=Surrogate(split=True), rng=0, max_gradients=60)
    assert all("symmetry" not in segment.message for segment in apart.segments)
    assert result.n_gradients < apart.n_gradients


@pytest.mark.statistical
@pytest.mark.slow
def test_swap_of_two_atoms_goes_over_minima(last_bits):
    """LJ7: an axial atom with one of the ring, over the saddles that are known, from most seeds.

    What is certified is so whatever the seed; another way than the lowest may be. One start alone
    finds the lowest from five in eight.
    """
    cluster = lennard_jones(7)
    start = cluster.minima[0]
    atoms = start.reshape(7, 3).copy()
    atoms[[2, 6]] = atoms[[6, 2]]
    end = superposed(start, atoms)
    assert cluster.same(start, end)
    is_lowest = []
    for seed, changed in enumerate(last_bits(cluster, 8)):
        method = Surrogate(split=True, n_starts=4)
        result = find_path(changed, start, end, method=method, rng=seed, max_gradients=200)
        rise = result.height - cluster.minimum_values[0]
        assert highest(cluster, result.path) <= result.height + result.height_error + 1e-7 * rise
        for segment in result.segments:
            if segment.certified:
                assert_over_known_saddle(cluster, segment, 1e-3 * rise)
        is_certified = result.certified and all(part.certified for part in result.segments)
        is_low = result.height == pytest.approx(-14.59695, abs=2e-3)
        is_lowest.append(is_certified and is_low and len(result.segments) >= 2)
    assert np.mean(is_lowest) >= 0.75


def assert_over_known_saddle(cluster, segment, tolerance):
    """Whether a segment leads from one known minimum over one known saddle to another."""
    assert np.abs(cluster.saddle_values - segment.height).min() < tolerance
    assert highest(cluster, segment.path) < segment.height + tolerance
    ends = cluster.value_and_grad(np.stack([segment.path.start, segment.path.end]))[0]
    for value in ends:
        assert np.abs(cluster.minimum_values - value).min() < tolerance


def superposed(start, atoms):
    """The labelled atoms turned onto the start's, as near as a turn can."""
    there = start.reshape(-1, 3)
    centre = there.mean(axis=0)
    moved = atoms - atoms.mean(axis=0)
    turn, _ = Rotation.align_vectors(there - centre, moved)
    return (turn.apply(moved) + centre).ravel()


def test_minimum_that_is_found_at_an_end_is_no_stop():
    """A path that only dips next to its own end is not split there."""
    toy = two_channels()
    result = find_path(toy, toy.start, toy.end, method=Surrogate(split=True), rng=0)
    assert result.segments == ()
