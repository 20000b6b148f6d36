"""Calculators that cannot be made, limits that nobody means, structures that are none."""

import pytest
from ase.io import read, write

from fourierpathfinder.cli.exits import Exit

from . import hostile

FILES = {
    "syntax": ("def make(:\n", "make", "SyntaxError"),
    "missing": ("def other(): pass\n", "make", "has no 'make'; it defines other"),
    "raises": ("def make(): raise RuntimeError('no licence')\n", "make", "no licence"),
    "no calculator": ("def make(): return 3\n", "make", "must return an ASE calculator"),
    "imports": ("import no_such_module\ndef make(): pass\n", "make", "no_such_module"),
    "exits": ("import sys\nsys.exit(3)\n", "make", "it raised SystemExit: 3"),
    "exits later": ("def make(): raise SystemExit('no more')\n", "make", "SystemExit: no more"),
    "unknown setting": ("from ase.calculators.emt import EMT\n", "EMT", "has no setting 'foo'"),
}


@pytest.mark.parametrize("guess", [(), ("--initial", "a.xyz")], ids=["plain", "with a guess"])
@pytest.mark.parametrize("name", FILES)
def test_what_cannot_be_made_is_one_sentence(name, guess, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content, attribute, sentence = FILES[name]
    (tmp_path / "calc.py").write_text(content)
    (tmp_path / "a.xyz").write_text(hostile.GOOD)
    (tmp_path / "b.xyz").write_text(hostile.GOOD.replace("1.9", "-1.9"))
    more = ["--set", "foo=1"] if name == "unknown setting" else []
    arguments = ("find", "a.xyz", "b.xyz", "-c", f"calc.py:{attribute}", "-o", "out", *more, *guess)
    done = command(*arguments)
    assert done.exit_code == Exit.BAD_INPUT, done.output
    assert "Traceback" not in done.output
    assert done.output.count(sentence) == 1, done.output


SETTINGS = {
    "emt --set foo=1": "EMT has no setting 'foo'; it has asap_cutoff",
    "emt --method PBE": "EMT has no setting 'method'",
    "lj --set sigm=1": "LennardJones has no setting 'sigm'",
    "lj --set sigma=wide": "'sigma' of LennardJones is 'wide'; it must be a number, such as 1.0",
    "morse --set foo=1": "MorsePotential has no setting 'foo'",
    "lj --set sigma=wide --set rc=9": "'sigma' of LennardJones is 'wide'; it must be a number, "
    "such as 1.0; it was given --set sigma=wide --set rc=9",
}


@pytest.fixture
def ends(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.xyz").write_text(hostile.GOOD)
    (tmp_path / "b.xyz").write_text(hostile.GOOD.replace("1.9", "-1.9"))
    return ["a.xyz", "b.xyz", "-o", "out"]


def assert_cannot_be_made(done, sentence):
    assert done.exit_code == Exit.BAD_INPUT, done.output
    last = done.output.strip().splitlines()[-1]
    assert last.startswith(f"fourierpathfinder: the calculator cannot be made: {sentence}")
    assert done.output.count(sentence) == 1, done.output


@pytest.mark.parametrize("options", SETTINGS)
def test_a_setting_that_a_calculator_does_not_have_is_one_sentence(options, ends, command):
    done = command("find", *ends, "-c", *options.split())
    text = SETTINGS[options]
    assert_cannot_be_made(done, text if "of Lennard" not in text else f"the setting {text}")


TBLITE = {
    "--method GFN9": "TBLite has no method 'GFN9'; it has GFN1-xTB, GFN2-xTB, IPEA1-xTB",
    "--set method=5": "TBLite has no method 5; it has GFN1-xTB",
    "--set foo=1": "TBLite has no setting 'foo'",
    "--set charge=abc": "the setting 'charge' of TBLite is 'abc'; it must be a number, such as 0; "
    "it was given --set charge=abc",
    "--set multiplicity=[1]": "the setting 'multiplicity' of TBLite is [1]; it must be a number",
    "--set accuracy=high": "the setting 'accuracy' of TBLite is 'high'; it must be a number",
}


@pytest.mark.parametrize("options", TBLITE)
def test_what_tblite_would_miss_later_is_one_sentence(options, ends, command):
    pytest.importorskip("tblite")
    assert_cannot_be_made(command("find", *ends, "-c", "tblite", *options.split()), TBLITE[options])


@pytest.mark.parametrize("options", ["emt --set foo=1", "nothing.py:make", "tblite --method GFN9"])
def test_of_many_pairs_it_is_said_once_before_any_is_begun(options, ends, command, tmp_path):
    if options.startswith("tblite"):
        pytest.importorskip("tblite")
    rows = ["reactant,product", *["a.xyz,b.xyz"] * 3]
    (tmp_path / "pairs.csv").write_text("\n".join(rows))
    done = command("find-many", "pairs.csv", "-c", *options.split(), *ends[2:])
    assert done.exit_code == Exit.BAD_INPUT, done.output
    assert "Traceback" not in done.output
    assert len(done.output.strip().splitlines()) <= 2, done.output
    assert not list((tmp_path / "out").glob("pairs/*/run.log"))


def test_a_pair_that_is_none_does_not_keep_the_others(ends, command, tmp_path):
    (tmp_path / "pairs.csv").write_text("reactant,product\nnone.xyz,b.xyz\na.xyz,b.xyz\n")
    done = command("find-many", "pairs.csv", "-c", ["emt", "--set", "foo=1"][0], *ends[2:])
    assert done.exit_code == Exit.NOT_CERTIFIED, done.output
    assert "1 of 2 pairs are certified" in done.output


def test_an_output_folder_without_a_name_is_refused(ends, command):
    done = command("find", *ends[:2], "-c", "emt", "-o", "")
    assert done.exit_code == Exit.BAD_INPUT
    assert "it is empty; give a name" in done.output


LIMITS = {
    "--timeout inf": "--timeout is inf; it must be a positive, finite number",
    "--timeout nan": "--timeout is nan; it must be a positive, finite number",
    "--timeout 1e300": "--timeout is 1e+300; it must be at most 1e+06",
    "--jobs 0": "--jobs is 0; it must be a positive, whole number",
    "--jobs 1000000": "--jobs is 1e+06; it must be at most 1024",
    "--max-gradients 1": "--max-gradients is 1; a search begins with 3 calculations",
    "--max-gradients 2": "--max-gradients is 2; a search begins with 3 calculations",
}


@pytest.mark.parametrize("options", LIMITS)
def test_limits_that_nobody_can_mean_are_one_sentence(options, ends, command):
    done = command("find", *ends, "-c", "emt", *options.split())
    assert done.exit_code == Exit.BAD_INPUT, done.output
    assert LIMITS[options] in done.output


def test_a_calculator_that_fails_at_once_is_told_once(ends, command, tmp_path):
    (tmp_path / "calc.py").write_text("import os\nos._exit(3)\n")
    done = command("find", *ends, "-c", "calc.py:make")
    assert done.exit_code == Exit.CALCULATOR, done.output
    assert done.output.count("evaluation failed") == 1, done.output
    assert done.output.count("marked as failed") == 1, done.output


@pytest.mark.parametrize("second", ["same", "turned"])
def test_structures_that_are_one_minimum_are_not_connected(second, ends, command, tmp_path):
    atoms = read("a.xyz")
    other = atoms.copy()
    if second == "turned":
        other.rotate(40, "x")
        other.positions += 1
    write(tmp_path / "two.xyz", [atoms, other])
    done = command("connect", "two.xyz", "-c", "emt", "-o", "out")
    assert done.exit_code == Exit.BAD_INPUT, done.output
    assert "the 2 structures are one minimum" in done.output


NAMES = {
    "two.xyz": "two.xyz holds 2 structures; name one of them, two.xyz@0 to two.xyz@1",
    "two.xyz@7": "two.xyz@7 names no structure of two.xyz, which holds 2; name one",
    "two.xyz@x": "two.xyz@x names no structure of two.xyz, which holds 2; name one",
    "two.xyz@": "two.xyz@ names no structure of two.xyz, which holds 2; name one",
    "two.xyz@:": "two.xyz@: names no structure of two.xyz, which holds 2; name one",
    "a.xyz@7": "a.xyz@7 names no structure of a.xyz, which holds one; give a.xyz",
    "empty": "empty holds neither a CONTCAR nor a POSCAR",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_several_structures_names_the_choices(name, ends, command, tmp_path):
    write(tmp_path / "two.xyz", [read("a.xyz"), read("b.xyz")])
    (tmp_path / "empty").mkdir()
    done = command("find", name, *ends[1:], "-c", "emt")
    assert done.exit_code == Exit.BAD_INPUT, done.output
    assert NAMES[name] in done.output


def test_the_same_minimum_twice_is_said_once(ends, command):
    done = command("find", "a.xyz", "a.xyz", *ends[2:], "-c", "emt")
    assert done.exit_code == Exit.BAD_INPUT, done.output
    assert done.output.count("the ends are the same") == 1, done.output


def test_a_class_of_a_file_is_a_calculator_like_others(ends, command, tmp_path):
    (tmp_path / "calc.py").write_text(
        "from ase.calculators.emt import EMT\nclass Mine(EMT):\n    pass\n"
    )
    done = command("check", *ends, "-c", "calc.py:Mine")
    assert done.exit_code == Exit.CERTIFIED, done.output


OWN = """
from ase.calculators.emt import EMT
class Mine(EMT):
    def __init__(self, grid=1, **others):
        super().__init__(**others)
        self.grid = 2.0 * grid
    def calculate(self, *arguments):
        super().calculate(*arguments)
        self.grid + 0
        {line}
"""


def own(folder, line="pass"):
    (folder / "own.py").write_text(OWN.format(line=line))
    return "own.py:Mine"


def test_what_a_calculator_refuses_is_told_with_the_option(ends, command, tmp_path):
    done = command("find", *ends, "-c", own(tmp_path), "--set", "grid=fine")
    assert_cannot_be_made(done, "TypeError: can't multiply sequence by non-int of type 'float'; it "
                          "was given --set grid=fine")  # fmt: skip
    done = command("find", *ends, "-c", own(tmp_path), "--set", "girl=3")
    assert_cannot_be_made(done, "Mine has no setting 'girl'; it has asap_cutoff, grid")


def test_settings_are_told_where_no_calculation_ever_ends_well(ends, command, tmp_path):
    calculator = own(tmp_path, "raise ValueError('too coarse')")
    done = command("find", *ends, "-c", calculator, "--set", "grid=3")
    assert done.exit_code == Exit.CALCULATOR
    assert "ValueError: too coarse" in done.output
    assert "; the calculator was given --set grid=3" in done.output


def test_a_prior_that_cannot_be_made_is_said_before_anything_is_calculated(ends, command, tmp_path):
    priors = ("--prior", own(tmp_path), "--prior-set", "grid=fine")
    done = command("find", *ends, "-c", "emt", *priors)
    assert done.exit_code == Exit.BAD_INPUT
    assert "it was given --prior-set grid=fine" in done.output
    assert "evaluating the ends" not in done.output


def test_after_a_wrong_setting_the_right_one_needs_no_other_folder(ends, command, tmp_path):
    calculator = own(tmp_path, "if self.grid > 2: raise ValueError('too coarse')")
    done = command("find", *ends, "-c", calculator, "--set", "grid=3")
    assert done.exit_code == Exit.CALCULATOR
    assert not (tmp_path / "out" / "evaluations.jsonl").exists()
    done = command("check", *ends, "-c", calculator, "--set", "grid=1")
    assert done.exit_code == Exit.CERTIFIED, done.output
