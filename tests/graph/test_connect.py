"""Graphs where the truth is known, what is skipped, merged and kept, and runs that are killed."""

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from benchmarks.perturbed import LastBits
from fourierpathfinder import Direct, LandscapeGraph, Surrogate, connect
from fourierpathfinder.evaluation import LandscapeError
from fourierpathfinder.landscapes import FunctionLandscape
from fourierpathfinder.landscapes.toy import lennard_jones, mueller_brown, two_channels
from fourierpathfinder.saddle import one_point, relax
from fourierpathfinder.storage.checkpoint import CheckpointError

from ..tolerances import assert_close
from .slow_landscape import MINIMA, Flat, Straight, run
from .terrain import Terrain, flooded, local_minima


@pytest.mark.slow
def test_heights_on_random_terrain_are_those_of_a_flooded_grid():
    """All of them to 1 % of the spread, none lower than the truth by more than the grid is fine."""
    terrain = Terrain(seed=8)
    points, values = terrain.grid(300)
    minima = [
        relax(one_point(terrain), x, gradient_tolerance=1e-6, max_step=0.02).x
        for x in local_minima(points, values)
    ]
    cells = np.rint((np.array(minima) + terrain.reach) / (2 * terrain.reach) * 299).astype(int)
    truth = flooded(values, [tuple(cell) for cell in cells])
    graph = connect(terrain, minima, method=Direct(), n_tries=2, rng=0)
    pairs = np.triu_indices(len(minima), 1)
    errors = (graph.minimax_heights() - truth)[pairs] / (truth[pairs].max() - values.min())
    assert len(minima) > 12
    assert (np.abs(errors) < 0.01).mean() >= 0.95
    assert errors.min() > -1e-3
    assert graph.n_gradients < 60_000


@pytest.fixture(scope="module")
def lj7():
    toy = lennard_jones(7)
    return connect(toy, toy.minima, method=Direct(), mirror=True, rng=0)


@pytest.mark.statistical
def test_the_disconnectivity_of_seven_atoms(lj7, last_bits):
    """Each minimum joins the others at the saddle that literature has for it."""
    toy = lennard_jones(7)
    changed = (
        connect(each, toy.minima, method=Direct(), mirror=True, rng=seed)
        for seed, each in enumerate(last_bits(toy, 2))
    )
    for graph in (lj7, *changed):
        heights = graph.minimax_heights()
        np.testing.assert_allclose(graph.values, toy.minimum_values, atol=1e-6)
        expected = {1: -15.44473, 2: -15.31986, 3: -15.28342}
        for k, height in expected.items():
            np.testing.assert_allclose(heights[k, :k], height, atol=1e-4)
        assert len(graph) == 4
        assert all(edge.certified for edge in graph.minimum_spanning_tree())
        assert graph.n_gradients < 5000


def test_a_certified_edge_is_a_saddle_and_its_walk_can_be_walked(lj7):
    toy = lennard_jones(7)
    for edge in lj7.minimum_spanning_tree():
        values, gradients = toy.value_and_grad(edge.saddle[None])
        assert values[0] == pytest.approx(edge.height, abs=1e-9)
        assert np.abs(gradients).max() < 0.01
    paths = lj7.best_path(0, 3, lambda a, b: toy.placing(a, b, mirror=True))
    for before, after in itertools.pairwise(paths):
        assert np.abs(before.end - after.start).max() < 0.02


def test_heights_over_the_graph_are_never_above_direct_ones(lj7):
    for edge in lj7.edges:
        assert lj7.minimax_height(edge.start, edge.end) <= edge.height


@pytest.mark.statistical
@pytest.mark.parametrize("seed", [1, 2])
def test_the_surrogate_finds_the_same_in_few_gradients(seed, lj7):
    toy = lennard_jones(7)
    graph = connect(LastBits(toy, seed), toy.minima, mirror=True, rng=seed)
    np.testing.assert_allclose(graph.minimax_heights(), lj7.minimax_heights(), atol=5e-3)
    assert graph.n_gradients < 300


@pytest.mark.statistical
def test_minima_on_the_way_become_nodes(last_bits):
    toy = mueller_brown()
    for seed, changed in enumerate(last_bits(toy, 4)):
        graph = connect(changed, toy.minima[[0, 1]], method=Direct(), rng=seed)
        assert len(graph) == 3
        assert graph.minimax_height(0, 1) == pytest.approx(toy.height, abs=1e-3)
        assert len(graph.best_walk(0, 1)) == 2
        assert np.linalg.norm(graph.nodes[2].position - toy.minima[2]) < 0.02


def test_equal_minima_share_a_node(rng):
    toy = lennard_jones(7)
    turned = toy.minima[1].reshape(7, 3)[rng.permutation(7)][:, [1, 2, 0]].ravel()
    graph = connect(toy, [toy.minima[0], toy.minima[1], turned], method=Direct(), max_gradients=1)
    assert graph.given == [0, 1, 1]
    graph = connect(toy, toy.minima, method=Direct(), max_gradients=1, same=lambda a, b: True)
    assert graph.given == [0, 0, 0, 0]


def test_minima_are_kept_though_the_array_is_written_to():
    toy = two_channels()
    minima = np.stack([toy.start, toy.end])
    graph = connect(toy, minima, method=Direct(), max_gradients=1)
    minima += 5
    np.testing.assert_array_equal([node.position for node in graph.nodes], [toy.start, toy.end])


@pytest.mark.parametrize(("length", "origin"), [(1e-6, 0.0), (1.0, 1e4), (1e6, -1e9)])
def test_minima_are_told_apart_in_all_units(length, origin):
    toy = two_channels()

    def scaled(points):
        values, gradients = toy.value_and_grad((points - origin) / length)
        return values, gradients / length

    landscape = FunctionLandscape(scaled, gradient=True, batched=True)
    minima = origin + length * np.array([toy.start, toy.end, toy.start])
    graph = connect(landscape, minima, rng=0)
    assert graph.given == [0, 1, 0]
    assert graph.minimax_height(0, 1) == pytest.approx(toy.height, abs=1e-3)


def test_what_cannot_improve_is_not_tried():
    """A chain of equal wells: no pair is tried twice, and settled pairs not at all."""
    calls = []
    toy = two_channels()
    connect(toy, [toy.start, toy.end], method=Direct(), rng=0, callback=calls.append)
    assert len(calls) == 1

    class Ladder:
        def value_and_grad(self, points):
            return points[:, 0] + (points[:, 1] ** 2), np.stack(
                [np.ones(len(points)), 2 * points[:, 1]], 1
            )

    calls.clear()
    rungs = [np.array([float(k), 0.0]) for k in range(5)]  # the upper end is the top of any way
    graph = connect(Ladder(), rungs, method=Direct(), rng=0, n_tries=1, callback=calls.append)
    assert len(calls) == 4, "neighbours only; all other heights are then at their own ends"
    np.testing.assert_allclose(graph.minimax_heights()[0], [0, 1, 2, 3, 4], atol=1e-6)


def test_a_graph_grows_with_new_minima(lj7):
    toy = lennard_jones(7)
    first = connect(toy, toy.minima[:2], method=Direct(), mirror=True, rng=0)
    grown = connect(toy, toy.minima[2:], graph=first, method=Direct(), mirror=True, rng=0)
    assert len(grown) == 4
    np.testing.assert_allclose(
        np.sort(grown.minimax_heights(), axis=None), np.sort(lj7.minimax_heights(), axis=None),
        atol=1e-4,
    )  # fmt: skip
    assert grown.n_gradients > first.n_gradients


@pytest.mark.parametrize("n", [4, 5, 7, 30])
@pytest.mark.parametrize("method", [Direct(), Surrogate()])
def test_a_budget_is_kept(method, n):
    toy = mueller_brown()
    graph = connect(toy, toy.minima, method=method, rng=0, max_gradients=n)
    assert graph.n_gradients <= n
    assert "budget of gradients" in graph.message


@pytest.mark.parametrize(
    ("budget", "message"),
    [({"max_gradients": 300}, "budget of gradients"), ({"max_seconds": 0.0}, "Time limit reached")],
)
def test_budgets_leave_a_usable_graph(budget, message):
    toy = lennard_jones(7)
    graph = connect(toy, toy.minima, method=Direct(), rng=0, **budget)
    assert message in graph.message
    assert graph.n_gradients < 600
    graph.minimax_heights()


def test_the_callback_may_stop_and_sees_the_graph():
    def stop(graph):
        raise StopIteration

    toy = lennard_jones(7)
    graph = connect(toy, toy.minima, method=Direct(), rng=0, callback=stop)
    assert graph.message == "The callback stopped the run."
    assert len(graph.edges) >= 1


def test_nearest_and_listed_pairs():
    results = {}
    for pairs in ("nearest", [(0, 1), (2, 3)]):
        tried = []
        graph = connect(
            Flat(), MINIMA, pairs=pairs, method=Straight(0.0), n_tries=1, callback=tried.append
        )
        results[str(pairs)] = len(graph.edges)
    assert results["[(0, 1), (2, 3)]"] == 2
    assert 7 <= results["nearest"] < 28
    with pytest.raises(ValueError, match="but there are 8 minima"):
        connect(Flat(), MINIMA, pairs=[(0, 8)], method=Straight(0.0))
    with pytest.raises(ValueError, match='must be "all", "nearest" or a list'):
        connect(Flat(), MINIMA, pairs="some", method=Straight(0.0))


def test_bad_input_is_a_sentence():
    with pytest.raises(ValueError, match="`minima` is empty"):
        connect(Flat(), [], method=Straight(0.0))
    with pytest.raises(ValueError, match="all must be"):
        connect(Flat(), [np.zeros(2), np.zeros(3)], method=Straight(0.0))
    with pytest.raises(ValueError, match="1 `labels` and 8 `minima`"):
        connect(Flat(), MINIMA, labels=["a"], method=Straight(0.0))


def test_a_pair_that_fails_does_not_stop_the_others():
    class Holed(Flat):
        def value_and_grad(self, points):
            values, gradients = super().value_and_grad(points)
            if self.armed and np.allclose(points[0], MINIMA[0]):
                raise RuntimeError("no convergence")
            return values, gradients

    landscape = Holed()
    landscape.armed = False

    def arm(graph):
        landscape.armed = True

    graph = connect(landscape, MINIMA, method=Straight(0.0), n_tries=None, callback=arm)
    assert len(graph.edges) > 10
    assert "No pair is left" in graph.message


def test_a_run_goes_on_where_it_was_stopped(tmp_path):
    toy = lennard_jones(7)
    file = tmp_path / "graph.jsonl"
    arguments = {"method": Direct(), "mirror": True, "rng": 0}
    whole = connect(toy, toy.minima, **arguments)
    while True:
        seen = iter(range(2))

        def stop_soon(graph, seen=seen):
            next(seen)  # StopIteration after the second

        part = connect(toy, toy.minima, checkpoint=file, callback=stop_soon, **arguments)
        if "No pair is left" in part.message:
            break
    np.testing.assert_array_equal(part.bounds, whole.bounds)
    assert part.n_gradients == whole.n_gradients
    assert LandscapeGraph.load(file).n_gradients == whole.n_gradients
    with pytest.raises(CheckpointError, match="its minima is"):
        connect(toy, toy.minima[:3], checkpoint=file, **arguments)
    with pytest.raises(CheckpointError, match=r"its method is 'Direct\(.*this run's 'Direct"):
        connect(toy, toy.minima, checkpoint=file, method=Direct(n_terms=4), mirror=True)


@pytest.mark.parametrize(("method", "n"), [(Surrogate(), 60), (Direct(), 150)])
def test_an_attempt_that_a_budget_cut_off_goes_on_with_a_larger_one(method, n, tmp_path):
    toy, file = lennard_jones(7), tmp_path / "graph.jsonl"
    arguments = {"method": method, "mirror": True, "rng": 0}
    whole = connect(toy, toy.minima, **arguments)
    for _ in range(2):  # with the same budget nothing is done anew
        part = connect(toy, toy.minima, max_gradients=n, checkpoint=file, **arguments)
        assert part.n_gradients <= n < whole.n_gradients
        assert part.edges, "what was found until then is there"
    again = connect(toy, toy.minima, checkpoint=file, **arguments)
    np.testing.assert_array_equal(again.bounds, whole.bounds)
    assert again.n_gradients == whole.n_gradients
    assert list(tmp_path.iterdir()) == [file]


def test_an_attempt_of_a_worker_that_a_budget_cut_off_is_made_again(tmp_path):
    toy, file = mueller_brown(), tmp_path / "graph.jsonl"
    arguments = {"method": Surrogate(), "rng": 0, "checkpoint": file}
    with ThreadPoolExecutor(1) as executor:
        part = connect(toy, toy.minima, max_gradients=12, executor=executor, **arguments)
        again = connect(toy, toy.minima, executor=executor, **arguments)
    whole = connect(toy, toy.minima, method=Surrogate(), rng=0)
    np.testing.assert_allclose(again.bounds, whole.bounds, rtol=1e-3)
    assert part.n_gradients == 12
    assert again.n_gradients > whole.n_gradients, "what the cut one has cost counts too"


def test_a_file_cut_anywhere_loses_only_what_was_being_written(tmp_path):
    file = tmp_path / "graph.jsonl"
    arguments = {"method": Straight(0.0), "n_tries": None, "rng": 0}
    whole = connect(Flat(), MINIMA, checkpoint=file, **arguments)
    content = file.read_bytes()
    for tenth in range(10):
        file.write_bytes(content[: len(content) * tenth // 10])
        again = connect(Flat(), MINIMA, checkpoint=file, **arguments)
        np.testing.assert_array_equal(again.bounds, whole.bounds)
        pairs = [(edge.start, edge.end) for edge in LandscapeGraph.load(file).edges]
        assert len(set(pairs)) == len(pairs)
    damaged = bytearray(content)
    damaged[len(content) // 2 : len(content) // 2 + 50] = b"#" * 50
    file.write_bytes(damaged)
    with pytest.raises(CheckpointError, match="damaged"):
        connect(Flat(), MINIMA, checkpoint=file, **arguments)
    assert file.read_bytes() == damaged


class InPairs(Straight):
    """Every edge waits for another that is under way at the same time."""

    meeting = threading.Barrier(2)
    alone: ClassVar[list[int]] = []

    def start(self, evaluator, path, rng):
        try:
            self.meeting.wait(timeout=5)
        except threading.BrokenBarrierError:
            self.alone.append(1)
            self.meeting.reset()
        return super().start(evaluator, path, rng)


def test_two_workers_keep_each_other_busy():
    """No edge is ever under way alone, but a last one."""
    with ThreadPoolExecutor(2) as pool:
        graph = connect(Flat(), MINIMA, method=InPairs(0.0), executor=pool, n_tries=None)
    assert len(graph.edges) > 7
    assert len(InPairs.alone) <= 1


@pytest.mark.xdist_group("dask")
@pytest.mark.filterwarnings("default")  # Dask warns of what it leaves open
def test_dask_gives_the_same_graph():
    distributed = pytest.importorskip("distributed", reason="the scheduler is Dask's")
    expected = connect(Flat(), MINIMA, method=Straight(0.0), n_tries=None, rng=0)
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, dashboard_address="127.0.0.1:0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        graph = connect(
            Flat(), MINIMA, method=Straight(0.0), n_tries=None, rng=0,
            executor=client.get_executor(pure=False), n_workers=2,
        )  # fmt: skip
    assert_close(graph.bounds, expected.bounds)


@pytest.mark.slow
def test_killed_twenty_times_nothing_is_lost_or_repeated(tmp_path):
    """Main process and workers are killed at random; every finished edge is in the final graph."""
    (tmp_path / "traces").mkdir()
    script = Path(__file__).with_name("slow_landscape.py")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    rng = np.random.default_rng(1)
    known = 0
    for kill in range(20):
        process = subprocess.Popen(
            [sys.executable, str(script), str(tmp_path)],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        began, file = time.monotonic(), tmp_path / "graph.jsonl"
        while time.monotonic() - began < 10 and process.poll() is None:
            if file.exists() and file.stat().st_size and time.monotonic() - began > 0.3:
                break
            time.sleep(0.01)
        time.sleep(float(rng.uniform(0, 0.15)))
        victims = [process.pid] if kill % 2 else _children(process.pid)[:1]
        for victim in victims:
            _kill(victim)
        process.wait(timeout=30) if kill % 2 else time.sleep(0.05)
        _end_group(process)
        now = LandscapeGraph.load(file).edges if file.exists() else []
        assert len(now) >= known
        known = len(now)
    graph = run(tmp_path, started_by="spawn")  # this process may have threads
    pairs = [(edge.start, edge.end) for edge in graph.edges]
    assert len(set(pairs)) == len(pairs), "no finished edge is repeated"
    assert "No pair is left" in graph.message
    alone = connect(Flat(), MINIMA, method=Straight(0.0), n_tries=None, rng=0)
    assert_close(graph.bounds, alone.bounds)


def _children(pid):
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in listed.read_text().split()] if listed.exists() else []


def _kill(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _end_group(process):
    """End what this test itself has started, the workers of a killed process among it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=30)


def test_networks_are_nodes_with_labels(tmp_path):
    torch = pytest.importorskip("torch", reason="networks are torch's")
    from fourierpathfinder import Stochastic
    from fourierpathfinder.landscapes import NetworkLandscape

    torch.manual_seed(0)
    inputs = torch.randn(64, 3)
    data = (inputs, inputs.sum(1, keepdim=True).sign())
    networks = [torch.nn.Linear(3, 1) for _ in range(3)]
    landscape = NetworkLandscape(networks[0], torch.nn.functional.mse_loss, data)
    graph = connect(
        landscape, networks, labels=["a", "a", "b"], method=Stochastic(n_steps=20), rng=0,
        checkpoint=tmp_path / "graph.jsonl",
    )  # fmt: skip
    assert graph.labels == ["a", "a", "b"]
    assert len(graph.edges) >= 2
    for edge in graph.edges:
        assert graph.minimax_height(edge.start, edge.end) <= edge.height
    module = landscape.module(landscape.coordinates(networks[2]))
    np.testing.assert_allclose(
        graph.nodes[2].position[:3], module.weight.detach().numpy().ravel(), rtol=1e-6
    )


def test_a_minimum_that_cannot_be_evaluated_is_named(tmp_path):
    def landscape(points):
        return np.where(points[:, 0] > 1, np.nan, (points**2).sum(-1)), 2 * points

    class Holed:
        def value_and_grad(self, points):
            return landscape(points)

    with pytest.raises(LandscapeError, match="nan at minimum 1"):
        connect(Holed(), [np.zeros(2), 2 * np.ones(2)], checkpoint=tmp_path / "graph.jsonl")
