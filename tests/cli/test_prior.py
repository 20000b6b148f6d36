"""A cheap calculator beneath an expensive one on the command line, with all else that is asked."""

import json
import shutil
import time

import pytest
from ase import Atoms
from ase.io import read, write

from fourierpathfinder.cli.exits import Exit

from .helpers import in_a_process, read_result

GFN2 = ("-c", "tblite", "--method", "GFN2-xTB")
GFN1_BENEATH = ("--prior", "tblite", "--prior-method", "GFN1-xTB")
PRIOR = ("--prior", "emt", "--prior-set", "asap_cutoff=true")


@pytest.fixture
def shaken(hop, tmp_path):
    """The hop with its ends out of place."""
    files = []
    for name in ("reactant", "product"):
        atoms = read(hop / f"{name}.traj")
        atoms.positions[-1] += (0.05, -0.04, 0.06)
        write(tmp_path / f"{name}.traj", atoms)
        files.append(tmp_path / f"{name}.traj")
    return files


@pytest.fixture
def isomers(tmp_path):
    """HCN and HNC, roughly."""
    pytest.importorskip("tblite")
    heights = ((-1.06, 0.0, 1.13), (2.13, 0.0, 1.15))
    found = [Atoms("HCN", [(0.02, 0.0, z) for z in height]) for height in heights]
    for name, atoms in zip("ab", found, strict=True):
        write(tmp_path / f"{name}.traj", atoms)
    write(tmp_path / "minima.traj", found)
    return tmp_path


def test_everything_at_once(isomers, command):
    ends = (isomers / "a.traj", isomers / "b.traj", "--saddle-force", 0.01, "--jobs", 2)
    more = ("--relax-ends", "--mep", "--verify", "-o", isomers / "out")
    done = command("find", *ends, *GFN2, *GFN1_BENEATH, *more)
    assert done.exit_code == Exit.CERTIFIED, done.output
    found = read_result(isomers / "out")
    assert found["reverse_barrier"] == pytest.approx(2.307, abs=2e-3)
    assert found["saddle"]["force"] < 0.05
    assert found["n_prior_gradients"] > 0
    assert found["n_gradients"] <= 14
    assert found["minimum_energy_path"]["n_gradients"] <= 10
    assert "It is a first-order saddle" in done.output
    assert f"{found['n_gradients']}, and " in done.output


def test_a_killed_run_goes_on_bit_for_bit(shaken, tmp_path, command):
    ends = ("find", *shaken, "-c", "emt", "--relax-ends", *PRIOR)
    assert command(*ends, "-o", tmp_path / "whole").exit_code == Exit.CERTIFIED
    n_lines = len((tmp_path / "whole" / "evaluations.jsonl").read_bytes().splitlines())
    process = in_a_process([*ends, "-o", tmp_path / "cut"])
    kept = tmp_path / "cut" / "evaluations.jsonl"
    while process.poll() is None:
        if kept.exists() and len(kept.read_bytes().splitlines()) > n_lines // 2:
            process.kill()
            break
        time.sleep(0.005)
    process.communicate()
    assert process.returncode < 0, "it was killed before its end"
    assert command(*ends, "-o", tmp_path / "cut", "--restart").exit_code == Exit.CERTIFIED
    whole, again = (read_result(tmp_path / name) for name in ("whole", "cut"))
    for name in ("height", "barrier", "n_gradients", "n_prior_gradients"):
        assert again[name] == whole[name]
    one, other = ((tmp_path / name / "path.extxyz").read_bytes() for name in ("whole", "cut"))
    assert one == other


def test_many_pairs(hop, tmp_path, command):
    folder = tmp_path / "pairs" / "hop"
    folder.mkdir(parents=True)
    for name in ("reactant", "product"):
        shutil.copy(hop / f"{name}.traj", folder)
    done = command("find-many", tmp_path / "pairs", "-c", "emt", *PRIOR, "-o", tmp_path / "many")
    assert done.exit_code == Exit.CERTIFIED, done.output
    found = read_result(tmp_path / "many" / "pairs" / "hop")
    assert found["n_prior_gradients"] > 0


def test_a_graph(isomers, command):
    calls = ("connect", isomers / "minima.traj", *GFN2, "--relax")
    done = command(*calls, *GFN1_BENEATH, "-o", isomers / "upon")
    assert done.exit_code == Exit.CERTIFIED, done.output
    found = json.loads((isomers / "upon" / "heights.json").read_text())
    assert found["edges"][0]["certified"]
    assert found["n_prior_gradients"] > 0
    assert f"{found['n_gradients']} gradients and {found['n_prior_gradients']} of the prior" in (
        done.output
    )


def argon(n, last):
    return Atoms(f"Ar{n}", [(0, 0, 3.8 * k) for k in range(n - 1)] + [last])


def test_an_earlier_run_of_other_atoms_is_refused_before_anything_is_calculated(tmp_path, command):
    """Whatever is in the folder: also the same atoms, of which some are held here."""
    for n in (2, 3):
        for name, height in (("a", 0.0), ("b", 2.0)):
            write(tmp_path / f"{name}{n}.xyz", argon(n, (0, height / 10, 3.8 * (n - 1) + height)))
    first = (tmp_path / "a2.xyz", tmp_path / "b2.xyz", "-c", "lj", "-o", tmp_path / "first")
    command("find", *first, "--max-gradients", 5)
    more = ("-c", "lj", "-o", tmp_path / "out", "--prior", tmp_path / "first")
    done = command("find", tmp_path / "a3.xyz", tmp_path / "b3.xyz", *more)
    assert done.exit_code == Exit.BAD_INPUT, done.output
    assert "a run of Ar2, and the reactant is Ar3; both must be of the same atoms" in done.output
    held = command("find", *first[:2], *more, "--freeze", "0")
    assert held.exit_code == Exit.BAD_INPUT, held.output
    assert "whose points have 6 coordinates, and here there are 3" in held.output
    assert "evaluating the ends" not in done.output + held.output


def test_a_prior_that_is_nothing_names_its_option(hop, tmp_path, command):
    ends = (hop / "reactant.traj", hop / "product.traj", "-c", "emt", "-o", tmp_path / "out")
    done = command("find", *ends, "--prior", tmp_path / "nowhere")
    assert done.exit_code == Exit.BAD_INPUT
    assert "fourierpathfinder: --prior: there is no calculator" in done.output
    assert "or give the folder of an earlier run" in done.output
