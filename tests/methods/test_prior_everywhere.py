"""A cheap landscape beneath all that is done with an expensive one: minima, paths, graphs."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from fourierpathfinder import (
    Direct,
    Surrogate,
    connect,
    find_path,
    find_paths,
    minimum_energy_path,
    relax,
)
from fourierpathfinder.landscapes.toy import mueller_brown, two_channels
from fourierpathfinder.reaction_path.policy import Relaxing
from fourierpathfinder.saddle import verify_saddle


class Resembling:
    """Like another landscape but for smooth waves; it can be sent to other processes, and counts.

    Turned, it is the negative; from `fails` gradients on there is none.
    """

    def __init__(self, toy, size, sign=1.0, fails=np.inf):
        self.toy, self.size, self.sign, self.fails, self.n_gradients = toy, size, sign, fails, 0

    def value_and_grad(self, points):
        self.n_gradients += len(points)
        if self.n_gradients > self.fails:
            raise RuntimeError("out of order")
        values, gradients = self.toy.value_and_grad(points)
        waves = self.size * np.sin(points).sum(axis=1), self.size * np.cos(points)
        return self.sign * (values + waves[0]), self.sign * (gradients + waves[1])


SHORT = Relaxing(longest_step=0.1)
"""Steps that do not lead out of a toy's basin."""

CASES = {"two channels": (two_channels, 0.1), "Müller-Brown": (mueller_brown, 10.0)}


@pytest.fixture(params=CASES, scope="module")
def case(request):
    """A toy and how far its cheap copy is off."""
    make, size = CASES[request.param]
    return make(), size


def test_a_minimum_takes_fewer_gradients(case):
    toy, size = case
    force = 1e-3 * np.abs(toy.value_and_grad(toy.minima + 0.1)[1]).max()
    n_plain = n_upon = 0
    for minimum in toy.minima:
        start = relax(Resembling(toy, size), minimum + 0.05, force=force).position
        plain = relax(toy, start, force=force)
        cheap, seen = Resembling(toy, size), Resembling(toy, 0.0)
        found = relax(seen, start, prior=cheap, force=force)
        assert found.success
        assert found.largest_force <= force
        assert found.n_gradients == seen.n_gradients
        assert found.n_prior_gradients == cheap.n_gradients > 0
        assert np.abs(found.position - plain.position).max() < 5e-3
        n_plain, n_upon = n_plain + plain.n_gradients, n_upon + found.n_gradients
    assert n_upon < n_plain


@pytest.mark.parametrize("bad", [{"sign": -1.0}, {"fails": 0}, {"fails": 5}], ids=str)
def test_a_bad_one_does_a_minimum_no_harm(case, bad):
    toy, size = case
    force = 1e-3 * np.abs(toy.value_and_grad(toy.minima + 0.1)[1]).max()
    for minimum in toy.minima:
        plain = relax(toy, minimum + 0.05, force=force, policy=SHORT)
        found = relax(
            toy, minimum + 0.05, prior=Resembling(toy, size, **bad), force=force, policy=SHORT
        )
        assert found.success
        assert found.n_gradients <= plain.n_gradients + 3
        assert np.abs(found.position - plain.position).max() < 5e-3


def test_a_minimum_upon_two(case):
    toy, size = case
    force = 1e-3 * np.abs(toy.value_and_grad(toy.minima + 0.1)[1]).max()
    chain = [Resembling(toy, size / 3), Resembling(toy, size)]
    found = relax(toy, toy.minima[0] + 0.05, prior=chain, force=force)
    assert found.success
    assert found.n_prior_gradients == sum(one.n_gradients for one in chain)


@pytest.fixture(scope="module")
def found_upon(case):
    """A path that was found upon the cheap copy."""
    toy, size = case
    method = Surrogate(saddle_gradient=1e-3 * size)
    return find_path(toy, toy.start, toy.end, method=method, prior=Resembling(toy, size), rng=0)


def test_a_saddle_as_tight_as_asked_for(case, found_upon):
    assert found_upon.certified
    assert found_upon.saddle.largest_force <= 1e-3 * case[1]
    assert abs(found_upon.height - case[0].height) < 2e-3 * abs(found_upon.barrier)


def test_a_saddle_that_was_found_upon_one_is_verified(case, found_upon):
    step = 1e-3 * np.linalg.norm(case[0].end - case[0].start)
    report = verify_saddle(case[0], found_upon, step=step, displacement=10 * step, rng=0)
    assert report.n_negative == 1


def test_reaction_paths_take_fewer_gradients():
    n_plain = n_upon = 0
    for make, size in CASES.values():
        toy, cheap = make(), Resembling(make(), size)
        result = find_path(toy, toy.start, toy.end, prior=Resembling(toy, size), rng=0)
        plain = minimum_energy_path(toy, result)
        found = minimum_energy_path(toy, result, prior=cheap)
        n_plain, n_upon = n_plain + plain.n_gradients, n_upon + found.n_gradients
        assert found.success
        assert found.n_prior_gradients == cheap.n_gradients > 0
        assert f"and {cheap.n_gradients} of the prior" in str(found)
        misses = np.abs(toy.value_and_grad(found.points)[0] - found.values)
        rise = toy.height - toy.value_and_grad(toy.minima)[0].min()
        assert misses.max() <= 2e-3 * rise  # twice the tolerance
    assert n_upon < n_plain


@pytest.mark.parametrize("bad", [{"sign": -1.0}, {"fails": 0}], ids=str)
def test_a_bad_one_does_a_reaction_path_no_harm(case, found_upon, bad):
    toy, size = case
    plain = minimum_energy_path(toy, found_upon)
    found = minimum_energy_path(toy, found_upon, prior=Resembling(toy, size, **bad))
    assert found.success
    assert found.n_gradients <= plain.n_gradients + 3


def test_channels_and_segments():
    toy = two_channels()
    prior = Resembling(toy, 0.1)
    method = Surrogate(n_starts=4)
    several = find_path(toy, toy.start, toy.end, method=method, prior=prior, rng=0)
    alone = find_path(toy, toy.start, toy.end, method=method, rng=0)
    assert [one.height for one in several.channels] == pytest.approx(
        [one.height for one in alone.channels], abs=5e-3
    )
    toy = mueller_brown()
    prior = Resembling(toy, 10.0)
    split = find_path(toy, toy.start, toy.end, method=Surrogate(split=True), prior=prior, rng=0)
    alone = find_path(toy, toy.start, toy.end, method=Surrogate(split=True), rng=0)
    assert len(split.segments) == len(alone.segments) > 1
    assert split.n_gradients < alone.n_gradients
    assert [one.height for one in split.segments] == pytest.approx(
        [one.height for one in alone.segments], abs=1.0
    )


@pytest.mark.parametrize("workers", ["threads", "processes"])
def test_many_points_at_a_time(workers):
    toy = two_channels()
    pool = (
        ThreadPoolExecutor(2)
        if workers == "threads"
        else ProcessPoolExecutor(2, mp_context=get_context("spawn"))
    )
    with pool as executor:
        found = find_path(
            toy, toy.start, toy.end, method=Surrogate(), prior=Resembling(toy, 0.1), rng=0,
            executor=executor,
        )  # fmt: skip
    assert found.certified
    assert found.n_prior_gradients > 0
    assert abs(found.height - toy.height) < 5e-3


def test_many_paths(tmp_path):
    toy = mueller_brown()
    pairs = [(toy.start, toy.end), (toy.end, toy.start)]
    one_each = [find_path(toy, *pair, method=Surrogate(), rng=0) for pair in pairs]

    def paths(prior=None, **more):
        return find_paths(toy, pairs, method=Surrogate(), prior=prior, rng=0, **more)

    found = paths(Resembling(toy, 10.0), checkpoint=tmp_path / "kept")
    assert all(one.certified for one in found)
    assert sum(one.n_gradients for one in found) < sum(one.n_gradients for one in one_each)
    idle = Resembling(toy, 10.0)
    again = paths(idle, checkpoint=tmp_path / "kept")
    assert idle.n_gradients == 0
    assert [one.n_prior_gradients for one in again] == [one.n_prior_gradients for one in found]
    assert [one.height for one in again] == [one.height for one in found]
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        away = paths(Resembling(toy, 10.0), executor=executor)
    assert [one.height for one in away] == [one.height for one in found]
    with pytest.raises(TypeError, match="Direct cannot use a `prior`"):
        find_paths(toy, pairs, method=Direct(), prior=idle)


def test_a_graph(tmp_path):
    toy, file = mueller_brown(), tmp_path / "graph"
    method = Surrogate()
    plain = connect(toy, toy.minima, method=method, rng=0)

    def graph(prior, **more):
        return connect(toy, toy.minima, method=method, prior=prior, rng=0, **more)

    cheap = Resembling(toy, 10.0)
    found = graph(cheap, checkpoint=file)
    assert found.n_gradients < plain.n_gradients
    assert found.n_prior_gradients == cheap.n_gradients > 0
    assert found.minimax_heights() == pytest.approx(plain.minimax_heights(), abs=1.0)
    idle = Resembling(toy, 10.0)
    again = graph(idle, checkpoint=file)
    assert idle.n_gradients == 0
    assert again.n_prior_gradients == found.n_prior_gradients
    assert np.array_equal(again.minimax_heights(), found.minimax_heights())
    with pytest.raises(ValueError):
        connect(toy, toy.minima[:, :1], method=method, prior=cheap)
    assert list(tmp_path.iterdir()) == [file], "nothing else is left"
