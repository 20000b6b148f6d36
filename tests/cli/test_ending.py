"""Signals end a command, also where what they raise is lost on the way."""

import errno
import os
import signal
import subprocess
import sys
import time

import pytest

from fourierpathfinder.cli import ending
from fourierpathfinder.cli.exits import Exit

STUBBORN = """
import sys, time
from fourierpathfinder.cli import ending
ending._PATIENCE, ending._AT_ONCE = float(sys.argv[1]), 0.0
@ending.with_exit_status
def stubborn():
    while True:
        try:
            print("begun", flush=True)
            time.sleep(1000)
        except KeyboardInterrupt:
            print("dropped", flush=True)
stubborn()
"""


def stubborn(patience):
    process = subprocess.Popen(
        [sys.executable, "-c", STUBBORN, str(patience)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "begun\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_command_that_does_not_end_by_itself_is_ended(number):
    process = stubborn(patience=0.1)
    process.send_signal(number)
    output, _ = process.communicate()
    assert process.returncode == Exit.INTERRUPTED
    assert output.startswith("dropped\n")
    assert output.endswith("fourierpathfinder: interrupted; continue with --restart\n")


@pytest.mark.parametrize(
    ("number", "advice"),
    [(errno.ENOSPC, "make room"), (errno.EFBIG, "make room"), (errno.EACCES, "another folder"),
     (errno.EROFS, "another folder")],
)  # fmt: skip
def test_where_a_file_cannot_be_written_it_is_said_what_to_do(number, advice, capsys):
    @ending.with_exit_status
    def command():
        raise OSError(number, os.strerror(number), "run.log")

    with pytest.raises(SystemExit) as ended:
        command()
    assert ended.value.code == Exit.OUTPUT
    told = capsys.readouterr().err
    assert "run.log" in told
    assert advice in told


def test_a_later_signal_ends_it_at_once():
    process = stubborn(patience=1e6)
    while process.poll() is None:
        process.send_signal(signal.SIGTERM)
        time.sleep(0.01)
    output, _ = process.communicate()
    assert process.returncode == Exit.INTERRUPTED
    assert output.count("dropped\n") == 1


UNFORESEEN = """
from fourierpathfinder.cli import ending
@ending.with_exit_status
def command():
    raise {error}
command()
"""


def ended_with(error):
    return subprocess.run(
        [sys.executable, "-c", UNFORESEEN.format(error=error)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_fault_of_the_program_is_not_taken_for_a_path_that_is_not_certified():
    """Python's own status would be 1. What developers need is said before the sentence."""
    done = ended_with("ZeroDivisionError('by nothing')")
    assert done.returncode == Exit.UNFORESEEN
    assert "Traceback" in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("fourierpathfinder: a fault of the program: ZeroDivisionError: by noth")
    assert "--restart" in last


def test_too_little_memory_is_a_sentence():
    done = ended_with("MemoryError('Unable to allocate 74.5 GiB')")
    assert done.returncode == Exit.UNFORESEEN
    (line,) = done.stderr.splitlines()
    assert line.startswith("fourierpathfinder: there is too little memory (Unable to allocate 74.5")


def test_what_the_command_line_refuses_keeps_its_own_status():
    done = ended_with("ending.click.UsageError('no such thing')")
    assert done.returncode not in (Exit.UNFORESEEN, Exit.CERTIFIED)
