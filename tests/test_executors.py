"""Pools that die, are shut down or cancel, and Dask clusters that are lost: an error, and soon."""

import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

from fourierpathfinder import Direct, Status, connect, executors, find_path, find_paths
from fourierpathfinder.landscapes import IsolatedLandscape
from fourierpathfinder.landscapes.toy import two_channels

START, END = two_channels().start, two_channels().end


class Toy:
    """A landscape that takes its time, and tells when it has begun."""

    begun = threading.Event()

    def value_and_grad(self, points):
        self.begun.set()
        time.sleep(0.05)
        return two_channels().value_and_grad(points)


def found(executor):
    return find_path(Toy(), START, END, method=Direct(), rng=0, executor=executor)


def many_found(executor):
    result = find_paths(Toy(), [(START, END)], method=Direct(), rng=0, executor=executor)[0]
    if result.status is Status.FAILED:
        raise RuntimeError(result.message)
    return result


def connected(executor):
    return connect(Toy(), [START, END], method=Direct(), rng=0, executor=executor, n_workers=2)


CALLS = [found, many_found, connected]


class Never(Executor):
    """Takes everything and answers nothing."""

    def submit(self, function, /, *arguments, **options):
        return Future()


class LostClient(Never):
    """As much of a Dask client as is asked for; its scheduler may be lost."""

    def __init__(self, status="running", *, answers=True):
        self.status, self.answers = status, answers
        self.scheduler = SimpleNamespace(address="tcp://here:1")

    def get_executor(self, **options):
        return Never()

    def scheduler_info(self, **options):
        if not self.answers:
            raise OSError("no answer")
        return {"workers": {"a": {"last_seen": time.monotonic()}}}


class OfAClient(Never):
    """What `client.get_executor()` returns."""

    def __init__(self, client):
        self._client = client


@pytest.fixture
def impatient(monkeypatch):
    """No need to wait for half a minute here."""
    for name in ("_ASKING", "_SILENT", "_GONE", "_LOST", "_LOOK", "_TELL"):
        monkeypatch.setattr(executors, name, 0.02)


@pytest.mark.parametrize("kind", [lambda client: client, OfAClient], ids=["client", "executor"])
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("client", "why"),
    [(LostClient("connecting"), "is gone"), (LostClient(answers=False), "does not answer")],
    ids=["gone", "silent"],
)
def test_a_lost_scheduler_is_an_error(client, why, call, kind, impatient):
    with pytest.raises(RuntimeError, match=f"Dask scheduler at tcp://here:1 {why}"):
        call(kind(client))


@pytest.mark.parametrize("call", CALLS)
def test_a_client_that_is_closed_is_said_before_anything_is_done(call):
    with pytest.raises(RuntimeError, match="a Dask client that is closed"):
        call(LostClient("closed"))


def test_that_nobody_is_there_yet_is_said_and_waited_for(monkeypatch, caplog):
    for name in ("_LOOK", "_TELL"):
        monkeypatch.setattr(executors, name, 0.02)
    client = LostClient()
    client.scheduler_info = lambda **options: {"workers": {}}
    watch = executors.DaskExecutor(client)
    future = Future()
    threading.Timer(0.5, future.set_result, [3]).start()
    assert executors.finished([future], watch) == {future}
    assert caplog.text.count("has no worker; start one") == 1
    watch.close()


def test_a_scheduler_that_comes_back_is_not_lost():
    client = LostClient("connecting")
    watch = executors.DaskExecutor(client)
    assert watch.lost() is None
    assert "is gone" in watch.trouble()
    client.status = "running"
    assert watch.lost() is None
    watch.close()


def test_an_isolated_landscape_knows_of_its_client():
    with IsolatedLandscape(two_channels(), executor=LostClient()) as isolated:
        (remote,) = isolated._workers
        assert isinstance(remote._executor, executors.DaskExecutor)


def shut_down(pool):
    pool.shutdown(wait=False, cancel_futures=True)


def kill_workers(pool):
    for pid in list(pool._processes):
        os.kill(pid, signal.SIGKILL)


ENDS = [(shut_down, found), *((kill_workers, call) for call in CALLS)]
"""What a pool that is shut down has begun it brings to its end: only one call begins more."""


@pytest.mark.parametrize(("end", "call"), ENDS)
def test_a_pool_of_processes_that_ends_is_an_error(end, call):
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        pool.submit(abs, -1).result()
        threading.Timer(0.3, end, [pool]).start()
        with pytest.raises(RuntimeError, match=r"executor|shutdown|terminated"):
            call(pool)


def test_a_pool_of_threads_that_is_shut_down_is_an_error():
    with ThreadPoolExecutor(1) as pool:
        Toy.begun.clear()

        def end():
            Toy.begun.wait()
            shut_down(pool)

        threading.Thread(target=end).start()
        with pytest.raises(RuntimeError, match=r"executor|shutdown"):
            found(pool)


@pytest.mark.parametrize("call", CALLS)
def test_a_pool_that_was_shut_down_before_is_an_error(call):
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(RuntimeError, match="shutdown"):
        call(pool)


@pytest.mark.slow
@pytest.mark.xdist_group("dask")
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("kind", [lambda client: client, lambda client: client.get_executor()])
def test_a_real_cluster_serves_until_its_scheduler_is_killed(kind):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0"
        ) as cluster,
        distributed.Client(cluster.scheduler_address, set_as_default=False) as client,
    ):
        serial = find_path(two_channels(), START, END, method=Direct(), rng=0)
        there = find_path(two_channels(), START, END, method=Direct(), rng=0, executor=kind(client))
        assert np.array_equal(serial.path.coefficients, there.path.coefficients)
        cluster.sync(cluster.scheduler.close)
        with pytest.raises(RuntimeError, match="Dask"):
            find_path(two_channels(), START, END, method=Direct(), rng=0, executor=kind(client))
