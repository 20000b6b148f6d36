"""Rows for every observed value and every component of every observed gradient.

For any features; the factor costs the cube of n (1 + D) and is extended by block rows.
"""

import sys
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement, product

import numpy as np

from .._arrays import Array
from .._lazy import cached_property
from .block_cholesky import BlockCholesky
from .covariance import Geometry, Sites, covariance, value_covariance
from .observations import Observations
from .prior import Prior
from .solver import Split, Weights


@dataclass(frozen=True)
class _Group:
    """Points that are all seen with their gradients, or all without, and their rows in the matrix.

    The rows are (M, 1 + D), or (M, 1) without gradients.
    """

    sites: Sites
    rows: Array
    sees: bool


@dataclass(frozen=True)
class DenseSolver:
    """See `solver.Solver`.

    Parameters
    ----------
    prior : Prior
        Fixed for good.
    origin : array (D,)
        A point near the data; features are taken relative to its own.
    x : array (n, D)
        Inputs.
    has_gradient : array (n,) of bool
        Whether the gradient was observed, too.
    point, component : arrays (R,)
        Of each row: which input, and 0 for its value or 1 + the direction of a gradient.
    factor : BlockCholesky
        Of the (R, R) matrix.
    """

    prior: Prior
    origin: Array
    x: Array
    has_gradient: Array
    point: Array
    component: Array
    factor: BlockCholesky

    @classmethod
    def empty(cls, prior: Prior, origin: Array) -> "DenseSolver":
        """No observation yet."""
        none = np.zeros(0, dtype=int)
        x = np.zeros((0, len(origin)))
        return cls(prior, origin, x, none.astype(bool), none, none, BlockCholesky())

    @classmethod
    def split(cls, prior: Prior, data: Observations) -> Split:
        """All directions interact."""
        sites = _placed(prior, data.x[0], data.x)
        inside = np.where(data.has_gradient[:, None], data.gradients, 0.0)
        return Split(data.x, sites, inside, inside[:, :0], 0)

    @classmethod
    def unfactored(
        cls, prior: Prior, origin: Array, x: Array, has_gradient: Array
    ) -> "DenseSolver":
        """The rows of some points, of which only covariances are wanted."""
        point, component = rows(has_gradient, len(origin))
        return cls(prior, origin, x, has_gradient, point, component, BlockCholesky())

    @property
    def n_dims(self) -> int:
        """D."""
        return len(self.origin)

    @property
    def n_rows(self) -> int:
        """R."""
        return len(self.point)

    @property
    def log_determinant(self) -> float:
        """Log det of the covariance matrix, in scaled units."""
        return self.factor.log_determinant

    def extended(self, x: Array, has_gradient: Array) -> "DenseSolver":
        """The solver with the points `x` (m, D) added; see `Solver`."""
        point, component = rows(has_gradient, self.n_dims)
        at_once = self.prior.settings.rows_at_once
        new = self._grouped(x, has_gradient, point, component, at_once)
        square = self._between(new, new)
        added = self.prior.nugget.diagonal(component, self.prior.scaling)
        square[np.diag_indices_from(square)] += added
        cross = self._between(new, self._groups) if len(self.x) else None
        return replace(
            self,
            x=np.concatenate([self.x, x]),
            has_gradient=np.concatenate([self.has_gradient, has_gradient]),
            point=np.concatenate([self.point, point + len(self.x)]),
            component=np.concatenate([self.component, component]),
            factor=self.factor.extended(cross, square),
        )

    def widened(self, n_dims: int, factor: Array) -> "DenseSolver":
        """The same observations among more coordinates, in which all points lie at 0.

        `factor` (n_g, n_g) is that of the gradients' components in each new direction, which are
        independent of all else.
        """
        observed = np.flatnonzero(self.has_gradient)
        added = range(self.n_dims, n_dims)
        components = [np.full(len(observed), 1 + direction) for direction in added]
        wide = self.factor
        if len(observed):
            blocks = [factor] * len(added)
            left = (*wide.left, *[None for _ in blocks])
            wide = BlockCholesky(left, (*wide.diagonal, *blocks))
        more = n_dims - self.n_dims
        return replace(
            self,
            origin=np.pad(self.origin, (0, more)),
            x=np.pad(self.x, ((0, 0), (0, more))),
            factor=wide,
            point=np.concatenate([self.point, *[observed for _ in added]]),
            component=np.concatenate([self.component, *components]),
        )

    def covariances(self, other: "DenseSolver") -> Array:
        """Those (R, R') of all rows with another's, which has the same prior and origin."""
        return self._between(self._groups, other._groups)

    @cached_property
    def _groups(self) -> list[_Group]:
        return self._grouped(self.x, self.has_gradient, self.point, self.component, sys.maxsize)

    def _grouped(
        self, x: Array, has_gradient: Array, point: Array, component: Array, at_once: int
    ) -> list[_Group]:
        """The points (M, D) with a gradient, `at_once` rows a group, and those without."""
        where = np.zeros((len(x), 1 + self.n_dims), dtype=int)
        where[point, component] = np.arange(len(point))
        seeing, blind = np.flatnonzero(has_gradient), np.flatnonzero(~has_gradient)
        few = max(1, at_once // where.shape[1])
        groups = [(of, where, True) for of in np.split(seeing, range(few, len(seeing), few))]
        groups.append((blind, where[:, :1], False))
        return [
            _Group(_placed(self.prior, self.origin, x[of]), at[of], sees)
            for of, at, sees in groups
            if len(of)
        ]

    def _between(self, left: list[_Group], right: list[_Group]) -> Array:
        """The covariances (R, R') of the rows of some points with those of others."""
        shape = (sum(group.rows.size for group in groups) for groups in (left, right))
        whole, symmetric = np.empty(tuple(shape)), left is right
        pairs = combinations_with_replacement(left, 2) if symmetric else product(left, right)
        for here, there in pairs:
            above, across = here.rows.ravel(), there.rows.ravel()
            block = self._block(here, there).reshape(len(above), len(across))
            whole[np.ix_(above, across)] = block
            if symmetric and here is not there:
                whole[np.ix_(across, above)] = block.T
        return whole

    def _block(self, here: _Group, there: _Group) -> Array:
        kernel, scaling = self.prior.kernel, self.prior.scaling
        if here.sees and there.sees:
            return covariance(kernel, Geometry.between(here.sites, there.sites), scaling)
        if there.sees:
            return value_covariance(kernel, here.sites, there.sites, scaling)
        turned = value_covariance(kernel, there.sites, here.sites, scaling)
        return turned[..., : here.rows.shape[1]].transpose(1, 2, 0)

    def solve(self, values: Array, gradients: Array) -> Weights:
        """K⁻¹y; see `Solver`."""
        scaled = np.where(self.has_gradient[:, None], self.prior.scaling.row * gradients, 0.0)
        table = np.concatenate([values[:, None], scaled], axis=1)
        y = table[self.point, self.component]
        solved = self.factor.solve(y)
        weights = np.zeros_like(table)
        weights[self.point, self.component] = solved
        return Weights(weights[:, 0], weights[:, 1:], float(y @ solved))

    def correlations(self, x: Array, away: Array | float = 0.0) -> Array:
        """Those (R, M) of all rows with values at `x` (M, D), `away` (M,) off them."""
        phi, scaling = _placed(self.prior, self.origin, x).phi, self.prior.scaling
        right = np.empty((len(self.point), len(x)))
        for group in self._groups:
            squared = group.sites.squared_distances(phi) + np.square(away)
            k0, k1, _ = self.prior.kernel.derivatives(squared / scaling.length**2)
            right[group.rows[:, 0]] = k0
            if group.sees:
                mixed = 2 * k1 / (scaling.length * scaling.gradient)
                right[group.rows[:, 1:]] = mixed[:, None] * group.sites.seen(phi)
        return right

    def explained(self, x: Array, away: Array | float = 0.0) -> Array:
        """The part (M,) of the variance that is explained at `x` (M, D), `away` (M,) off them."""
        half = self.factor.half_solve(self.correlations(x, away))
        return np.asarray(np.einsum("rm,rm->m", half, half))

    def restricted(self, origin: Array, basis: Array) -> "DenseSolver":
        """Impossible."""
        raise TypeError(
            f"a process on {self.prior.features!r} cannot be restricted to a subspace of the "
            "coordinates; only one on `Coordinates` can"
        )


def rows(has_gradient: Array, n_directions: int) -> tuple[Array, Array]:
    """Point and component of the rows of new points, point by point."""
    counts = np.where(has_gradient, 1 + n_directions, 1)
    point = np.repeat(np.arange(len(counts)), counts)
    component = np.concatenate([np.arange(count) for count in counts])
    return point, component


def _placed(prior: Prior, origin: Array, x: Array) -> Sites:
    """Points (M, D) in feature space."""
    linearise = prior.features.linearise
    return Sites(linearise(x), linearise(origin[None]).values[0])
