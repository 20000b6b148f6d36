"""ASE's EMT, which keeps count of its calls in a folder and misbehaves at some of them.

`CALLS` names the folder; `FAULT` what to do, and `FAULT_AT` at which calls, as in `6` or `6-9`.
"""

import ctypes
import hashlib
import os
import sys
import time
from pathlib import Path

import numpy as np
from ase.calculators.calculator import CalculationFailed
from ase.calculators.emt import EMT


class Faulty(EMT):
    def calculate(self, atoms=None, properties=("energy",), system_changes=()):
        folder = Path(os.environ["CALLS"])
        n = len(list(folder.iterdir())) + 1
        place = hashlib.sha256(atoms.positions.tobytes()).hexdigest()[:12]
        (folder / f"{n:04d}-{place}").touch()
        first, _, last = os.environ.get("FAULT_AT", "0").partition("-")
        if int(first) <= n <= int(last or first):
            FAULTS[os.environ["FAULT"]]()
        super().calculate(atoms, properties, system_changes)
        if os.environ.get("FAULT") == "nan" and int(first) <= n <= int(last or first):
            self.results["forces"] = np.full((len(atoms), 3), np.nan)
        if os.environ.get("FAULT") == "nonsense" and int(first) <= n <= int(last or first):
            self.results["energy"] = self.results["free_energy"] = 1e6


def raises():
    raise RuntimeError("the density does not converge")


def fails():
    print("Begin of SCF\n ERROR: no file H.basis\n ---", flush=True)
    raise CalculationFailed("the program ended\nwith code 127")


def garbage():
    os.write(1, b"\x00\xff garbage\n" * 1000)
    print("garbage", file=sys.stderr)


FAULTS = {
    "raise": raises,
    "fail": fails,
    "nan": lambda: None,
    "nonsense": lambda: None,
    "hang": lambda: time.sleep(1000),
    "stop": lambda: os._exit(3),
    "segfault": lambda: ctypes.string_at(0),
    "kill": lambda: os.kill(os.getpid(), 9),
    "garbage": garbage,
}
