"""The benchmarks' systems as ASE structures, for peers that know nothing else; every call counts.

Toys are handed over in units that suit the peers' defaults, which are meant for eV and Å: energies
in units of the rise E, and Lennard-Jones clusters with σ = 3 Å. A toy of two coordinates is one
atom in a plane.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.constraints import FixCartesian
from systems import System

_SIGMA = 3.0


class BudgetSpentError(Exception):
    """No further gradient is allowed."""


class Bridge:
    """One system behind as many calculators as a peer needs, and the record of what they did.

    Parameters
    ----------
    system : System
        The problem.
    budget : int
        Gradients after which `BudgetSpentError` ends the peer.

    Attributes
    ----------
    n_gradients : int
        Evaluations so far.
    trace : list of (int, float)
        After each evaluation: the number so far, and the highest of the energies that the
        calculators returned last, in the landscape's unit.
    """

    def __init__(self, system: System, budget: int) -> None:
        self.system = system
        self.n_gradients = 0
        self.trace: list[tuple[int, float]] = []
        self._budget = budget
        self._latest: dict[int, float] = {}
        self.is_flat = system.n_coordinates == 2
        toy = system.unit == "E"
        self._energy = system.rise if toy else 1.0
        self._length = 1 / _SIGMA if toy and not self.is_flat else 1.0

    def atoms(self, point: np.ndarray, slot: int) -> Atoms:
        """The structure at a point, with the calculator of image number `slot`."""
        if hasattr(self.system.landscape, "atoms"):
            atoms = self.system.landscape.atoms(point)
        elif self.is_flat:
            atoms = Atoms("Ar", [[*point, 0.0]], constraint=FixCartesian(0, (0, 0, 1)))
        else:
            positions = point.reshape(-1, 3) / self._length
            atoms = Atoms(f"Ar{len(positions)}", positions)
        atoms.calc = BridgeCalculator(self, slot)
        return atoms

    def coordinates(self, atoms: Atoms) -> np.ndarray:
        """The coordinates (D,) of a structure."""
        if hasattr(self.system.landscape, "free"):
            landscape = self.system.landscape
            return np.asarray(atoms.positions[landscape.free][landscape.mask])
        return np.asarray(atoms.positions.ravel()[: self.system.n_coordinates] * self._length)

    def evaluate(self, atoms: Atoms, slot: int) -> tuple[float, np.ndarray]:
        """Energy and forces (n, 3) in the peer's units."""
        if self.n_gradients >= self._budget:
            raise BudgetSpentError
        point = self.coordinates(atoms)
        values, gradients = self.system.landscape.value_and_grad(point[None])
        self.n_gradients += 1
        self._latest[slot] = float(values[0])
        self.trace.append((self.n_gradients, max(self._latest.values())))
        return float(values[0]) / self._energy, self._forces(atoms, gradients[0])

    def release(self, slots: Sequence[int]) -> None:
        """Forget the energies of some images."""
        for slot in slots:
            self._latest.pop(slot, None)

    def until_answer(self) -> int | None:
        """Gradients up to where the top comes within the tolerance to stay; None for never."""
        system = self.system
        right = [abs(top - system.height) <= system.tolerance for _, top in self.trace]
        if not right or not right[-1]:
            return None
        wrong = np.flatnonzero(~np.array(right))
        return self.trace[int(wrong[-1]) + 1 if len(wrong) else 0][0]

    @property
    def error(self) -> float:
        """How far the latest top lies from the answer."""
        return self.trace[-1][1] - self.system.height

    def _forces(self, atoms: Atoms, gradient: np.ndarray) -> np.ndarray:
        forces = np.zeros((len(atoms), 3))
        if hasattr(self.system.landscape, "free"):
            held = forces[self.system.landscape.free]
            held[self.system.landscape.mask] = -gradient
            forces[self.system.landscape.free] = held
        else:
            forces.ravel()[: len(gradient)] = -gradient * self._length / self._energy
        return forces


class BridgeCalculator(Calculator):
    """A calculator of one image."""

    implemented_properties: ClassVar[list[str]] = ["energy", "forces"]

    def __init__(self, bridge: Bridge, slot: int) -> None:
        super().__init__()
        self._bridge, self._slot = bridge, slot

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Any = ("energy",),
        system_changes: Any = all_changes,
    ) -> None:
        """Evaluate, once for all properties."""
        super().calculate(atoms, properties, system_changes)
        energy, forces = self._bridge.evaluate(self.atoms, self._slot)
        self.results = {"energy": energy, "forces": forces}
