"""Every fault happens for real; what is asserted is that nothing is lost."""

import os
import resource
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from ase.io import read

from fourierpathfinder.cli.exits import Exit
from fourierpathfinder.cli.places import EVALUATIONS

from .helpers import find_arguments, in_a_process, places, read_result

FAULTS = {
    "raise": "RuntimeError: the density does not converge",
    "nan": "NaN or infinity",
    "hang": "took longer than 5 s",
    "stop": "exit status 3",
    "segfault": "SIGSEGV",
    "kill": "SIGKILL",
}


@pytest.fixture(scope="module")
def undisturbed(hop, tmp_path_factory):
    """The result of a run without faults, and where it called the calculator."""
    folder = tmp_path_factory.mktemp("undisturbed")
    calls = folder / "calls"
    calls.mkdir()
    os.environ["CALLS"] = str(calls)
    try:
        process = in_a_process(find_arguments(hop, folder / "out"))
        output, _ = process.communicate()
    finally:
        del os.environ["CALLS"]
    assert process.returncode == Exit.CERTIFIED, output
    return read_result(folder / "out"), places(calls)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_goes_away_changes_nothing(fault, faulty_find, undisturbed, tmp_path):
    result, called = undisturbed
    limit = ("--timeout", 5) if fault == "hang" else ()  # a busy machine may be slow with others
    done = faulty_find(*limit, fault=fault, at="6")
    assert done.exit_code == Exit.CERTIFIED, done.output
    assert FAULTS[fault] in (tmp_path / "out" / "run.log").read_text()
    assert read_result(tmp_path / "out") == result
    again = places(tmp_path / "calls")
    assert again == [*called[:6], called[5], *called[6:]]


def test_printed_garbage_is_kept_apart(faulty_find, undisturbed, tmp_path):
    done = faulty_find(fault="garbage", at="1-100")
    assert done.exit_code == Exit.CERTIFIED
    assert "garbage\n" not in done.output
    assert b"garbage\n" in (tmp_path / "out" / "calculator.log").read_bytes()
    assert read_result(tmp_path / "out") == undisturbed[0]


@pytest.mark.parametrize("fault", ["raise", "segfault"])
def test_a_point_that_fails_twice_is_gone_round(fault, faulty_find, undisturbed, tmp_path):
    done = faulty_find(fault=fault, at="6-7")
    assert done.exit_code == Exit.CERTIFIED, done.output
    result = read_result(tmp_path / "out")
    assert result["n_failures"] == 1
    assert result["barrier"] == pytest.approx(undisturbed[0]["barrier"], abs=1e-3)


@pytest.mark.parametrize("at", ["3", "6"])
def test_an_energy_that_cannot_be_true_is_asked_for_again(at, faulty_find, undisturbed, tmp_path):
    done = faulty_find(fault="nonsense", at=at)
    assert done.exit_code == Exit.CERTIFIED, done.output
    assert "1 not confirmed when asked again" in done.output
    result = read_result(tmp_path / "out")
    assert result["n_outliers"] == 1
    assert result["barrier"] == pytest.approx(undisturbed[0]["barrier"], abs=1e-3)
    energies = [image.get_potential_energy() for image in read(tmp_path / "out/path.extxyz", ":")]
    assert max(energies) < 100


def test_after_too_many_failures_a_restart_goes_on_from_all_that_was_good(
    faulty_find, undisturbed, tmp_path
):
    result, called = undisturbed
    done = faulty_find(fault="stop", at="6-1000")
    assert done.exit_code == Exit.CALCULATOR
    assert "points in a row could not be evaluated" in done.output
    failed = len(places(tmp_path / "calls")) - 5
    done = faulty_find("--restart", "--no-resume-check")
    assert done.exit_code == Exit.CERTIFIED
    assert read_result(tmp_path / "out") == result
    assert places(tmp_path / "calls")[5 + failed :] == called[5:]


def test_a_calculator_that_fails_in_verifying_loses_nothing(faulty_find, undisturbed, tmp_path):
    result, called = undisturbed
    done = faulty_find("--verify", fault="raise", at=f"{len(called) + 2}-1000")
    assert done.exit_code == Exit.CALCULATOR, done.output
    assert "the calculator failed" in done.output
    assert "Traceback" not in done.output
    kept = read_result(tmp_path / "out")
    assert kept["certified"]
    assert kept["barrier"] == result["barrier"]
    for name in ("path.extxyz", "saddle.xyz"):
        assert (tmp_path / "out" / name).is_file()


def test_a_calculator_that_fails_at_an_end_says_so(faulty_find):
    done = faulty_find(fault="raise", at="1-100")
    assert done.exit_code == Exit.CALCULATOR
    assert "the calculator fails at the reactant" in done.output


_WHY = (
    "it raised CalculationFailed: the program ended with code 127; calculator.log ends with "
    '"ERROR: no file H.basis"; all that was printed is in calculator.log'
)


def test_a_failed_calculation_says_why_and_where_there_is_more(faulty_find):
    done = faulty_find(fault="fail", at="1-100")
    assert done.exit_code == Exit.CALCULATOR
    assert f"the calculator fails at the reactant: {_WHY}" in done.output


@pytest.mark.parametrize(("end", "at"), [("reactant", "1-100"), ("product", "3-100")])
def test_an_end_that_cannot_be_relaxed_is_named(end, at, unrelaxed, faulty_find):
    done = faulty_find("--relax-ends", fault="fail", at=at, ends=unrelaxed)
    assert done.exit_code == Exit.CALCULATOR
    assert f"the {end} could not be relaxed, as the calculator fails" in done.output
    assert _WHY in done.output


@pytest.fixture
def unrelaxed(hop, tmp_path):
    """The folder of the hop's files, with the product's adatom out of place."""
    for name in ("reactant", "product"):
        atoms = read(hop / f"{name}.traj")
        atoms.positions[-1, 2] += 0.05 * (name == "product")
        atoms.write(tmp_path / f"{name}.traj")
    return tmp_path


def test_a_restart_that_fails_leaves_the_earlier_result_whole(unrelaxed, tmp_path, faulty_find):
    names = ("result.json", "report.html", "path.extxyz", "profile.png")
    assert faulty_find(ends=unrelaxed).exit_code == Exit.CERTIFIED
    before = [(tmp_path / "out" / name).read_bytes() for name in names]
    more = ("--restart", "--relax-ends", "--no-resume-check")
    done = faulty_find(*more, fault="fail", at="1-100", ends=unrelaxed)
    assert done.exit_code == Exit.CALCULATOR
    assert "could not be relaxed" in done.output
    assert [(tmp_path / "out" / name).read_bytes() for name in names] == before


def test_each_step_of_relaxing_is_logged_once(unrelaxed, tmp_path, faulty_find):
    assert faulty_find("--relax-ends", ends=unrelaxed).exit_code == Exit.CERTIFIED
    lines = (tmp_path / "out" / "run.log").read_text().splitlines()
    begun, ended = (
        next(k for k, line in enumerate(lines) if text in line)
        for text in ("relaxing the product", "the product after")
    )
    n_gradients = int(lines[ended].split("after ")[1].split()[0])
    assert ended - begun <= n_gradients, lines


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_run_stopped_at_any_moment_goes_on_to_the_same_result(
    number, hop, undisturbed, tmp_path, monkeypatch
):
    """Stopped three times in the middle of a calculation, which alone is begun again."""
    calls, arguments = tmp_path / "calls", find_arguments(hop, tmp_path / "out")
    calls.mkdir()
    monkeypatch.setenv("CALLS", str(calls))
    monkeypatch.setenv("FAULT", "hang")
    for at in (3, 7, 10):
        monkeypatch.setenv("FAULT_AT", str(at))
        process = in_a_process([*arguments, "--restart", "--no-resume-check"])
        while len(places(calls)) < at and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(number)
        output, _ = process.communicate(timeout=200)
        assert process.returncode in (-number, Exit.INTERRUPTED), output
    monkeypatch.setenv("FAULT_AT", "0")
    process = in_a_process([*arguments, "--restart", "--no-resume-check"])
    output, _ = process.communicate(timeout=200)
    assert process.returncode == Exit.CERTIFIED, output
    assert read_result(tmp_path / "out") == undisturbed[0]
    done = places(calls)
    del done[9], done[6], done[2]
    assert done == undisturbed[1]


def test_a_file_that_cannot_grow_leaves_the_last_good_one(hop, undisturbed, tmp_path, monkeypatch):
    calls, output = tmp_path / "calls", tmp_path / "out"
    calls.mkdir()
    monkeypatch.setenv("CALLS", str(calls))
    limit = 4000  # bytes, some evaluations
    process = in_a_process(
        find_arguments(hop, output),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    text, _ = process.communicate(timeout=200)
    assert process.returncode == Exit.OUTPUT, text
    check_that_a_restart_completes(hop, output, undisturbed, calls)


def test_a_full_disk_leaves_the_last_good_file(hop, undisturbed, tmp_path, monkeypatch):
    calls, disk, output = tmp_path / "calls", tmp_path / "disk", tmp_path / "out"
    calls.mkdir()
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small file system")
    monkeypatch.setenv("CALLS", str(calls))
    try:
        process = in_a_process(find_arguments(hop, disk / "out"))
        text, _ = process.communicate(timeout=200)
        assert process.returncode == Exit.OUTPUT, text
        assert f"No space left on device: '{disk / 'out'}/" in text
        assert "make room, and continue with --restart" in text
        shutil.copytree(disk / "out", output)
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    check_that_a_restart_completes(hop, output, undisturbed, calls)


def check_that_a_restart_completes(hop, output, undisturbed, calls):
    """Nothing but an evaluation that could not be written is repeated.

    Where the disk was full only at the end, when results are written, that is none.
    """
    before = len(places(calls))
    assert before > 2
    process = in_a_process([*find_arguments(hop, output), "--restart", "--no-resume-check"])
    text, _ = process.communicate(timeout=200)
    assert process.returncode == Exit.CERTIFIED, text
    assert read_result(output) == undisturbed[0]
    done = places(calls)
    if done[before:] and done[before] == done[before - 1]:
        del done[before]
    assert done == undisturbed[1]


def test_of_a_file_that_is_cut_short_what_is_whole_is_used(faulty_find, tmp_path):
    done = faulty_find("--max-gradients", 6)
    assert done.exit_code == Exit.NOT_CERTIFIED
    file, calls = tmp_path / "out" / EVALUATIONS, tmp_path / "calls"
    whole, n_calls = file.read_bytes(), len(places(calls))
    file.write_bytes(whole[:-100])
    assert whole.count(b"\n") == file.read_bytes().count(b"\n") + 1
    arguments = ("--restart", "--max-gradients", 6, "--no-resume-check")
    assert faulty_find(*arguments).exit_code == Exit.NOT_CERTIFIED
    assert len(places(calls)) == n_calls + 1
    assert file.read_bytes() == whole
    assert faulty_find("--restart", "--max-gradients", 6).exit_code == Exit.NOT_CERTIFIED
    assert len(places(calls)) == n_calls + 2, "one point is looked at again"
    assert file.read_bytes() == whole


@pytest.mark.parametrize("place", ["first line", "in the middle"])
def test_a_damaged_file_is_refused_and_left_as_it_is(place, faulty_find, tmp_path):
    faulty_find("--max-gradients", 6)
    file = tmp_path / "out" / EVALUATIONS
    content = bytearray(file.read_bytes())
    content[20 if place == "first line" else len(content) // 2] ^= 1
    file.write_bytes(content)
    n_calls = len(places(tmp_path / "calls"))
    done = faulty_find("--restart")
    assert done.exit_code == Exit.BAD_INPUT
    assert "is damaged" in done.output
    assert "line 1 is" in done.output if place == "first line" else "line " in done.output
    assert file.read_bytes() == content
    assert len(places(tmp_path / "calls")) == n_calls


def test_no_worker_outlives_a_killed_run(hop, tmp_path, monkeypatch):
    calls = tmp_path / "calls"
    calls.mkdir()
    monkeypatch.setenv("CALLS", str(calls))
    monkeypatch.setenv("FAULT", "hang")
    monkeypatch.setenv("FAULT_AT", "2")
    process = in_a_process(find_arguments(hop, tmp_path / "out"))
    while len(places(calls)) < 2:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    for _ in range(6000):
        if not any(belongs_to(folder, calls) for folder in Path("/proc").glob("[0-9]*")):
            return
        time.sleep(0.01)
    pytest.fail("a worker is still there")


def belongs_to(process, calls):
    """Whether a process was started with our folder in its environment."""
    if int(process.name) == os.getpid():
        return False
    try:
        return f"CALLS={calls}".encode() in (process / "environ").read_bytes()
    except OSError:
        return False
