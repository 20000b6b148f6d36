"""More than a hundred inputs that nobody means well with: each ends in one sentence.

No code of theirs runs, no file appears outside the folder, and nothing is calculated.
"""

import json

import pytest

from fourierpathfinder.cli.exits import Exit
from fourierpathfinder.storage.documents import read_document, write_document
from fourierpathfinder.storage.errors import CheckpointError
from fourierpathfinder.storage.evaluations import FORMAT, EvaluationStore
from fourierpathfinder.storage.lines import write_lines

from . import hostile


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to work in, with two structures; nothing but what is expected may appear in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.xyz").write_text(hostile.GOOD)
    (tmp_path / "b.xyz").write_text(hostile.GOOD.replace("1.9", "-1.9"))
    return tmp_path


def put(file, content):
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        file.write_text(content)


def assert_one_sentence(done, status=Exit.BAD_INPUT):
    assert done.exit_code == status, done.output
    assert "Traceback" not in done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)
    last = done.output.strip().splitlines()[-1]
    assert last.startswith(("fourierpathfinder: ", "Error: "))
    assert done.output.count(last) == 1
    assert len(last) < 1000


@pytest.mark.parametrize("name", hostile.STRUCTURES)
@pytest.mark.filterwarnings("ignore")
def test_structures(name, folder, command):
    put(folder / "x.xyz", hostile.STRUCTURES[name])
    before = set(folder.iterdir())
    assert_one_sentence(command("check", "x.xyz", "b.xyz", "-c", "emt", "-o", "out"))
    assert set(folder.iterdir()) <= before | {folder / "out"}


@pytest.mark.parametrize("name", hostile.OPTIONS)
def test_options(name, folder, command):
    arguments = ["find", "a.xyz", "b.xyz", "-c", "emt", "-o", "out", *hostile.OPTIONS[name]]
    assert_one_sentence(command(*arguments))


@pytest.mark.parametrize("name", hostile.ENTRIES)
def test_evaluations(name, tmp_path):
    file = tmp_path / "evaluations.jsonl"
    line = hostile.ENTRIES[name]
    line = line if isinstance(line, dict) else {"line": line}
    write_lines(file, {"format": FORMAT, "identity": {}, "notes": {}}, line)
    with pytest.raises(CheckpointError, match="line 2 is no evaluation"):
        EvaluationStore(file, {})


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    """The content of a good `result.json`."""
    from fourierpathfinder import Direct, find_path
    from fourierpathfinder.cli.outputs import Summary, as_document
    from fourierpathfinder.landscapes.toy import two_channels

    toy = two_channels()
    result = find_path(toy, toy.start, toy.end, method=Direct(), rng=0)
    return as_document(result, Summary("none", (), 0, 0, 0, None))


@pytest.mark.parametrize("name", hostile.RESULTS)
def test_results(name, document, folder, command):
    write_document(folder / "result.json", {**document, **hostile.RESULTS[name]})
    assert_one_sentence(command("plot", "result.json"))
    assert not (folder / "PWNED").exists()


@pytest.mark.parametrize("name", hostile.TEXTS)
def test_texts(name, folder, command):
    put(folder / "result.json", hostile.TEXTS[name])
    assert_one_sentence(command("plot", "result.json"))


def test_a_good_one_is_drawn(document, folder, command):
    write_document(folder / "result.json", document)
    assert command("plot", "result.json").exit_code == 0
    again = read_document(folder / "result.json", document["schema"])
    assert json.dumps(again) == json.dumps(document)
