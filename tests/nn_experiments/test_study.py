"""The whole study, tiny: every stage, killed and gone on, changed and gone on, as a command."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from examples.nn_experiments import heights, study
from examples.nn_experiments.chunks import Store
from examples.nn_experiments.figures import FIGURES
from examples.nn_experiments.heights import random_pairs
from examples.nn_experiments.outputs import write_results
from examples.nn_experiments.run import ChunksFailedError, run_stage
from examples.nn_experiments.settings import load_settings
from examples.nn_experiments.study import STAGES, Study
from examples.nn_experiments.training import Place
from fourierpathfinder import Status

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("study"),  # one worker makes what all of them look at
]

SCRIPT = Path(study.__file__).parents[1] / "nn_study.py"

TINY = {
    "n_train": 40,
    "n_test": 40,
    "networks": '["fcp"]',
    "training.n_members": 4,
    "training.n_kept": 3,
    "training.block": 2,
    "training.lbfgs_steps.fcp": 8,
    "training.sgd_epochs.fcp": 4,
    "heights.n_pairs": 2,
    "heights.block": 2,
    "heights.n_images.fcp": 20,
    "heights.paper.n_points": 12,
    "heights.paper.n_steps": 3,
    "heights.converged.n_steps": 5,
    "analysis.n_bootstrap": 100,
}


def tiny(**changes):
    settings = TINY | {name.replace("__", "."): value for name, value in changes.items()}
    return Study(load_settings("quick", changes=[f"{k}={v}" for k, v in settings.items()]))


def run_all(a_study, folder):
    """How many chunks each stage did."""
    store = Store(folder)
    stages = a_study.stages().items()
    return {name: run_stage(name, chunks, store, Place(), None) for name, chunks in stages}


@pytest.fixture(autouse=True)
def _short_toy(monkeypatch):
    """Fig. 3 in a few steps."""
    short = study.ToyRun(n_seeds=1, n_steps=3)
    monkeypatch.setattr(study, "ToyRun", lambda: short)


@pytest.fixture(scope="module")
def _finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    with pytest.MonkeyPatch.context() as patch:
        short = study.ToyRun(n_seeds=1, n_steps=3)
        patch.setattr(study, "ToyRun", lambda: short)
        counts = run_all(tiny(), folder)
    return folder, counts


@pytest.fixture
def finished(_finished, tmp_path):
    """A copy of a finished study, and what it did."""
    folder, counts = _finished
    shutil.copytree(folder, tmp_path / "study")
    return tmp_path / "study", counts


def test_every_stage_is_done_once(finished):
    folder, counts = finished
    # 2 blocks for each optimizer; the toy, 2 kinds of heights for 6 sets, and 2 aligned for 4
    expected = {"train": 4, "select": 2, "heights": 21, "statistics": 1, "distances": 1, "pca": 1}
    assert counts == expected
    assert set(run_all(tiny(), folder).values()) == {0}
    assert not any((folder / "partial").iterdir())


def test_results_hold_everything(finished):
    folder, _ = finished
    tree = json.loads(write_results(tiny(), Store(folder)).read_text())
    fcp = tree["networks"]["fcp"]
    found = fcp["heights"]["converged-aligned"]["train"]["sgd-test"]
    assert len(found["heights"]) == 2
    assert all(h >= e - 1e-6 for h, e in zip(found["heights"], found["ends"], strict=True))
    assert found["n_sample_gradients"] >= 5 * 4 * 64 / 4
    assert len(fcp["training"]["lbfgs"]["minimum_test"]["losses"]) == 3
    assert {claim["network"] for claim in tree["claims"]} == {"toy", "fcp"}
    assert {claim["verdict"] for claim in tree["claims"]} <= {
        "confirmed",
        "contradicted",
        "undecided",
    }


@pytest.mark.parametrize(
    ("changes", "again"),
    [
        ({"analysis__n_bootstrap": 200}, set()),
        ({"heights__converged__n_steps": 6}, {"heights"}),
        ({"training__n_kept": 4}, {"select", "heights", "statistics", "distances", "pca"}),
        ({"training__sgd_learning_rates__fcp": 0.02}, set(STAGES[:6])),
    ],
)
def test_changed_setting_reruns_what_depends_on_it(finished, changes, again):
    folder, _ = finished
    store = Store(folder)
    stages = tiny(**changes).stages()
    stale = {name for name, chunks in stages.items() if not all(map(store.has, chunks))}
    assert stale == again
    if again == {"heights"}:
        # Algorithm 2 does not depend on the other method's steps.
        kept = [c for c in stages["heights"] if store.has(c)]
        assert len(kept) == 11


@pytest.mark.parametrize("stage", STAGES[:6])
def test_study_goes_on_after_a_kill_in_any_stage(finished, stage, monkeypatch):
    folder, _ = finished
    chunks = tiny().stages()[stage]
    store = Store(folder)
    before = [dict(store.load(chunk)) for chunk in chunks]
    for chunk in chunks:
        (folder / chunk.file).unlink()
    save, calls = Store.save, []

    def killed_at_the_last(self, chunk, arrays):
        calls.append(chunk)
        if len(calls) == len(chunks):
            raise KeyboardInterrupt
        save(self, chunk, arrays)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "save", killed_at_the_last)
        with pytest.raises(KeyboardInterrupt):
            run_all(tiny(), folder)
    again = run_all(tiny(), folder)
    assert again[stage] == 1
    for chunk, arrays in zip(chunks, before, strict=True):
        for name, array in store.load(chunk).items():
            np.testing.assert_array_equal(array, arrays[name])


def test_path_that_fails_fails_its_chunk_alone(finished, monkeypatch):
    folder, _ = finished
    find_paths = heights.find_paths

    def refuses_training(landscape, ends, **settings):
        if landscape.n_samples != 20:
            raise AssertionError
        results = find_paths(landscape, ends, **settings)
        return [results[0], FailedPath()] if settings["method"].n_steps == 6 else results

    class FailedPath:
        success = False
        status = Status.STALLED
        message = "no way"

    monkeypatch.setattr(heights, "find_paths", refuses_training)
    changed = tiny(heights__converged__n_steps=6, heights__aligned="false")
    with pytest.raises(ChunksFailedError, match=r"6 of 6 chunks .*(.|\n)*1 of 2 paths .* no way"):
        run_stage("heights", changed.stages()["heights"], Store(folder), Place(), None)


def test_pairs_are_distinct_and_of_different_members():
    pairs = random_pairs(6, 10, 0)
    assert len(set(pairs)) == 10
    assert all(i < j < 6 for i, j in pairs)
    assert len(random_pairs(4, 300, 0)) == 6
    assert random_pairs(6, 4, 0) == pairs[:4]


def test_command_makes_the_report(finished, tmp_path):
    """One call in a process of its own; all but the toy is there already."""
    folder, _ = finished
    changes = [f"--set={name}={value}" for name, value in TINY.items()]
    for chunk in tiny().stages()["pca"]:
        (folder / chunk.file).unlink()
    stages = [f"--stage={name}" for name in STAGES if name != "heights"]
    call = [sys.executable, SCRIPT, "--output", folder, "--workers", "2", *stages, *changes]
    done = subprocess.run(call, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "pca" in done.stderr
    report = (folder / "report.html").read_text()
    assert report.count("<img ") == len(FIGURES) - 1  # without the toy


def ended_on_the_way(folder, cwd, workers, how):
    """Status and words of a search of hours that gets a signal; all that hold its output ended."""
    changes = [f"--set={name}={value}" for name, value in TINY.items()]
    call = [sys.executable, SCRIPT, "--output", folder, "--workers", workers, "--stage=heights"]
    long = "--set=heights.converged.n_steps=10000000"
    with subprocess.Popen(
        [*call, *changes, long], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=cwd
    ) as process:
        while process.poll() is None and not any((folder / "partial").glob("*.npz")):
            time.sleep(0.1)
        process.send_signal(how)
        _, told = process.communicate(timeout=60)
    return process.returncode, told


@pytest.mark.parametrize("workers", ["0", "2"])
def test_interrupt_ends_a_search_of_hours_and_fails_nothing(finished, tmp_path, workers):
    status, told = ended_on_the_way(finished[0], tmp_path, workers, signal.SIGINT)
    assert status == 130
    assert "the same command goes on from here" in told
    assert "failed" not in told


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_no_worker_goes_on_when_the_study_is_killed(finished, tmp_path, how):
    status, _ = ended_on_the_way(finished[0], tmp_path, "2", how)
    assert status == -how


@pytest.mark.filterwarnings("default")  # Dask warns of what it leaves open
def test_command_merges_reads_a_file_and_uses_a_scheduler(finished, tmp_path):
    """What another folder lacks is done by Dask's workers, with the settings of a file."""
    distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")
    folder, _ = finished
    (folder / tiny().stages()["pca"][0].file).unlink()
    config = tmp_path / "tiny.toml"
    config.write_text("\n".join(f"{name} = {value}" for name, value in TINY.items()))
    stages = [f"--stage={name}" for name in ("train", "select", "pca")]
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=50
    ) as cluster:
        done = subprocess.run(
            [
                sys.executable, SCRIPT, "--output", tmp_path / "new", "--merge", folder,
                "--config", config, "--scheduler", cluster.scheduler_address, *stages,
            ],
            capture_output=True, text=True, check=True, cwd=tmp_path,
        )  # fmt: skip
    assert f"chunks taken over from {folder}" in done.stdout
    store = Store(tmp_path / "new")
    assert all(store.has(chunk) for name in STAGES[:6] for chunk in tiny().stages()[name][1:])
    assert store.has(tiny().stages()["pca"][0])


def test_command_tells_what_is_wrong(tmp_path):
    call = [sys.executable, SCRIPT, "--output", tmp_path, "--set=n_trian=3"]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("nn_study: no setting is called 'n_trian'")
