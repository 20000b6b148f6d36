"""ASE's EMT as other processors compute it: `LAST_BITS` is the seed of the change."""

import os

from ase.calculators.emt import EMT

from benchmarks.perturbed import changed_bits, rng_of


class Changed(EMT):
    def calculate(self, atoms=None, properties=("energy",), system_changes=()):
        super().calculate(atoms, properties, system_changes)
        rng = rng_of(atoms.positions, int(os.environ["LAST_BITS"]))
        for name in ("energy", "free_energy", "forces"):
            self.results[name] = changed_bits(self.results[name], rng)
        self.results["free_energy"] = self.results["energy"]
