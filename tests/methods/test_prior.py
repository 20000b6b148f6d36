"""A cheap landscape beneath an expensive one: what it saves, and that a bad one does no harm."""

import threading
from dataclasses import replace
from time import monotonic, sleep

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT

from fourierpathfinder import (
    Direct,
    Evaluations,
    LandscapeError,
    Paper,
    Status,
    Stochastic,
    Surrogate,
    find_path,
)
from fourierpathfinder.landscapes import FunctionLandscape, IsolatedLandscape, MoleculeLandscape
from fourierpathfinder.landscapes.abilities import Forwarding
from fourierpathfinder.landscapes.toy import mueller_brown, two_channels
from fourierpathfinder.path import SinePath
from fourierpathfinder.prior import Forgiving
from fourierpathfinder.reaction_path import relax
from fourierpathfinder.search.policy import BOLD
from fourierpathfinder.storage.checkpoint import CheckpointError

from .test_prior_everywhere import Resembling

TOYS = {"two channels": (two_channels, 0.1), "Müller-Brown": (mueller_brown, 10.0)}


class Counted(Forwarding):
    """A landscape that counts, and can be told to stop."""

    def __init__(self, landscape, most=None):
        super().__init__(landscape)
        self.n_gradients, self.most = 0, most

    def value_and_grad(self, points):
        self.n_gradients += len(points)
        if self.most is not None and self.n_gradients > self.most:
            raise KeyboardInterrupt
        return self.landscape.value_and_grad(points)


class Failing(Forwarding):
    """A landscape that raises at every third call."""

    n_calls = 0

    def value_and_grad(self, points):
        self.n_calls += 1
        if self.n_calls % 3 == 0:
            raise RuntimeError("a third call")
        return self.landscape.value_and_grad(points)


def resembling(toy, size, factor=1.0, noise=0.0, rng=0):
    """A landscape like another but for smooth waves, a factor, and noise."""
    normal = np.random.default_rng(rng).standard_normal

    def value_and_grad(x):
        values, gradients = toy.value_and_grad(x[None])
        value, gradient = values[0] + size * np.sin(x).sum(), gradients[0] + size * np.cos(x)
        return factor * value + noise * normal(), factor * gradient + noise * normal(x.shape)

    return FunctionLandscape(value_and_grad, True)


@pytest.fixture(params=TOYS, scope="module")
def case(request):
    """A toy, how far its cheap copies are off, and the plain search."""
    make, size = TOYS[request.param]
    toy = make()
    return toy, size, find_path(toy, toy.start, toy.end, method=Surrogate(), rng=0)


def test_a_cheap_landscape_saves_gradients_and_changes_no_answer(case):
    toy, size, plain = case
    cheap, seen = Counted(resembling(toy, size)), Counted(toy)
    found = find_path(seen, toy.start, toy.end, method=Surrogate(), prior=cheap, rng=0)
    assert found.certified
    assert found.n_gradients == seen.n_gradients < plain.n_gradients
    assert found.n_prior_gradients == cheap.n_gradients > 0
    assert abs(found.height - toy.height) <= plain.height_error + found.height_error
    assert f"and {cheap.n_gradients} of the prior" in str(found)


def test_its_scale_does_not_matter(case):
    toy, size, plain = case
    cheap = resembling(toy, size, factor=3.0)
    found = find_path(toy, toy.start, toy.end, method=Surrogate(), prior=cheap, rng=0)
    assert found.certified
    assert found.n_gradients <= plain.n_gradients
    assert "dropped" not in found.message


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", ["negative", "noise", "well", "raises"])
def test_a_bad_one_does_no_harm(case, kind, seed):
    toy, size, _ = case
    plain = find_path(toy, toy.start, toy.end, method=Surrogate(), rng=seed)
    cheap = {
        "negative": resembling(toy, size, factor=-1.0),
        "noise": resembling(toy, size, noise=size, rng=seed),
        "well": FunctionLandscape(lambda x: 50 * size * (x @ x), lambda x: 100 * size * x),
        "raises": Failing(resembling(toy, size)),
    }[kind]
    found = find_path(toy, toy.start, toy.end, method=Surrogate(), prior=cheap, rng=seed)
    assert found.certified
    assert found.n_gradients <= plain.n_gradients + 3
    # of the two channels of one toy the higher one may be found, and then its own height is told
    rise = toy.height - plain.start_value
    assert -2e-3 * rise <= found.height - toy.height <= 0.03 * rise
    if kind == "negative":
        assert "The prior was dropped" in found.message


@pytest.mark.parametrize("seed", range(4))
def test_noise_ten_times_what_it_is_off_by_costs_three_gradients_at_most(case, seed):
    toy, size, plain = case
    noisy = resembling(toy, size, noise=10 * size, rng=seed)
    found = find_path(toy, toy.start, toy.end, method=Surrogate(), prior=noisy, rng=0)
    assert found.certified
    assert found.n_gradients <= plain.n_gradients + 3


def test_one_that_is_not_known_along_the_path_costs_three_gradients(case, monkeypatch):
    """What it wanted to know is forgotten: the search is the usual one, bit for bit."""
    monkeypatch.setattr("fourierpathfinder.methods.beneath.is_unsure", lambda *_: True)
    toy, size, plain = case
    numbers = replace(BOLD, beneath=replace(BOLD.beneath, much=0.0))
    cheap, seen = resembling(toy, 0.3 * size), Counted(toy)
    found = find_path(
        seen, toy.start, toy.end, method=Surrogate(policy=numbers), prior=cheap, rng=0
    )
    assert found.certified and "too noisy, to be known along the path" in found.message
    assert found.n_gradients == seen.n_gradients == plain.n_gradients + 3
    assert np.array_equal(found.path.coefficients, plain.path.coefficients)


def test_one_that_answers_a_few_questions_is_not_called_rough(case, monkeypatch):
    """A path that moves while it is asked is unsure somewhere in the end, however smooth it is."""
    monkeypatch.setattr("fourierpathfinder.methods.beneath.is_unsure", lambda *_: True)
    toy, size, plain = case
    cheap = resembling(toy, 0.3 * size)
    found = find_path(toy, toy.start, toy.end, method=Surrogate(), prior=cheap, rng=0)
    assert found.certified and "dropped" not in found.message
    assert found.n_gradients < plain.n_gradients


def test_one_that_is_refused_at_the_first_look_costs_one_gradient(case):
    """What it wanted to know is forgotten: the search is the usual one, bit for bit.

    A bowl is of no use, but three points do not always tell; most of these ten are refused by them.
    """
    toy, size, plain = case
    middle, n_refused = (toy.start + toy.end) / 2, 0
    for stiffness in np.geomspace(30, 3000, 10) * size:
        bowl = FunctionLandscape(
            lambda x, k=stiffness: (k * float((x - middle) @ (x - middle)), 2 * k * (x - middle)),
            True,
        )
        seen = Counted(toy)
        found = find_path(seen, toy.start, toy.end, method=Surrogate(), prior=bowl, rng=0)
        assert found.certified and "The prior was dropped" in found.message
        assert found.n_gradients == seen.n_gradients == len(found.evaluations.values)
        if np.array_equal(found.evaluations.points[3], plain.evaluations.points[2]):
            n_refused += 1
            assert found.n_gradients == plain.n_gradients + 1
            assert found.height == plain.height
            assert np.array_equal(found.path.coefficients, plain.path.coefficients)
    assert n_refused >= 3


def test_one_that_leads_far_away_is_not_followed():
    """Downhill for ever, to where values of 1e11 and more would be met."""
    toy = mueller_brown()
    hill = FunctionLandscape(lambda x: -50 * float(x @ x), lambda x: -100 * x)
    for seed in range(3):
        found = find_path(toy, toy.start, toy.end, method=Surrogate(), prior=hill, rng=seed)
        highest = toy.value_and_grad(found.path(np.linspace(0, 1, 401)))[0].max()
        rise = toy.height - found.start_value
        assert found.evaluations.values.max() < toy.height + 2 * rise
        assert not found.certified or abs(highest - toy.height) < 1e-2 * rise
        assert found.height_error < 1e-2 * rise or not found.certified


def test_one_that_cannot_be_evaluated_at_the_ends_is_left_out():
    toy = two_channels()

    def fail(x):
        raise RuntimeError("no such parameters")

    cheap = FunctionLandscape(fail, True)
    found = find_path(toy, toy.start, toy.end, method=Surrogate(), prior=cheap, rng=0)
    plain = find_path(toy, toy.start, toy.end, method=Surrogate(), rng=0)
    assert found.n_gradients == plain.n_gradients
    assert "could not be evaluated at an end" in found.message


def test_several_stand_on_each_other(case):
    toy, size, plain = case
    chain = [resembling(toy, size / 3), Counted(resembling(toy, size))]
    found = find_path(toy, toy.start, toy.end, method=Surrogate(), prior=chain, rng=0)
    assert found.certified
    assert found.n_gradients < plain.n_gradients
    assert found.n_prior_gradients > chain[1].n_gradients > 0


@pytest.mark.parametrize("what", ["result", "evaluations", "file"])
def test_an_earlier_run_serves_as_well(what, tmp_path):
    toy = two_channels()
    earlier = resembling(toy, 0.05)
    file = tmp_path / "earlier"
    first = find_path(earlier, toy.start, toy.end, method=Surrogate(), rng=0, checkpoint=file)
    prior = {"result": first, "evaluations": first.evaluations, "file": file}[what]
    plain = find_path(toy, toy.start, toy.end, method=Surrogate(), rng=0)
    found = find_path(toy, toy.start, toy.end, method=Surrogate(), prior=prior, rng=0)
    assert found.certified
    assert found.n_prior_gradients == 0
    assert found.n_gradients <= plain.n_gradients + 3
    assert abs(found.height - toy.height) < 2e-3


def waving(toy, size, rng):
    """A landscape like another but for four waves in any direction."""
    drawn = np.random.default_rng(rng)
    waves, phases = drawn.standard_normal((4, len(toy.start))), drawn.uniform(0, 2 * np.pi, 4)

    def value_and_grad(x):
        values, gradients = toy.value_and_grad(x[None])
        at = waves @ x + phases
        return values[0] + size * np.sin(at).sum(), gradients[0] + size * np.cos(at) @ waves

    return FunctionLandscape(value_and_grad, True)


def test_an_earlier_run_saves_gradients_and_never_costs_any(case):
    """Twelve landscapes in all, each of which knows the surroundings of its own path alone."""
    toy, size, plain = case
    counts = []
    for seed, part in [(seed, part) for part in (0.5, 1.0) for seed in range(3)]:
        cheap = waving(toy, part * size, seed)
        earlier = find_path(cheap, toy.start, toy.end, method=Surrogate(), rng=0)
        for prior in (earlier, earlier.evaluations):
            found = find_path(toy, toy.start, toy.end, method=Surrogate(), prior=prior, rng=0)
            assert found.certified
            assert abs(found.height - toy.height) <= plain.height_error + found.height_error
            counts.append(found.n_gradients)
    assert max(counts) <= plain.n_gradients
    assert np.median(counts) < plain.n_gradients - 0.5


@pytest.mark.parametrize("metal", ["Al", "Pt"])
def test_an_earlier_run_in_many_coordinates_costs_little_where_it_does_not_lead(metal):
    """Thirty atoms were seen at fifteen points, which tells little of what lies between them."""
    start = bulk(metal, cubic=True) * 2
    end = start.copy()
    end.positions[1] += start.get_distance(1, 0, mic=True, vector=True)
    del start[0], end[0]
    landscape = MoleculeLandscape(start, EMT)
    ends = [relax(landscape, x, force=0.01).position for x in landscape.ends(start, end)]
    first = find_path(landscape, *ends, rng=0)
    for prior in (first, first.evaluations):
        found = find_path(landscape, *ends, prior=prior, rng=0)
        assert found.certified
        assert found.barrier == pytest.approx(first.barrier, abs=1e-3)
        assert found.n_gradients <= first.n_gradients + 3


def test_an_earlier_run_needs_no_more_than_its_evaluations_alone():
    """Its path is where a search may begin, and no more than that."""
    toy = two_channels()
    first = find_path(resembling(toy, 0.05), toy.start, toy.end, method=Surrogate(), rng=0)
    path = first.path
    bent = SinePath(path.start, path.end, path.coefficients + 0.3)
    counts = [
        find_path(toy, toy.start, toy.end, method=Surrogate(), prior=prior, rng=0).n_gradients
        for prior in (first.evaluations, first, replace(first, path=bent))
    ]
    assert max(counts) <= counts[0] + 1


def test_a_run_goes_on_bit_for_bit(tmp_path):
    toy = mueller_brown()
    whole = find_path(
        toy, toy.start, toy.end, method=Surrogate(), prior=resembling(toy, 10.0), rng=5,
        checkpoint=tmp_path / "whole",
    )  # fmt: skip
    place, cheap = tmp_path / "cut", resembling(toy, 10.0)
    with pytest.raises(KeyboardInterrupt):  # in the search of the cheap one
        find_path(toy, toy.start, toy.end, method=Surrogate(), prior=Counted(cheap, 9), rng=5,
                  checkpoint=place)  # fmt: skip
    for most in (3, 4):
        stopped = find_path(
            toy, toy.start, toy.end, method=Surrogate(), prior=cheap, rng=5, checkpoint=place,
            callback=Stop(most),
        )  # fmt: skip
        assert not stopped.certified
    again = Counted(cheap)
    found = find_path(toy, toy.start, toy.end, method=Surrogate(), prior=again, rng=5,
                      checkpoint=place)  # fmt: skip
    assert found.n_gradients == whole.n_gradients
    assert found.n_prior_gradients == whole.n_prior_gradients
    assert np.array_equal(found.path.coefficients, whole.path.coefficients)
    assert found.height == whole.height
    assert again.n_gradients < whole.n_prior_gradients
    with pytest.raises(CheckpointError):
        find_path(toy, toy.start, toy.end, method=Surrogate(), rng=5, checkpoint=place)


class Stop:
    """A callback that stops a run after so many gradients."""

    def __init__(self, most):
        self.most = most

    def __call__(self, state):
        if state.n_gradients >= self.most:
            raise StopIteration


@pytest.mark.parametrize(
    "method",
    [Direct(), Stochastic(), Paper(n_terms=4, n_points=10, smoothness=1.0)],
    ids=lambda method: type(method).__name__,
)
def test_methods_that_cannot_use_one_say_so(method):
    toy = two_channels()
    with pytest.raises(TypeError, match="cannot use a `prior`; leave it out"):
        find_path(toy, toy.start, toy.end, method=method, prior=toy)


def test_one_of_other_coordinates_is_refused():
    toy = two_channels()
    few = Evaluations(np.zeros((2, 3)), np.zeros(2), np.zeros((2, 3)))
    with pytest.raises(ValueError, match="points of 3 coordinates, the landscape has 2"):
        find_path(toy, toy.start, toy.end, method=Surrogate(), prior=few)
    found = Evaluations(np.zeros((2, 2)), np.zeros(2), np.zeros((2, 2)))
    with pytest.raises(ValueError, match="put them last"):
        find_path(toy, toy.start, toy.end, method=Surrogate(), prior=[found, toy])
    result = find_path(toy, toy.start, toy.end, method=Direct(), rng=0)
    with pytest.raises(ValueError, match="holds no evaluations"):
        find_path(toy, toy.start, toy.end, method=Surrogate(), prior=result)


@pytest.mark.parametrize(
    ("given", "kind", "told"),
    [
        (3, TypeError, "`prior` is a int; accepted are an object with [^=]*$"),
        (
            lambda x: x.sum(),
            ValueError,
            r"`prior` is a plain function without a gradient; pass `FunctionLandscape\([^=]*$",
        ),
        (Counted, TypeError, r"`prior` is the class Counted; pass an instance"),
        ("nowhere.jsonl", FileNotFoundError, "`prior` is nowhere.jsonl, which is no file"),
        (".", FileNotFoundError, "which is no file; give the one in which a run kept"),
        (Evaluations(np.zeros((0, 2)), np.zeros(0), np.zeros((0, 2))), ValueError, "holds no"),
        (Evaluations(np.zeros((2, 2)), np.zeros(1), np.zeros((2, 2))), ValueError, "1 values and"),
    ],
)
def test_what_is_no_prior_is_a_sentence(given, kind, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    toy = two_channels()
    with pytest.raises(kind, match=told):
        find_path(toy, toy.start, toy.end, method=Surrogate(), prior=given)


def test_one_that_answers_in_other_shapes_is_named():
    toy = two_channels()

    class Wide(Forwarding):
        def value_and_grad(self, points):
            values, gradients = self.landscape.value_and_grad(points)
            return values, np.concatenate([gradients, gradients], axis=1)

    with pytest.raises(LandscapeError, match="the prior returned gradients of shape"):
        find_path(toy, toy.start, toy.end, method=Surrogate(), prior=Wide(toy))


def test_failures_are_tried_again_and_then_not_finite():
    toy = two_channels()
    points = np.stack([toy.start, toy.end, toy.start])
    values, gradients = Forgiving(Failing(toy)).value_and_grad(points)
    assert np.array_equal(values, toy.value_and_grad(points)[0])

    def fail(x):
        raise RuntimeError("never")

    values, gradients = Forgiving(FunctionLandscape(fail, True)).value_and_grad(points)
    assert np.isnan(values).all()
    assert gradients.shape == points.shape


class Apart(Forwarding):
    """A cheap landscape that says so when it is asked; as if in processes of its own."""

    def __init__(self, landscape):
        super().__init__(landscape)
        self.askers = []

    def offering(self, behind):
        return replace(behind, landscape=self, values=None, is_apart=True)

    def value_and_grad(self, points):
        self.askers.append(threading.current_thread())
        return self.landscape.value_and_grad(points)


class Waiting(Forwarding):
    """An expensive landscape that answers once the cheap one was asked, if it is at all."""

    def __init__(self, landscape, cheap, most=10):
        super().__init__(landscape)
        self.cheap, self.n_calls, self.n_together, self.most = cheap, 0, 0, most
        self.n_seen = 0

    def value_and_grad(self, points):
        self.n_calls += 1
        if self.n_calls > self.most:
            raise KeyboardInterrupt
        until = monotonic() + 0.5
        while not (together := self.is_asked()) and monotonic() < until:
            sleep(0.01)
        self.n_together += together
        self.n_seen = len(self.cheap.askers)
        return self.landscape.value_and_grad(points)

    def is_asked(self):
        since = self.cheap.askers[self.n_seen :]
        return any(asker is not threading.main_thread() for asker in since)


def test_it_works_while_an_expensive_point_is_out(case):
    toy, size, plain = case
    cheap = Apart(resembling(toy, size))
    expensive = Waiting(toy, cheap)
    found = find_path(expensive, toy.start, toy.end, prior=cheap, method=Surrogate(), rng=0)
    assert found.certified
    assert found.height == pytest.approx(plain.height, abs=2e-3 * plain.barrier)
    assert expensive.n_together > 0
    assert {asker is threading.main_thread() for asker in cheap.askers} == {True, False}
    again = find_path(
        toy, toy.start, toy.end, prior=Apart(resembling(toy, size)), method=Surrogate(), rng=0
    )
    assert again.height == found.height  # whichever is ready first
    assert again.n_prior_gradients == found.n_prior_gradients


def test_ctrl_c_while_both_work_keeps_the_best_path(case):
    toy, size, _ = case
    cheap = Apart(resembling(toy, size))
    expensive = Waiting(toy, cheap, most=2)
    found = find_path(expensive, toy.start, toy.end, prior=cheap, method=Surrogate(), rng=0)
    assert found.status is Status.INTERRUPTED


def test_in_processes_of_its_own_it_says_the_same_and_goes_on(tmp_path):
    toy = two_channels()
    ends, file = (toy.start, toy.end), tmp_path / "run.jsonl"

    def sought(landscape, **more):
        with IsolatedLandscape(Resembling(toy, 0.1)) as cheap:
            return find_path(landscape, *ends, prior=cheap, method=Surrogate(), rng=0, **more)

    whole = sought(toy)
    cut = sought(Counted(toy, most=4), checkpoint=file)
    assert cut.status is Status.INTERRUPTED
    rest = sought(toy, checkpoint=file)
    assert rest.certified
    assert rest.height == whole.height
    assert (rest.n_gradients, rest.n_prior_gradients) == (
        whole.n_gradients,
        whole.n_prior_gradients,
    )
