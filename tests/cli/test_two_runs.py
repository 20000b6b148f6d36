"""Two runs in one folder: the second is refused, and what a killed one left unfinished goes."""

import time

import pytest

from fourierpathfinder.cli.exits import Exit

from .helpers import find_arguments, in_a_process, places


@pytest.fixture
def hanging(hop, tmp_path, monkeypatch):
    """A run that hangs in its second calculation."""
    calls = tmp_path / "calls"
    calls.mkdir()
    for name, value in (("CALLS", calls), ("FAULT", "hang"), ("FAULT_AT", "2")):
        monkeypatch.setenv(name, str(value))
    process = in_a_process(find_arguments(hop, tmp_path / "out"))
    while len(places(calls)) < 2:
        time.sleep(0.01)
    monkeypatch.setenv("FAULT_AT", "0")
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.mark.parametrize("kind", ["find", "check", "connect", "find-many"])
def test_the_second_is_refused_and_names_the_first(kind, hanging, hop, command, tmp_path):
    before = (tmp_path / "out" / "run.log").read_bytes()
    _, *pair = find_arguments(hop, tmp_path / "out")
    arguments = {
        "find": ["find", *pair, "--restart"],
        "check": ["check", *pair],
        "connect": ["connect", hop, *pair[2:], "--restart"],
        "find-many": ["find-many", hop, *pair[2:]],
    }[kind]
    done = command(*arguments)
    assert done.exit_code == Exit.BAD_INPUT
    assert f"out is in use by process {hanging.pid} on " in done.output
    assert (tmp_path / "out" / "run.log").read_bytes() == before


def test_what_a_killed_one_was_writing_is_removed(hanging, hop, command, tmp_path):
    hanging.kill()
    hanging.wait()
    draft = tmp_path / "out" / ".profile.png-0123456789abcdef.part"
    draft.write_bytes(b"half a picture")
    done = command(*find_arguments(hop, tmp_path / "out"), "--restart")
    assert done.exit_code == Exit.CERTIFIED
    assert not [file.name for file in (tmp_path / "out").iterdir() if file.name.startswith(".")]
