import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from examples.nn_experiments import run
from examples.nn_experiments.chunks import Chunk, Store
from examples.nn_experiments.run import ChunksFailedError, run_stage
from examples.nn_experiments.training import Place


@dataclass(frozen=True)
class Number:
    value: int
    folder: str = ""


def double(number, place):
    assert place.checkpoint.parent.is_dir()
    if number.value < 0:
        raise ArithmeticError("negative")
    return {"x": np.array(2 * number.value)}


def total(_, __, *needed):
    return {"x": sum(arrays["x"] for arrays in needed)}


def die_once(number, _):
    """Kill the process that this runs in, the first time."""
    marker = Path(number.folder) / "died"
    if number.value == 0 and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.05)
    return {"x": np.array(number.value)}


def doubles(*values):
    return [Chunk("double", str(v), double, Number(v)) for v in values]


def test_stages_build_on_each_other_and_skip_what_is_done(tmp_path):
    store, first = Store(tmp_path), doubles(1, 2, 3)
    last = Chunk("total", "all", total, None, tuple(first))
    with pytest.raises(ValueError, match=r"stage 'total' needs double/1-\w+\.npz, which is not"):
        run_stage("total", [last], store, Place(), None)
    assert run_stage("double", first, store, Place(), None) == 3
    assert run_stage("double", [*first, *doubles(4)], store, Place(), None) == 1
    run_stage("total", [last], store, Place(), None)
    assert int(store.load(last)["x"]) == 12


@pytest.mark.parametrize("n_threads", [0, 2])
def test_failures_are_told_after_the_rest_is_done(tmp_path, n_threads):
    store, chunks = Store(tmp_path), doubles(1, -2, 3, -4)
    executor = ThreadPoolExecutor(n_threads) if n_threads else None
    with pytest.raises(ChunksFailedError, match=r"2 of 4 chunks of 'double' failed(.|\n)*negative"):
        run_stage("double", chunks, store, Place(), executor)
    assert [store.has(chunk) for chunk in chunks] == [True, False, True, False]


def tell_half(_, place):
    """Wait until somebody has seen how far this is."""
    place.tell(0.5)
    seen = place.checkpoint.parent.parent / "seen"
    deadline = time.monotonic() + 60
    while not seen.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return {}


def test_progress_is_seen_inside_of_chunks(tmp_path, monkeypatch):
    store = Store(tmp_path)
    done, half = Chunk("work", "0", double, Number(1), cost=3), Chunk("work", "1", tell_half, None)
    run_stage("work", [done], store, Place(), None)
    seen = []

    class Bar(run.tqdm):
        def refresh(self, *args, **kwargs):
            seen.append(self.n)
            if self.n == 3.5:
                (tmp_path / "seen").touch()

    monkeypatch.setattr(run, "tqdm", Bar)
    with ThreadPoolExecutor(1) as pool:
        run_stage("work", [done, half], store, Place(), pool)
    assert 3.5 in seen
    assert seen[-1] == 4
    assert not list((tmp_path / "partial").iterdir())


@pytest.mark.xdist_group("dask")
@pytest.mark.filterwarnings("default")  # Dask warns of what a dying worker leaves open
def test_worker_of_a_dask_cluster_is_killed_on_the_way(tmp_path):
    distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")
    from examples.nn_experiments.scheduler import dask_executor

    chunks = [Chunk("work", str(v), die_once, Number(v, str(tmp_path))) for v in range(6)]
    store = Store(tmp_path / "output")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=50
        ) as cluster,
        dask_executor(cluster.scheduler_address) as executor,
    ):
        run_stage("work", chunks, store, Place(), executor)
    assert (tmp_path / "died").exists()
    assert [int(store.load(chunk)["x"]) for chunk in chunks] == list(range(6))
