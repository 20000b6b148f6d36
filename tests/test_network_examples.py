"""The scripts in examples/ about networks run as users run them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")  # every script trains or reads a network

ROOT = Path(__file__).parent.parent


def run(script, *arguments, folder, warnings="error"):
    """What the script prints, in a process of its own where warnings are errors unless told."""
    command = [sys.executable, "-W", warnings, str(ROOT / "examples" / script), *arguments]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=folder, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def number(pattern, text):
    return float(re.search(pattern, text).group(1).replace(",", ""))


@pytest.mark.slow
def test_two_classifiers_of_digits(tmp_path):
    printed = run("digit_classifiers.py", "here", folder=tmp_path)
    straight, found = number(r"straight line +(\S+)", printed), number(r"\npath +(\S+),", printed)
    end = number(r"ends (\S+)", printed)
    assert straight > 0.1
    assert end - 1e-4 <= found < end + 0.02 * straight
    assert number(r"aligned +(\S+)", printed) < 0.3 * straight
    assert (tmp_path / "here" / "path.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_your_own_model(tmp_path):
    printed = run("own_model.py", folder=tmp_path)
    height = number(r"height +(\S+) ±", printed)
    assert number(r"loss halfway: (\S+)", printed) <= height < 0.02


@pytest.mark.slow
def test_batch_norm_at_the_ends(tmp_path):
    printed = run("batch_norm.py", folder=tmp_path)
    for name in ("start", "end"):
        on_path, own = re.search(rf"\n{name} +on the path (\S+), its own (\S+)", printed).groups()
        assert float(on_path) == pytest.approx(float(own), rel=1e-3)
    assert number(r"path +(\S+)\n", printed) < 0.1 * number(r"straight line (\S+)", printed)


@pytest.mark.slow
def test_two_transformers_of_a_trainer(tmp_path):
    pytest.importorskip("accelerate", reason="transformers.Trainer needs it")
    printed = run("trainer_pair.py", str(tmp_path), folder=tmp_path, warnings="default")
    height, straight = number(r"height +(\S+) ±", printed), number(r"straight line (\S+)", printed)
    assert height <= straight
    assert number(r"aligned (\S+)", printed) < straight


@pytest.mark.slow
def test_two_processes(tmp_path):
    printed = run("two_processes.py", folder=tmp_path)
    height, straight = number(r"path (\S+),", printed), number(r"straight line (\S+),", printed)
    ends = max(number(r"ends (\S+),", printed), number(r"ends \S+, (\S+)\n", printed))
    assert ends <= height < 0.2 * straight
    assert "same path in both processes: True" in printed


def test_large_network_made_small(tmp_path):
    small = ("--width", "4", "--steps", "2", "--batch-size", "4")
    printed = run("large_network.py", *small, folder=tmp_path)
    assert number(r"([\d,]+) weights", printed) > 40_000
    assert "step 2:" in printed
    assert number(r"memory at most (\S+) GiB", printed) > 0
