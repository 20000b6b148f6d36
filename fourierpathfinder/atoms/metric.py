r"""A metric from the bonds: how stiff a displacement is, told by the graph of near neighbours.

.. math:: x^T P x = \sum_{i<j} w_{ij} |x_i - x_j|^2 + c \sum_i |x_i|^2, \qquad
          w_{ij} = \exp\Bigl[-A \Bigl(\frac{d_{ij}}{R_i + R_j} \cdot \frac{1}{\rho} - 1\Bigr)\Bigr]

for neighbours nearer than `reach` times their nearest distance, R covalent radii and ρ the smallest
d/(R_i + R_j) of the structure. Held atoms are in the sums and then left out, which anchors their
neighbours. Atoms that move together are near each other under P, atoms that move against each other
far apart: y = P^{1/2} x makes of a crystal's soft and stiff directions ones of like curvature.

P is sparse. A factor S with S^T S = P comes from its sparse Cholesky factorisation (SuperLU), so
that thousands of atoms cost little.

References
----------
Packwood et al., J. Chem. Phys. 144, 164109 (2016), DOI 10.1063/1.4947024 (the metric); Makri,
Ortner and Kermode, J. Chem. Phys. 150, 094109 (2019), DOI 10.1063/1.5064465 (for paths).
"""

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from scipy.linalg import solve_triangular
from scipy.sparse import csc_array, csr_array, eye_array, kron
from scipy.sparse.linalg import SuperLU, splu, spsolve_triangular

from .._lazy import cached_property
from .constraints import free_space
from .free_space import FreeSpace
from .minimum_image import MinimumImage
from .neighbours import Neighbours

_SMALL = 2500
"""Coordinates up to which the inverse of the factor is kept as a dense matrix (50 MB)."""


@dataclass(frozen=True)
class BondMetric:
    """Settings of the metric; three strengths make good alternatives.

    Parameters
    ----------
    strength : float
        How fast weights fall with distance, A. 0 weighs all near neighbours alike.
    anchor : float
        What a shift of an atom costs by itself, c, beside a weight of 1 for a nearest neighbour.
    reach : float
        In nearest distances: farther atoms are no neighbours.

    Raises
    ------
    ValueError
        If one of them is out of its range.

    Examples
    --------
    >>> from ase.build import bulk
    >>> BondMetric().laplacian(bulk("Cu", cubic=True) * 2).shape
    (32, 32)
    """

    strength: float = 3.0
    anchor: float = 0.1
    reach: float = 2.0

    def __post_init__(self) -> None:
        if not (self.strength >= 0 and self.anchor > 0 and self.reach >= 1):
            raise ValueError(
                f"{self}: `strength` must be at least 0, `anchor` above 0 and `reach` at least 1"
            )

    def laplacian(self, atoms: Atoms) -> csr_array:
        """Make the matrix P of all atoms, held ones included.

        Parameters
        ----------
        atoms : ase.Atoms
            The structure whose neighbours count, usually one end of the path.

        Returns
        -------
        sparse array (n, n)
            Symmetric and positive definite.
        """
        n, image, radii = len(atoms), MinimumImage.of(atoms), covalent_radii[atoms.numbers]
        within = self._reach(atoms, image)
        i, j = Neighbours(atoms.positions, image, within).pairs(within)
        ratios = np.linalg.norm(image(atoms.positions[j] - atoms.positions[i]), axis=1)
        ratios = ratios / (radii[i] + radii[j])
        ratios = ratios / ratios.min(initial=np.inf)
        near = ratios < self.reach
        weights = np.exp(-self.strength * (ratios[near] - 1))
        pairs = (np.concatenate([i[near], j[near]]), np.concatenate([j[near], i[near]]))
        graph = csr_array((np.tile(weights, 2), pairs), shape=(n, n))
        degrees = np.asarray(graph.sum(axis=1)).ravel()
        diagonal = csr_array(eye_array(n, format="csr").multiply(degrees + self.anchor))
        return csr_array(diagonal - graph)

    def _reach(self, atoms: Atoms, image: MinimumImage) -> float:
        """In Å: no neighbour is farther than this."""
        radii = covalent_radii[atoms.numbers]
        ceiling = 4 * float(radii.max()) * self.reach
        gaps = Neighbours(atoms.positions, image, ceiling).distances(atoms.positions, 2)[:, 1]
        return min(self.reach * float((gaps / radii).min()) * float(radii.max()), ceiling)


@dataclass(frozen=True, eq=False)
class MetricSpace:
    """Coordinates y = S z, where z are those of a free space and S^T S is its metric.

    Parameters
    ----------
    free : FreeSpace
        What the constraints leave free.
    root : Root
        The factor S of the metric.
    """

    free: FreeSpace
    root: "Root"

    @classmethod
    def of(cls, atoms: Atoms, metric: BondMetric) -> "MetricSpace":
        """That of a structure with its constraints."""
        free = free_space(atoms)
        basis = free.basis()
        whole = kron(metric.laplacian(atoms), eye_array(3), format="csr")
        return cls(free, Root.of(csc_array(basis.T @ whole @ basis)))

    def lift(self, points: np.ndarray) -> np.ndarray:
        """All atoms' positions (..., n, 3) at `points` (..., D)."""
        return self.free.lift(self.root.inverse(points))

    def project(self, vectors: np.ndarray) -> np.ndarray:
        """Coordinates (..., D) of positions or displacements (..., n, 3)."""
        return self.root(self.free.project(vectors))

    def pull_back(self, gradients: np.ndarray) -> np.ndarray:
        """Gradients (..., D) in the coordinates from those in the positions (..., n, 3)."""
        return self.root.inverse_transposed(self.free.project(gradients))

    def covector(self, gradients: np.ndarray) -> np.ndarray:
        """Gradients in the positions (..., n, 3), none along what is held, from those (..., D)."""
        return self.free.push_forward(self.root.transposed(gradients))


@dataclass(frozen=True, eq=False)
class Root:
    """A sparse factor S of a positive definite matrix P = S^T S, scaled to a mean diagonal of 1.

    Parameters
    ----------
    upper : sparse array (D, D)
        S, with its columns permuted to be upper triangular.
    order : ndarray of int (D,)
        That permutation.
    """

    upper: csr_array
    order: np.ndarray

    @classmethod
    def of(cls, matrix: csc_array) -> "Root":
        """Factor a sparse symmetric positive definite matrix (D, D)."""
        matrix = csc_array(matrix / matrix.diagonal().mean())
        found: SuperLU = splu(
            matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        )  # fmt: skip
        # with the same permutation of rows and columns, U = D L^T
        upper = csr_array(found.U)
        scale = 1 / np.sqrt(found.U.diagonal())
        return cls(csr_array(upper.multiply(scale[:, None])), np.argsort(found.perm_c))

    def __call__(self, z: np.ndarray) -> np.ndarray:
        """S z for z (..., D)."""
        return np.asarray(z[..., self.order] @ self.upper.T)

    def transposed(self, y: np.ndarray) -> np.ndarray:
        """S^T y for y (..., D)."""
        z = np.empty(np.shape(y))
        z[..., self.order] = y @ self.upper
        return z

    def inverse(self, y: np.ndarray) -> np.ndarray:
        """S⁻¹ y for y (..., D)."""
        z = np.empty(np.shape(y))
        if self._dense is None:
            z[..., self.order] = _solved(self.upper, y, lower=False)
        else:
            z[..., self.order] = y @ self._dense.T
        return z

    def inverse_transposed(self, z: np.ndarray) -> np.ndarray:
        """S⁻ᵀ z for z (..., D)."""
        if self._dense is None:
            return _solved(self._lower, z[..., self.order], lower=True)
        return np.asarray(z[..., self.order] @ self._dense)

    @cached_property
    def _dense(self) -> np.ndarray | None:
        """The inverse of the triangle, where it is small enough: products beat solving."""
        size = self.upper.shape[0]
        if size > _SMALL:
            return None
        return np.asarray(solve_triangular(self.upper.toarray(), np.eye(size)))

    @cached_property
    def _lower(self) -> csr_array:
        return csr_array(self.upper.T)


def _solved(triangle: csr_array, right: np.ndarray, *, lower: bool) -> np.ndarray:
    columns = np.asarray(right, dtype=float).reshape(-1, triangle.shape[0]).T
    solved = spsolve_triangular(triangle, np.ascontiguousarray(columns), lower=lower)
    return np.asarray(solved).T.reshape(np.shape(right))


@dataclass(frozen=True, eq=False)
class BondFeatures:
    """The metric as what a Gaussian process sees of a point: the linear features φ(z) = S z.

    A `FeatureMap` on the plain coordinates of a structure. Distances between features are those of
    the metric, so that the process is the one on coordinates y, told in z.

    Parameters
    ----------
    root : Root
        The factor S.

    Examples
    --------
    >>> from ase.build import bulk
    >>> crystal = bulk("Cu", cubic=True) * 2
    >>> features = BondFeatures.of(crystal, BondMetric())
    >>> features.linearise(crystal.positions.reshape(1, -1)).values.shape
    (1, 96)
    """

    root: Root

    @classmethod
    def of(cls, atoms: Atoms, metric: BondMetric) -> "BondFeatures":
        """Those of a structure with its constraints."""
        return cls(MetricSpace.of(atoms, metric).root)

    def __repr__(self) -> str:
        """What tells one from another, the same in every process."""
        entries = self.root.upper.data
        return f"BondFeatures(n_features={self.root.upper.shape[0]}, size={entries.sum():.6g})"

    @property
    def keeps_distances(self) -> bool:
        """No: that is what they are for."""
        return False

    def linearise(self, x: np.ndarray) -> "_Linear":
        """Features and Jacobians at the points `x` (M, D)."""
        return _Linear(self.root, self.root(np.asarray(x)))


@dataclass(frozen=True, eq=False)
class _Linear:
    """Features whose Jacobian is S everywhere."""

    root: Root
    values: np.ndarray

    @property
    def squared_sizes(self) -> np.ndarray:
        return np.full(len(self.values), float((self.root.upper.data**2).sum()))

    def pull_back(self, covectors: np.ndarray) -> np.ndarray:
        return self.root.transposed(covectors)

    def pull_back_each(self, covectors: np.ndarray) -> np.ndarray:
        columns = self.root.transposed(covectors).T
        return np.broadcast_to(columns, (len(self.values), *columns.shape))

    def push_forward(self, vectors: np.ndarray) -> np.ndarray:
        return self.root(vectors)

    def metric(self, other: object) -> np.ndarray:
        size = self.values.shape[1]
        return self.root.transposed(self.root(np.eye(size)))[None, :, None, :]

    def curvature(self, covector: np.ndarray) -> np.ndarray:
        return np.zeros((len(covector),) * 2)
