r"""A crystal whose cell changes: the enthalpy of atoms and strain together.

.. math:: f(J e, u) = U\bigl(u\, e^{E},\, H_0\, e^{E}\bigr) + p\, \Omega, \qquad
          \frac{\partial f}{\partial u} = \frac{\partial U}{\partial r}\, e^{E}

The first coordinates are the strain's (`strain`), the others the places u of the free atoms in the
reference cell, in Å. Neither a rotation of the whole nor one of the cell is among them, and shifts
are taken out as in a fixed cell.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from ase import Atoms, units
from ase.calculators.calculator import CalculationFailed
from ase.calculators.singlepoint import SinglePointCalculator

from .._arrays import Array
from ..path import SinePath
from ..result import PathResult
from .brought import brought_along
from .calculation import Calculator, Known, each_evaluated
from .checks import check_cell_numbers, require_changeable
from .minimum_image import MinimumImage
from .molecule import MoleculeLandscape
from .output import path_atoms
from .overlap import OverlapGuard
from .strain import strain_of
from .turning import turned

_LARGEST = 1.0
"""Strains (logarithms of a stretch) beyond this are no calculation: cells collapse or burst."""

_TURNED = 1e-6
"""What a structure brings along is in its own orientation; turned by more it is left out."""

_BEND = 0.05
"""The random bend of the strain, as a share of its largest change."""


class CrystalLandscape:
    """A crystal or a layer whose cell may change on the way, under an ASE calculator.

    For changes of phase and other transformations in which both ends have cells of their own: atoms
    and strain are one space, in which a strain counts as a length (Sheppard et al. 2012). The
    lattice vectors of the two ends belong together one by one, and so do the atoms; that decides
    which transformation is meant. How the ends are turned in space does not matter.

    Parameters
    ----------
    atoms : ase.Atoms
        The reference: elements, cell, periodicity, constraints. Usually one end of the path. All
        three directions are periodic, or two; then the cell changes within their plane. What
        constraints hold moves with the cell, as fractional coordinates do.
    calculator : ASE calculator, or callable without arguments that returns one
        As for `MoleculeLandscape`; it must give the stress.
    pressure : float
        In GPa; energies are then enthalpies U + pΩ. 0 by default.
    length : float, optional
        What a strain of 1 is beside displacements of atoms, J, in Å. By default (Ω/n)^(1/3) √n for
        n atoms. Barriers do not depend on it; the way of the search does.
    contact : float
        As for `MoleculeLandscape`, but overlapping atoms are a failed point.

    Attributes
    ----------
    strain : Strain
        Turns the first coordinates into cells, and back.
    pressure : float
        In GPa.
    n_coordinates : int
        D: six coordinates of the strain, or three of a layer's, and those of the free atoms.
    free : ndarray of int
        Indices of the atoms that can move.

    Raises
    ------
    ValueError
        If fewer than two directions are periodic, the cell has no volume, a constraint is an
        energy, a layer is to be under pressure, or the calculator gives no stress (when it is
        made).
    TypeError
        As for `MoleculeLandscape`.

    References
    ----------
    Sheppard, Xiao, Chemelewski, Johnson and Henkelman, J. Chem. Phys. 136, 074103 (2012),
    DOI 10.1063/1.3684549.

    Examples
    --------
    >>> from ase import Atoms
    >>> from ase.build import bulk
    >>> from ase.calculators.emt import EMT
    >>> fcc = bulk("Al", a=4.0)
    >>> bcc = Atoms("Al", cell=fcc.cell @ np.diag([1.12, 1.12, 0.79]), pbc=True)
    >>> landscape = CrystalLandscape(fcc, EMT)
    >>> a, b = landscape.ends(fcc, bcc)
    >>> (b - a)[:3].round(3)
    array([0.286, 0.   , 0.   ])
    """

    stochastic = False
    n_atoms = None
    """The coordinates are not those of atoms alone."""
    moves_as_a_whole = False

    def __init__(
        self,
        atoms: Atoms,
        calculator: Calculator | Callable[[], Calculator],
        *,
        pressure: float = 0.0,
        length: float | None = None,
        contact: float = 0.62,
    ) -> None:
        self._fixed = MoleculeLandscape(atoms, calculator, contact=0.0)
        require_changeable(atoms)
        check_cell_numbers(pressure, length, layer=not atoms.pbc.all())
        self._template = Atoms.copy(atoms)
        own = strain_of(atoms)
        self.strain = own if length is None else replace(own, length=float(length))
        self.pressure = float(pressure)
        self._calculation = self._fixed.calculation
        self._contact = contact
        self.n_coordinates = self.strain.n_coordinates + self._fixed.n_coordinates
        self.numbers, self.free = self._fixed.numbers, self._fixed.free
        self._refuse_overlaps(self._point(atoms), "`atoms`")

    def value_and_grad(self, points: Array) -> tuple[np.ndarray, np.ndarray]:
        """Enthalpies (M,) in eV and gradients (M, D) in eV/Å at `points` (M, D) in Å.

        A calculation that fails, overlapping atoms and a strain beyond all sense give NaN: a failed
        point, not the end of a run.

        Raises
        ------
        CalculatorError
            If the calculator raises anything else; the error names the point, and has it as
            `point`.
        """
        self.prepare()
        return each_evaluated(self._calculation, points, self._one, self._in_one_call)

    @property
    def description(self) -> str:
        """Atoms, calculator with its settings, and the pressure."""
        symbols, calculator = self._template.symbols, self._calculation.describe()
        return f"{symbols} in a changing cell at {self.pressure:g} GPa under {calculator}"

    @property
    def identity(self) -> dict[str, str]:
        """Part by part, what a file that is kept of this landscape must agree with."""
        return self._fixed.identity | {
            "changing cell": f"a strain of 1 is {self.strain.length:.9g} Å",
            "pressure": f"{self.pressure:g} GPa",
            "contact": str(self._contact),
        }

    def prepare(self) -> None:
        """Make this thread's calculator, so that what is wrong with it is said at once."""
        self._calculation.require_stress()

    @property
    def last_failure(self) -> str:
        """Why the last point that is NaN could not be evaluated."""
        return self._calculation.last_failure

    def forget(self) -> None:
        """Make the calculator of this thread start again, whatever it has calculated before."""
        self._calculation.forget()

    def coordinates(self, end: Atoms | Array) -> np.ndarray:
        """The coordinates (D,) of a structure of this system in any cell; arrays pass as they are.

        Raises
        ------
        ValueError
            If `end` is not this system (composition, order, periodicity, constraints), its cell is
            of the other handedness, its atoms overlap, or it is an array of another shape.
        """
        point = self._point(end) if isinstance(end, Atoms) else np.asarray(end)
        if point.shape != (self.n_coordinates,):
            raise ValueError(
                f"an end has shape {point.shape}; it must be ({self.n_coordinates},), "
                f"{self.strain.n_coordinates} coordinates of the strain and those of the free "
                "atoms, or ASE Atoms"
            )
        self._refuse_overlaps(point, "the structure" if isinstance(end, Atoms) else "the point")
        return point

    def ends(self, start: Atoms | Array, end: Atoms | Array) -> tuple[np.ndarray, np.ndarray]:
        """The coordinates of both ends, the second placed as near to the first as possible.

        Its atoms move to the periodic images that are nearest in the reference cell, and if nothing
        is fixed it is shifted so that they do not move on average.
        """
        first, last = self.coordinates(start), self.coordinates(end)
        (ours, a), (theirs, b) = self._parts(first), self._parts(last)
        return np.concatenate([ours, a]), np.concatenate([theirs, self._fixed.ends(a, b)[1]])

    def turned(
        self, points: np.ndarray, gradients: np.ndarray, before: np.ndarray, after: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """What becomes of points and gradients beside an end that `ends` has shifted.

        Parameters
        ----------
        points, gradients : array (n, D)
            What was evaluated.
        before, after : array (D,)
            The end, where it was and where it is.

        Returns
        -------
        (array (n, D), array (n, D))
            The gradients stay as they are.
        """
        return turned(points, gradients, before, after, free=False)

    def same(self, a: np.ndarray, b: np.ndarray, *, tol: float = 0.1, **how: bool) -> bool:
        """Whether two points are the same structure, up to what leaves the energy.

        That is, in the reference cell, what `MoleculeLandscape.same` says; and the same strain.
        Cells that only other lattice vectors, or a symmetry of the crystal, make equal are not
        recognised.

        Parameters
        ----------
        a, b : array (D,)
            Two points, usually minima.
        tol : float
            How far, in Å, an atom may be from its counterpart, and one atom's share of the cell
            be strained.
        **how
            `mirror` and `labelled`, as there.
        """
        (ours, first), (theirs, last) = self._parts(a), self._parts(b)
        share = np.abs(ours - theirs).max() / np.sqrt(len(self.numbers))
        return bool(share <= tol) and self._fixed.same(first, last, tol=tol, **how)

    def placing(
        self, a: np.ndarray, b: np.ndarray, **how: Any
    ) -> Callable[[np.ndarray], np.ndarray]:
        """What maps the atoms of `b` onto those of `a`, as `MoleculeLandscape.placing`."""
        placed = self._fixed.placing(self._parts(a)[1], self._parts(b)[1], **how)

        def motion(points: np.ndarray) -> np.ndarray:
            strain, places = self._parts(points)
            return np.concatenate([strain, placed(places)], axis=-1)

        return motion

    def fingerprint(self, point: np.ndarray) -> np.ndarray:
        """Numbers (P,) that points which are `same` share: the strain, and distances."""
        strain, places = self._parts(point)
        share = strain / np.sqrt(len(self.numbers))
        return np.concatenate([share, self._fixed.fingerprint(places)])

    def initial_path(
        self,
        start: np.ndarray,
        end: np.ndarray,
        n_terms: int = 8,
        rng: np.random.Generator | int | None = None,
    ) -> SinePath:
        """The strain straight, the atoms in the reference cell as `MoleculeLandscape` leads them.

        The strain is bent a little at random, which leaves symmetric starts.
        """
        rng = np.random.default_rng(rng)
        (ours, a), (theirs, b) = self._parts(start), self._parts(end)
        inner = self._fixed.initial_path(a, b, n_terms, rng)
        bend = np.zeros((n_terms, len(ours)))
        bend[0] = _BEND * float(np.abs(theirs - ours).max()) * rng.normal(size=len(ours))
        return SinePath(start, end, np.concatenate([bend, inner.coefficients], axis=1))

    def path_atoms(self, result: PathResult, n_images: int = 21) -> list[Atoms]:
        """A path found on this landscape as structures, each in its cell."""
        return path_atoms(self, result, n_images)

    def free_motions(self, point: np.ndarray) -> np.ndarray:
        """The directions in which the energy does not change.

        Parameters
        ----------
        point : array (D,)
            Coordinates in Å.

        Returns
        -------
        ndarray (k, D)
            Orthonormal: the three shifts of the whole, or none where an atom is fixed.
        """
        inner = self._fixed.free_motions(self._parts(point)[1])
        return np.concatenate([np.zeros((len(inner), self.strain.n_coordinates)), inner], axis=1)

    def calculated(self, end: Atoms | Array) -> tuple[float, np.ndarray] | None:
        """The enthalpy and gradient that a structure brings along.

        Parameters
        ----------
        end : ase.Atoms or array (D,)
            A structure, perhaps with the results of a calculation.

        Returns
        -------
        (float, ndarray (D,)) or None
            In eV and eV/Å. None where energy, forces or stress are missing, where the structure is
            turned against the landscape's, or where `info["energy_from"]` says that no calculator
            was at work.
        """
        brought = brought_along(end, "forces", "stress")
        if brought is None or not isinstance(end, Atoms):
            return None
        energy, results = brought
        point = self._point(end)
        if np.abs(self.cell(point) - np.array(end.cell))[self._template.pbc].max() > _TURNED:
            return None
        forces, stress = results["forces"], end.get_stress(voigt=False, apply_constraint=False)
        return self._told(point, energy, -np.asarray(forces, dtype=float), stress)

    def forces(self, gradient: np.ndarray) -> np.ndarray:
        """What pulls at the free atoms, and in three more rows at the cell.

        Parameters
        ----------
        gradient : array (D,)
            In eV/Å.

        Returns
        -------
        ndarray (n, 3)
            In eV/Å, per displacement in the reference cell, and per strain over the length J.
        """
        strain, places = self._parts(np.asarray(gradient))
        return np.concatenate([self._fixed.forces(places), self.strain.pull(strain)])

    def cell(self, point: np.ndarray) -> np.ndarray:
        """The lattice vectors at a point.

        Parameters
        ----------
        point : array (D,)
            Coordinates in Å.

        Returns
        -------
        ndarray (3, 3)
            As rows, in Å.
        """
        return np.asarray(self.strain.cell @ self.strain.deformation(self._parts(point)[0]))

    def atoms(
        self, point: np.ndarray, value: float | None = None, gradient: np.ndarray | None = None
    ) -> Atoms:
        """The structure at a point, in its cell.

        Parameters
        ----------
        point : array (D,)
            Coordinates in Å.
        value : float, optional
            Enthalpy there in eV. What is kept with the structure is the energy U, and under
            pressure the enthalpy in `info`.
        gradient : array (D,), optional
            Gradient there in eV/Å, kept as forces and stress.

        Returns
        -------
        ase.Atoms
            With the results of the calculation, where they were given.
        """
        strain, places = self._parts(np.asarray(point))
        atoms = self.strain.strained(self._fixed.atoms(places), strain)
        results: dict[str, Any] = {}
        work = self.pressure * units.GPa * atoms.get_volume()
        if value is not None:
            results |= {"energy": float(value) - work, "free_energy": float(value) - work}
            atoms.info |= {"enthalpy": float(value)} if self.pressure else {}
        if gradient is not None:
            slope, slopes = self._parts(np.asarray(gradient))
            inverse = np.linalg.inv(self.strain.deformation(strain))
            results["forces"] = np.zeros((len(atoms), 3))
            results["forces"][self.free] = self._fixed.forces(slopes) @ inverse
            stress = self.strain.stress(strain, slope, atoms.get_volume())
            stress = stress - self.pressure * units.GPa * np.eye(3)
            results["stress"] = stress.ravel()[[0, 4, 8, 5, 2, 1]]
        if results:
            atoms.calc = SinglePointCalculator(atoms, **results)
        return atoms

    def _in_one_call(self, points: np.ndarray) -> dict[int, Known]:
        """What a calculator that takes batches says of those points that it is asked for."""
        asked = [m for m, point in enumerate(points) if not self._senseless(point)]
        found = self._calculation.several([self._structure(points[m]) for m in asked])
        if found is None or any(stress is None for *_, stress in found):
            return {}  # a single calculation says whether there is a stress
        return dict(zip(asked, found, strict=True))

    def _structure(self, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Positions (n, 3) and cell (3, 3) at a point, in Å."""
        strain, places = self._parts(point)
        deformation = self.strain.deformation(strain)
        return self._fixed.positions(places) @ deformation, self.strain.cell @ deformation

    def _senseless(self, point: np.ndarray) -> str:
        """Why a point is not calculated; empty where it is."""
        strain = self._parts(point)[0]
        largest = float(np.abs(strain).max() / self.strain.length)
        if largest > _LARGEST:
            return f"the cell is strained by {largest:.2g}, more than any crystal"
        overlaps = self._overlaps(point)
        return f"calculator not called: {overlaps[0]}" if overlaps else ""

    def _one(self, point: np.ndarray, known: Known | None) -> tuple[float, np.ndarray]:
        if why := self._senseless(point):
            raise CalculationFailed(why)
        if known is not None and known[2] is not None:
            return self._told(point, known[0], known[1], known[2])
        return self._told(point, *self._calculation.in_cell(*self._structure(point)))

    def _told(
        self, point: np.ndarray, energy: float, gradient: np.ndarray, stress: np.ndarray
    ) -> tuple[float, np.ndarray]:
        """Enthalpy and its gradient (D,), from energy, gradient (n, 3) and stress (3, 3)."""
        strain = self._parts(point)[0]
        deformation = self.strain.deformation(strain)
        volume = abs(float(np.linalg.det(self.strain.cell @ deformation)))
        pressure = self.pressure * units.GPa
        slope = self.strain.gradient(strain, stress + pressure * np.eye(3), volume)
        slopes = self._fixed.pull_back(gradient @ deformation)
        return energy + pressure * volume, np.concatenate([slope, slopes])

    def _point(self, atoms: Atoms) -> np.ndarray:
        """The coordinates of a structure of this system."""
        if len(atoms) == len(self.numbers) and (atoms.pbc == self._template.pbc).all():
            strain, reference = self.strain.reference(atoms)
        else:  # which the landscape in the fixed cell refuses, with its reason
            strain, reference = np.zeros(self.strain.n_coordinates), atoms
        return np.concatenate([strain, self._fixed.coordinates(reference)])

    def _parts(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The strain (..., 6) and the places (..., D - 6) in coordinates (..., D)."""
        n = self.strain.n_coordinates
        return points[..., :n], points[..., n:]

    def _overlaps(self, point: np.ndarray) -> list[str]:
        """One sentence for each two atoms that overlap."""
        positions, cell = self._structure(point)
        return self._guard(cell).overlaps(positions)

    def _refuse_overlaps(self, point: np.ndarray, name: str) -> None:
        positions, cell = self._structure(point)
        self._guard(cell).refuse(positions, name)

    def _guard(self, cell: np.ndarray) -> OverlapGuard:
        """What recognises overlapping atoms in a cell (3, 3)."""
        image = MinimumImage(cell, self._template.pbc)
        movable = np.zeros(len(self.numbers), dtype=bool)
        movable[self.free] = True
        return OverlapGuard(movable, image, self.numbers, self._contact)
