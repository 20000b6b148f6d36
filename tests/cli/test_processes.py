"""The ten processes of `examples/ten_processes.py`, each by one command."""

import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("processes")  # one worker makes what all of them look at

EXAMPLES = Path(__file__).parents[2] / "examples"

BARRIERS = {
    "nh3": 0.265,
    "hcn": 3.1754,
    "hcooh": 1.5261,
    "c2h6": 0.1124,
    "ch3oh": 0.0695,
    "ch3cho": 0.0434,
    "cu_cu100": 0.4216,
    "pd_au100": 0.4544,
    "ag_ag111": 0.072,
    "ni_vacancy": 1.1003,
}
"""In eV, as the documentation has them."""


@pytest.fixture(scope="module")
def ten_processes():
    sys.path.insert(0, str(EXAMPLES))
    try:
        import ten_processes
    finally:
        sys.path.remove(str(EXAMPLES))
    return ten_processes


@pytest.mark.parametrize("name", BARRIERS)
def test_a_process_is_certified_and_joins_its_ends(name, ten_processes, tmp_path):
    result = ten_processes.run(name, tmp_path)
    assert result["exit"] == 0
    assert result["barrier"] == pytest.approx(BARRIERS[name], abs=1e-3)
    assert result["n_gradients"] < 30
