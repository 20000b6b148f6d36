"""Calculators that cannot be made."""

import pytest

from fourierpathfinder.cli.exits import Exit

from . import hostile

FILES = {
    "syntax": ("def make(:\n", "make", "SyntaxError"),
    "missing": ("def other(): pass\n", "make", "has no 'make'; it defines other"),
    "raises": ("def make(): raise RuntimeError('no licence')\n", "make", "no licence"),
    "no calculator": ("def make(): return 3\n", "make", "must return an ASE calculator"),
    "imports": ("import no_such_module\ndef make(): pass\n", "make", "no_such_module"),
    "unknown setting": ("from ase.calculators.emt import EMT\n", "EMT", "has no setting 'foo'"),
}


@pytest.mark.parametrize("name", FILES)
def test_what_cannot_be_made_is_one_sentence(name, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content, attribute, sentence = FILES[name]
    (tmp_path / "calc.py").write_text(content)
    (tmp_path / "a.xyz").write_text(hostile.GOOD)
    (tmp_path / "b.xyz").write_text(hostile.GOOD.replace("1.9", "-1.9"))
    more = ["--set", "foo=1"] if name == "unknown setting" else []
    arguments = ("find", "a.xyz", "b.xyz", "-c", f"calc.py:{attribute}", "-o", "out", *more)
    done = command(*arguments)
    assert done.exit_code == Exit.BAD_INPUT, done.output
    assert "Traceback" not in done.output
    assert done.output.count(sentence) == 1, done.output
