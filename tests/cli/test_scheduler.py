"""Real Dask clusters, whose workers are killed, and schedulers that are none or never answer."""

import os
import signal
import socket
import threading
import time
from types import SimpleNamespace

import pytest

from fourierpathfinder import executors
from fourierpathfinder.cli import scheduler
from fourierpathfinder.cli.exits import Exit

from .helpers import find_arguments, in_a_process, places, read_result

distributed = pytest.importorskip("distributed", reason="the scheduler is Dask's")
pytestmark = pytest.mark.xdist_group("dask")


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    calls = tmp_path / "calls"
    calls.mkdir()
    monkeypatch.setenv("CALLS", str(calls))
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0"
    ) as cluster:
        yield cluster


@pytest.mark.filterwarnings("default")  # Dask warns of what dying workers leave open
def test_workers_killed_during_the_run_lose_nothing(cluster, hop, command, tmp_path):
    killed = []

    def kill_workers():
        for at in (4, 9):
            while len(places(tmp_path / "calls")) < at:
                time.sleep(0.01)
            victim = next(iter(cluster.workers.values())).pid
            os.kill(victim, signal.SIGKILL)
            killed.append(victim)

    killer = threading.Thread(target=kill_workers)
    killer.start()
    arguments = find_arguments(hop, tmp_path / "out")
    done = command(*arguments, "--scheduler", cluster.scheduler_address, "--jobs", 2)
    killer.join(timeout=60)
    assert done.exit_code == Exit.CERTIFIED, done.output
    assert len(killed) == 2
    assert read_result(tmp_path / "out")["n_failures"] == 0
    assert read_result(tmp_path / "out")["barrier"] == pytest.approx(0.3745, abs=1e-3)


NO_ADDRESSES = [
    "", "foo", "tcp://", "127.0.0.1", "tcp://127.0.0.1", "tcp://127.0.0.1:abc", "http://here:8786",
    "tcp://127.0.0.1:99999", "tcp://here:8786/there", "tcp://::1:8786", "inproc://here:1", "a b:1",
]  # fmt: skip


@pytest.mark.parametrize("address", NO_ADDRESSES)
def test_what_is_no_address_is_bad_input(address, hop, command, tmp_path):
    done = command(*find_arguments(hop, tmp_path / "out"), "--scheduler", address)
    assert done.exit_code == Exit.BAD_INPUT, done.output
    assert f"--scheduler is {address!r}; give the scheduler's address" in done.output


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:8786", "127.0.0.1:8786", "tls://[::1]:8786", "ws://node-1.lab:1"]
)
def test_what_dask_takes_for_an_address_is_one(address):
    assert scheduler._ADDRESS.fullmatch(address)


@pytest.fixture
def port():
    """One that nothing listens at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_where_nothing_listens_is_bad_input(port, hop, command, tmp_path):
    arguments = find_arguments(hop, tmp_path / "out")
    done = command(*arguments, "--scheduler", f"tcp://127.0.0.1:{port}")
    assert done.exit_code == Exit.BAD_INPUT, done.output
    assert "no Dask scheduler answers" in done.output
    assert "refused" in done.output


@pytest.mark.parametrize("greeting", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_what_is_no_scheduler_is_bad_input(greeting, hop, command, tmp_path, monkeypatch):
    monkeypatch.setattr(scheduler, "_CONNECTING", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        held = []

        def greet():
            while True:
                try:
                    held.append(server.accept()[0])
                except OSError:
                    return
                held[-1].sendall(greeting)

        threading.Thread(target=greet, daemon=True).start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        done = command(*find_arguments(hop, tmp_path / "out"), "--scheduler", address)
        for connection in held:
            connection.close()
    assert done.exit_code == Exit.BAD_INPUT, done.output
    assert done.output.count("no Dask scheduler answers") == 1


def test_what_takes_no_connection_is_bad_input(hop, command, tmp_path, monkeypatch):
    """As behind a cable that was cut: nobody says that nobody is there."""
    monkeypatch.setattr(scheduler, "_REACHING", 0.5)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        address = server.getsockname()
        waiting = [socket.socket() for _ in range(4)]  # more than stand in its queue
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        done = command(
            *find_arguments(hop, tmp_path / "out"), "--scheduler", f"127.0.0.1:{address[1]}"
        )
        for one in waiting:
            one.close()
    assert done.exit_code == Exit.BAD_INPUT, done.output
    assert "no Dask scheduler answers" in done.output
    assert "nothing there takes a connection within 0.5 s" in done.output


SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.mark.parametrize("number", SIGNALS)
def test_signals_end_the_wait_for_an_answer(number, hop, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        arguments = [*find_arguments(hop, tmp_path / "out"), "--scheduler", address]
        process = in_a_process(arguments)
        held = [server.accept()[0], server.accept()[0]]  # first it is looked whether one listens
        process.send_signal(number)
        output, _ = process.communicate(timeout=60)
        for connection in held:
            connection.close()
    assert process.returncode == Exit.INTERRUPTED, output


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("trouble", ["has no worker", "is gone"])
def test_signals_end_the_wait_for_workers(trouble, number, hop, tmp_path):
    with distributed.LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0") as cluster:
        address = cluster.scheduler_address
        process = in_a_process([*find_arguments(hop, tmp_path / "out"), "--scheduler", address])
        wait_for(process, "has no worker")
        if trouble == "has no worker":
            process.send_signal(number)
            output, _ = process.communicate(timeout=60)
    if trouble == "is gone":
        process.send_signal(number)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == Exit.INTERRUPTED, output


def wait_for(process, words):
    for line in process.stdout:
        if words in line:
            return
    raise AssertionError(f"it ended without saying {words!r}")


def test_a_scheduler_without_workers_ends_with_the_timeout(hop, command, tmp_path):
    with distributed.LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0") as cluster:
        arguments = find_arguments(hop, tmp_path / "out")
        address = cluster.scheduler_address
        done = command(*arguments, "--scheduler", address, "--timeout", 1)
    assert done.exit_code == Exit.CALCULATOR, done.output
    assert done.output.count("has no worker; start one with `dask worker`; this has") == 1
    assert "marked as failed" not in done.output


class Client:
    """As much of a client as the executor asks for, for schedulers that cannot be had."""

    status = "running"
    scheduler = SimpleNamespace(address="tcp://here:1")

    def __init__(self, workers):
        self.workers = workers
        self.answers = threading.Event()
        self.answers.set()

    def get_executor(self, pure):
        return None

    def scheduler_info(self, n_workers):
        self.answers.wait()
        return {"workers": self.workers}

    def close(self, timeout):
        self.answers.wait()


def told(executor):
    """The first trouble that is told."""
    while not (trouble := executor.trouble()):
        time.sleep(0.01)
    return trouble


def test_a_scheduler_that_is_stopped_neither_hangs_a_look_nor_the_end(monkeypatch):
    for name in ("_ASKING", "_SILENT"):
        monkeypatch.setattr(executors, name, 0.05)
    monkeypatch.setattr(scheduler, "_CLOSING", 0.05)
    client = Client({"a": {"last_seen": 1.0}})
    executor = executors.DaskExecutor(client)
    client.answers.clear()
    assert told(executor) == "the Dask scheduler at tcp://here:1 does not answer"
    executor.close()
    scheduler.leave(client)
    assert client.status == "closed"


def test_workers_that_are_not_heard_of_are_no_workers(monkeypatch):
    monkeypatch.setattr(executors, "_ASKING", 0.01)
    monkeypatch.setattr(executors, "_UNHEARD", 0.1)
    executor = executors.DaskExecutor(Client({"a": {"last_seen": 1.0}}))
    assert "no worker of the Dask scheduler at tcp://here:1 has been heard of" in told(executor)
    executor.close()


def test_workers_that_are_heard_of_are_no_trouble():
    client = Client({"a": {"last_seen": 1.0}, "b": {"last_seen": 2.0}})
    executor = executors.DaskExecutor(client)
    assert executor.trouble() is None
    client.status = "closed"
    assert executor.trouble() == "the Dask scheduler at tcp://here:1 is gone"
    executor.close()
