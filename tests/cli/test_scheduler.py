"""A real Dask cluster, whose workers are killed during the run."""

import os
import signal
import threading
import time

import pytest

from fourierpathfinder.cli.exits import Exit

from .helpers import find_arguments, places, read_result

distributed = pytest.importorskip("distributed", reason="the scheduler is Dask's")
pytestmark = pytest.mark.xdist_group("dask")


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    calls = tmp_path / "calls"
    calls.mkdir()
    monkeypatch.setenv("CALLS", str(calls))
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
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
