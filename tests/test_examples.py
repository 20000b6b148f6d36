"""The scripts in examples/ run as users run them, and print the known numbers."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from ase.io import read

from fourierpathfinder import LandscapeGraph

ROOT = Path(__file__).parent.parent
PNG = b"\x89PNG"


def run(script, target):
    """What the script prints, in a process of its own where warnings are errors."""
    command = [sys.executable, "-W", "error", str(ROOT / "examples" / script), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=target.parent)
    assert done.returncode == 0, done.stderr
    return done.stdout


def number(pattern, text):
    return float(re.search(pattern, text).group(1))


def test_adatom_hop(tmp_path):
    printed = run("adatom_hop.py", tmp_path / "hop")
    assert number(r"barrier +(\S+) eV", printed) == pytest.approx(0.3745, abs=1e-3)
    assert number(r"back +(\S+) eV", printed) == pytest.approx(0.3745, abs=1e-3)
    assert number(r"saddle +t = (\S+),", printed) == pytest.approx(0.5, abs=0.05)
    assert 0 < number(r"gradients +(\d+)", printed) < 400
    frames = read(tmp_path / "hop" / "path.extxyz", ":")
    energies = [atoms.get_potential_energy() for atoms in frames]
    assert energies[0] == pytest.approx(energies[-1], abs=1e-3)
    assert 0.3 < max(energies) - energies[0] < 0.3755
    assert (tmp_path / "hop" / "profile.png").read_bytes().startswith(PNG)


def test_two_channels_gives_the_papers_heights(tmp_path):
    printed = run("two_channels.py", tmp_path / "toy")
    assert number(r"straight line (\S+) ", printed) == pytest.approx(1.1018, abs=1e-4)
    for smoothness, height in ((10, 0.646), (100, 0.640), (1000, 0.652)):
        row = rf"\n +{smoothness} +\S+ +(\S+) ±"
        assert number(row, printed) == pytest.approx(height, abs=0.004)
    assert number(r"(\S+) on the grid", printed) == pytest.approx(0.247, abs=0.005)
    assert number(r"(\S+) in truth", printed) == pytest.approx(1.10, abs=0.02)
    for name in ("figure_3.png", "jump.png"):
        assert (tmp_path / "toy" / name).read_bytes().startswith(PNG)


def test_executors():
    """Those that CI has; the others were run by hand, see the documentation."""
    command = [sys.executable, "-W", "error", str(ROOT / "examples" / "executors.py"), "processes"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert number(r"barrier (\S+) eV", done.stdout) == pytest.approx(0.3745, abs=1e-3)


def test_a_cluster_s_minima_and_the_same_again_from_the_file(tmp_path):
    script = str(ROOT / "examples" / "lennard_jones_network.py")
    command = [sys.executable, "-W", "error", script, "7", str(tmp_path / "lj7")]
    for _ in range(2):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "No pair is left" in done.stdout
    graph = LandscapeGraph.load(tmp_path / "lj7" / "graph.jsonl")
    assert graph.minimax_height(0, 3) == pytest.approx(-15.28342, abs=1e-4)
    assert (tmp_path / "lj7" / "graph.png").read_bytes().startswith(PNG)


def test_the_picture_of_the_readme(tmp_path):
    run("readme_picture.py", tmp_path / "path.png")
    picture = (tmp_path / "path.png").read_bytes()
    assert picture.startswith(PNG)
    assert len(picture) < 150_000


def test_jobflow_recipe(tmp_path):
    pytest.importorskip("jobflow")
    script = ROOT / "examples" / "jobflow_recipe.py"  # jobflow's own warnings are no errors here
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert number(r"barrier +(\S+) ±", done.stdout) == pytest.approx(0.3745, abs=2e-3)
    assert "certified  yes" in done.stdout
