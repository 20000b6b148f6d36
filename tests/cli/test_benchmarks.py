"""The molecules and surfaces of the benchmarks, through the command line with the same counts."""

import sys
from pathlib import Path

import pytest

from fourierpathfinder import Surrogate, find_path
from fourierpathfinder.cli.exits import Exit

from .helpers import read_result

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
XTB = ["--calculator", "tblite", "--method", "GFN2-xTB"]


@pytest.fixture(scope="module")
def systems():
    sys.path.insert(0, str(BENCHMARKS))
    try:
        import systems
    finally:
        sys.path.remove(str(BENCHMARKS))
    return systems


@pytest.mark.parametrize(
    "name", ["au223", "au333", "al333", "cuvac", "n2cu", "hcn", "h2co", "nh3", "vinyl", "ethane",
             "malon"]
)  # fmt: skip
def test_the_command_line_spends_what_python_spends(name, systems, command, tmp_path):
    (system,) = systems.systems([name])
    ends = (system.start, system.end)
    same = find_path(system.landscape, *ends, method=Surrogate(), rng=0)
    calculator = ["-c", "emt"] if "EMT" in str(systems.MOLECULES[name][1]) else XTB
    file = BENCHMARKS / "structures" / f"{name}.extxyz"
    done = command("find", f"{file}@0", f"{file}@1", *calculator, "-o", tmp_path / "out")
    assert done.exit_code == Exit.CERTIFIED, done.output
    result = read_result(tmp_path / "out")
    if calculator != XTB:
        assert result["n_gradients"] == same.n_gradients  # the same answers, the same search
    # in Python GFN2-xTB starts from its last wavefunction, which leaves microelectronvolts
    assert result["barrier"] == pytest.approx(same.barrier, abs=1e-4)
    if system.height == system.height:  # known, not NaN
        assert result["height"] == pytest.approx(system.height, abs=system.tolerance)
