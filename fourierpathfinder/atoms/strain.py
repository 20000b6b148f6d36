r"""The strain of a cell as coordinates, and how an energy changes with them.

.. math:: H = H_0\, e^{E}, \qquad r_i = u_i\, e^{E}, \qquad E = E^T = Q^T e\, Q

H are lattice vectors as rows, u the atoms' places in the reference cell H_0, and E the logarithmic
strain (Hencky's). It is symmetric, so that no coordinate turns the whole, and no value of it turns
a cell inside out: the volume is Ω_0 exp(tr E). The rows of Q span the periodic directions. With
the eigenvalues λ and eigenvectors V of E, the stress σ (ASE's, eV/Å³, tension positive), the
pressure p and the enthalpy h = U + p Ω,

.. math:: \frac{\partial h}{\partial E} = \Omega\, V \Bigl[ V^T (\sigma + p)\, V \circ
          \frac{\sinh(\lambda_i - \lambda_j)}{\lambda_i - \lambda_j} \Bigr] V^T .

Coordinates are e times a length J, with the off-diagonal elements times √2, so that the norm is
that of the matrix J e.

References
----------
Sheppard, Xiao, Chemelewski, Johnson and Henkelman, J. Chem. Phys. 136, 074103 (2012),
DOI 10.1063/1.3684549 (atoms and strain in one space, and J).
"""

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from ase.geometry import complete_cell


@dataclass(frozen=True, eq=False)
class Strain:
    """Turns strain coordinates into deformations of a cell, and back.

    Parameters
    ----------
    cell : ndarray (3, 3)
        The reference cell, H_0: lattice vectors as rows, in Å.
    pbc : ndarray of bool (3,)
        Which of them repeat; three do, or two.
    length : float
        What a strain of 1 is as a length beside displacements of atoms, J, in Å.

    Examples
    --------
    >>> strain = Strain(4 * np.eye(3), np.array([True, True, True]), 5.0)
    >>> longer = 4 * np.diag([1.0, 1.0, 1.1])
    >>> strain.coordinates(longer).round(4)
    array([0.    , 0.    , 0.    , 0.    , 0.    , 0.4766])
    """

    cell: np.ndarray
    pbc: np.ndarray
    length: float

    @property
    def n_coordinates(self) -> int:
        """Six, or three where two directions repeat."""
        return len(self._places[0])

    def deformation(self, strain: np.ndarray) -> np.ndarray:
        """The symmetric matrix (3, 3) that deforms the reference cell: H = H_0 exp(E)."""
        values, vectors = np.linalg.eigh(self._matrix(strain))
        return np.asarray((vectors * np.exp(values)) @ vectors.T)

    def coordinates(self, cell: np.ndarray) -> np.ndarray:
        """The strain (6,) or (3,) of a cell, however it is turned in space.

        Raises
        ------
        ValueError
            If the cell has the other handedness.
        """
        gradient = np.linalg.solve(self._complete(self.cell), self._complete(cell))
        if np.linalg.det(gradient) <= 0:
            raise ValueError(
                "its lattice vectors have the other handedness than the landscape's, so that no "
                "strain joins the two cells; exchange two of them, or reverse all three"
            )
        values, vectors = np.linalg.eigh(gradient @ gradient.T)
        logarithm = (vectors * np.log(values) / 2) @ vectors.T
        first, second = self._places
        inside = self._plane @ logarithm @ self._plane.T
        return np.asarray(self.length * self._weights * inside[first, second])

    def places(self, positions: np.ndarray, cell: np.ndarray) -> np.ndarray:
        """Where atoms (n, 3) of another cell lie in the reference cell, u."""
        return np.asarray(positions @ np.linalg.inv(self._complete(cell)) @ self._complete())

    def reference(self, atoms: Atoms) -> tuple[np.ndarray, Atoms]:
        """The strain of a structure, and the structure without it: in the reference cell."""
        strain = self.coordinates(np.array(atoms.cell))
        return strain, _moved(atoms, self.places(atoms.positions, np.array(atoms.cell)), self.cell)

    def strained(self, reference: Atoms, strain: np.ndarray) -> Atoms:
        """A structure of the reference cell with a strain."""
        deformation = self.deformation(strain)
        return _moved(reference, reference.positions @ deformation, self.cell @ deformation)

    def gradient(self, strain: np.ndarray, stress: np.ndarray, volume: float) -> np.ndarray:
        """The gradient in the coordinates, from the stress (3, 3) in eV/Å³ and volume in Å³."""
        values, vectors = np.linalg.eigh(self._matrix(strain))
        inside = vectors.T @ stress @ vectors * _spread(values)
        whole = volume * vectors @ inside @ vectors.T
        first, second = self._places
        return np.asarray(
            self._weights * (self._plane @ whole @ self._plane.T)[first, second] / self.length
        )

    def stress(self, strain: np.ndarray, gradient: np.ndarray, volume: float) -> np.ndarray:
        """The stress (3, 3) in eV/Å³ of a gradient; none in directions that do not repeat."""
        values, vectors = np.linalg.eigh(self._matrix(strain))
        whole = self._matrix(gradient * self.length**2) / volume
        return np.asarray(vectors @ (vectors.T @ whole @ vectors / _spread(values)) @ vectors.T)

    def pull(self, gradient: np.ndarray) -> np.ndarray:
        """What pulls at the cell, as a matrix (3, 3) of forces in eV/Å beside those on atoms."""
        return -self._matrix(gradient * self.length)

    def _matrix(self, coordinates: np.ndarray) -> np.ndarray:
        """The symmetric matrix (3, 3) whose coordinates these are."""
        first, second = self._places
        inside = np.zeros((len(self._plane),) * 2)
        inside[first, second] = inside[second, first] = coordinates / self.length / self._weights
        return np.asarray(self._plane.T @ inside @ self._plane)

    @property
    def _plane(self) -> np.ndarray:
        """The rows Q (3, 3) or (2, 3): an orthonormal basis of what repeats."""
        if self.pbc.all():
            return np.eye(3)
        return np.asarray(np.linalg.qr(self.cell[self.pbc].T)[0].T)

    @property
    def _places(self) -> tuple[np.ndarray, np.ndarray]:
        return np.triu_indices(int(self.pbc.sum()))

    @property
    def _weights(self) -> np.ndarray:
        first, second = self._places
        return np.where(first == second, 1.0, np.sqrt(2.0))

    def _complete(self, cell: np.ndarray | None = None) -> np.ndarray:
        """A cell with a unit normal in place of the vector that does not repeat."""
        given = self.cell if cell is None else cell
        return np.asarray(complete_cell(given * self.pbc[:, None]))


def strain_of(atoms: Atoms) -> Strain:
    """The strain of a structure's cell, with J = (Ω/n)^(1/3) √n.

    Of a layer, Ω is its area times its thickness: the extent of the atoms with one radius on
    either side.
    """
    cell, pbc = np.array(atoms.cell), atoms.pbc.copy()
    volume = abs(float(np.linalg.det(cell)))
    if not pbc.all():
        layer = complete_cell(cell * pbc[:, None])
        normal = layer[~pbc][0]
        radii = covalent_radii[atoms.numbers]
        thickness = np.ptp(atoms.positions @ normal) + 2 * float(radii.mean())
        volume = abs(float(np.linalg.det(layer))) * float(thickness)
    n = len(atoms)
    return Strain(cell, pbc, float((volume / n) ** (1 / 3) * np.sqrt(n)))


def _moved(atoms: Atoms, positions: np.ndarray, cell: np.ndarray) -> Atoms:
    moved = Atoms.copy(atoms)
    moved.set_constraint()  # which would not let held atoms follow the cell
    moved.set_cell(cell)
    moved.positions = positions
    moved.set_constraint(atoms.constraints)
    return moved


def _spread(values: np.ndarray) -> np.ndarray:
    """sinh(λ_i - λ_j)/(λ_i - λ_j), 1 where the two are equal."""
    gaps = values[:, None] - values
    safe = np.where(np.abs(gaps) < 1e-8, 1.0, gaps)
    return np.where(np.abs(gaps) < 1e-8, 1.0, np.sinh(safe) / safe)
