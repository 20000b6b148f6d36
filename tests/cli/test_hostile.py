"""Some two hundred inputs that nobody means well with: each ends in one sentence.

No code of theirs runs, no file appears outside the folder, nothing is calculated, and no more
than a gigabyte of memory is there for it.
"""

import gzip
import io
import json
import pickle
import resource
import signal
import zipfile
from pathlib import Path

import numpy as np
import pytest
from ase.io import write

from fourierpathfinder import LandscapeGraph, load_result
from fourierpathfinder.cli.exits import Exit
from fourierpathfinder.graph.record import FORMAT as GRAPH
from fourierpathfinder.storage.checkpoint import CheckpointFile
from fourierpathfinder.storage.documents import read_document, write_document
from fourierpathfinder.storage.errors import CheckpointError
from fourierpathfinder.storage.evaluations import FORMAT, EvaluationStore
from fourierpathfinder.storage.lines import write_lines

from . import hostile

_MEMORY, _SECONDS = 2**30, 300
"""Bytes beyond what is taken already; and until a hang is called one, on any machine."""

_TAKEN = Path("/proc/self/statm")


def hangs(*_):
    raise TimeoutError(f"no answer within {_SECONDS} s")


@pytest.fixture(autouse=True)
def limits():
    """No more memory than a sentence takes, and no hang."""
    before, handler = resource.getrlimit(resource.RLIMIT_AS), signal.signal(signal.SIGALRM, hangs)
    if _TAKEN.exists():  # elsewhere nothing says how much is taken
        taken = int(_TAKEN.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + _MEMORY, before[1]))
    signal.alarm(_SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, handler)
    resource.setrlimit(resource.RLIMIT_AS, before)


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


@pytest.mark.parametrize("name", hostile.CROWDED)
def test_crowded_structures(name, folder, command):
    write(folder / "x.xyz", hostile.crowd(*hostile.CROWDED[name]))
    done = command("check", "x.xyz", "x.xyz", "-c", "emt", "-o", "out")
    assert_one_sentence(done)
    assert "atoms overlap in the reactant" in done.output
    assert ("own image" in done.output) == ("smaller" in name or "thin" in name)


@pytest.mark.parametrize("name", hostile.PACKED)
def test_packed_structures(name, folder, command):
    put(folder / "x.xyz.gz", hostile.PACKED[name]())
    assert_one_sentence(command("check", "x.xyz.gz", "b.xyz", "-c", "emt", "-o", "out"))


def test_a_good_packed_structure_is_read(folder, command):
    with gzip.open(folder / "x.xyz.gz", "wt") as file:
        file.write(hostile.GOOD)
    assert command("check", "x.xyz.gz", "b.xyz", "-c", "emt", "-o", "out").exit_code == 0


READERS = {
    "structure": ("x.xyz", "check x.xyz b.xyz -c emt -o out"),
    "product": ("x", "check a.xyz x -c emt -o out"),
    "structure of many": ("x.xyz@0", "check x.xyz@0 b.xyz -c emt -o out"),
    "VASP run": ("POSCAR", "check . b.xyz -c emt -o out"),
    "band": ("band/00/POSCAR", "find a.xyz b.xyz -c emt -o out --initial band"),
    "first path": ("x.xyz", "find a.xyz b.xyz -c emt -o out --initial x.xyz"),
    "minima": ("x.xyz", "connect x.xyz -c emt -o out"),
    "pairs": ("x.xyz", "find-many x.xyz -c emt -o out"),
    "table": ("t.csv", "find-many t.csv -c emt -o out"),
    "result": ("result.json", "plot result.json"),
    "prior": ("p/evaluations.jsonl", "find a.xyz b.xyz -c emt -o out --prior p"),
    "evaluations": ("out/evaluations.jsonl", "find a.xyz b.xyz -c emt -o out --restart"),
    "run.log": ("out/run.log", "find a.xyz b.xyz -c emt -o out"),
    "graph": ("out/graph.jsonl", "connect ab.xyz -c emt -o out --restart"),
}
"""What is read from or written to a file, by the file and the command."""


@pytest.mark.parametrize("kind", hostile.SPECIAL)
@pytest.mark.parametrize("name", READERS)
def test_what_is_no_file_or_never_ends(name, kind, folder, command):
    file, line = READERS[name]
    (folder / "ab.xyz").write_text(hostile.GOOD + hostile.GOOD.replace("2.3 0", "2.9 0.4"))
    place = folder / file.partition("@")[0]
    place.parent.mkdir(parents=True, exist_ok=True)
    hostile.put_special(kind, place)
    if name == "run.log" and kind not in ("pipe", "device"):
        pytest.skip("a log of any content is appended to")
    assert_one_sentence(command(*line.split()))


@pytest.mark.parametrize("name", hostile.OPTIONS)
def test_options(name, folder, command):
    arguments = ["find", "a.xyz", "b.xyz", "-c", "emt", "-o", "out", *hostile.OPTIONS[name]]
    assert_one_sentence(command(*arguments))


@pytest.mark.parametrize("line", ["find a.xyz b.xyz", "check a.xyz b.xyz", "connect ab.xyz"])
def test_a_folder_that_leads_nowhere(line, folder, command):
    (folder / "ab.xyz").write_text(hostile.GOOD + hostile.GOOD.replace("2.3 0", "2.9 0.4"))
    (folder / "out").symlink_to(folder / "elsewhere" / "out")
    done = command(*line.split(), "-c", "emt", "-o", "out")
    assert_one_sentence(done)
    assert "a symbolic link to nothing" in done.output
    assert not (folder / "elsewhere").exists()


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
    from fourierpathfinder.cli.document import Summary, as_document
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


@pytest.mark.parametrize("name", hostile.TABLES)
def test_tables(name, folder, command):
    put(folder / "t.csv", hostile.TABLES[name])
    before = set(folder.iterdir())
    assert_one_sentence(command("find-many", "t.csv", "-c", "emt", "-o", "out"))
    assert set(folder.iterdir()) == before


@pytest.mark.parametrize("name", hostile.MANY)
@pytest.mark.filterwarnings("ignore")
def test_files_of_pairs(name, folder, command):
    put(folder / "x.xyz", hostile.MANY[name])
    assert_one_sentence(command("find-many", "x.xyz", "-c", "emt", "-o", "out"))
    assert not (folder / "PWNED").exists()


@pytest.mark.parametrize("name", [k for k in hostile.STRUCTURES if k not in ("several", "twins")])
@pytest.mark.filterwarnings("ignore")
def test_first_paths(name, folder, command):
    put(folder / "x.xyz", hostile.STRUCTURES[name])
    ends = ("find", "a.xyz", "b.xyz", "-c", "emt", "-o", "out")
    assert_one_sentence(command(*ends, "--initial", "x.xyz"))
    assert not (folder / "PWNED").exists()


@pytest.mark.parametrize("name", hostile.TEXTS)
@pytest.mark.parametrize("option", ["--initial", "--prior"])
def test_folders_of_earlier_runs(option, name, folder, command):
    (folder / "earlier").mkdir()
    for file in ("result.json", "evaluations.jsonl"):
        put(folder / "earlier" / file, hostile.TEXTS[name])
    ends = ("find", "a.xyz", "b.xyz", "-c", "emt", "-o", "out")
    assert_one_sentence(command(*ends, option, "earlier"))


@pytest.mark.parametrize("name", hostile.CALCULATORS)
def test_calculators(name, folder, command):
    put(folder / "calc.py", hostile.CALCULATORS[name])
    ends = ("check", "a.xyz", "b.xyz", "-c", "calc.py:make", "-o", "out")
    done = command(*ends)
    assert_one_sentence(done, done.exit_code)
    assert done.exit_code in (Exit.BAD_INPUT, Exit.CALCULATOR)


@pytest.mark.parametrize("name", hostile.LINKED)
def test_links_in_the_output_folder(name, folder, command):
    (folder / "victim").write_text("precious")
    (folder / "out").mkdir()
    (folder / "out" / name).symlink_to(folder / "victim")
    done = command("check", "a.xyz", "b.xyz", "-c", "emt", "-o", "out")
    assert "Traceback" not in done.output
    assert (folder / "victim").read_text() == "precious"


def test_a_link_in_the_place_of_a_pair(folder, command):
    (folder / "t.csv").write_text("name,reactant,product\nx,a.xyz,b.xyz\n")
    (folder / "elsewhere").mkdir()
    (folder / "out" / "pairs").mkdir(parents=True)
    (folder / "out" / "pairs" / "x").symlink_to(folder / "elsewhere")
    done = command("find-many", "t.csv", "-c", "emt", "-o", "out", "--restart")
    assert done.exit_code == Exit.NOT_CERTIFIED
    assert "is a symbolic link" in done.output
    assert not list((folder / "elsewhere").iterdir())


def test_a_file_named_like_an_option_is_a_file(folder, command):
    (folder / "t.csv").write_text("name,reactant,product\nx,--output=elsewhere,b.xyz\n")
    done = command("find-many", "t.csv", "-c", "emt", "-o", "out")
    assert done.exit_code == Exit.NOT_CERTIFIED, done.output
    assert "there is no file --output=elsewhere" in done.output
    assert not (folder / "elsewhere").exists()


class Shout:
    """What would run, if it were unpickled."""

    def __reduce__(self):
        return open, ("PWNED", "w")


def write_checkpoint(name, file):
    if name == "folder":
        file.mkdir()
    elif name == "objects":
        np.savez(file, notes=np.array([Shout()], dtype=object), allow_pickle=True)
    elif name == "pickle":
        file.write_bytes(pickle.dumps(Shout()))
    elif name == "text":
        file.write_text("no arrays")
    else:
        packed = io.BytesIO()
        header = {"huge shape": f"({10**15},)", "negative shape": "(-1,)"}.get(name, "(1,)")
        text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {header}, }}".ljust(117) + "\n"
        array = b"\x93NUMPY\x01\x00\x76\x00" + text.encode() + b"\0" * 8
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("notes.npy", array if name != "bomb" else b"\0" * 10**8)
            archive.writestr("../../x.npy", array)
        file.write_bytes(packed.getvalue())


@pytest.mark.parametrize("name", hostile.CHECKPOINTS)
def test_checkpoints(name, folder):
    write_checkpoint(name, folder / "run.npz")
    with pytest.raises((CheckpointError, ValueError), match=r"run\.npz"):
        CheckpointFile(folder / "run.npz", {}).load()
    assert not (folder / "PWNED").exists()


@pytest.mark.parametrize("kind", ["pipe", "device", "zeros"])
@pytest.mark.parametrize(
    "read",
    [
        lambda file: CheckpointFile(file, {}).load(),
        lambda file: EvaluationStore(file, {}),
        LandscapeGraph.load,
        load_result,
        lambda file: read_document(file, "x/1"),
    ],
    ids=["checkpoint", "evaluations", "graph", "saved result", "document"],
)
def test_what_is_no_file_is_not_read(read, kind, tmp_path):
    hostile.put_special(kind, tmp_path / "kept")
    with pytest.raises(CheckpointError, match="kept"):
        read(tmp_path / "kept")


@pytest.mark.parametrize("name", hostile.GRAPHS)
def test_graphs(name, folder):
    write_lines(folder / "graph.jsonl", {"format": GRAPH, "identity": {}}, hostile.GRAPHS[name])
    with pytest.raises(CheckpointError, match="line 2 is no part of a graph"):
        LandscapeGraph.load(folder / "graph.jsonl")


@pytest.mark.parametrize("name", hostile.TENSORS)
def test_saved_results(name, folder):
    put(folder / "x.safetensors", hostile.TENSORS[name])
    with pytest.raises(CheckpointError, match="holds no result"):
        load_result(folder / "x.safetensors")
    assert not (folder / "PWNED").exists()
