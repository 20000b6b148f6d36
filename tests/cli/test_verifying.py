"""`--verify` on a path over a ridge: both sides are searched, and the lower pass is reported."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from ase import Atoms
from ase.io import write

from fourierpathfinder import Surrogate, find_path
from fourierpathfinder.cli import verifying
from fourierpathfinder.cli.document import Summary
from fourierpathfinder.cli.work import Found
from fourierpathfinder.landscapes.toy import two_channels
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


@pytest.fixture(scope="module")
def upon_a_top():
    """A path, its report as that of a ridge, and a lower one in its place."""
    toy = two_channels()
    above = find_path(toy, toy.start, toy.end, method=Surrogate(), rng=0)
    below = replace(above, path=replace(above.path), height=above.height - 0.1)
    ridge = SimpleNamespace(problem="", neighbours=())
    return above, below, Found(above, Summary("", (), 0, verification=ridge))


def work_of(max_gradients):
    return SimpleNamespace(
        settings=SimpleNamespace(max_gradients=max_gradients, seed=0), landscape=None, prior=None
    )


@pytest.fixture
def files(monkeypatch):
    """The heights of the results that are written, one after the other."""
    heights = []

    def written(work, found):
        heights.append(found.result.height)
        return found

    monkeypatch.setattr(verifying, "written", written)
    monkeypatch.setattr(
        verifying, "second_way_down", lambda _, report: None if report is None else np.eye(2)[0]
    )
    return heights


def test_the_lower_path_is_written_before_its_saddle_is_examined(upon_a_top, files, monkeypatch):
    """Which may fail, or be interrupted."""
    above, below, found = upon_a_top
    monkeypatch.setattr(verifying, "leave_ridge", lambda *_, **__: below)

    def interrupted(work, found):
        raise KeyboardInterrupt

    monkeypatch.setattr(verifying, "verified", interrupted)
    with pytest.raises(KeyboardInterrupt):
        verifying.upon_a_pass(work_of(None), found)
    assert files == [below.height] != [above.height]


@pytest.mark.parametrize(("left", "most"), [(10, 5), (6, 3), (5, None), (-1, None)])
def test_both_sides_share_what_the_search_left_of_its_budget(
    upon_a_top, files, monkeypatch, left, most
):
    above, _, found = upon_a_top
    asked = []

    def leave(*_, max_gradients, **__):
        asked.append(max_gradients)
        return above

    monkeypatch.setattr(verifying, "leave_ridge", leave)
    found = verifying.upon_a_pass(work_of(above.n_gradients + left), found)
    assert asked == ([] if most is None else [most])
    (told,) = found.summary.ridges
    words = "--max-gradients leaves no calculations" if most is None else "led to nothing lower"
    assert words in told
