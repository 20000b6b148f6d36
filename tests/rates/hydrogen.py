"""Three hydrogen atoms on the surface of London, Eyring, Polanyi and Sato, as an ASE calculator."""

import numpy as np
from ase.calculators.calculator import Calculator, all_changes

DEPTH, STIFFNESS, LENGTH, SATO = 4.7466, 1.942, 0.7417, 0.1475
"""In eV, 1/Å and Å: of H2, and Sato's parameter."""


class Hydrogen(Calculator):
    """Any number of atoms up to three; pairs have the singlet and triplet curves of H2."""

    implemented_properties = ("energy", "forces")

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        x = self.atoms.positions
        pairs = [(i, j) for i in range(len(x)) for j in range(i)]
        r = np.array([np.linalg.norm(x[i] - x[j]) for i, j in pairs])
        energy, slopes = surface(r) if pairs else (0.0, r)
        forces = np.zeros_like(x)
        for (i, j), slope, distance in zip(pairs, slopes, r, strict=True):
            along = slope * (x[i] - x[j]) / distance
            forces[i] -= along
            forces[j] += along
        self.results = {"energy": float(energy), "forces": forces}


def surface(r):
    """Energy, and its derivatives by the distances (1,) or (3,)."""
    y = np.exp(-STIFFNESS * (r - LENGTH))
    bound, free = DEPTH * (y**2 - 2 * y), DEPTH / 2 * (y**2 + 2 * y)
    d_bound = -2 * STIFFNESS * DEPTH * (y**2 - y)
    d_free = -STIFFNESS * DEPTH * (y**2 + y)
    q, d_q = _halves(bound, free, 1), _halves(d_bound, d_free, 1)
    j, d_j = _halves(bound, free, -1), _halves(d_bound, d_free, -1)
    others = 3 * j - j.sum() if len(r) == 3 else j
    root = np.sqrt((j * others).sum() / (2 if len(r) == 3 else 1))
    factor = others / 2 if len(r) == 3 else j
    divisor = 1 + SATO
    return (q.sum() - root) / divisor, (d_q - d_j * (factor / root)) / divisor


def _halves(bound, free, sign):
    return ((1 + SATO) * bound + sign * (1 - SATO) * free) / 2
