"""How files are written: in one step, by the umask, and never through a link."""

import os

import pytest

from fourierpathfinder.storage.checkpoint import CheckpointFile
from fourierpathfinder.storage.documents import write_document
from fourierpathfinder.storage.errors import CheckpointError
from fourierpathfinder.storage.evaluations import EvaluationStore
from fourierpathfinder.storage.files import open_appending, write_file, write_text
from fourierpathfinder.storage.lines import write_lines


@pytest.fixture
def victim(tmp_path):
    """A file that links lead to; it must stay as it is."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "victim").write_text("precious\n")
    yield folder / "victim"
    assert (folder / "victim").read_text() == "precious\n"


WRITERS = {
    "file": lambda place: write_file(place, lambda file: file.write(b"new")),
    "text": lambda place: write_text(place, lambda file: file.write("new")),
    "document": lambda place: write_document(place, {"schema": "any/1"}),
    "lines": lambda place: write_lines(place, {"format": "any/1"}, {}),
    "archive": lambda place: CheckpointFile(place, {}).save({}, {}),
}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("mask", [0o022, 0o002, 0o077])
def test_modes_are_those_of_the_umask(writer, mask, tmp_path):
    before = os.umask(mask)
    try:
        WRITERS[writer](tmp_path / "new")
        open_appending(tmp_path / "log").close()
    finally:
        os.umask(before)
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o666 & ~mask}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_link_in_the_way_is_replaced(writer, victim, tmp_path):
    (tmp_path / "new").symlink_to(victim)
    WRITERS[writer](tmp_path / "new")
    assert not (tmp_path / "new").is_symlink()


def test_nothing_is_appended_through_a_link(victim, tmp_path):
    (tmp_path / "log").symlink_to(victim)
    with pytest.raises(CheckpointError, match="is a symbolic link"):
        open_appending(tmp_path / "log")
    with pytest.raises(CheckpointError):
        EvaluationStore(tmp_path / "log", {})


def test_an_error_leaves_the_old_file_and_no_draft(tmp_path):
    place = tmp_path / "file"
    place.write_text("old")

    def fails(file):
        file.write(b"half")
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        write_file(place, fails)
    assert place.read_text() == "old"
    assert list(tmp_path.iterdir()) == [place]
