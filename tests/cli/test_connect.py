"""Many structures, one command: the graph of their minimax heights."""

import json
import shutil

import numpy as np
import pytest
from ase.build import add_adsorbate, fcc111
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms
from ase.io import read, write

from fourierpathfinder import LandscapeGraph
from fourierpathfinder.cli import connecting
from fourierpathfinder.cli.exits import Exit
from fourierpathfinder.graph import Edge, Node
from fourierpathfinder.path import SinePath

from ..tolerances import assert_close
from .conftest import adatom
from .helpers import FAULTY

pytestmark = pytest.mark.xdist_group("connect")  # one worker makes what all of them look at


@pytest.fixture(scope="module")
def hollows(tmp_path_factory):
    """Three hollows beside and apart from a copper atom, in one file and in a folder of files."""
    folder = tmp_path_factory.mktemp("hollows")
    places = ((0, 0), (1, 0), (2, 1))
    structures = [adatom(place, (3, 3, 2), held=0, copper=[10]) for place in places]
    write(folder / "minima.traj", structures)
    (folder / "each").mkdir()
    for k, atoms in enumerate(structures):
        write(folder / "each" / f"{k}.traj", atoms)
    return folder


@pytest.fixture(scope="module")
def connected(hollows):
    from click.testing import CliRunner

    from fourierpathfinder.cli.commands import fourierpathfinder

    output = hollows / "out"
    arguments = ["connect", str(hollows / "minima.traj"), "-c", "emt", "-o", str(output)]
    return CliRunner().invoke(fourierpathfinder, arguments), output


def test_the_table_and_the_files_agree(connected):
    done, folder = connected
    assert done.exit_code == Exit.CERTIFIED, done.output
    document = json.loads((folder / "heights.json").read_text())
    graph = LandscapeGraph.load(folder / "graph.jsonl")
    assert_close(np.array(document["minimax_heights"]), graph.minimax_heights())
    assert document["units"] == {"energy": "eV"}
    lowest = min(document["energies"][node] for node in document["given"])
    barrier = document["minimax_heights"][0][1] - lowest
    assert f"{barrier:.4f}" in done.output
    assert "minimax heights in eV" in done.output
    assert (folder / "graph.png").read_bytes().startswith(b"\x89PNG")


def test_every_minimum_is_in_a_file_with_its_energy(connected):
    _, folder = connected
    document = json.loads((folder / "heights.json").read_text())
    images = read(folder / "minima.extxyz", ":")
    assert len(images) == len(document["energies"])
    for image, energy in zip(images, document["energies"], strict=True):
        image.calc = EMT()
        assert image.get_potential_energy() == pytest.approx(energy, abs=1e-5)


def test_a_restart_calculates_nothing_twice(connected, hollows, command):
    _, folder = connected
    before = (folder / "evaluations.jsonl").read_bytes()
    arguments = ("connect", hollows / "minima.traj", "-c", "emt", "-o", folder)
    done = command(*arguments)
    assert done.exit_code == Exit.BAD_INPUT
    assert "pass --restart" in done.output
    done = command(*arguments, "--restart")
    assert done.exit_code == Exit.CERTIFIED, done.output
    assert (folder / "evaluations.jsonl").read_bytes() == before


def test_a_folder_of_files_and_a_budget(hollows, command, tmp_path):
    done = command(
        "connect", hollows / "each", "-c", "emt", "-o", tmp_path / "out", "--max-gradients", 5,
        "--pairs", "nearest",
    )  # fmt: skip
    assert done.exit_code == Exit.NOT_CERTIFIED, done.output
    assert "budget of gradients was used up" in done.output
    document = json.loads((tmp_path / "out" / "heights.json").read_text())
    assert None in document["minimax_heights"][0]
    assert document["n_gradients"] <= 5


def test_what_a_budget_cut_off_goes_on_with_a_larger_one(connected, hollows, command, tmp_path):
    whole = json.loads((connected[1] / "heights.json").read_text())
    arguments = ("connect", hollows / "minima.traj", "-c", "emt", "-o", tmp_path / "out")
    done = command(*arguments, "--max-gradients", whole["n_gradients"] // 2)
    assert "The budget of gradients was used up." in done.output
    done = command(*arguments, "--restart", "--max-gradients", whole["n_gradients"])
    assert done.exit_code == Exit.CERTIFIED, done.output
    heights = json.loads((tmp_path / "out" / "heights.json").read_text())
    assert heights["minimax_heights"] == whole["minimax_heights"]
    assert heights["n_gradients"] == whole["n_gradients"]


def bridge():
    """Copper on silver between two hollows, where it is held by symmetry, and in both of these."""
    for place in ("fcc", "hcp", "bridge"):
        slab = fcc111("Ag", size=(2, 2, 3), vacuum=5)
        add_adsorbate(slab, "Cu", 2.0, place)
        slab.set_constraint(FixAtoms(range(8)))
        slab.info.clear()
        yield slab


def test_structures_that_are_not_relaxed_and_one_that_is_no_minimum_are_told(command, tmp_path):
    write(tmp_path / "three.traj", list(bridge()))
    folder = tmp_path / "out"
    done = command("connect", tmp_path / "three.traj", "-c", "emt", "-o", folder)
    found = json.loads((folder / "heights.json").read_text())["findings"]
    for k in range(3):
        told = f"warning: structure {k} is not relaxed: its largest force is"
        assert told in done.output
        assert told in (folder / "run.log").read_text()
        assert any(one.startswith(told) and "pass --relax, or" in one for one in found)
    relaxed = tmp_path / "relaxed"
    done = command("connect", tmp_path / "three.traj", "-c", "emt", "-o", relaxed, "--relax")
    assert "is not relaxed" not in done.output
    assert "to relax the structures" in done.output
    told = "structure 2 (node 2) is no minimum"
    (found,) = json.loads((relaxed / "heights.json").read_text())["findings"]
    assert told in found
    assert told in done.output
    assert told in (relaxed / "run.log").read_text()


@pytest.mark.parametrize(
    ("ways", "is_certified"),
    [
        ([(0, 1, 2.0, True), (1, 2, 3.0, True)], True),
        ([(0, 1, 2.0, True), (1, 2, 3.0, False)], False),
        ([(0, 1, 2.0, True), (1, 2, 3.0, True), (0, 2, 4.0, False)], True),
        ([(0, 1, 2.0, True)], False),
    ],
)
def test_only_certified_paths_that_join_all_are_a_certificate(ways, is_certified):
    points = np.eye(3)
    graph = LandscapeGraph([Node(point, 0.0) for point in points])
    graph.given = [0, 1, 2]
    for start, end, height, certified in ways:
        line = SinePath.straight(points[start], points[end], 1)
        graph.add_edge(Edge(start, end, height, certified, line))
    assert connecting.Connected(graph, (), 0).is_certified is is_certified


def test_bad_input_is_a_sentence(hollows, command, tmp_path):
    write(tmp_path / "one.traj", read(hollows / "each" / "0.traj"))
    for source, sentence in (
        (tmp_path / "none.traj", "there is no file or folder"),
        (tmp_path / "one.traj", "give two minima at least"),
    ):
        done = command("connect", source, "-c", "emt", "-o", tmp_path / "out")
        assert done.exit_code == Exit.BAD_INPUT
        assert sentence in " ".join(done.output.split())
    write(tmp_path / "two.traj", [read(hollows / "each" / "0.traj"), adatom((0, 0))])
    done = command("connect", tmp_path / "two.traj", "-c", "emt", "-o", tmp_path / "out")
    assert done.exit_code == Exit.BAD_INPUT
    assert "structure 1 does not match structure 0" in done.output
    first = read(hollows / "each" / "0.traj")
    write(tmp_path / "two.traj", [first, first[::-1]])
    done = command("connect", tmp_path / "two.traj", "-c", "emt", "-o", tmp_path / "out")
    assert done.exit_code == Exit.BAD_INPUT
    assert "but structure 0 has Al there; write all structures with" in done.output


def test_a_structure_that_cannot_be_calculated_is_named(hollows, command, tmp_path):
    calls = tmp_path / "calls"
    calls.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("CALLS", calls), ("FAULT", "raise"), ("FAULT_AT", "3-99")):
            patch.setenv(name, str(value))
        more = ("-c", FAULTY, "-o", tmp_path / "out")
        done = command("connect", hollows / "minima.traj", *more)
        assert done.exit_code == Exit.CALCULATOR, done.output
        assert "the calculator fails at structure 2: it raised RuntimeError: the" in done.output
        relaxed = command("connect", hollows / "minima.traj", *more, "--relax", "--restart")
        assert "fourierpathfinder: structure 2 could not be relaxed" in relaxed.output


def test_help_fits_a_screen_and_shows_an_example(command):
    text = command("connect", "--help").output
    assert len(text.splitlines()) <= 24
    assert max(map(len, text.splitlines())) <= 80
    assert "Example: fourierpathfinder connect" in text


@pytest.mark.parametrize("number", [0, 1])
def test_an_interrupted_run_says_so_by_its_status(hollows, tmp_path, command, monkeypatch, number):
    """However much is connected by then."""
    find_graph = connecting.connect

    def interrupted(*arguments, callback, **options):
        left = iter(range(number))

        def stop(graph):
            callback(graph)
            if next(left, None) is None:
                raise KeyboardInterrupt

        return find_graph(*arguments, callback=stop, **options)

    monkeypatch.setattr(connecting, "connect", interrupted)
    arguments = ["connect", str(hollows / "minima.traj"), "-c", "emt", "-o", str(tmp_path / "o")]
    done = command(*arguments)
    assert done.exit_code == Exit.INTERRUPTED, done.output
    assert "interrupted; continue with --restart" in done.output


def test_minima_of_the_user_are_not_lost(hollows, tmp_path, command):
    file = tmp_path / "minima.extxyz"
    write(file, read(hollows / "minima.traj", index=":"))
    before = file.read_bytes()
    done = command("connect", file, "-c", "emt", "-o", tmp_path)
    assert done.exit_code == Exit.BAD_INPUT
    assert "where minima.extxyz would be lost" in done.output
    assert file.read_bytes() == before


def test_hidden_files_beside_the_structures_are_passed_over(hollows, tmp_path):
    write(tmp_path / "both.extxyz", read(hollows / "minima.traj", index=":2"))
    (tmp_path / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    assert len(connecting.read_structures(str(tmp_path))) == 2


def test_where_a_picture_cannot_be_written_the_heights_are(connected, hollows, tmp_path, command):
    shutil.copytree(connected[1], tmp_path / "out")
    (tmp_path / "out" / "graph.png").unlink()
    (tmp_path / "out" / "heights.json").unlink()
    (tmp_path / "out" / "graph.png").mkdir()
    more = ("-c", "emt", "-o", tmp_path / "out", "--restart")
    done = command("connect", hollows / "minima.traj", *more)
    assert done.exit_code == Exit.OUTPUT, done.output
    assert "minimax heights in eV" in done.output
    assert "graph.png" in done.output
    assert (tmp_path / "out" / "heights.json").is_file()
