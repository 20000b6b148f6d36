"""The commands of the pages, copied and pasted into an empty folder."""

import doctest
import re
import shlex
from pathlib import Path

import pytest

from .helpers import read_result

DOCS = Path(__file__).parents[2] / "docs"


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
    assert f"{result['barrier']:.4f}" in (DOCS / "molecule.rst").read_text()


def test_a_surface(follow):
    result = follow("surface.rst")
    assert result["n_gradients"] < 25
    assert result["verification"]["connects_the_ends"]
