r"""Normal modes of a structure: H v = ω² M v, among the displacements that are free.

With coordinates x, positions r = r0 + J x and the atoms' masses m, the mass matrix is M = J^T m J.
Shifts and turns of the whole, whose frequency is zero, are projected out, and need no gradients.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms, units
from scipy.linalg import null_space, solve_triangular

from ..landscapes.abilities import abilities_of, innermost
from ..landscapes.protocols import Landscape
from ..saddle.guard import Guarded
from .directions import spring_model
from .hessian import Products, hessian, opposite_pairs

_QUANTUM = units._hbar * 1e10 / np.sqrt(units._e * units._amu)
"""ħω in eV from the square root of a curvature in eV/Å² over a mass in u."""


@dataclass(frozen=True, eq=False)
class NormalModes:
    """The harmonic vibrations of a structure.

    Parameters
    ----------
    atoms : ase.Atoms
        The structure, with its energy in eV and its forces in eV/Å.
    frequencies : ndarray (n,)
        In cm⁻¹, ascending; an imaginary one is told as a negative number.
    displacements : ndarray (n, n_atoms, 3)
        Of all atoms, each mode with norm 1.
    order : int
        How many of the lowest modes are no vibrations: 0 at a minimum, 1 at a saddle.
    n_left_out : int
        Shifts and turns of the whole that are not among the modes: 6 of a molecule, 5 of a linear
        one, 3 of a crystal, 0 where something is held.
    atoms_moved : ndarray of int
        The atoms that were displaced.
    n_gradients : int
        Evaluations that were asked for.

    Examples
    --------
    >>> from ase import Atoms
    >>> from ase.calculators.emt import EMT
    >>> from fourierpathfinder.atoms import MoleculeLandscape
    >>> from fourierpathfinder.rates import normal_modes
    >>> nitrogen = Atoms("N2", [(0, 0, 0), (0, 0, 0.99799)])
    >>> modes = normal_modes(MoleculeLandscape(nitrogen, EMT), nitrogen)
    >>> modes.n_unexpected, modes.displacements.shape
    (0, (1, 2, 3))
    """

    atoms: Atoms
    frequencies: np.ndarray
    displacements: np.ndarray
    order: int
    n_left_out: int
    atoms_moved: np.ndarray
    n_gradients: int

    @property
    def energy(self) -> float:
        """The potential energy, in eV."""
        return float(self.atoms.get_potential_energy())

    @property
    def force(self) -> float:
        """The largest force on an atom, in eV/Å."""
        return float(np.linalg.norm(self.atoms.get_forces(), axis=1).max())

    @property
    def reaction_coordinate(self) -> np.ndarray:
        """The frequencies (order,) in cm⁻¹ that are no vibrations."""
        return np.asarray(self.frequencies[: self.order])

    @property
    def vibrations(self) -> np.ndarray:
        """The frequencies in cm⁻¹ of what vibrates, imaginary ones as if they were real."""
        return np.asarray(np.abs(self.frequencies[self.order :]))

    @property
    def n_unexpected(self) -> int:
        """Imaginary frequencies beyond those that belong to a minimum, or saddle."""
        return int((self.frequencies < 0).sum()) - self.order

    @property
    def zero_point_energy(self) -> float:
        """Half a quantum of every vibration, in eV."""
        return float(self.vibrations.sum() * units.invcm / 2)

    def __str__(self) -> str:
        """The frequencies in cm⁻¹, imaginary ones with an i."""
        return ", ".join(told_frequency(frequency) for frequency in self.frequencies)


def told_frequency(frequency: float) -> str:
    """A frequency as people write it: `1234i` where it is imaginary."""
    return f"{-frequency:.1f}i" if frequency < 0 else f"{frequency:.1f}"


def normal_modes(
    landscape: Landscape,
    point: Any,
    *,
    order: int = 0,
    region: Sequence[int] | None = None,
    step: float = 0.01,
    known: tuple[np.ndarray, np.ndarray] | None = None,
) -> NormalModes:
    """The normal modes of a structure, by symmetric differences of gradients.

    Two gradients for each coordinate that is free, without shifts and turns of the whole: 6 n - 12
    of a molecule with n atoms, 6 n of n atoms that can move on a surface. They are asked for in
    one batch, so that a landscape with several workers evaluates several at a time.

    Parameters
    ----------
    landscape : MoleculeLandscape
        Or what stands before one.
    point : array (D,) or ase.Atoms
        The structure, where the forces vanish.
    order : int
        1 at a saddle, whose lowest mode is no vibration.
    region : sequence of int, optional
        Only these atoms move, as if all others were held (a partial Hessian): such as an adsorbate
        without its surface.
    step : float
        The displacement, in Å.
    known : (points (n, D), gradients (n, D)), optional
        Evaluations; pairs of them on opposite sides of `point` are used, and save two each.

    Returns
    -------
    NormalModes
        All frequencies and displacements.

    Raises
    ------
    TypeError
        If the landscape is not of atoms.
    ValueError
        If `region` names no atom that is free.
    NotEvaluatedError
        If the calculator fails at a displaced structure.

    References
    ----------
    E. B. Wilson, J. C. Decius and P. C. Cross, Molecular Vibrations (1955). Partial Hessians:
    J. D. Head, Int. J. Quantum Chem. 65, 827 (1997).

    Examples
    --------
    >>> from ase import Atoms
    >>> from ase.calculators.emt import EMT
    >>> from fourierpathfinder.atoms import MoleculeLandscape
    >>> from fourierpathfinder.rates import normal_modes
    >>> carbon_monoxide = Atoms("N2", [(0, 0, 0), (0, 0, 0.99799)])
    >>> modes = normal_modes(MoleculeLandscape(carbon_monoxide, EMT), carbon_monoxide)
    >>> modes.frequencies.shape, modes.n_left_out, modes.n_gradients
    ((1,), 5, 3)
    """
    molecule = _molecule(landscape)
    x = np.asarray(molecule.coordinates(point), dtype=float)
    guarded = Guarded(landscape)
    values, gradients = guarded.value_and_grad(x[None])
    jacobian = molecule.positions(x + np.eye(len(x))) - molecule.positions(x)
    inside = _inside(jacobian, molecule.free, region)
    motions = abilities_of(landscape).free_motions(x) if region is None else np.empty((0, len(x)))
    basis = inside if not len(motions) else null_space(motions)
    nothing = Products(np.empty((0, len(x))), np.empty((0, len(x))))
    pairs = nothing if known is None else opposite_pairs(x, *known, step)
    flat = jacobian.reshape(len(x), -1)
    atoms = molecule.atoms(x)
    model = flat @ spring_model(atoms) @ flat.T
    curvature = hessian(guarded, x, basis, pairs, step, model)
    roots, directions = _solved(
        inside.T @ basis @ curvature @ basis.T @ inside,
        _mass_matrix(atoms.get_masses(), jacobian, inside),
        motions @ inside,
    )
    displacements = np.tensordot(directions.T @ inside.T, jacobian, axes=1)
    norms = np.linalg.norm(displacements, axis=(1, 2))
    return NormalModes(
        atoms=molecule.atoms(x, float(values[0]), gradients[0]),
        frequencies=np.sign(roots) * np.sqrt(np.abs(roots)) * _QUANTUM / units.invcm,
        displacements=displacements / norms[:, None, None],
        order=order,
        n_left_out=len(motions),
        atoms_moved=np.asarray(molecule.free if region is None else region, dtype=int),
        n_gradients=guarded.n_gradients,
    )


def _molecule(landscape: Landscape) -> Any:
    molecule = innermost(landscape)
    if not hasattr(molecule, "atoms") or not hasattr(molecule, "positions"):
        raise TypeError(
            f"the landscape is a {type(molecule).__name__}, which has no atoms; vibrations need "
            "masses: give a MoleculeLandscape"
        )
    return molecule


def _inside(jacobian: np.ndarray, free: np.ndarray, region: Sequence[int] | None) -> np.ndarray:
    """Orthonormal columns (D, d): the displacements that leave the atoms outside a region."""
    size, n_atoms = jacobian.shape[:2]
    if region is None:
        return np.eye(size)
    unknown = set(region) - set(range(n_atoms))
    if unknown:
        raise ValueError(
            f"`region` names the atom {min(unknown)}; there are atoms 0 to {n_atoms - 1}"
        )
    outside = jacobian[:, np.setdiff1d(np.arange(n_atoms), region)].reshape(size, -1)
    still = ~(np.abs(outside) > 1e-12).any(axis=1)
    # where every coordinate is one of one atom they are picked as they are
    plain = np.eye(size)[:, still]
    inside = plain if np.count_nonzero(jacobian) == size else null_space(outside.T)
    if not inside.shape[1]:
        raise ValueError(f"`region` is {list(region)}, none of which is free; free are {free}")
    return np.asarray(inside)


def _mass_matrix(masses: np.ndarray, jacobian: np.ndarray, inside: np.ndarray) -> np.ndarray:
    moved = np.tensordot(inside.T, jacobian, axes=1).reshape(inside.shape[1], -1)
    return np.asarray((moved * np.repeat(masses, 3)) @ moved.T)


def _solved(
    curvature: np.ndarray, masses: np.ndarray, motions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues (n,) ascending and their directions (d, n), apart from the motions (k, d)."""
    root = np.linalg.cholesky(masses)
    half = solve_triangular(root, curvature, lower=True)
    weighted = solve_triangular(root, half.T, lower=True)
    rest = null_space(motions @ root) if len(motions) else np.eye(len(masses))
    inner = rest.T @ weighted @ rest
    roots, columns = np.linalg.eigh((inner + inner.T) / 2)
    return roots, solve_triangular(root.T, rest @ columns)
