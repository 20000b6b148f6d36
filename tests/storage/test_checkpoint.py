"""Runs that are killed, cut short or starved of disk, and what they do when called again."""

import errno
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from fourierpathfinder import Direct, Paper, Status, find_path
from fourierpathfinder._arrays import array_namespace, to_numpy
from fourierpathfinder.landscapes.toy import two_channels
from fourierpathfinder.methods.paper import PaperState
from fourierpathfinder.optimizers.adam import Adam, AdamState
from fourierpathfinder.storage.checkpoint import (
    CheckpointError,
    CheckpointFile,
    Snapshots,
    fingerprint,
    flatten,
    restore,
)

TOY = two_channels()
METHODS = {
    "paper": Paper(n_terms=4, n_points=12, n_steps=25, learning_rate=0.02),
    "paper with noise": Paper(n_terms=4, n_points=12, n_steps=25, power=2, gradient_noise=1.0),
    "direct": Direct(),
}
IDENTITY = {"method": "any"}

pytestmark = pytest.mark.replay


class KilledError(Exception):
    """Stands for the end of the process."""


def run(method, file=None, landscape=TOY, **options):
    return find_path(
        landscape, TOY.start, TOY.end, method=method, rng=7, checkpoint=file, **options
    )


def killed_after(n_steps):
    def callback(intermediate_result):
        if intermediate_result.n_iterations == n_steps:
            raise KilledError

    return callback


def assert_same(a, b):
    assert (a.path.coefficients == b.path.coefficients).all()
    assert a.height == b.height
    assert a.height_error == b.height_error
    assert (a.heights == b.heights).all()
    assert a.n_gradients == b.n_gradients
    assert a.n_iterations == b.n_iterations
    assert a.status is b.status
    assert (a.history.n_gradients == b.history.n_gradients).all()
    assert (a.history.heights == b.history.heights).all()


@pytest.fixture
def file(tmp_path):
    return tmp_path / "run.npz"


@pytest.fixture(params=METHODS)
def method(request):
    return METHODS[request.param]


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_random_steps_it_ends_as_if_nothing_had_happened(method, file, seed):
    whole = run(method)
    rng = np.random.default_rng(seed)
    steps = np.sort(rng.choice(np.arange(1, whole.n_iterations), size=2, replace=False))
    for n_steps in steps:
        with pytest.raises(KilledError):
            run(method, file, callback=killed_after(n_steps))
    assert_same(run(method, file), whole)


def test_a_landscape_that_fails_and_is_mended(method, file):
    class Failing:
        def __init__(self):
            self.calls = 0

        def value_and_grad(self, points):
            self.calls += 1
            if self.calls == 5:
                raise KilledError
            return TOY.value_and_grad(points)

    mended = Failing()
    mended.calls = 5
    with pytest.raises(KilledError) as caught:
        run(method, file, Failing())
    assert caught.value.result.n_iterations == 4
    assert_same(run(method, file, mended), run(method))


def test_ctrl_c_within_a_step_keeps_whole_steps_only(file, monkeypatch):
    """Noise is drawn in the middle of a step; what was drawn then must not be lost."""
    method = METHODS["paper with noise"]
    whole = run(method)
    steps, original = iter(range(8)), Adam.step

    def interrupted(*arguments):
        if next(steps, None) is None:
            raise KeyboardInterrupt
        return original(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(Adam, "step", interrupted)
        cut = run(method, file)
    assert cut.status is Status.INTERRUPTED
    assert cut.n_iterations == 8
    assert_same(run(method, file), whole)


def test_a_finished_run_is_returned_again(method, file):
    evaluations = []

    class Counting:
        def value_and_grad(self, points):
            evaluations.append(len(points))
            return TOY.value_and_grad(points)

    whole = run(method, file, Counting())
    evaluations.clear()
    assert_same(run(method, file, Counting()), whole)
    assert sum(evaluations) < 20, "nothing but the refinement of the height"


@pytest.mark.parametrize("stop", ["budget", "callback"])
def test_a_stopped_run_goes_on(method, file, stop):
    def callback(intermediate_result):
        if intermediate_result.n_iterations == 4:
            raise StopIteration

    if stop == "budget":
        first = run(method, file, max_gradients=65)
        assert first.status is Status.MAX_GRADIENTS
    else:
        first = run(method, file, callback=callback)
        assert first.status is Status.STOPPED
    assert_same(run(method, file), run(method))


def test_the_ends_of_another_library(make_array, file):
    class Bowl:
        def value_and_grad(self, points):
            xp = array_namespace(points)
            return xp.sum(points**2, axis=-1), 2 * points

    start, end = make_array([-1.0, 0.1], "float32"), make_array([1.0, 0.2], "float32")

    def go(**options):
        return find_path(Bowl(), start, end, method=METHODS["paper"], **options)

    with pytest.raises(KilledError):
        go(checkpoint=file, callback=killed_after(6))
    a, b = go(checkpoint=file), go()
    assert type(a.path.coefficients) is type(b.path.coefficients)
    assert a.path.coefficients.dtype == b.path.coefficients.dtype
    assert (to_numpy(a.path.coefficients) == to_numpy(b.path.coefficients)).all()


SCRIPT = """
    import sys
    import time
    import numpy as np
    from fourierpathfinder import Direct, Paper, find_path
    from fourierpathfinder.storage.checkpoint import Snapshots

    class Ring:
        def value_and_grad(self, points):
            excess = (points**2).sum(-1) - 1
            return excess**2, 4 * excess[:, None] * points

    def slowly(intermediate_result):
        print(intermediate_result.n_iterations, flush=True)
        time.sleep(0.02 if len(sys.argv) > 2 else 0)

    Snapshots.due = lambda self: True
    result = find_path(
        Ring(), np.array([-1.0, 0.1]), np.array([1.0, 0.2]), rng=5, checkpoint=sys.argv[1],
        method=Paper(n_terms=4, n_points=12, n_steps=60, power=2, gradient_noise=1.0),
        callback=slowly,
    )
    print(result.path.coefficients.tobytes().hex(), result.height.hex(), result.n_gradients)
    print(result.history.heights.tobytes().hex())
"""


def start_script(tmp_path, *arguments):
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT))
    return subprocess.Popen(
        [sys.executable, "-W", "error", script, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent.parent,
    )


def test_killed_by_the_system(tmp_path):
    """SIGKILL, which no program can catch, at three different moments."""
    whole = start_script(tmp_path, tmp_path / "whole.npz").communicate()[0].splitlines()[-2:]
    for n_steps in ("4", "17", "18"):
        process = start_script(tmp_path, tmp_path / "killed.npz", "slowly")
        for line in process.stdout:
            if line.strip() == n_steps:
                break
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        process.stdout.close()
    resumed = start_script(tmp_path, tmp_path / "killed.npz").communicate()[0].splitlines()
    assert int(resumed[0]) >= 18
    assert resumed[-2:] == whole


@pytest.mark.parametrize("percent", range(0, 100, 10))
def test_a_file_cut_short_is_refused_and_left_alone(file, percent):
    with pytest.raises(KilledError):
        run(METHODS["direct"], file, callback=killed_after(5))
    whole = file.read_bytes()
    cut = whole[: len(whole) * percent // 100]
    file.write_bytes(cut)
    with pytest.raises(CheckpointError, match=r"run\.npz is damaged .* delete it"):
        run(METHODS["direct"], file)
    assert file.read_bytes() == cut
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("content", ["text", "array", "other archive", "flipped bit"])
def test_what_is_no_checkpoint_is_refused(file, content):
    if content == "text":
        file.write_text("energies of yesterday\n")
    elif content == "array":
        with file.open("wb") as handle:
            np.save(handle, np.ones(3))
    elif content == "other archive":
        np.savez(file, weights=np.ones(3))
    else:
        run(METHODS["direct"], file)
        bits = bytearray(file.read_bytes())
        bits[len(bits) // 2] ^= 1
        file.write_bytes(bits)
    with pytest.raises(CheckpointError, match="is damaged"):
        run(METHODS["direct"], file)
    assert file.exists()


def test_a_folder_is_refused(file):
    file.mkdir()
    with pytest.raises(ValueError, match=r"run\.npz, a folder; name a file in it"):
        run(METHODS["direct"], file)


@pytest.mark.parametrize("other", ["method", "start", "end", "precision"])
def test_a_file_of_another_problem_is_refused(file, other):
    run(METHODS["direct"], file, max_gradients=40)
    before = file.read_bytes()
    start, end, method = TOY.start, TOY.end, METHODS["direct"]
    if other == "method":
        method = Direct(n_terms=7)
    elif other == "start":
        start = start + 1e-12
    elif other == "end":
        end = end + 0.1
    else:
        start, end = start.astype("float32"), end.astype("float32")
    named = "start" if other == "precision" else other
    with pytest.raises(CheckpointError, match=f"belongs to another problem: its {named} is"):
        find_path(TOY, start, end, method=method, checkpoint=file)
    assert file.read_bytes() == before


def test_the_folder_must_exist(tmp_path):
    with pytest.raises(ValueError, match=r"`checkpoint` is .*nowhere.*folder does not exist"):
        run(METHODS["direct"], tmp_path / "nowhere" / "run.npz")


@pytest.mark.parametrize("culprit", ["os.fsync", "numpy.savez"])
def test_a_full_disk_costs_the_run_but_not_the_file(file, monkeypatch, culprit):
    run(METHODS["direct"], file, max_gradients=40)
    before = file.read_bytes()

    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(culprit, full)
        with pytest.raises(OSError, match="No space left") as caught:
            run(METHODS["direct"], file)
    assert f"The checkpoint {file} could not be written" in caught.value.__notes__[0]
    assert caught.value.result.n_iterations > 3
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]
    assert_same(run(METHODS["direct"], file), run(METHODS["direct"]))


def test_ctrl_c_on_a_full_disk_still_returns_the_path(file, monkeypatch, caplog):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def interrupt(intermediate_result):
        if intermediate_result.n_iterations == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", full)
    result = run(METHODS["direct"], file, callback=interrupt)
    assert result.status is Status.INTERRUPTED
    assert "checkpoint could not be written: [Errno 28] No space left" in caplog.text


def test_a_limit_on_file_size_met_for_real(tmp_path):
    """The operating system refuses to write more than 8 kB, as a full disk does."""
    file = tmp_path / "run.npz"
    script = textwrap.dedent("""
        import resource, signal, sys
        import numpy as np
        from fourierpathfinder.storage.checkpoint import CheckpointFile
        file = CheckpointFile(sys.argv[1], {})
        file.save({"x": np.ones(100)}, {})
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
        try:
            file.save({"x": np.ones(100_000)}, {})
        except OSError as error:
            print(error, *error.__notes__)
    """)
    done = subprocess.run(
        [sys.executable, "-c", script, file], capture_output=True, text=True, check=True
    )
    assert "File too large" in done.stdout
    assert "could not be written" in done.stdout
    assert CheckpointFile(file, {}).load().arrays["x"].tolist() == [1.0] * 100
    assert list(tmp_path.iterdir()) == [file]


def test_snapshots_are_some_time_apart(file, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    snapshots = Snapshots(CheckpointFile(file, IDENTITY), interval=2.0)
    assert not snapshots.due()
    now[0] = 102.5
    assert snapshots.due()
    snapshots.save(METHODS["paper"], {})
    assert not snapshots.due()


def test_a_state_goes_into_arrays_and_back(make_array):
    c = make_array([[1.0, 2.0]], "float32")
    empty = PaperState(c, AdamState(c, c, 0), 0, float("inf"), c, None, None)
    full = PaperState(2 * c, AdamState(3 * c, 4 * c, 7), 8, 0.5, c, c[0, :], None)
    arrays = {name: to_numpy(array) for name, array in flatten(full).items()}
    back = restore(empty, arrays, c)
    assert type(back.coefficients) is type(c)
    assert back.coefficients.dtype == c.dtype
    assert (back.n_steps, back.adam.n_steps, back.kept_value) == (8, 7, 0.5)
    assert isinstance(back.n_steps, int)
    assert to_numpy(back.adam.square_sum).tolist() == [[4.0, 8.0]]
    assert to_numpy(back.kept_heights).tolist() == [1.0, 2.0]
    assert back.kept_gradients is None


def test_fingerprints_tell_numbers_apart():
    a = np.array([1.0, 2.0])
    assert fingerprint(a) == fingerprint(a[::-1][::-1])
    assert fingerprint(a) != fingerprint(np.nextafter(a, 3))


def test_large_states_are_kept_less_often(tmp_path, monkeypatch):
    """A clock by which writing takes three seconds."""
    now = [0.0]
    monkeypatch.setattr("fourierpathfinder.storage.checkpoint.time.monotonic", lambda: now[0])
    file = CheckpointFile(tmp_path / "run.npz", {})
    snapshots, write = Snapshots(file), file.save
    now[0] = 2.0
    assert snapshots.due()

    def slowly(*arguments):
        now[0] += 3.0
        write(*arguments)

    monkeypatch.setattr(file, "save", slowly)
    snapshots.save(None, {})
    now[0] += 59.0
    assert not snapshots.due()
    now[0] += 1.0
    assert snapshots.due()
