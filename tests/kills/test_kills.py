"""A few of the kills that `python tools/kill_runs.py` makes by the hundred."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
TOOL = Path(__file__).parents[2] / "tools" / "kill_runs.py"


@pytest.mark.slow
def test_killed_runs_go_on_to_the_same_bits():
    kinds = ("find, here", "snapshots")
    chosen = [word for kind in kinds for word in ("--kind", kind)]
    done = subprocess.run(
        [sys.executable, TOOL, "6", "--seed", "1", *chosen],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
