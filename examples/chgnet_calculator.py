"""CHGNet, a machine-learnt potential whose weights come with it, taking whole batches.

    pip install chgnet
    fourierpathfinder find a.vasp b.vasp --calculator examples/chgnet_calculator.py:make

References
----------
Deng et al., Nat. Mach. Intell. 5, 1031 (2023), DOI 10.1038/s42256-023-00716-3.
"""

from collections.abc import Sequence
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

from ase import Atoms
from chgnet.model.dynamics import CHGNetCalculator
from pymatgen.io.ase import AseAtomsAdaptor


class CHGNet(CHGNetCalculator):
    """CHGNet with many structures in one evaluation of the network."""

    atoms_at_once = 150
    """So many go into one evaluation, or one structure: 16 structures of 60 take 9 GB."""

    def calculate_batch(self, structures: Sequence[Atoms]) -> list[dict[str, Any]]:
        """Energy in eV, forces in eV/Å and stress in eV/Å³ of each structure."""
        most = max(len(atoms) for atoms in structures)
        found = self.model.predict_structure(
            [AseAtomsAdaptor.get_structure(atoms) for atoms in structures],
            task="efs",
            batch_size=max(1, self.atoms_at_once // most),
        )
        return [
            {
                "energy": float(one["e"]) * (len(atoms) if self.model.is_intensive else 1),
                "forces": one["f"],
                "stress": one["s"] * self.stress_weight,
            }
            for atoms, one in zip(structures, found, strict=True)
        ]


def make(device: str | None = None) -> CHGNet:
    """The calculator, on a `device` such as cpu or cuda; by default a GPU where there is one."""
    with redirect_stdout(StringIO()):  # it would tell its device every time
        return CHGNet(use_device=device, on_isolated_atoms="ignore")
