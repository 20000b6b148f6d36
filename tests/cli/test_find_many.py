"""`find-many`: tables, folders and files of pairs; killed on the way; sorted in a page."""

import csv
import gzip
import json
import os
import re
import shutil
import signal
import threading
import time
from urllib.parse import unquote

import pytest
from ase.io import read, write

from fourierpathfinder import results_table
from fourierpathfinder.cli.exits import Exit, InputError
from fourierpathfinder.cli.guesses import read_initial
from fourierpathfinder.cli.pairs import Pair, read_pairs
from fourierpathfinder.cli.rows import failed_row
from fourierpathfinder.cli.structures import digest_of

from ..report.browser import needs_chromium, opened
from .helpers import FAULTY, in_a_process

pytestmark = pytest.mark.xdist_group("find-many")  # one worker makes what all of them look at


@pytest.fixture(scope="module")
def pairs(hop, tmp_path_factory):
    """A table of four pairs, one of which has no product, and their files."""
    folder = tmp_path_factory.mktemp("pairs")
    for name in ("reactant", "product"):
        shutil.copy(hop / f"{name}.traj", folder)
    rows = [
        ("there", "reactant.traj", "product.traj", "a"),
        ("back", "product.traj", "reactant.traj", "b"),
        ("lost", "reactant.traj", "nothing.traj", "c"),
        ("same", "reactant.traj", "reactant.traj", "d"),
    ]
    with (folder / "pairs.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("name", "reactant", "product", "remark"), *rows])
    return folder / "pairs.csv"


@pytest.fixture(scope="module")
def finished(pairs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("many") / "out"
    process = in_a_process(["find-many", pairs, "-c", "emt", "-o", folder, "--jobs", 2])
    output, _ = process.communicate()
    assert process.returncode == Exit.NOT_CERTIFIED, output
    return folder, output


_ENDS = ("reactant", "product")


def rows_of(folder):
    with (folder / "table.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_pair_has_a_row_and_failures_their_reason(finished):
    rows = {row["name"]: row for row in rows_of(finished[0])}
    assert list(rows) == ["there", "back", "lost", "same"]
    assert [row["status"] for row in rows.values()] == ["certified"] * 2 + ["failed"] * 2
    assert "no file" in rows["lost"]["reason"]
    assert "same minimum" in rows["same"]["reason"]
    assert [row["remark"] for row in rows.values()] == list("abcd")
    there, back = (float(rows[name]["barrier_eV"]) for name in ("there", "back"))
    assert there == pytest.approx(back, abs=2e-3)
    assert "2 of 4 pairs are certified" in finished[1]
    assert (finished[0] / "pairs" / "there" / "path.extxyz").exists()


def test_ends_that_are_no_minima_are_told(command, hop, tmp_path, finished):
    """One that is not relaxed, from which the path runs down without a saddle."""
    pushed = read(hop / "product.traj")
    pushed.positions[-1, 0] -= 0.3
    write(tmp_path / "pairs.extxyz", [read(hop / "product.traj"), pushed])
    folder = tmp_path / "out"
    done = command("find-many", tmp_path / "pairs.extxyz", "-c", "emt", "-o", folder)
    (row,) = rows_of(folder)
    assert row["status"] == "certified"
    assert "warning: the product is not relaxed" in row["findings"]
    assert "there is no saddle on it" in row["reason"]
    log = (folder / "run.log").read_text()
    assert "ends not relaxed" in log
    assert "there is no saddle on it" in log
    assert "1 pair has ends that are not relaxed" in done.output
    assert "the product is not relaxed" in (folder / "table.html").read_text()
    assert "not relaxed" not in rows_of(finished[0])[0]["findings"]
    assert "not relaxed" not in finished[1]


def test_options_that_were_not_given_are_not_passed_on(finished):
    result = json.loads((finished[0] / "pairs" / "there" / "result.json").read_text())
    assert result["n_gradients_relaxing"] == 0
    assert result["verification"] is None


def test_the_table_is_a_frame_and_parquet(finished):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = results_table(finished[0])
    assert frame["barrier_eV"].notna().tolist() == [True, True, False, False]
    again = pandas.read_parquet(finished[0] / "table.parquet")
    assert again["name"].tolist() == frame["name"].tolist()
    assert again["barrier_eV"].dtype == float


def test_the_page_has_a_row_for_each_and_fetches_nothing(finished):
    text = (finished[0] / "table.html").read_text()
    assert text.count("<tr>") == 5
    assert "http" not in text
    assert "is no file" in text


def test_the_names_of_the_page_lead_to_reports(finished):
    folder = finished[0]
    links = re.findall(r'<a href="([^"]+)"', (folder / "table.html").read_text())
    reports = [file.relative_to(folder).as_posix() for file in folder.glob("pairs/*/report.html")]
    assert links
    assert sorted(unquote(link) for link in links) == sorted(reports)


@needs_chromium
@pytest.mark.slow
def test_a_click_sorts_the_page_and_a_second_one_turns_it_round(finished, tmp_path):
    text = (finished[0] / "table.html").read_text()
    for clicks, names in [(1, ["back", "lost", "same", "there"]),
                          (2, ["there", "same", "lost", "back"])]:  # fmt: skip
        click = "<script>document.querySelector('th button').click()</script>" * clicks
        place = tmp_path / f"table{clicks}.html"
        place.write_text(text.replace("</body>", f"{click}</body>"))
        console, page = opened(place, tmp_path, dump=True)
        assert console == []
        assert re.findall(r'<td class="text name" data-value="(\w+)"', page) == names


def row_after_faults(pairs, tmp_path, monkeypatch, command, *asked):
    """What a certified run becomes that is restarted with more asked, of a failing calculator."""
    calls = tmp_path / "calls"
    calls.mkdir()
    monkeypatch.setenv("CALLS", str(calls))
    arguments = ("find-many", pairs, "-c", FAULTY, "-o", tmp_path / "out")
    assert command(*arguments).exit_code == Exit.CERTIFIED
    monkeypatch.setenv("FAULT", "raise")
    monkeypatch.setenv("FAULT_AT", "1-100")
    command(*arguments, "--restart", *asked, "--no-resume-check")
    (row,) = rows_of(tmp_path / "out")
    assert row["status"] == "failed"
    return row


def test_a_pair_that_fails_later_has_no_barrier_of_an_earlier_run(
    hop, tmp_path, monkeypatch, command
):
    folder = tmp_path / "pairs" / "hop"
    folder.mkdir(parents=True)
    shutil.copy(hop / "reactant.traj", folder)
    atoms = read(hop / "product.traj")
    atoms.positions[-1, 2] += 0.05
    write(folder / "product.traj", atoms)
    row = row_after_faults(tmp_path / "pairs", tmp_path, monkeypatch, command, "--relax-ends")
    assert "could not be relaxed" in row["reason"]
    assert row["barrier_eV"] == ""


def test_the_reason_of_a_saddle_that_does_not_join_the_ends_is_what_lies_below_it(
    two_hops, tmp_path, command
):
    ends = (two_hops / "reactant.traj", two_hops / "product.traj")
    write(tmp_path / "hops.extxyz", [read(end) for end in ends])
    folder = tmp_path / "out"
    done = command("find-many", tmp_path / "hops.extxyz", "-c", "emt", "-o", folder, "--verify")
    assert done.exit_code == Exit.NOT_CERTIFIED
    (row,) = rows_of(folder)
    assert row["status"] == "not connected"
    assert "a minimum that is neither end" in row["reason"]


def test_a_row_tells_what_verify_found(hop, two_hops, tmp_path, command):
    ends = [read(folder / f"{end}.traj") for folder in (hop, two_hops) for end in _ENDS]
    (tmp_path / "all").mkdir()
    for name, pair in (("joins", ends[:2]), ("passes", ends[2:])):
        write(tmp_path / "all" / f"{name}.extxyz", pair)
    folder = tmp_path / "out"
    command("find-many", tmp_path / "all", "-c", "emt", "-o", folder, "--verify")
    joins, passes = rows_of(folder)
    assert (joins["connects_the_ends"], passes["connects_the_ends"]) == ("True", "False")
    assert (joins["n_negative_curvatures"], passes["n_negative_curvatures"]) == ("1", "1")
    assert int(joins["n_gradients_verifying"]) > 0
    page = (folder / "table.html").read_text()
    assert "joins the ends" in page
    assert re.findall(r'connects_the_ends" data-value="\w+">(\w+)<', page) == ["yes", "no"]


def test_without_verify_nothing_is_told_of_it(finished):
    there = rows_of(finished[0])[0]
    assert (there["connects_the_ends"], there["n_negative_curvatures"]) == ("", "")
    assert "joins the ends" not in (finished[0] / "table.html").read_text()


def test_the_reason_of_vibrations_that_failed_is_the_calculator(
    hop, tmp_path, command, monkeypatch
):
    pairs = tmp_path / "hop.extxyz"
    write(pairs, [read(hop / f"{end}.traj") for end in ("reactant", "product")])
    row = row_after_faults(pairs, tmp_path, monkeypatch, command, "--vibrations")
    assert row["reason"].startswith("--vibrations came to no end: ")


def test_killed_three_times_the_table_is_the_same(pairs, finished, tmp_path, monkeypatch):
    """Each time where a few more calculations are done; nothing is calculated twice."""
    calls = tmp_path / "calls"
    calls.mkdir()
    monkeypatch.setenv("CALLS", str(calls))
    folder = tmp_path / "out"
    arguments = ["find-many", pairs, "-c", FAULTY, "-o", folder, "--no-resume-check"]
    for n_calls in (4, 9, 22):
        more = [] if n_calls == 4 else ["--restart"]
        process = in_a_process([*arguments, *more])
        while len(list(calls.iterdir())) < n_calls:
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    process = in_a_process([*arguments, "--restart"])
    output, _ = process.communicate()
    assert process.returncode == Exit.NOT_CERTIFIED, output
    assert rows_of(folder) == rows_of(finished[0])
    n_calls = len(list(calls.iterdir()))
    n_needed = sum(int(row["n_gradients"]) for row in rows_of(folder) if row["n_gradients"])
    assert n_calls <= n_needed + 2 * 3  # a calculation under way, and its second try
    again = in_a_process([*arguments, "--restart"])
    assert "2 of 4 pairs are done already" in again.communicate()[0]
    assert len(list(calls.iterdir())) == n_calls


def test_an_earlier_run_is_not_overwritten(pairs, finished, command):
    done = command("find-many", pairs, "-c", "emt", "-o", finished[0])
    assert done.exit_code == Exit.BAD_INPUT
    assert "pass --restart" in done.output


@pytest.mark.parametrize("change", ["a structure", "the calculator"])
def test_a_restart_of_other_problems_is_refused_before_anything_is_lost(
    change, pairs, finished, tmp_path, command
):
    for name in ("reactant.traj", "product.traj", "pairs.csv"):
        shutil.copy(pairs.parent / name, tmp_path)
    shutil.copytree(finished[0], tmp_path / "out")
    arguments = ["find-many", tmp_path / "pairs.csv", "-o", tmp_path / "out", "--restart", "-c"]
    assert command(*arguments, "emt").exit_code == Exit.NOT_CERTIFIED
    before = {file: file.read_bytes() for file in tmp_path.rglob("*.*") if file.suffix != ".log"}
    calculator = ["emt"]
    if change == "a structure":
        pushed = read(tmp_path / "reactant.traj")
        pushed.positions[-1, 2] += 0.02
        write(tmp_path / "reactant.traj", pushed)
        del before[tmp_path / "reactant.traj"]
    else:
        calculator = ["emt", "--set", "asap_cutoff=true"]
    done = command(*arguments, *calculator)
    assert done.exit_code == Exit.BAD_INPUT, done.output
    assert "2 of 4 pairs were run otherwise before: there, back." in done.output
    told = "the reactant is another one" if change == "a structure" else "its calculator is"
    assert told in done.output
    assert "delete the folders of these pairs" in done.output
    assert {file: file.read_bytes() for file in before} == before


def test_the_table_of_pairs_is_not_lost_to_the_table_of_results(pairs, tmp_path, command):
    shutil.copy(pairs, tmp_path / "table.csv")
    done = command("find-many", tmp_path / "table.csv", "-c", "emt", "-o", tmp_path)
    assert done.exit_code == Exit.BAD_INPUT
    assert "where table.csv would be lost" in done.output
    assert (tmp_path / "table.csv").read_bytes() == pairs.read_bytes()


@pytest.mark.parametrize(
    "options", [("--region", "27"), ("--low-modes", "grimme"), ("--temperature", "0")]
)
def test_what_fits_no_pair_is_said_before_the_first(command, pairs, tmp_path, options):
    done = command("find-many", pairs, "-c", "emt", "-o", tmp_path / "out", *options)
    assert done.exit_code == Exit.BAD_INPUT
    assert f"{options[0]} is " in done.output
    assert not (tmp_path / "out").exists()


def test_a_setting_of_each_pair_and_of_all_is_refused(command, pairs, tmp_path):
    more = ("--each", "charge", "--set", "charge=0", "-o", tmp_path / "out")
    done = command("find-many", pairs, "-c", "emt", *more)
    assert done.exit_code == Exit.BAD_INPUT
    assert "--each and --set charge= both give 'charge'" in done.output


def test_what_holds_no_pairs_is_refused(tmp_path):
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="no column 'reactant'"):
        read_pairs(str(tmp_path / "bad.csv"))
    (tmp_path / "twice.csv").write_text("name,reactant,product\nx,a,b\nx,a,b\n")
    with pytest.raises(InputError, match="two pairs named 'x'"):
        read_pairs(str(tmp_path / "twice.csv"))
    (tmp_path / "up.csv").write_text("name,reactant,product\n../x,a,b\n")
    with pytest.raises(InputError, match="cannot be that of a folder"):
        read_pairs(str(tmp_path / "up.csv"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no pairs"):
        read_pairs(str(tmp_path / "empty"))
    with pytest.raises(InputError, match="no file or folder"):
        read_pairs(str(tmp_path / "nowhere"))


TABLES = {
    "semicolons.csv": "reactant;product;name;charge\na.xyz;b.xyz;x;1\n",
    "tabs.tsv": "name\treactant\tproduct\tcharge\nx\ta.xyz\tb.xyz\t1\n",
    "blanks.csv": "Reactant , PRODUCT, Name ,charge\n\n a.xyz, b.xyz ,x, 1\n,,,\n",
    "mark.csv": "\ufeffreactant,product,name,charge\r\na.xyz,b.xyz,x,1\r\n",
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_as_other_programs_write_them(name, tmp_path):
    (tmp_path / name).write_text(TABLES[name], encoding="utf-8")
    (pair,) = read_pairs(str(tmp_path / name))
    assert (pair.name, pair.notes) == ("x", {"charge": "1"})
    assert (pair.reactant, pair.product) == (str(tmp_path / "a.xyz"), str(tmp_path / "b.xyz"))


def test_a_row_without_a_product_and_a_column_that_is_there_twice_are_told(tmp_path):
    (tmp_path / "short.csv").write_text("reactant,product\na.xyz\n")
    (pair,) = read_pairs(str(tmp_path / "short.csv"))
    assert pair.problem == "the row 1 of the table has no product"
    (tmp_path / "double.csv").write_text("reactant,product,product\na,b,c\n")
    with pytest.raises(InputError, match="two columns 'product'"):
        read_pairs(str(tmp_path / "double.csv"))


def test_a_column_of_the_user_never_stands_for_one_of_ours(finished):
    """Whatever it is called: a row told 77 gradients where the table had that column."""
    kept = json.loads((finished[0] / "table.json").read_text())["rows"][0]
    ours = list(failed_row(Pair("x", "", ""), ""))
    pair = Pair("x", "a", "b", dict.fromkeys([*ours, "remark"], "mine"))
    row = failed_row(pair, "why")
    assert [value for key, value in row.items() if key in ours and value == "mine"] == []
    assert row["given_n_gradients"] == row["remark"] == "mine"
    assert list(kept)[: len(ours)] == ours


def test_folders_and_files_of_pairs(hop, tmp_path):
    ends = [read(hop / f"{name}.traj") for name in ("reactant", "product")]
    folder = tmp_path / "folder"
    (folder / "first").mkdir(parents=True)
    for name in ("reactant", "product"):
        shutil.copy(hop / f"{name}.traj", folder / "first")
    (folder / "second").mkdir()
    ends[0].info["charge"] = 1
    write(folder / "third.extxyz", [*ends, ends[0]])
    write(folder / "fourth.extxyz", ends[:1])
    found = {pair.name: pair for pair in read_pairs(str(folder))}
    assert list(found) == ["first", "fourth", "second", "third"]
    assert "no files named" in found["second"].problem
    assert "a pair is two" in found["fourth"].problem
    assert found["third"].product == f"{folder}/third.extxyz@1"
    assert found["third"].settings(["charge"]) == ["--set", "charge=1"]
    with pytest.raises(InputError, match="has no 'charge'"):
        found["first"].settings(["charge"])
    write(tmp_path / "many.extxyz", [*ends, *ends])
    assert [pair.product[-2:] for pair in read_pairs(str(tmp_path / "many.extxyz"))] == ["@1", "@3"]
    write(tmp_path / "odd.extxyz", ends[:1])
    with pytest.raises(InputError, match="are no pairs"):
        read_pairs(str(tmp_path / "odd.extxyz"))


def test_what_a_process_of_a_killed_run_still_prints_is_no_reason(
    pairs, tmp_path, monkeypatch, command
):
    folder, calls = tmp_path / "out", tmp_path / "calls"
    place = folder / "pairs" / "there"
    for new in (place, calls):
        new.mkdir(parents=True)
    table = tmp_path / "one.csv"
    table.write_text(
        "name,reactant,product\n"
        f"there,{pairs.parent / 'reactant.traj'},{pairs.parent / 'product.traj'}\n"
    )
    monkeypatch.setenv("CALLS", str(calls))
    monkeypatch.setenv("FAULT", "")
    with (place / "output.txt").open("a") as of_the_killed_run:

        def print_late():
            while not any(calls.iterdir()):
                time.sleep(0.01)
            print("fourierpathfinder: interrupted", file=of_the_killed_run, flush=True)

        late = threading.Thread(target=print_late)
        late.start()
        done = command("find-many", table, "-c", FAULTY, "-o", folder, "--restart")
        late.join()
    assert done.exit_code == Exit.CERTIFIED, done.output
    assert [row["reason"] for row in rows_of(folder)] == [""]


@pytest.fixture
def band(hop, tmp_path):
    """The hop as VASP's nudged elastic band: five images that rise in the middle."""
    start, end = (read(hop / f"{name}.traj") for name in _ENDS)
    for k in range(5):
        image = start.copy()
        image.positions += (end.positions - start.positions) * k / 4
        image.positions[-1, 2] += 0.1 * k * (4 - k)
        (tmp_path / "hops" / "band" / f"{k:02d}").mkdir(parents=True)
        write(tmp_path / "hops" / "band" / f"{k:02d}" / "POSCAR", image, format="vasp", direct=True)
    (tmp_path / "hops" / "band" / "INCAR").write_text("IMAGES = 3\n")
    return tmp_path / "hops" / "band"


def test_a_band_is_a_pair_with_its_first_path(band, finished, tmp_path, command):
    for source in (band, band.parent):
        (pair,) = read_pairs(str(source))
        assert (pair.name, pair.problem) == ("band", "")
        assert (pair.reactant, pair.product) == (f"{band}/00", f"{band}/04")
        assert pair.initial == str(band)
    done = command("find-many", band, "-c", "emt", "-o", tmp_path / "out")
    assert done.exit_code == Exit.CERTIFIED, done.output
    (row,), there = rows_of(tmp_path / "out"), rows_of(finished[0])[0]
    assert float(row["barrier_eV"]) == pytest.approx(float(there["barrier_eV"]), abs=2e-3)


def test_a_compressed_band_is_the_same(band, tmp_path):
    shutil.copytree(band, tmp_path / "plain" / "band")
    for file in band.glob("*/POSCAR"):
        with gzip.open(f"{file}.gz", "wb") as packed:
            packed.write(file.read_bytes())
        file.unlink()
    (pair,) = read_pairs(str(band))
    assert (pair.problem, pair.initial) == ("", str(band))
    images, plain = read_initial(pair.initial), read_initial(str(tmp_path / "plain" / "band"))
    assert [image.positions.tolist() for image in images] == [
        image.positions.tolist() for image in plain
    ]
    before = digest_of(pair.initial)
    packed = band / "02" / "POSCAR.gz"
    packed.write_bytes(gzip.compress(gzip.decompress(packed.read_bytes()) + b" "))
    assert digest_of(pair.initial) != before


def test_a_band_that_lacks_an_image_says_which(band):
    shutil.rmtree(band / "02")
    (pair,) = read_pairs(str(band.parent))
    assert "has no folder 02, though it has 04" in pair.problem


@pytest.mark.parametrize("image", ["00", "02", "04"])
def test_an_image_that_has_changed_is_noticed(band, image):
    (before,) = read_pairs(str(band))
    then = before.content()
    assert read_pairs(str(band))[0].content() == then
    shutil.copy(band / image / "POSCAR", band / image / "CONTCAR")
    assert read_pairs(str(band))[0].content() != then


def test_a_first_path_that_has_changed_is_noticed(band, tmp_path, command):
    write(tmp_path / "hop.extxyz", [read(band / end / "POSCAR") for end in ("00", "04")])
    arguments = ("find-many", tmp_path / "hop.extxyz", "-c", "emt", "--initial", band)
    arguments += ("-o", tmp_path / "out")
    command(*arguments)
    assert "1 of 1 pairs are done already" in command(*arguments, "--restart").output
    image = read(band / "02" / "POSCAR")
    image.positions[-1, 2] += 0.1
    write(band / "02" / "CONTCAR", image, format="vasp", direct=True)
    assert "done already" not in command(*arguments, "--restart").output


def test_a_band_given_for_one_structure_says_what_to_give(band, tmp_path, command):
    done = command("find", band, band, "-c", "emt", "-o", tmp_path / "out")
    assert done.exit_code == Exit.BAD_INPUT
    assert f"its ends are {band}/00 and {band}/04, and --initial {band} takes all" in done.output


@pytest.mark.parametrize("status", [Exit.NOT_CERTIFIED, Exit.UNFORESEEN])
def test_a_pair_whose_process_breaks_says_why_and_is_tried_again(
    status, hop, tmp_path, monkeypatch, command
):
    """Also where Python ends it, with the status of a path that is not certified."""

    def broken(arguments, folder, processes):
        (folder / "output.txt").write_text("Traceback:\n  ...\nImportError: libfoo.so is gone\n")
        return status

    write(tmp_path / "hop.extxyz", [read(hop / f"{end}.traj") for end in _ENDS])
    arguments = ("find-many", tmp_path / "hop.extxyz", "-c", "emt", "-o", tmp_path / "out")
    with monkeypatch.context() as patched:
        patched.setattr("fourierpathfinder.cli.many.found_in_a_process", broken)
        assert command(*arguments).exit_code == Exit.NOT_CERTIFIED
    (row,) = rows_of(tmp_path / "out")
    assert (row["status"], row["reason"]) == ("failed", "ImportError: libfoo.so is gone")
    assert command(*arguments, "--restart").exit_code == Exit.CERTIFIED


@pytest.fixture(scope="module")
def with_vibrations(hop, tmp_path_factory):
    """A finished run of one pair, its vibrations among what was asked for."""
    folder = tmp_path_factory.mktemp("vibrating")
    write(folder / "hop.extxyz", [read(hop / f"{end}.traj") for end in _ENDS])
    arguments = ["find-many", folder / "hop.extxyz", "-c", "emt", "-o", folder / "out"]
    process = in_a_process([*arguments, "--vibrations"])
    output, _ = process.communicate()
    assert process.returncode == Exit.CERTIFIED, output
    return folder


def copied(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    new = tmp_path / "copy"
    return new, ["find-many", new / "hop.extxyz", "-c", "emt", "-o", new / "out", "--restart"]


def test_the_files_of_a_step_that_is_not_asked_for_again_are_named(
    with_vibrations, tmp_path, command
):
    new, arguments = copied(with_vibrations, tmp_path)
    shutil.copytree(new / "out" / "pairs" / "1", new / "out" / "pairs" / "before")
    done = command(*arguments)
    told = "what --vibrations found in the earlier run of 1 of 1 pairs (1/mode.extxyz) is removed"
    for text in (done.output, (new / "out" / "run.log").read_text()):
        assert told in text
        assert "1 folders in " in text
        assert "are of no pair now, and stay as they are: before" in text
    assert not (new / "out" / "pairs" / "1" / "mode.extxyz").exists()
    assert (new / "out" / "pairs" / "before" / "mode.extxyz").exists()
    done = command(*arguments, "--vibrations")
    assert "is removed" not in done.output
    assert (new / "out" / "pairs" / "1" / "mode.extxyz").exists()


def test_no_row_outlives_the_results_that_it_tells_of(with_vibrations, tmp_path, command):
    """They go when a run with other options begins, even if that fails."""
    new, arguments = copied(with_vibrations, tmp_path)
    other = read(new / "hop.extxyz")[:-1]
    write(new / "other.extxyz", other)
    failed = command(*arguments, "--initial", new / "other.extxyz")
    assert failed.exit_code == Exit.NOT_CERTIFIED, failed.output
    done = command(*arguments, "--vibrations")
    assert "done already" not in done.output
    assert (new / "out" / "pairs" / "1" / "result.json").is_file()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--each", "remark", "--each", "remark"], "--each gives 'remark' 2 times"),
        (["--each", "method", "--method", "GFN2-xTB"], "--each and --method both give 'method'"),
    ],
)
def test_what_each_pair_brings_twice_is_said_once(command, pairs, tmp_path, options, told):
    done = command("find-many", pairs, "-c", "tblite", "-o", tmp_path / "out", *options)
    assert done.exit_code == Exit.BAD_INPUT
    assert told in done.output
    assert not (tmp_path / "out").exists()
