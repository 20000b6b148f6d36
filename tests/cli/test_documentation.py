"""The commands of the pages, copied and pasted into an empty folder."""

import doctest
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from .helpers import read_result

DOCS = Path(__file__).parents[2] / "docs"
MILLI_EV = 1e-3
"""What a certificate allows; digits below it may be others on another processor."""


@pytest.fixture
def follow(tmp_path, monkeypatch, command):
    """Follow a page: run its Python, then its first `find`; returns the result."""

    def run(page):
        monkeypatch.chdir(tmp_path)
        flags = doctest.ELLIPSIS
        assert doctest.testfile(str(DOCS / page), module_relative=False, optionflags=flags)[0] == 0
        typed = re.search(r"^ *\$ fourierpathfinder (find .*)$", (DOCS / page).read_text(), re.M)
        done = command(*shlex.split(typed[1]))
        assert done.exit_code == 0, done.output
        return read_result(tmp_path / "fourierpathfinder-output")

    return run


def test_a_molecule(follow):
    """Within 1 meV of the converged saddle, in under 20 gradients."""
    result = follow("molecule.rst")
    assert result["n_gradients"] < 20
    assert result["height"] == pytest.approx(-278.900464, abs=1e-3)
    shown = re.search(r"barrier +(\S+) eV", (DOCS / "molecule.rst").read_text())[1]
    assert result["barrier"] == pytest.approx(float(shown), abs=MILLI_EV)


def test_a_surface(follow):
    result = follow("surface.rst")
    assert result["n_gradients"] < 25
    assert result["verification"]["connects_the_ends"]


def test_from_barrier_to_rate(follow):
    told = follow("rates.rst")["vibrations"]
    page = (DOCS / "rates.rst").read_text()
    shown = float(re.search(r"imaginary +(\S+)i cm", page)[1])
    assert -told["imaginary_frequency"] == pytest.approx(shown, abs=3)
    assert told["prefactor"] == pytest.approx(
        float(re.search(r"prefactor +(\S+)", page)[1]), rel=0.1
    )
    assert [row["temperature_K"] for row in told["rates"]] == [300, 500]


def test_many_reactions(tmp_path, monkeypatch, command):
    pytest.importorskip("pandas")
    monkeypatch.chdir(tmp_path)
    page = DOCS / "many.rst"
    assert doctest.testfile(str(page), module_relative=False)[0] == 0
    typed = re.search(r"^ *\$ fourierpathfinder (find-many .*)$", page.read_text(), re.M)
    done = command(*shlex.split(typed[1]))
    assert done.exit_code == 1, done.output
    assert re.search(r"^ *(3 of 4 pairs are certified)$", page.read_text(), re.M)[1] in done.output
    assert (tmp_path / "hops" / "pairs" / "gold" / "report.html").exists()


def test_the_readme_pasted_into_an_empty_folder(tmp_path):
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", readme, flags=re.MULTILINE | re.DOTALL)
    barriers = re.findall(r"`barrier  (\S+) eV`", readme)
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    assert len(blocks) == len(barriers) == 2
    for block, barrier in zip(blocks, barriers, strict=True):
        done = subprocess.run(
            ["bash", "-e"],
            input=block, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        shown = re.search(r"barrier +(\S+) eV", done.stdout)[1]
        assert float(shown) == pytest.approx(float(barrier), abs=MILLI_EV)
