"""A structure without its calculator: which coordinates are free, and structures from them."""

from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

from .._lazy import cached_property
from .comparison import differences, shift_of_held
from .constraints import free_space, names_a_shift, shifts_as_a_whole, springs, tethers
from .free_space import FreeSpace
from .metric import BondMetric, MetricSpace
from .minimum_image import MinimumImage
from .motions import free_motions
from .pairs import AtomPairs

_FEW = 300
"""Up to this many atoms every pair is kept; of more only those that come near each other."""


class System:
    """Elements, cell, constraints and the places of what is fixed; only positions change.

    Parameters
    ----------
    atoms : ase.Atoms
        The structure.
    metric : BondMetric, optional
        What coordinates are lengths of; the atoms' displacements themselves by default.

    Attributes
    ----------
    template : ase.Atoms
        A copy of it.
    free : FreeSpace
        What its constraints leave free.
    space : FreeSpace or MetricSpace
        Turns coordinates into positions, and back.
    image : MinimumImage
        Of its cell.
    springs : list of ASE constraints
        Those that are energies.

    Raises
    ------
    ValueError
        If a constraint cannot be kept, or nothing is free.
    """

    def __init__(self, atoms: Atoms, metric: BondMetric | None = None) -> None:
        self.free = free_space(atoms)
        if not self.free.n_coordinates:
            raise ValueError("`atoms` has no free atom; remove some of its constraints")
        self.metric = metric
        self.space: FreeSpace | MetricSpace = (
            self.free if metric is None else MetricSpace.of(atoms, metric)
        )
        # `Atoms.copy`, as the `copy` of ASE's own subclass Cluster fails after indexing.
        self.template = Atoms.copy(atoms)
        self.image = MinimumImage.of(atoms)
        self.springs = springs(self.template)
        self._shifts, self._tethered = shifts_as_a_whole(atoms), tethers(atoms)

    def coordinates(self, end: Atoms) -> np.ndarray:
        """The coordinates (D,) of a structure of this system.

        Raises
        ------
        ValueError
            If `end` is not this system.
        """
        sentences = differences(self.template, end)
        if sentences:
            raise ValueError("the structure does not fit: " + "; ".join(sentences))
        positions = end.positions
        if names_a_shift(self.template):
            positions = positions - self._shift_of(positions)
        return self.space.project(positions)

    def _shift_of(self, positions: np.ndarray) -> np.ndarray:
        """How far (3,) the whole is from where the template is."""
        vectors = positions - self.template.positions
        if self._shifts:
            masses = self.template.get_masses()
            return np.asarray(masses @ vectors / masses.sum())
        return shift_of_held(self.template, self.image(vectors))

    def positions(self, points: np.ndarray) -> np.ndarray:
        """All atoms' positions (..., n, 3) at `points` (..., D), in Å."""
        return self.space.lift(points)

    @cached_property
    def every_pair(self) -> AtomPairs:
        """All pairs of atoms whose distance can change."""
        return AtomPairs.of_movable(self.free.movable, self.image)

    def pairs_along(self, points: np.ndarray, within: float) -> AtomPairs:
        """The pairs that come near each other at some of the `points` (m, D), or all if few."""
        movable = self.free.movable
        if len(movable) <= _FEW:
            return self.every_pair
        return AtomPairs.near(self.space.lift(points), movable, self.image, within)

    def motions(self, point: np.ndarray) -> np.ndarray:
        """Orthonormal directions (k, D) of the shifts and turns that leave the energy."""
        positions = self.space.lift(point)
        found = free_motions(positions, self.free, self.image, tethered=self._tethered)
        if self.metric is None or not len(found):
            return found
        turned, _ = np.linalg.qr(self.space.project(self.free.push_forward(found)).T)
        return np.asarray(turned.T)

    def spring_energy(self, positions: np.ndarray) -> tuple[float, np.ndarray]:
        """The energy of the springs at positions (n, 3), in eV, and its gradient in eV/Å."""
        forces = np.zeros(positions.shape)
        if not self.springs:
            return 0.0, forces
        atoms = Atoms(self.template.numbers, positions, cell=self.template.cell,
                      pbc=self.template.pbc)  # fmt: skip
        energies = [spring.adjust_potential_energy(atoms) for spring in self.springs]
        for spring in self.springs:
            spring.adjust_forces(atoms, forces)
        return float(sum(energies)), -forces

    def atoms(self, point: np.ndarray, value: float | None, gradient: np.ndarray | None) -> Atoms:
        """The structure at a point, and where given its energy and its forces on what is free."""
        atoms = Atoms.copy(self.template)
        atoms.positions = self.positions(point)
        results: dict[str, Any] = {}
        if value is not None:
            results |= {"energy": float(value), "free_energy": float(value)}
        if gradient is not None:
            results["forces"] = -self.space.covector(np.asarray(gradient))
        if results:
            # the energy of the springs is in `value`: ASE must not add it again
            atoms.set_constraint([one for one in atoms.constraints if not _is_energy(one)])
            atoms.calc = SinglePointCalculator(atoms, **results)
        return atoms


def _is_energy(constraint: Any) -> bool:
    return hasattr(constraint, "adjust_potential_energy")
