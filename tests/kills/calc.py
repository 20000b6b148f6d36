"""ASE's EMT, which takes its time and notes in a folder beside this file where it was called."""

import hashlib
import os
import time
from pathlib import Path

from ase.calculators.emt import EMT

CALLS = Path(__file__).with_name("calls")


def note(content):
    """One call, at what these bytes say."""
    place = hashlib.sha256(content).hexdigest()[:16]
    (CALLS / f"{place}-{os.getpid()}-{time.monotonic_ns()}").touch()
    time.sleep(0.05)


class Noting(EMT):
    def calculate(self, atoms=None, properties=("energy",), system_changes=()):
        note(atoms.positions.tobytes())
        super().calculate(atoms, properties, system_changes)
