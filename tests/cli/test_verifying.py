"""`--verify` on a path over a ridge: both sides are searched, and the lower pass is reported."""

import json

import pytest
from ase import Atoms
from ase.io import write

from fourierpathfinder.cli import verifying
from fourierpathfinder.search import proposals
from fourierpathfinder.search.ridges import Sideways
from tests.search.test_ridges import octahedral


@pytest.fixture
def blind(monkeypatch):
    """A search that does not look beside its path until the saddle is verified."""
    examined = verifying.verify_saddle
    with monkeypatch.context() as patched:
        patched.setattr(Sideways, "propose", lambda *_, **__: None)
        patched.setattr(proposals, "off_symmetry", lambda _, __, ___, top: top)

        def verify(*arguments, **options):
            patched.undo()
            return examined(*arguments, **options)

        monkeypatch.setattr(verifying, "verify_saddle", verify)
        yield


@pytest.mark.slow
def test_hydrogen_in_nickel_leaves_the_ridge_that_verify_finds(blind, tmp_path, command):
    _, *ends = octahedral("Ni", "H")
    names = [tmp_path / "here.traj", tmp_path / "there.traj"]
    for name, atoms in zip(names, ends, strict=True):
        write(name, Atoms.copy(atoms))
    done = command("find", *names, "-c", "emt", "--verify", "-o", tmp_path / "out")
    told = json.loads((tmp_path / "out" / "result.json").read_text())
    assert told["verification"]["n_negative_curvatures"] == 1
    assert min(abs(told["barrier"] - known) for known in (1.2224, 1.2384)) < 2e-3
    assert len(told["ridges"]) >= 1
    assert "a second way down from 1.5" in told["ridges"][0]
    assert told["ridges"][0] in done.output
    assert told["ridges"][0] in (tmp_path / "out" / "report.html").read_text()
