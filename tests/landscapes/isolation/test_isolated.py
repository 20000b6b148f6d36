import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from fourierpathfinder.landscapes import IsolatedLandscape, Landscape
from fourierpathfinder.landscapes.isolation import (
    ClosedError,
    NobodyAnswersError,
    NotReadyError,
    TooManyFailuresError,
    Worker,
    WorkerError,
)

from . import misbehaving

GOOD, BAD = np.array([0.5, -2.0]), np.array([1.5, 0.25])

FAULTS = {
    misbehaving.Raising: "it raised ArithmeticError: the density does not converge",
    misbehaving.NotANumber: "it returned NaN or infinity",
    misbehaving.NoForces: "a gradient of shape (1,) for a point of shape (2,)",
    misbehaving.Hanging: "it took longer than 5 s and was ended",
    misbehaving.Stopping: "it ended its own process, with exit status 3",
    misbehaving.Segfaulting: "its process was ended by SIGSEGV",
    misbehaving.Killed: "its process was ended by SIGKILL",
}


def n_calls(folder):
    return len(list(folder.iterdir()))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_bad_point_is_tried_twice_and_marked_and_the_rest_is_not_lost(fault, tmp_path, caplog):
    timeout = 5 if fault is misbehaving.Hanging else None  # a busy machine may be slow with others
    with IsolatedLandscape(fault(tmp_path), timeout=timeout) as landscape:
        values, gradients = landscape.value_and_grad(np.stack([GOOD, BAD, 2 * GOOD / 2]))
    np.testing.assert_array_equal(values, [4.25, np.nan, 4.25])
    np.testing.assert_array_equal(gradients[[0, 2]], [2 * GOOD, 2 * GOOD])
    assert np.isnan(gradients[1]).all()
    assert n_calls(tmp_path) == 4
    assert landscape.n_failures == 1
    assert caplog.text.count(FAULTS[fault]) == 1, "what is the same twice is said once"
    assert FAULTS[fault] in landscape.last_failure


@pytest.mark.parametrize("executor", [None, ThreadPoolExecutor])
def test_a_process_begins_with_what_is_known_by_then(executor, tmp_path):
    landscape = misbehaving.Reminded(tmp_path)
    pool = executor if executor is None else executor(1)
    with IsolatedLandscape(landscape, executor=pool) as isolated:
        landscape.remind(GOOD, -7.0)  # as a file does that is read after all was set up
        assert isolated.value_and_grad(GOOD[None])[0] == 4.25 - 7
        if executor is None:
            isolated.value_and_grad(BAD[None])  # ends the process
            landscape.remind(GOOD, -9.0)
            assert isolated.value_and_grad(GOOD[None])[0] == 4.25 - 9


def test_what_the_processes_find_is_told_to_the_landscape(tmp_path):
    landscape = misbehaving.Reminded(tmp_path)
    with IsolatedLandscape(landscape) as isolated:
        isolated.value_and_grad(np.stack([GOOD, BAD]))
    assert landscape.told == ((*GOOD, 4.25),)


def test_garbage_that_is_printed_goes_to_the_log(tmp_path, capfd):
    log = tmp_path / "calculator.log"
    folder = tmp_path / "calls"
    folder.mkdir()
    with IsolatedLandscape(misbehaving.Chatty(folder), log=log) as landscape:
        values, _ = landscape.value_and_grad(BAD[None])
    assert values == [(BAD**2).sum()]
    assert log.read_bytes().count(b"garbage") == 10000
    assert b"and on the standard error" in log.read_bytes()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (misbehaving.Explaining, 'NoLicence: the key has expired; c.log ends with "key 17 ended '
         'in May"'),
        (misbehaving.Telling, 'with exit status 3; c.log ends with "STOP: no basis set"'),
        (misbehaving.NotANumber, "it returned NaN or infinity"),
    ],
)  # fmt: skip
def test_why_a_point_failed_is_told_with_what_was_printed_last(fault, told, tmp_path):
    calls = tmp_path / "calls"
    calls.mkdir()
    with IsolatedLandscape(fault(calls), log=tmp_path / "c.log", max_failures=2) as landscape:
        landscape.value_and_grad(BAD[None])
        assert landscape.last_failure.endswith(told)
        with pytest.raises(TooManyFailuresError) as raised:
            landscape.value_and_grad(BAD[None])
    assert str(raised.value).endswith(f"{told}; all that was printed is in c.log")


def test_a_point_that_succeeds_at_the_second_attempt_counts_as_good(tmp_path):
    with IsolatedLandscape(misbehaving.FailingOnce(tmp_path)) as landscape:
        values, _ = landscape.value_and_grad(BAD[None])
    assert values == [(BAD**2).sum()]
    assert landscape.n_failures == 0


def test_too_many_failures_in_a_row_end_the_run_and_a_success_between_does_not(tmp_path):
    landscape = IsolatedLandscape(misbehaving.Stopping(tmp_path), max_failures=2)
    with landscape:
        values, _ = landscape.value_and_grad(np.stack([BAD, GOOD, BAD, GOOD]))
        assert np.isnan(values).sum() == 2
        with pytest.raises(TooManyFailuresError, match=r"2 points in a row .* exit status 3"):
            landscape.value_and_grad(np.stack([BAD, BAD]))


def test_each_evaluation_begins_afresh(tmp_path):
    with IsolatedLandscape(misbehaving.Remembering(tmp_path)) as landscape:
        values, _ = landscape.value_and_grad(np.stack([BAD, BAD, BAD]))
    np.testing.assert_array_equal(values, [1, 1, 1])


def test_a_worker_killed_from_outside_loses_nothing(tmp_path):
    worker = Worker(misbehaving.Bowl(tmp_path))
    worker(GOOD)
    os.kill(worker.pid, signal.SIGKILL)
    os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOWAIT)  # until the last of its threads ended
    assert worker(GOOD)[0] == 4.25
    worker.close()


def test_several_workers_share_a_batch(tmp_path):
    points = np.linspace(-1, 0.9, 12).reshape(6, 2)
    with IsolatedLandscape(misbehaving.Bowl(tmp_path), n_workers=3) as landscape:
        values, gradients = landscape.value_and_grad(points)
    np.testing.assert_array_equal(values, (points**2).sum(axis=1))
    np.testing.assert_array_equal(gradients, 2 * points)
    assert len({file.name.split("-")[1] for file in tmp_path.iterdir()}) == 3


def test_closing_ends_a_calculation_under_way(tmp_path):
    landscape = IsolatedLandscape(misbehaving.Hanging(tmp_path))
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(landscape.value_and_grad, BAD[None])
        while not n_calls(tmp_path):
            time.sleep(0.01)
        pid = int(next(tmp_path.iterdir()).name.split("-")[1])
        landscape.close()
        assert isinstance(asked.exception(timeout=60), ClosedError)
    assert landscape.n_failures == 0
    assert not Path(f"/proc/{pid}").exists() or is_zombie(pid)


def test_processes_end_with_the_one_that_started_them(tmp_path):
    """Even while they calculate, and even where that one was killed."""
    code = (
        f"import sys; sys.path[:] = {sys.path!r}\n"
        "import numpy as np\n"
        "from tests.landscapes.isolation import misbehaving\n"
        "from fourierpathfinder.landscapes import IsolatedLandscape\n"
        f"IsolatedLandscape(misbehaving.Hanging({str(tmp_path)!r})).value_and_grad(np.ones((1, 2)))"
    )
    parent = subprocess.Popen([sys.executable, "-c", code])
    while not n_calls(tmp_path):
        time.sleep(0.01)
    pid = int(next(tmp_path.iterdir()).name.split("-")[1])
    parent.kill()
    parent.wait()
    for _ in range(6000):
        if not Path(f"/proc/{pid}").exists() or is_zombie(pid):
            return
        time.sleep(0.01)
    pytest.fail("the worker goes on without its parent")


def test_an_executor_runs_the_attempts_elsewhere(tmp_path):
    with (
        ProcessPoolExecutor(1, get_context("spawn")) as pool,
        IsolatedLandscape(misbehaving.Stopping(tmp_path), executor=pool) as landscape,
    ):
        values, _ = landscape.value_and_grad(np.stack([GOOD, BAD, GOOD]))
    np.testing.assert_array_equal(values, [4.25, np.nan, 4.25])


def test_other_attributes_are_those_of_the_landscape(tmp_path):
    with IsolatedLandscape(misbehaving.Bowl(tmp_path)) as landscape:
        assert landscape.landscape.label == "a bowl"
        with pytest.warns(DeprecationWarning, match="IsolatedLandscape.landscape.label"):
            assert landscape.label == "a bowl"
        assert not hasattr(landscape, "ends")
        assert isinstance(landscape, Landscape)


class Lonely(Executor):
    """Takes every task, and has nobody to do it."""

    def submit(self, function, /, *arguments, **options):
        return Future()

    def trouble(self):
        return "there is no worker"

    def lost(self):
        return None  # one may still come


def test_an_executor_without_workers_ends_with_the_timeout(tmp_path, caplog):
    with (
        IsolatedLandscape(misbehaving.Bowl(tmp_path), executor=Lonely(), timeout=1) as landscape,
        pytest.raises(NobodyAnswersError, match="there is no worker; this has lasted 1 s"),
    ):
        landscape.value_and_grad(GOOD[None])
    assert "waiting: there is no worker" in caplog.text


def test_closing_ends_a_wait_for_an_executor(tmp_path):
    landscape = IsolatedLandscape(misbehaving.Bowl(tmp_path), executor=Lonely())
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(landscape.value_and_grad, GOOD[None])
        landscape.close()
        assert isinstance(asked.exception(timeout=60), ClosedError)


def test_what_cannot_be_made_is_said_at_once_and_not_tried_again(tmp_path):
    with (
        IsolatedLandscape(misbehaving.Unprepared(tmp_path)) as landscape,
        pytest.raises(NotReadyError, match="it raised OSError: no licence"),
    ):
        landscape.value_and_grad(GOOD[None])
    assert n_calls(tmp_path) == 0


SHADOWS = (
    "json", "pickle", "select", "socket", "typing", "warnings", "numpy", "scipy", "ase",
    "sitecustomize", "usercustomize", "multiprocessing", "fourierpathfinder", "encodings",
)  # fmt: skip


@pytest.mark.parametrize("kind", ["module", "package"])
@pytest.mark.parametrize("name", SHADOWS)
def test_nothing_in_the_current_folder_takes_the_place_of_a_module(
    name, kind, tmp_path, monkeypatch
):
    file = tmp_path / (f"{name}.py" if kind == "module" else f"{name}/__init__.py")
    file.parent.mkdir(exist_ok=True)
    executed = tmp_path / "executed"
    file.write_text(f"open({str(executed)!r}, 'w')\nraise SystemExit\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend("")
    calls = tmp_path / "calls"
    calls.mkdir()
    with IsolatedLandscape(misbehaving.Bowl(calls)) as landscape:
        assert landscape.value_and_grad(GOOD[None])[0] == [4.25]
    assert not executed.exists()


def test_what_cannot_be_sent_is_refused_with_advice():
    with pytest.raises(TypeError, match="at the top level of a module"):
        IsolatedLandscape(type("Local", (), {})())


def test_what_only_this_process_knows_is_refused_by_the_worker(tmp_path, monkeypatch):
    monkeypatch.setattr(misbehaving.Bowl, "__module__", "no_such_module")
    monkeypatch.setitem(sys.modules, "no_such_module", misbehaving)
    worker = Worker(misbehaving.Bowl(tmp_path))
    with pytest.raises(WorkerError, match=r"ModuleNotFoundError.*modules that can be imported"):
        worker(GOOD)


def test_settings_are_checked():
    with pytest.raises(ValueError, match="`timeout` is -1"):
        IsolatedLandscape(misbehaving.Bowl("."), timeout=-1)
    with pytest.raises(ValueError, match="`n_workers` is 0"):
        IsolatedLandscape(misbehaving.Bowl("."), n_workers=0)


def test_a_closed_worker_says_so(tmp_path):
    worker = Worker(misbehaving.Bowl(tmp_path))
    worker.close()
    with pytest.raises(WorkerError, match="closed"):
        worker(GOOD)


def is_zombie(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True
