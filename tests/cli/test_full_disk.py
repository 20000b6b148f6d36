"""What is told and kept where files cannot be written."""

import errno
import logging
import shutil
from io import TextIOWrapper

import pytest

from fourierpathfinder.cli import outputs, tables
from fourierpathfinder.cli.exits import Exit
from fourierpathfinder.cli.report import logging_to

from .helpers import read_result


def no_space(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device", "a file")


@pytest.fixture
def find(hop, tmp_path, command):
    ends = (hop / "reactant.traj", hop / "product.traj")
    return lambda *more: command("find", *ends, "-c", "emt", "-o", tmp_path / "out", *more)


@pytest.mark.parametrize("name", ["write_report", "draw", "write_structures"])
def test_the_barrier_is_told_and_kept_before_a_file_cannot_be_written(
    name, find, tmp_path, monkeypatch
):
    monkeypatch.setattr(outputs, name, no_space)
    done = find()
    assert done.exit_code == Exit.OUTPUT, done.output
    assert f"barrier  {read_result(tmp_path / 'out')['barrier']:.4f} eV" in done.output
    assert "No space left on device: 'a file'; make room" in done.output


def test_a_result_that_cannot_be_written_leaves_the_earlier_one(find, tmp_path, monkeypatch):
    find("--max-gradients", 6)
    before = {one.name: one.read_bytes() for one in (tmp_path / "out").glob("[pr]*.[ejhp]*")}
    assert {"result.json", "report.html", "path.extxyz", "profile.png"} <= before.keys()
    monkeypatch.setattr(outputs, "write_document", no_space)
    done = find("--restart")
    assert done.exit_code == Exit.OUTPUT, done.output
    assert "certified  yes" in done.output
    for name, content in before.items():
        assert (tmp_path / "out" / name).read_bytes() == content


def test_of_many_pairs_the_outcome_is_told_too(hop, tmp_path, command, monkeypatch):
    for name in ("reactant", "product"):
        shutil.copy(hop / f"{name}.traj", tmp_path)
    (tmp_path / "pairs.csv").write_text("reactant,product\nreactant.traj,product.traj\n")
    monkeypatch.setattr(tables, "write_document", no_space)
    done = command("find-many", tmp_path / "pairs.csv", "-c", "emt", "-o", tmp_path / "many")
    assert done.exit_code == Exit.OUTPUT, done.output
    assert "1 of 1 pairs are certified" in done.output


class FullDisk(TextIOWrapper):
    def write(self, _):
        no_space()

    def close(self):
        super().close()
        no_space()


def test_lines_that_cannot_be_logged_are_told_once(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("fourierpathfinder.cli.report.TextIOWrapper", FullDisk)
    with logging_to(tmp_path / "run.log"):
        for k in range(3):
            logging.getLogger("fourierpathfinder.cli").info("line %d", k)
    told = capsys.readouterr().err
    assert "line 2" in told
    assert told.count("lines are missing in") == 1
    assert "run.log: [Errno 28]" in told
    assert "Traceback" not in told
