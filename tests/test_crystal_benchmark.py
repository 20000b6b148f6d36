"""The processes of benchmarks/crystals.py: both ends are of one system, and nothing overlaps."""

import pytest

pytest.importorskip("ase")

from benchmarks.crystal_processes import PROCESSES
from fourierpathfinder.atoms import differences
from fourierpathfinder.atoms.preflight.overlaps import overlaps


def test_there_are_forty_processes():
    assert len(PROCESSES) >= 40


@pytest.mark.parametrize("name", PROCESSES)
def test_a_path_can_join_the_ends(name):
    start, end = PROCESSES[name]()
    assert not differences(start, end)
    assert not list(overlaps(start, end, 0.62))
