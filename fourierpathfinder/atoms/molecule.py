"""The potential energy of the free atoms: f(x) = E(x) in eV, gradient -F(x) in eV/Å, x in Å."""

from collections.abc import Callable

import numpy as np
from ase import Atoms

from .._arrays import Array
from ..path import SinePath
from ..result import PathResult
from .alignment import is_tie
from .brought import brought_along
from .calculation import Calculation, Calculator, Known, each_evaluated
from .checks import check_atoms, check_contact, check_places
from .constraints import held_on_a_line, moves_as_a_whole
from .content import identity
from .first_path import HORIZON, idpp_start
from .guarded import GuardedCalculation
from .handedness import Groups
from .identity import symmetries_of
from .metric import BondMetric
from .output import path_atoms
from .placing import bonded_placing
from .superposition import superpose
from .system import System
from .turning import turned

_PLACED = 1e-9
"""In Å: placing an end anew moves it by less than this if it was placed before."""

_TURNED = 1e-5
"""In Å: moved by less an end is as good as where it was; by more, it has become another."""


class MoleculeLandscape:
    """A molecule, cluster, crystal or surface under an ASE calculator, as a landscape.

    Coordinates are the positions of the atoms that are free to move, flattened, in Å, without
    those that constraints hold; where constraints hold linear combinations of them (a plane, a
    line, the centre of mass), an orthonormal basis of what is left. Energies are in eV: the one
    whose derivative the forces are, which is ASE's `free_energy` where the calculator gives it and
    `energy` otherwise, and with it those of the springs among the constraints.
    Charges, magnetic moments and `atoms.info` are handed to the calculator untouched.

    Where atoms overlap the calculator is not called; see `contact`.

    Parameters
    ----------
    atoms : ase.Atoms
        The system: elements, cell, periodicity, constraints, and the places of what these hold.
        Usually one end of the path. Constraints that hold linear combinations of coordinates are
        kept exactly (FixAtoms, FixCartesian, FixScaled, FixedPlane, FixedLine, FixCom,
        FixSubsetCom, FixedMode), those that are energies (Hookean, ExternalForce) are added.
    calculator : ASE calculator, or callable without arguments that returns one
        With a callable (a class such as `EMT`, a function, a `functools.partial`) every thread
        and process makes its own calculator.
    contact : float
        Two atoms nearer than this fraction of their summed covalent radii, at least one of them
        free, get a steep repulsive energy instead of a calculation. It lies 10 eV or more above
        the energy of `atoms`, which is calculated once if it is not yet known. 0 turns the guard
        off; model potentials with small atoms need that.
    metric : BondMetric, optional
        For crystals and surfaces in which many atoms move together: coordinates are then those in
        which neighbours pull on each other, y = P^(1/2) x, no longer positions in Å. Paths, speed,
        saddle search and what the surrogate sees are all in these. Not for free molecules.

    Attributes
    ----------
    n_atoms, n_coordinates : int
        Number of free atoms, and of coordinates D.
    numbers : ndarray of int (n,)
        Atomic numbers of all n atoms.
    free, fixed : ndarray of int
        Indices of the atoms that can move, and of those that cannot.
    mask : ndarray of bool (n_atoms, 3)
        Which coordinates of the free atoms can change, by themselves or together with others.
    fixed_positions : ndarray (n - n_atoms, 3)
        Where the fixed atoms are, in Å.
    cell : ndarray (3, 3)
        Lattice vectors as rows, in Å.
    pbc : ndarray of bool (3,)
        Which directions are periodic.
    moves_as_a_whole : bool
        Whether rotations and shifts of all atoms leave the energy unchanged.
    n_guarded : int
        How many points had overlapping atoms so far, in this process.

    Raises
    ------
    ValueError
        If a constraint is of another kind, nothing is free, or atoms overlap.
    TypeError
        If `atoms` is not an `ase.Atoms` or `calculator` not a calculator.

    Examples
    --------
    >>> from ase.build import add_adsorbate, fcc100
    >>> from ase.calculators.emt import EMT
    >>> from ase.constraints import FixAtoms
    >>> slab = fcc100("Al", size=(2, 2, 3), vacuum=4)
    >>> add_adsorbate(slab, "Au", 1.7, "hollow")
    >>> slab.set_constraint(FixAtoms([atom.index for atom in slab if atom.tag > 1]))
    >>> landscape = MoleculeLandscape(slab, EMT)
    >>> energies, gradients = landscape.value_and_grad(landscape.coordinates(slab)[None])
    >>> energies.shape, gradients.shape
    ((1,), (1, 15))
    """

    stochastic = False

    def __init__(
        self,
        atoms: Atoms,
        calculator: Calculator | Callable[[], Calculator],
        *,
        contact: float = 0.62,
        metric: BondMetric | None = None,
    ) -> None:
        check_atoms(atoms)
        check_contact(contact)
        self._system = System(atoms, metric)
        self._calculation = Calculation(atoms, calculator)
        self._describe(atoms)
        self._symmetries = symmetries_of(atoms, self._system.free, self._system.image)
        self._contact = contact
        self._guarded = GuardedCalculation(self._system, self._calculation, contact)
        self._guarded.refuse_overlaps(atoms.positions, "`atoms`")

    def _describe(self, atoms: Atoms) -> None:
        mask = self._system.free.mask
        movable = np.asarray(mask.any(axis=1))
        self.numbers = atoms.numbers.copy()
        self.free, self.fixed = np.flatnonzero(movable), np.flatnonzero(~movable)
        self.mask = mask[self.free]
        self.n_atoms, self.n_coordinates = len(self.free), self._system.free.n_coordinates
        self.fixed_positions = atoms.positions[self.fixed]
        self.cell, self.pbc = np.array(atoms.cell), atoms.pbc.copy()
        self.moves_as_a_whole = moves_as_a_whole(atoms)
        self._turns_about_held = held_on_a_line(atoms) is not None
        if self.moves_as_a_whole and self._system.metric is not None:
            raise ValueError(
                "`metric` is for crystals and surfaces; a free molecule is seen by its inverse "
                "distances, which turns leave alone: leave `metric` out"
            )

    @property
    def n_guarded(self) -> int:
        """How many points had overlapping atoms so far, in this process."""
        return self._guarded.n_guarded

    def value_and_grad(self, points: Array) -> tuple[np.ndarray, np.ndarray]:
        """Energies (M,) in eV and gradients (M, D) in eV/Å at `points` (M, D) in Å.

        A calculation that fails, as one whose self-consistency does not converge (ASE's
        `CalculationFailed`), is logged and gives NaN: a failed point, not the end of a run.

        Raises
        ------
        CalculatorError
            If the calculator raises anything else; the error names the point, and has it as
            `point`.
        """
        self.prepare()
        return each_evaluated(self._calculation, points, self._one, self._in_one_call)

    @property
    def calculation(self) -> Calculation:
        """What evaluates single structures."""
        return self._calculation

    @property
    def description(self) -> str:
        """Atoms, and calculator with its settings: what a checkpoint asks before it goes on."""
        return f"{self._system.template.symbols} under {self._calculation.describe()}"

    @property
    def identity(self) -> dict[str, str]:
        """Part by part, what a file that is kept of this landscape must agree with."""
        calculator = self._calculation.identity()
        contact = {"contact": str(self._contact)}
        return identity(self._system, calculator) | contact

    def prepare(self) -> None:
        """Make this thread's calculator, so that what is wrong with it is said at once."""
        self._calculation.prepare()

    @property
    def last_failure(self) -> str:
        """Why the last point that is NaN could not be evaluated."""
        return self._calculation.last_failure

    def forget(self) -> None:
        """Make the calculator of this thread start again, whatever it has calculated before.

        Many start from the last wavefunction, which makes an energy depend, in its last digits,
        on what was calculated before; for results that repeat exactly call this in between.
        """
        self._calculation.forget()

    def coordinates(self, end: Atoms | Array) -> np.ndarray:
        """The coordinates (D,) of a structure of this system; arrays pass as they are.

        Raises
        ------
        ValueError
            If `end` is not this system (composition, order, cell, periodicity, constraints, held
            atoms elsewhere), if its atoms overlap, or if it is an array of another shape.
        """
        if isinstance(end, Atoms):
            check_places(end.positions, "the structure")
            point = self._system.coordinates(end)
            self._guarded.refuse_overlaps(self.positions(point), "the structure")
            return point
        point = np.asarray(end)
        if point.shape != (self.n_coordinates,):
            raise ValueError(
                f"an end has shape {point.shape}; it must be ({self.n_coordinates},), three "
                f"coordinates for each free atom, or ASE Atoms"
            )
        self._guarded.refuse_overlaps(self.positions(point), "the point")
        return point

    def ends(self, start: Atoms | Array, end: Atoms | Array) -> tuple[np.ndarray, np.ndarray]:
        """The coordinates of both ends, the second placed as near to the first as possible.

        Where nothing is periodic or fixed `end` is rotated and translated onto `start`, and rotated
        about what is fixed where that is one atom, or several on one line; in a cell
        its atoms move to the nearest periodic images, and if nothing is fixed it is shifted so
        that they do not move on average. The energy of `end` is unchanged by any of it.

        Parameters
        ----------
        start, end : ase.Atoms or array (D,)
            The ends of the path.

        Returns
        -------
        tuple of ndarray (D,)
            In Å.
        """
        first, last = self.coordinates(start), self.coordinates(end)
        placed = self.coordinates(superpose(self.atoms(first), self.atoms(last)))
        # ends that are placed already stay, to the last bit: what is known of them stays true
        moved = np.abs(placed - last).max()
        is_tied = moved > _TURNED and is_tie(*map(self.positions, (first, last, placed)))
        return first, last if is_tied or moved < _PLACED else placed

    def turned(
        self, points: np.ndarray, gradients: np.ndarray, before: np.ndarray, after: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """What becomes of points (n, D) and gradients beside an end that `ends` has placed.

        Parameters
        ----------
        points, gradients : array (n, D)
            What was evaluated.
        before, after : array (D,)
            The end, where it was and where it is.

        Returns
        -------
        (array (n, D), array (n, D))
            Where a point was the end itself, it is so to the last bit.
        """
        if not self._turns_about_held:
            return turned(points, gradients, before, after, free=self.moves_as_a_whole)
        space, shape = self._system.space, (-1, len(self.numbers), 3)
        lifted = (space.lift(x).reshape(*x.shape[:-1], -1) for x in (points, before, after))
        ours, old, new = lifted
        there = space.covector(gradients).reshape(ours.shape)
        moved, slopes = turned(ours, there, old, new, free=True)
        is_end = (points == before).all(axis=1)[:, None]
        placed = np.where(is_end, after, space.project(moved.reshape(shape)))
        return placed, space.pull_back(slopes.reshape(shape))

    def same(
        self,
        a: np.ndarray,
        b: np.ndarray,
        *,
        tol: float = 0.1,
        mirror: bool = False,
        labelled: bool = False,
    ) -> bool:
        """Whether two points are the same structure up to motions that leave the energy.

        That is exchange of identical atoms, and: rotations and translations of a free molecule;
        lattice translations; shifts of a crystal of which nothing is fixed; shifts that map the
        fixed atoms of a surface onto each other.

        Parameters
        ----------
        a, b : array (D,)
            Two points, usually minima.
        tol : float
            How far, in Å, an atom may be from its counterpart.
        mirror : bool
            Whether mirror images of a free molecule are the same.
        labelled : bool
            Whether every atom must be where it was: no exchange, no shift along a surface.
        """
        found = self._symmetries.coinciding(
            self.positions(a), self.positions(b), tol, mirror=mirror, labelled=labelled
        )
        return found is not None

    def placing(
        self, a: np.ndarray, b: np.ndarray, *, tol: float = 0.1, mirror: bool = False
    ) -> Callable[[np.ndarray], np.ndarray]:
        """What maps `b` onto `a` where they are `same`, or else beside it with what is bonded kept.

        Parameters
        ----------
        a, b : array (D,)
            Two points.
        tol, mirror
            As for `same`.

        Returns
        -------
        callable (..., D) -> (..., D)
            An affine map that leaves energies: any point or path may be taken along with `b`.
        """
        structures = self.atoms(a), self.atoms(b)
        motion = bonded_placing(self._symmetries, *structures, tol, mirror=mirror)
        return lambda points: self._system.space.project(motion(self.positions(points)))

    def fingerprint(self, point: np.ndarray) -> np.ndarray:
        """Numbers (P,) that points which are `same` share: distances, sorted by kind of pair."""
        pairs = self._system.every_pair
        lengths = np.linalg.norm(pairs.vectors(self.positions(point)), axis=-1)
        first, second = self.numbers[pairs.first], self.numbers[pairs.second]
        order = np.lexsort((lengths, np.minimum(first, second), np.maximum(first, second)))
        return np.asarray(lengths[order])

    def initial_path(
        self,
        start: np.ndarray,
        end: np.ndarray,
        n_terms: int = 8,
        rng: np.random.Generator | int | None = None,
    ) -> SinePath:
        """A path on which atoms keep their distances, found without the calculator.

        Parameters
        ----------
        start, end : ndarray (D,)
            The ends, as from `ends`.
        n_terms : int
            Number of sine terms N.
        rng : numpy.random.Generator or int, optional
            Source of the small random bend that leaves symmetric starts (:term:`SPEC 7`).

        Returns
        -------
        SinePath
            Relaxed on the image-dependent pair potential (Smidstrup et al. 2014,
            DOI 10.1063/1.4878664).
        """
        rng = np.random.default_rng(rng)
        straight = SinePath.straight(start, end, n_terms)
        pairs = self._system.pairs_along(straight(np.linspace(0, 1, 5)), HORIZON)
        groups = Groups.of(self.atoms(start), self.atoms(end), self._system.image)
        motions = self.free_motions(start)
        return idpp_start(straight, rng, pairs, self._system.space, motions, groups)

    def path_atoms(self, result: PathResult, n_images: int = 21) -> list[Atoms]:
        """A path found on this landscape as structures; see `output.path_atoms`."""
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
            Orthonormal: the shifts and turns of the whole that nothing holds. Six for a molecule,
            three for a crystal, none where an atom of a slab is fixed.
        """
        return self._system.motions(point)

    def calculated(self, end: Atoms | Array) -> tuple[float, np.ndarray] | None:
        """The energy and gradient that a structure brings along.

        Parameters
        ----------
        end : ase.Atoms or array (D,)
            A structure, perhaps with the results of a calculation.

        Returns
        -------
        (float, ndarray (D,)) or None
            In eV and eV/Å, those of the springs added; None where energy or forces are missing, or
            where `info["energy_from"]` says that no calculator was at work.
        """
        brought = brought_along(end, "forces")
        if brought is None or not isinstance(end, Atoms):
            return None
        energy, results = brought
        more, slope = self._system.spring_energy(end.positions)
        gradient = slope - np.asarray(results["forces"], dtype=float)
        return energy + more, self._system.space.pull_back(gradient)

    def mass_matrix(self) -> np.ndarray:
        """The masses of what moves along each coordinate.

        Returns
        -------
        ndarray (D, D)
            M in u: half of v M v is the kinetic energy of the velocities v (D,). Diagonal where the
            coordinates are positions of atoms.
        """
        origin = np.zeros(self.n_coordinates)
        moved = self.positions(np.eye(self.n_coordinates)) - self.positions(origin)
        masses = self._system.template.get_masses()
        return np.asarray(np.einsum("jac,a,kac->jk", moved, masses, moved, optimize=True))

    def forces(self, gradient: np.ndarray) -> np.ndarray:
        """The forces on the free atoms, from a gradient.

        Parameters
        ----------
        gradient : array (D,)
            In eV/Å.

        Returns
        -------
        ndarray (n_atoms, 3)
            In eV/Å; none along what is fixed.
        """
        return np.asarray(-self._system.space.covector(gradient)[self.free])

    def pull_back(self, gradients: np.ndarray) -> np.ndarray:
        """Make gradients in the coordinates from those in the positions.

        Parameters
        ----------
        gradients : array (..., n, 3)
            Of all atoms, in eV/Å.

        Returns
        -------
        ndarray (..., D)
            In eV/Å.
        """
        return self._system.space.pull_back(gradients)

    def positions(self, points: np.ndarray) -> np.ndarray:
        """The positions of all atoms.

        Parameters
        ----------
        points : array (..., D)
            Coordinates in Å.

        Returns
        -------
        ndarray (..., n_atoms, 3)
            In Å; fixed atoms are where the template has them.
        """
        return self._system.positions(points)

    def atoms(
        self, point: np.ndarray, value: float | None = None, gradient: np.ndarray | None = None
    ) -> Atoms:
        """The structure at a point, with the cell, constraints and info of the system.

        Parameters
        ----------
        point : array (D,)
            Coordinates in Å.
        value : float, optional
            Energy there in eV, to be kept with the structure.
        gradient : array (D,), optional
            Gradient there in eV/Å; the forces on what is fixed are set to zero, as ASE does.

        Returns
        -------
        ase.Atoms
            With energy and forces, where they were given. It then has no springs among its
            constraints any more: ASE would add their energy, which is in the value, once again.
        """
        return self._system.atoms(np.asarray(point), value, gradient)

    def remind(self, point: np.ndarray, value: float) -> None:
        """Take note of an energy that another process has found, or an earlier run.

        Energies where atoms overlap are counted from that of the template, which then need not be
        calculated for it.

        Parameters
        ----------
        point : array (D,)
            Coordinates in Å.
        value : float
            The energy there in eV.
        """
        self._guarded.note(self.positions(point), value)

    def _in_one_call(self, points: np.ndarray) -> dict[int, Known]:
        return self._guarded.in_one_call([self.positions(point) for point in points])

    def _one(self, point: np.ndarray, known: Known | None) -> tuple[float, np.ndarray]:
        energy, gradient = self._guarded(self.positions(point), known)
        return energy, self._system.space.pull_back(gradient)
