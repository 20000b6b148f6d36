"""Signals end a command, also where what they raise is lost on the way."""

import signal
import subprocess
import sys
import time

import pytest

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


def test_a_later_signal_ends_it_at_once():
    process = stubborn(patience=1e6)
    while process.poll() is None:
        process.send_signal(signal.SIGTERM)
        time.sleep(0.01)
    output, _ = process.communicate()
    assert process.returncode == Exit.INTERRUPTED
    assert output.count("dropped\n") == 1
