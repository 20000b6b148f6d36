"""The command as a user types it: what it prints, writes and exits with."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from ase.calculators.emt import EMT
from ase.io import read, write

from fourierpathfinder import Surrogate, find_path
from fourierpathfinder.cli.exits import Exit
from fourierpathfinder.landscapes import MoleculeLandscape
from fourierpathfinder.storage.documents import write_document

from .helpers import CHANGED, in_a_process, read_result

pytestmark = pytest.mark.xdist_group("find")  # one worker makes what all of them look at


@pytest.fixture(scope="module")
def finished(hop, tmp_path_factory):
    """The folder of a run that ended well, and what it printed."""
    folder = tmp_path_factory.mktemp("finished") / "out"
    ends = (hop / "reactant.traj", hop / "product.traj")
    process = in_a_process(["find", *ends, "-c", "emt", "-o", folder, "--verify"])
    output, _ = process.communicate()
    assert process.returncode == Exit.CERTIFIED, output
    return folder, output


def test_the_command_finds_what_python_finds_with_the_same_count(finished, hop):
    result = read_result(finished[0])
    ends = [read(hop / f"{name}.traj") for name in ("reactant", "product")]
    same = find_path(MoleculeLandscape(ends[0], EMT), *ends, method=Surrogate(), rng=0)
    assert result["n_gradients"] == same.n_gradients
    assert result["barrier"] == pytest.approx(same.barrier, abs=1e-9)


def test_progress_shows_gradients_height_and_what_is_next(finished):
    lines = [line for line in finished[1].splitlines() if " gradients, height " in line]
    assert len(lines) > 5
    assert "next: the surrogate's saddle" in finished[1]


def test_the_table_names_the_barrier_and_the_verification(finished):
    output = finished[1]
    assert "barrier  0.37" in output
    assert "certified  yes" in output
    assert "It is a first-order saddle" in output
    assert "below it lie the start and the end" in output


def test_the_path_file_holds_energies_and_forces(finished):
    images = read(finished[0] / "path.extxyz", ":")
    evaluated = [image for image in images if image.info["energy_from"] == "calculator"]
    assert len(images) == 22
    assert len(evaluated) == 3  # both ends and the saddle
    result = read_result(finished[0])
    for image in evaluated:
        energy, forces = image.get_potential_energy(), image.get_forces()
        image.calc = EMT()
        assert energy == pytest.approx(image.get_potential_energy(), abs=1e-7)
        np.testing.assert_allclose(forces, image.get_forces(), atol=1e-6)
    for image in images:
        told = image.calc.results["energy"] if image not in evaluated else None
        image.calc = EMT()
        if told is not None:
            assert told == pytest.approx(image.get_potential_energy(), abs=0.05)
    heights = np.array([image.get_potential_energy() for image in images])
    assert np.abs(heights - result["height"]).min() < 1e-6  # the saddle is among them
    assert heights.max() == pytest.approx(result["height"], abs=1e-5)
    assert heights.max() - result["height"] <= result["height_error"]


def test_the_saddle_file_is_the_saddle(finished):
    saddle = read(finished[0] / "saddle.xyz")
    result = read_result(finished[0])
    assert saddle.get_potential_energy() == pytest.approx(result["height"], abs=1e-7)
    assert np.linalg.norm(saddle.get_forces()) == pytest.approx(result["saddle"]["force"], rel=1e-4)
    largest = np.linalg.norm(saddle.get_forces(), axis=1).max()
    assert f"saddle  force {largest:.1g} eV/Å" in finished[1]


def test_the_result_file_has_plain_numbers_and_named_units(finished):
    result = read_result(finished[0])
    assert result["schema"] == "fourierpathfinder/result/3"
    assert result["units"] == {
        "energy": "eV",
        "length": "Å",
        "force": "eV/Å",
        "frequency": "cm⁻¹",
        "temperature": "K",
        "rate": "1/s",
        "prefactor": "1/s",
    }
    for name in ("barrier", "reverse_barrier", "height", "height_error"):
        assert isinstance(result[name], float)
    assert result["barrier"] == pytest.approx(result["height"] - result["start_energy"])
    assert result["verification"]["connects_the_ends"] is True
    assert result["certified"] is True


def test_every_other_file_is_there(finished):
    folder = finished[0]
    assert (folder / "profile.png").read_bytes().startswith(b"\x89PNG")
    assert "gradients, height" in (folder / "run.log").read_text()
    assert not [file for file in folder.iterdir() if file.name.startswith(".")]


def test_the_report_shows_what_the_table_tells(finished):
    page = (finished[0] / "report.html").read_text()
    result = read_result(finished[0])
    assert f"{result['barrier']:.4f} eV" in page
    assert "It is a first-order saddle" in page
    assert "ase.calculators.emt:EMT()" in page
    assert page.count("<title>evaluation") >= result["n_gradients"]
    assert len(result["profile"]["errors"]) == len(result["profile"]["times"])


@pytest.mark.parametrize(("at", "words"), [("8-99", "no path yet"), ("1-99", "no path")])
def test_the_report_of_a_failed_run_says_why(faulty_find, tmp_path, at, words):
    assert faulty_find(fault="raise", at=at).exit_code == Exit.CALCULATOR
    page = (tmp_path / "out" / "report.html").read_text()
    assert "The run failed: " in page
    assert "the density does not converge" in page
    assert f", {words}</h1>" in page


def test_plot_draws_again(finished, command, tmp_path):
    done = command("plot", finished[0] / "result.json", "-o", tmp_path / "again.png")
    assert done.exit_code == 0
    assert (tmp_path / "again.png").read_bytes() == (finished[0] / "profile.png").read_bytes()


@pytest.mark.parametrize(
    ("name", "begins"),
    [("again.pdf", b"%PDF"), ("again.SVG", b"<?xml"), ("again", b"\x89PNG")],
)
def test_plot_draws_what_the_name_says(finished, command, tmp_path, name, begins):
    place = tmp_path / name
    done = command("plot", finished[0] / "result.json", "-o", place)
    assert done.exit_code == 0
    assert place.read_bytes().startswith(begins)


def test_plot_refuses_a_kind_that_is_none(finished, command, tmp_path):
    done = command("plot", finished[0] / "result.json", "-o", tmp_path / "again.docx")
    assert done.exit_code == Exit.BAD_INPUT
    assert "again.docx; a picture can be one of" in done.output
    assert list(tmp_path.iterdir()) == []


def test_plot_refuses_the_result_of_another_release(finished, command, tmp_path):
    document = json.loads((finished[0] / "result.json").read_text())
    del document["checksum"]
    schema = "fourierpathfinder/result/99"
    file = write_document(tmp_path / "result.json", {**document, "schema": schema})
    done = command("plot", file)
    assert done.exit_code == Exit.BAD_INPUT
    assert f"{file} is of another release, which writes {schema} where this one" in done.output
    assert "damaged" not in done.output


def test_plot_refuses_what_is_no_result(command, tmp_path):
    (tmp_path / "other.json").write_text("{}")
    done = command("plot", tmp_path / "other.json")
    assert done.exit_code == Exit.BAD_INPUT
    assert "is not a result of this program" in done.output


def test_two_jobs_find_the_same_barrier(finished, hop, command, tmp_path):
    ends = (hop / "reactant.traj", hop / "product.traj")
    done = command("find", *ends, "-c", "emt", "-o", tmp_path / "out", "--jobs", 2)
    assert done.exit_code == Exit.CERTIFIED, done.output
    expected = read_result(finished[0])["barrier"]
    assert read_result(tmp_path / "out")["barrier"] == pytest.approx(expected, abs=1e-3)


def test_a_check_beside_an_earlier_run_says_what_it_takes(finished, hop, command):
    ends = (hop / f"{name}.traj" for name in ("reactant", "product"))
    done = command("check", *ends, "-c", "emt", "-o", finished[0])
    assert done.exit_code == Exit.BAD_INPUT
    assert "beside which a check keeps nothing; give another --output" in done.output
    assert (finished[0] / "evaluations.jsonl").exists()


def test_ends_are_relaxed_when_asked_and_complained_of_when_not(finished, hop, command, tmp_path):
    ends = []
    for name in ("reactant", "product"):
        atoms = read(hop / f"{name}.traj")
        atoms.positions[-1, 2] += 0.15
        write(tmp_path / f"{name}.traj", atoms)
        ends.append(tmp_path / f"{name}.traj")
    done = command("check", *ends, "-c", "emt", "-o", tmp_path / "check")
    assert done.exit_code == 0
    assert "the reactant is not relaxed" in (tmp_path / "check" / "run.log").read_text()
    assert "3 finding(s)" in done.output
    done = command("find", *ends, "-c", "emt", "-o", tmp_path / "out", "--relax-ends")
    assert done.exit_code == Exit.CERTIFIED, done.output
    result = read_result(tmp_path / "out")
    assert not any("relaxed" in finding for finding in result["findings"])
    assert 4 < result["n_gradients_relaxing"] < 80
    assert result["barrier"] == pytest.approx(read_result(finished[0])["barrier"], abs=1e-3)


def test_a_molecule_that_is_turned_after_relaxing_is_not_evaluated_anew(command, tmp_path):
    """Both relaxed ends are known to the search, and a restart finds the same, bit for bit."""
    corners = np.array([(0, 0, 0), (2.4, 0, 0), (1.2, 2.1, 0), (1.2, 0.7, 2.0)])
    ends = []
    for name, face in (("reactant", [0, 1, 3]), ("product", [1, 2, 3])):
        outwards = corners[face].mean(axis=0) - corners.mean(axis=0)
        capped = corners[face].mean(axis=0) + 1.9 * outwards / np.linalg.norm(outwards)
        atoms = Atoms("Cu4Au", [*corners, capped])
        atoms.rattle(0.1, seed=len(ends))
        ends.append(tmp_path / f"{name}.traj")
        write(ends[-1], atoms)
    options = ("find", *ends, "-c", "emt", "--relax-ends")
    done = command(*options, "-o", tmp_path / "out")
    assert done.exit_code == Exit.CERTIFIED, done.output
    result = read_result(tmp_path / "out")
    n_relaxing, n_searching = result["n_gradients_relaxing"], result["n_gradients"]
    assert result["n_gradients_known"] == n_relaxing + n_searching
    store = tmp_path / "out" / "evaluations.jsonl"
    lines, path = store.read_bytes().splitlines(True), tmp_path / "out" / "path.extxyz"
    whole = path.read_bytes()
    for kept in (n_relaxing + 1, n_relaxing + 6):
        store.write_bytes(b"".join(lines[:kept]))
        again = command(*options, "-o", tmp_path / "out", "--restart")
        assert again.exit_code == Exit.CERTIFIED, again.output
        assert path.read_bytes() == whole


def test_ends_that_relax_into_one_minimum_are_refused(hop, command, tmp_path):
    atoms = read(hop / "reactant.traj")
    atoms.positions[-1] += [0.3, 0.2, 0.1]
    write(tmp_path / "near.traj", atoms)
    ends = (hop / "reactant.traj", tmp_path / "near.traj")
    done = command("find", *ends, "-c", "emt", "-o", tmp_path / "out", "--relax-ends")
    assert done.exit_code == Exit.BAD_INPUT
    assert "after relaxation, the ends are the same minimum" in done.output


@pytest.mark.parametrize("asked", ["--verify", "--mep"])
def test_rates_over_several_saddles_say_so(asked, two_hops, hop, command, tmp_path):
    for place, several in ((two_hops, True), (hop, False)):
        ends = (place / "reactant.traj", place / "product.traj")
        output = tmp_path / f"out-{several}"
        done = command("find", *ends, "-c", "emt", "-o", output, asked, "--vibrations")
        notes = read_result(output)["vibrations"]["notes"]
        assert any("there is a minimum between" in note for note in notes) is several
        assert ("note  there is a minimum between" in done.output) is several


def test_a_minimum_found_on_the_way_is_reported_as_a_structure(two_hops, command, tmp_path):
    ends = (two_hops / "reactant.traj", two_hops / "product.traj")
    done = command("find", *ends, "-c", "emt", "-o", tmp_path / "out", "--verify")
    assert done.exit_code == Exit.NOT_CONNECTED, done.output
    assert "fourierpathfinder: the saddle does not join the two ends: It is a" in done.stderr
    neighbours = read_result(tmp_path / "out")["verification"]["neighbours"]
    (new,) = [neighbour for neighbour in neighbours if not neighbour["is_end"]]
    assert f"eV in {new['file']}" in done.output
    atoms = read(tmp_path / "out" / new["file"])
    assert atoms.get_potential_energy() == pytest.approx(new["energy"], abs=1e-6)
    between = [read(end).positions[-1] for end in ends]
    np.testing.assert_allclose(atoms.positions[-1], np.mean(between, axis=0), atol=0.05)
    atoms.set_constraint(read(ends[0]).constraints)
    atoms.calc = EMT()
    assert np.abs(atoms.get_forces()).max() < 0.02


@pytest.mark.statistical
@pytest.mark.parametrize("n_channels", [1, 6])
@pytest.mark.parametrize("last_bits", range(1, 6))
def test_the_ways_round_are_found_and_not_the_ridge_between(
    last_bits, n_channels, two_ways, command, tmp_path, monkeypatch
):
    """Straight over the copper, 0.8795 eV, the energy goes down to both sides: 0.525 eV there."""
    monkeypatch.setenv("LAST_BITS", str(last_bits))
    ends = (two_ways / "reactant.traj", two_ways / "product.traj")
    channels = ("--channels", n_channels)
    done = command("find", *ends, "-c", CHANGED, "-o", tmp_path / "out", *channels)
    assert done.exit_code == Exit.CERTIFIED, done.output
    result = read_result(tmp_path / "out")
    barriers = [channel["barrier"] for channel in result["channels"]]
    assert barriers == sorted(barriers)
    assert barriers == pytest.approx([0.525] * len(barriers), abs=1e-3)
    assert len(barriers) <= min(n_channels, 2)  # the copper has two sides
    assert result["barrier"] == pytest.approx(barriers[0], abs=1e-6)
    if len(barriers) > 1:
        listed = ", ".join(f"{barrier:.4f} eV" for barrier in barriers)
        assert f"  channels  {listed}\n" in done.output


def test_a_spent_budget_is_not_certified(hop, command, tmp_path):
    ends = (hop / "reactant.traj", hop / "product.traj")
    done = command("find", *ends, "-c", "emt", "-o", tmp_path / "out", "--max-gradients", 6)
    assert done.exit_code == Exit.NOT_CERTIFIED
    assert "budget of gradients was used up" in done.output
    assert read_result(tmp_path / "out")["saddle"] is None


def test_an_earlier_run_is_not_overwritten(finished, hop, command):
    ends = (hop / "reactant.traj", hop / "product.traj")
    done = command("find", *ends, "-c", "emt", "-o", finished[0])
    assert done.exit_code == Exit.BAD_INPUT
    assert "pass --restart to continue it" in done.output


def test_a_restart_with_another_tolerance_uses_what_is_known(finished, hop, command, tmp_path):
    ends = (hop / "reactant.traj", hop / "product.traj")
    arguments = ("find", *ends, "-c", "emt", "-o", tmp_path / "out")
    assert command(*arguments, "--tol", 0.01).exit_code == Exit.CERTIFIED
    known = read_result(tmp_path / "out")["n_gradients_known"]
    assert command(*arguments, "--restart").exit_code == Exit.CERTIFIED
    result = read_result(tmp_path / "out")
    assert result["n_gradients_known"] < known + result["n_gradients"]
    assert (
        f"{known} evaluations are known from an earlier run"
        in (tmp_path / "out" / "run.log").read_text()
    )


def test_what_a_restart_removes_is_told_with_the_option_that_keeps_it(
    finished, hop, command, tmp_path
):
    shutil.copytree(finished[0], tmp_path / "out")
    ends = (hop / "reactant.traj", hop / "product.traj")
    arguments = ("find", *ends, "-c", "emt", "-o", tmp_path / "out", "--restart")
    done = command(*arguments, "--mep")
    told = "removed  what --verify found in the earlier run is removed"
    assert told in done.output
    assert "pass --verify too" in (tmp_path / "out" / "run.log").read_text()
    n_gradients = (tmp_path / "out" / "evaluations.jsonl").read_bytes()
    done = command(*arguments)
    assert "what --mep found in the earlier run (mep.extxyz) is removed" in done.output
    done = command(*arguments, "--verify", "--mep")
    assert "is removed" not in done.output
    assert (tmp_path / "out" / "evaluations.jsonl").read_bytes() == n_gradients


def test_one_file_may_hold_both_ends_and_atoms_may_be_frozen_by_number(
    hop, finished, command, tmp_path
):
    both = [read(hop / f"{name}.traj") for name in ("reactant", "product")]
    for atoms in both:
        del atoms.constraints
    write(tmp_path / "both.traj", both)
    ends = [f"{tmp_path / 'both.traj'}@{index}" for index in (0, 1)]
    done = command("find", *ends, "-c", "emt", "-o", tmp_path / "out", "--freeze", "0:8")
    assert done.exit_code == Exit.CERTIFIED, done.output
    expected = read_result(finished[0])["barrier"]
    assert read_result(tmp_path / "out")["barrier"] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("option", ["--fix", "--order"])
def test_a_shuffled_product_is_refused_and_mended_with_fix(
    option, hop, finished, command, tmp_path
):
    product = read(hop / "product.traj")
    write(tmp_path / "shuffled.traj", product[[12, *range(12)]])
    ends = (hop / "reactant.traj", tmp_path / "shuffled.traj")
    done = command("find", *ends, "-c", "emt", "-o", tmp_path / "out")
    assert done.exit_code == Exit.BAD_INPUT
    assert "pass --order (or --fix) to reorder them so" in done.output
    assert not (tmp_path / "out").exists()
    done = command("find", *ends, "-c", "emt", "-o", tmp_path / "out", option)
    assert done.exit_code == Exit.CERTIFIED, done.output
    expected = read_result(finished[0])["barrier"]
    assert read_result(tmp_path / "out")["barrier"] == pytest.approx(expected, abs=1e-3)


def test_a_folder_is_drawn_and_what_is_no_result_is_not_called_damaged(finished, command, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(finished[0], folder)
    (folder / "profile.png").unlink()
    assert command("plot", folder).exit_code == Exit.CERTIFIED
    assert (folder / "profile.png").is_file()
    done = command("plot", folder / "path.extxyz")
    assert done.exit_code == Exit.BAD_INPUT
    assert "give a result.json, or the folder of a run" in done.output
    done = command("plot", folder, "-o", tmp_path / "nowhere" / "a.png")
    assert done.exit_code == Exit.BAD_INPUT
    assert f"there is no folder {tmp_path / 'nowhere'}" in done.output


def test_where_there_is_no_saddle_nothing_has_failed(command, tmp_path):
    """Two atoms drawn apart: the path ends at its highest point, which is verified as no saddle."""
    for name, distance in (("a", 3.822), ("b", 6.0)):
        write(tmp_path / f"{name}.xyz", Atoms("Ar2", [(0, 0, 0), (0, 0, distance)]))
    ends = (tmp_path / "a.xyz", tmp_path / "b.xyz")
    more = ("--verify", "--mep", "--vibrations")
    done = command("find", *ends, "-c", "lj", "-o", tmp_path / "out", *more)
    assert done.exit_code == Exit.CERTIFIED, done.output
    for row in ("verified", "mep", "vibrations"):
        assert f"{row}  no: there is no saddle" in done.output
    assert read_result(tmp_path / "out")["verification"] is None


GIVEN_TWICE = {
    "--freeze": ("--freeze", "0", "--freeze", "1", "such as 0:4,6:8"),
    "--prior": ("--prior", "emt", "--prior=lj", "takes one value"),
    "--method": ("--method", "X", "--method", "Y", "takes one value"),
    "--calculator": ("--calculator", "lj", "takes one value"),
    "--max-gradients": ("--max-gradients", 5, "--max-gradients", 9, "takes one value"),
    "--set": ("--set", "x=1", "--set", "x=0", "gives 'x' 2 times"),
    "--prior-set": ("--prior", "lj", "--prior-set", "x=1", "--prior-set", "x=0", "gives 'x' 2"),
    "--method and": ("--method", "X", "--set", "method=Y", "both give 'method'"),
}


@pytest.mark.parametrize("option", GIVEN_TWICE)
def test_what_is_given_twice_is_refused(option, hop, command, tmp_path):
    *words, told = GIVEN_TWICE[option]
    ends = (hop / "reactant.traj", hop / "product.traj")
    done = command("find", *ends, "-c", "emt", "-o", tmp_path / "out", *words)
    assert done.exit_code == Exit.BAD_INPUT, done.output
    assert option in done.output
    assert told in " ".join(done.output.split())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["find-many", "connect", "check", "plot"])
def test_no_command_takes_the_last_of_two(name, command, tmp_path):
    done = command(name, tmp_path, "-o", tmp_path / "a", "--output", tmp_path / "b")
    assert done.exit_code == Exit.BAD_INPUT, done.output
    assert "--output is given 2 times" in done.output


BAD_INPUT = {
    "no file": (["none.xyz", "b.xyz", "-c", "emt"], "there is no file none.xyz"),
    "no structure": (["text.xyz", "b.xyz", "-c", "emt"], "text.xyz cannot be read"),
    "several": (["both.xyz@:", "b.xyz", "-c", "emt"], "which holds 2; name one of them"),
    "no such image": (["both.xyz@7", "b.xyz", "-c", "emt"], "names no structure of both.xyz"),
    "unnamed": (["both.xyz", "b.xyz", "-c", "emt"], "holds 2 structures; name one of them"),
    "no calculator": (["a.xyz", "b.xyz", "-c", "dft"], "there is no calculator 'dft'"),
    "no package": (["a.xyz", "b.xyz", "-c", "nopackage.calc:Calc"], "pip install nopackage"),
    "no calculator file": (["a.xyz", "b.xyz", "-c", "none.py:make"], "there is no file none.py"),
    "no function": (["a.xyz", "b.xyz", "-c", "calc.py"], "such as calc.py:make"),
    "a file as a module": (["a.xyz", "b.xyz", "-c", "calc:make"], "calc.py give calc.py:make"),
    "no setting": (["a.xyz", "b.xyz", "-c", "emt", "--set", "x"], "not of the form key=value"),
    "no atoms": (["a.xyz", "b.xyz", "-c", "emt", "--freeze", "99"], "give atoms' numbers"),
    "all frozen": (
        ["a.xyz", "b.xyz", "-c", "emt", "--freeze", ":"],
        "--freeze is ':', which holds",
    ),
    "other atoms": (["a.xyz", "water.xyz", "-c", "emt"], "must be made of the same atoms"),
    "negative": (["a.xyz", "b.xyz", "-c", "emt", "--tol", "-1"], "--tol is -1.0"),
    "no option": (["a.xyz", "b.xyz", "-c", "emt", "--nonsense"], "No such option"),
    "a setting of the calculator": (
        ["a.xyz", "b.xyz", "-c", "emt", "--charge", "1"],
        "`--set charge=",
    ),
}


@pytest.mark.parametrize(("arguments", "sentence"), BAD_INPUT.values(), ids=BAD_INPUT)
def test_bad_input_is_a_sentence_and_its_own_exit_status(
    arguments, sentence, command, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    start, end = molecule("CH3ONO"), molecule("CH3NO2")
    write("a.xyz", start)
    write("b.xyz", end)
    write("both.xyz", [start, end])
    write("water.xyz", molecule("H2O"))
    (tmp_path / "text.xyz").write_text("no structure\n")
    (tmp_path / "calc.py").write_text("def make(): ...\n")
    done = command("find", *arguments)
    assert done.exit_code == Exit.BAD_INPUT, done.output
    assert sentence in " ".join(done.output.split())
    assert "Traceback" not in done.output


def test_help_fits_a_screen_and_shows_an_example(command):
    text = command("find", "--help").output
    assert len(text.splitlines()) <= 24
    assert max(map(len, text.splitlines())) <= 80
    assert "Example: fourierpathfinder find" in text
    assert "130 interrupted" in command("--help").output


def test_the_rare_options_are_told_when_asked_for(command):
    everyday, every = (command("find", word).output for word in ("--help", "--help-all"))
    for option in ("--channels", "--scheduler", "--no-resume-check", "--mirror"):
        assert option in every
        assert option not in everyday
    assert "--verify" in every


def test_without_the_extra_one_sentence_says_what_to_install():
    code = "import sys; sys.modules['click'] = None\nfrom fourierpathfinder.cli import main\nmain()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        "the command line needs click, which is not installed: "
        "pip install 'fourierpathfinder[ase,plot]'\n"
    )


def test_the_result_is_json_of_the_standard(finished):
    text = (finished[0] / "result.json").read_text()
    json.loads(text, parse_constant=lambda constant: pytest.fail(f"{constant} in result.json"))


@pytest.mark.parametrize("name", ["saddle.xyz", "mode.extxyz", "report.html"])
def test_files_of_somebody_else_are_not_lost(name, hop, command, tmp_path):
    """Neither written over, nor removed with what an earlier result has left."""
    (tmp_path / name).write_text("mine")
    ends = (hop / "reactant.traj", hop / "product.traj")
    done = command("find", *ends, "-c", "emt", "-o", tmp_path)
    assert done.exit_code == Exit.BAD_INPUT
    assert f"where {name} would be lost" in done.output
    assert (tmp_path / name).read_text() == "mine"
    assert list(tmp_path.iterdir()) == [tmp_path / name]
