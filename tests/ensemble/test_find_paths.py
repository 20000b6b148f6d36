"""Many paths: as good as one at a time, whatever goes wrong with some of them."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from itertools import pairwise
from multiprocessing import get_context

import numpy as np
import pytest
import torch
from torch import nn

from fourierpathfinder import Direct, Paper, Status, Stochastic, Surrogate, find_path, find_paths
from fourierpathfinder.ends import resolve_ends
from fourierpathfinder.ensemble import lockstep, tasks
from fourierpathfinder.landscapes import NetworkLandscape
from fourierpathfinder.landscapes.abilities import abilities_of
from fourierpathfinder.landscapes.toy import two_channels
from fourierpathfinder.storage.errors import CheckpointError

from .misbehaving import Dying, dying_ends

SMALL = Stochastic(n_terms=3, points_per_step=2, batch_size=8, n_steps=40)
N_STEPS = SMALL.n_steps


class Counting(nn.Module):
    """A small classifier that counts how often it is called, and fails when it is told to."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))

    def forward(self, x):
        calls.append(len(x))
        if calls.error_at is not None and len(calls) >= calls.error_at:
            raise calls.error
        return self.layers(x)


class Calls(list):
    error_at, error = None, None


calls = Calls()


@pytest.fixture(autouse=True)
def no_calls_yet():
    calls.clear()
    calls.error_at = None


def networks(n):
    made = []
    for seed in range(n):
        torch.manual_seed(seed)
        made.append(Counting())
    return made


def landscape_of(n_samples=60, **options):
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(n_samples, 4, generator=generator)
    targets = torch.randint(0, 3, (n_samples,), generator=generator)
    return NetworkLandscape(
        networks(1)[0], nn.functional.cross_entropy, (inputs, targets), **options
    )


def pairs_of(n):
    made = networks(n + 1)
    return list(pairwise(made))


def same(a, b, exact=True):
    assert a.status is b.status
    np.testing.assert_allclose(
        a.path.coefficients,
        b.path.coefficients,
        rtol=0 if exact else 1e-3,
        atol=0 if exact else 1e-5,
    )
    assert a.height == pytest.approx(b.height, rel=0 if exact else 1e-4, abs=0)


@pytest.mark.parametrize("vectorize", [True, False])
def test_in_lockstep_as_one_at_a_time(vectorize):
    landscape, pairs = landscape_of(vectorize=vectorize), pairs_of(3)
    results = find_paths(landscape, pairs, method=SMALL, rng=5)
    seeds = np.random.default_rng(5).integers(2**62, size=3)
    for result, pair, seed in zip(results, pairs, seeds, strict=True):
        one = lockstep.Group(
            landscape, SMALL,
            [lockstep.Pair(0, *map(landscape.coordinates, pair), int(seed), 0)],
            None, None, lambda pair: {},
        )  # fmt: skip
        ((_, alone),) = one.results()
        same(result, alone, exact=False)
        assert result.success
        assert result.n_gradients == 2 * N_STEPS
        assert result.n_sample_gradients == 16 * N_STEPS
        assert len(result.history.heights) == N_STEPS
        assert result.method == SMALL
        assert result.landscape is landscape


def test_a_step_of_all_paths_is_one_call():
    landscape, pairs = landscape_of(vectorize=True), pairs_of(4)
    find_paths(landscape, pairs, method=SMALL, rng=5)
    together = calls.count(SMALL.batch_size)
    calls.clear()
    find_path(landscape, *pairs[0], method=SMALL, rng=5)
    assert together == calls.count(SMALL.batch_size), "ends and heights are other batches"


def test_which_method_is_chosen():
    toy = two_channels()
    results = find_paths(toy, [(toy.start, toy.end)], rng=0, max_gradients=40)
    assert isinstance(results[0].method, Surrogate)
    (result,) = find_paths(landscape_of(), pairs_of(1), rng=0, max_gradients=8)
    assert result.method == Stochastic()
    assert result.status is Status.MAX_GRADIENTS
    assert result.n_gradients == 8


@pytest.mark.parametrize("method", [Direct(), Paper(n_steps=5, n_points=12)])
def test_other_methods_are_tasks(method):
    toy = two_channels()
    pairs = [(toy.start, toy.end), (toy.end, toy.start), (toy.start, toy.end)]
    results = find_paths(toy, pairs, method=method, rng=3)
    seeds = np.random.default_rng(3).integers(2**62, size=3)
    for result, pair, seed in zip(results, pairs, seeds, strict=True):
        same(result, find_path(toy, *pair, method=method, rng=int(seed)))
    with ThreadPoolExecutor(2) as pool:
        for a, b in zip(
            results, find_paths(toy, pairs, method=method, rng=3, executor=pool), strict=True
        ):
            same(a, b)
            assert b.landscape is toy


@pytest.mark.parametrize("form", [tuple, list, np.array])
def test_a_pair_that_was_not_put_into_a_list_is_refused(form):
    """Its two points of two coordinates look like two pairs of numbers."""
    toy = two_channels()
    flat = form([form(toy.start), form(toy.end)])
    if form is np.array:
        assert find_paths(toy, [flat], method=Direct(), max_gradients=50, rng=0)
    with pytest.raises(ValueError, match=r"for one pair pass \[\(start, end\)\]"):
        find_paths(toy, flat)


def test_no_pairs():
    assert find_paths(two_channels(), []) == []


def test_what_is_no_pair():
    with pytest.raises(TypeError, match=r"must hold pairs \(start, end\), .* is a Sequential"):
        find_paths(landscape_of(), [nn.Sequential()])


def broken_pairs():
    pairs = pairs_of(4)
    with torch.no_grad():
        pairs[1][1].layers[0].weight[0, 0] = np.nan  # which is the start of the third, too
    return pairs


class Picky:
    """A landscape whose module raises for some ends."""

    def value_and_grad(self, points):
        return (points**2).sum(-1), 2 * points

    def coordinates(self, end):
        if end[0] > 1:
            raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")
        return end


def test_an_error_in_looking_at_an_end_touches_no_others():
    good = (np.array([-1.0, 0.0]), np.array([1.0, 0.0]))
    bad = (np.array([-1.0, 0.0]), np.array([2.0, 0.0]))
    results = find_paths(Picky(), [good, bad, good], method=Direct(), rng=0)
    assert [result.status is Status.FAILED for result in results] == [False, True, False]
    assert "RuntimeError: mat1 and mat2" in results[1].message


def test_ends_that_make_no_sense_touch_no_others():
    landscape = landscape_of()
    results = find_paths(landscape, [*broken_pairs(), (nn.Linear(2, 2), networks(1)[0])], rng=1,
                         method=SMALL)  # fmt: skip
    assert [r.status is Status.FAILED for r in results] == [False, True, True, False, True]
    assert "`end` has nan at coordinate 0" in results[1].message
    assert "`start` has nan at coordinate 0" in results[2].message
    assert "`start`: the state dict lacks ['layers.0.weight'" in results[4].message
    assert results[1].path is None
    assert np.isnan(results[1].height)
    fine = find_paths(landscape, pairs_of(4), rng=1, method=SMALL)
    for k in (0, 3):
        same(results[k], fine[k], exact=False)


def exploding():
    """A pair on whose line the loss overflows, though at both ends it is finite."""
    start, end = networks(2)
    with torch.no_grad():
        start.layers[0].weight.fill_(100.0)  # units of ±1
        start.layers[0].bias.zero_()
        end.layers[0].weight.zero_()  # units of 0, whose huge weights do not matter
        end.layers[0].bias.zero_()
        end.layers[2].weight.copy_(torch.tensor([[3e38], [-3e38], [0.0]]).expand(3, 5))
    return start, end


def test_a_path_that_diverges_touches_no_others(tmp_path):
    landscape, pairs = landscape_of(), pairs_of(3)
    pairs[1] = exploding()
    results = find_paths(landscape, pairs, rng=1, method=SMALL, checkpoint=tmp_path / "all")
    assert [r.status is Status.FAILED for r in results] == [False, True, False]
    assert "returned NaN or infinity on this path" in results[1].message
    fine = find_paths(landscape, pairs_of(3), rng=1, method=SMALL)
    for k in (0, 2):
        same(results[k], fine[k], exact=False)
    assert len(list((tmp_path / "all").glob("*.result.npz"))) == 2
    assert not list((tmp_path / "all").glob("*.run.npz")), "what failed starts again"


@pytest.mark.parametrize("as_modules", [True, False])
def test_an_end_without_a_loss_touches_no_others(as_modules):
    """Also where it is the first that the landscape ever sees."""
    landscape, pairs = landscape_of(), pairs_of(3)
    with torch.no_grad():
        pairs[0][0].layers[2].weight.fill_(3e38)
    given = pairs if as_modules else [tuple(map(landscape.coordinates, pair)) for pair in pairs[1:]]
    if not as_modules:
        point = landscape.coordinates(dict(pairs[0][0].state_dict()))
        given = [(given[0][1], point), *given]
    results = find_paths(landscape, given, rng=1, method=SMALL)
    assert [r.status is Status.FAILED for r in results] == [True, False, False]
    name = "start" if as_modules else "end"
    assert f"`{name}`: the loss there is nan on some samples" in results[0].message
    assert results[0].path is None


def calls_at_the_door(landscape, pairs):
    """How often the module is called to check the ends, on a landscape that was used before."""
    for _ in range(2):
        calls.clear()
        for pair in pairs:
            resolve_ends(abilities_of(landscape), *pair)
    n_calls = len(calls)
    calls.clear()
    return n_calls


@pytest.mark.parametrize("vectorize", [True, False])
def test_an_error_of_the_module_is_told_by_each(vectorize):
    landscape, pairs = landscape_of(vectorize=vectorize), pairs_of(2)
    n_calls = calls_at_the_door(landscape, pairs)
    calls.error_at, calls.error = n_calls + 30, ArithmeticError("overflow")
    results = find_paths(landscape, pairs, rng=1, method=SMALL)
    for result in results:
        assert result.status is Status.FAILED
        assert "ArithmeticError: overflow" in result.message
        assert result.path.n_terms == 3
        assert 0 < result.n_iterations < N_STEPS


class Cliff:
    """A mean over samples that raises beyond x = 1.5."""

    stochastic, n_samples = True, 20
    centres = np.random.default_rng(0).normal(size=(20, 2)) / 10

    def value_and_grad(self, points, samples=None):
        if (points[:, 0] > 1.5).any():
            raise ArithmeticError("too far")
        apart = points[:, None, :] - (self.centres if samples is None else self.centres[samples])
        return (apart**2).sum(-1).mean(-1), 2 * apart.mean(1)

    def value(self, points, samples=None):
        return self.value_and_grad(points, samples)[0]


def test_an_error_of_one_path_stays_with_it():
    """In lockstep it is an error of all, which then go on one by one from where they are."""
    a, b, far = np.array([-1.0, 0.1]), np.array([1.0, 0.2]), np.array([1.8, 0.2])
    results = find_paths(Cliff(), [(a, b), (a, far), (b, a)], method=SMALL, rng=2)
    assert [r.status is Status.FAILED for r in results] == [False, True, False]
    assert "ArithmeticError: too far" in results[1].message
    fine = find_paths(Cliff(), [(a, b), (a, b / 2), (b, a)], method=SMALL, rng=2)
    for k in (0, 2):
        same(results[k], fine[k], exact=False)
        assert len(results[k].history.heights) == N_STEPS


class Closed:
    """An executor that takes one task and no more."""

    def __init__(self, pool):
        self.pool, self.n_tasks = pool, 0

    def submit(self, *what):
        self.n_tasks += 1
        if self.n_tasks > 1:
            raise RuntimeError("cannot schedule new futures after shutdown")
        return self.pool.submit(*what)


def test_an_executor_that_takes_no_more():
    toy = two_channels()
    with ThreadPoolExecutor(1) as pool:
        results = find_paths(
            toy, [(toy.start, toy.end)] * 2, method=Direct(), rng=0, executor=Closed(pool)
        )
    assert [r.success for r in results] == [True, False]
    assert "cannot schedule new futures" in results[1].message


@pytest.mark.parametrize("executor", [None, "threads"])
def test_errors_in_tasks(executor):
    toy = two_channels()
    pairs = [(toy.start, toy.end), (toy.start, toy.start), (toy.end, toy.start)]
    with ThreadPoolExecutor(2) as pool:
        results = find_paths(
            toy, pairs, method=Direct(), rng=1, max_gradients=60,
            executor=pool if executor else None,
        )  # fmt: skip
    assert [r.status is Status.FAILED for r in results] == [False, True, False]
    assert "the same point" in results[1].message
    too_few = find_paths(toy, pairs[:1], method=Direct(), rng=1, max_gradients=2)
    assert "not enough for the first iteration" in too_few[0].message


def test_lost_workers():
    """A worker that dies takes those with it that were not done; all others have their results."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        results = find_paths(Dying(), dying_ends(4), method=Direct(), rng=0, executor=pool)
    assert results[0].success
    lost = [r for r in results if r.status is Status.FAILED]
    assert lost
    assert all("BrokenProcessPool" in r.message for r in lost)
    assert all(r.path.n_coordinates == 2 for r in lost)


@pytest.mark.parametrize("method", [SMALL, Paper(n_steps=6, n_points=12, n_terms=3)])
def test_a_restart_runs_only_what_is_missing(tmp_path, method):
    landscape, pairs = landscape_of(), pairs_of(3)
    options = {"method": method, "rng": 7, "checkpoint": tmp_path / "ensemble"}
    first = find_paths(landscape, pairs[:2], **options)
    calls.clear()
    again = find_paths(landscape, [pairs[1], pairs[0]], **options)
    n_calls = len(calls)
    assert n_calls == calls_at_the_door(landscape, pairs[:2]), "the ends are checked, no more"
    for a, b in zip(again, reversed(first), strict=True):
        same(a, b)
        assert (a.history.heights == b.history.heights).all()
        assert a.n_sample_gradients == b.n_sample_gradients
        assert a.method == method
        assert a.landscape is landscape
    three = find_paths(landscape, pairs, **options)
    n_calls = len(calls)
    assert n_calls > calls_at_the_door(landscape, pairs)
    same(three[0], first[0])
    assert three[2].success
    assert not list((tmp_path / "ensemble").glob("*.run.npz"))


def test_the_same_pair_twice_is_two_paths(tmp_path):
    pair = pairs_of(1)[0]
    options = {"method": SMALL, "rng": 7, "checkpoint": tmp_path / "ensemble"}
    first = find_paths(landscape_of(), [pair, pair], **options)
    assert not torch.equal(first[0].path.coefficients, first[1].path.coefficients)
    again = find_paths(landscape_of(), [pair, pair], **options)
    for a, b in zip(again, first, strict=True):
        same(a, b)


@pytest.mark.parametrize("cut", [1, 17])
def test_a_restart_in_lockstep_goes_on_bit_for_bit(tmp_path, cut, monkeypatch):
    landscape, pairs = landscape_of(vectorize=False), pairs_of(2)
    whole = find_paths(landscape, pairs, method=SMALL, rng=7)
    keep = lockstep.Group._keep

    def killed(group):
        keep(group)
        if group._lockstep.state.n_steps == cut:
            raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(lockstep.Group, "_keep", killed)
        patch.setattr(lockstep, "_PAUSE", -1.0)
        patch.setattr(lockstep, "_SAVING", 1e9)
        with pytest.raises(SystemExit):
            find_paths(landscape, pairs, method=SMALL, rng=7, checkpoint=tmp_path / "all")
    calls.clear()
    resumed = find_paths(landscape, pairs, method=SMALL, rng=99, checkpoint=tmp_path / "all")
    for a, b in zip(resumed, whole, strict=True):
        same(a, b)
        assert (a.history.heights == b.history.heights).all()
        assert a.n_gradients == b.n_gradients


def test_a_restart_in_lockstep_looks_at_a_recorded_point(tmp_path, monkeypatch):
    """A loss that changed for a reason that nobody can see is noticed."""
    pairs, keep = pairs_of(2), lockstep.Group._keep

    def killed(group):
        keep(group)
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(lockstep.Group, "_keep", killed)
        patch.setattr(lockstep, "_PAUSE", -1.0)
        with pytest.raises(SystemExit):
            find_paths(landscape_of(), pairs, method=SMALL, rng=7, checkpoint=tmp_path / "all")
    changed = landscape_of()
    honest = changed.value_and_grad

    def doubled(*arguments, **options):
        values, gradients = honest(*arguments, **options)
        return 2 * values, gradients

    monkeypatch.setattr(changed, "value_and_grad", doubled)
    with pytest.raises(CheckpointError, match="does not fit the landscape"):
        find_paths(changed, pairs, method=SMALL, rng=7, checkpoint=tmp_path / "all")


def test_ctrl_c_in_lockstep(tmp_path, monkeypatch):
    monkeypatch.setattr(lockstep, "_LARGEST_STATE", 1)  # each path is a group
    landscape, pairs = landscape_of(vectorize=False), pairs_of(3)
    at_the_door = calls_at_the_door(landscape, pairs)
    whole = find_paths(landscape, pairs, method=SMALL, rng=7)
    per_path = (len(calls) - at_the_door) // 3
    calls.clear()
    calls.error_at, calls.error = at_the_door + per_path + 25, KeyboardInterrupt()
    cut = find_paths(landscape, pairs, method=SMALL, rng=7, checkpoint=tmp_path / "all")
    statuses = [r.status for r in cut]
    assert statuses == [Status.STEPS_DONE, Status.INTERRUPTED, Status.INTERRUPTED]
    same(cut[0], whole[0])
    assert 0 < cut[1].n_iterations < N_STEPS
    assert np.isfinite(cut[1].height)
    assert cut[2].n_iterations == 0
    calls.error_at = None
    for a, b in zip(
        find_paths(landscape, pairs, method=SMALL, rng=7, checkpoint=tmp_path / "all"), whole,
        strict=True,
    ):  # fmt: skip
        same(a, b)


def test_ctrl_c_in_tasks():
    landscape = landscape_of()
    method = Paper(n_steps=40, n_points=12, n_terms=3)
    find_paths(landscape, pairs_of(3), method=method, rng=7)
    midway = len(calls) // 2
    calls.clear()
    calls.error_at, calls.error = midway, KeyboardInterrupt()
    results = find_paths(landscape, pairs_of(3), method=method, rng=7)
    assert results[-1].status is Status.INTERRUPTED
    assert "before this path" in results[-1].message


def test_ctrl_c_while_workers_work(monkeypatch):
    toy = two_channels()

    def interrupted(futures, executor):
        if len(futures) < 3:
            raise KeyboardInterrupt
        first = next(iter(futures))
        first.result()
        return {first}

    monkeypatch.setattr(tasks, "finished", interrupted)
    with ThreadPoolExecutor(1) as pool:
        results = find_paths(toy, [(toy.start, toy.end)] * 3, method=Direct(), rng=0, executor=pool)
    assert [r.status for r in results] == [
        Status.CONVERGED, Status.INTERRUPTED, Status.INTERRUPTED,
    ]  # fmt: skip


def test_channels_and_saddles_are_kept(tmp_path):
    toy = two_channels()
    options = {"method": Surrogate(n_starts=2), "rng": 1, "checkpoint": tmp_path / "all"}
    (first,) = find_paths(toy, [(toy.start, toy.end)], **options)
    (kept,) = find_paths(toy, [(toy.start, toy.end)], **options)
    assert kept.saddle.value == first.saddle.value
    assert (kept.saddle.position == first.saddle.position).all()
    assert len(kept.channels) == len(first.channels)
    for a, b in zip(kept.channels, first.channels, strict=True):
        same(a, b)
    assert kept.certified == first.certified


def test_the_folder(tmp_path):
    (tmp_path / "file").write_text("")
    toy = two_channels()
    wrong = {tmp_path / "file": "must be a folder", tmp_path / "a" / "b": "does not exist"}
    for path, words in wrong.items():
        with pytest.raises(ValueError, match=words):
            find_paths(toy, [(toy.start, toy.end)], checkpoint=path)
