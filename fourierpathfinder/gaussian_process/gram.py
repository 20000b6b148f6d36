"""The covariance matrix of all observations, factored; it knows inputs, not values.

Rows are values and scaled gradient components. As long as inputs and length scale stay,
values may change at the price of two triangular solves, and a new point is a new block row.
"""

import sys
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations_with_replacement, product

import numpy as np
import scipy

from .._arrays import Array
from .block_cholesky import BlockCholesky, cholesky
from .covariance import Geometry, Scaling, Sites, covariance, value_covariance
from .features import Coordinates, FeatureMap
from .frame import Frame
from .kernels import Kernel
from .nugget import Nugget

_ROWS_AT_ONCE = 500
"""How many rows of a large matrix are made at a time: what stays in the cache is fast."""


@dataclass(frozen=True)
class Weights:
    """K⁻¹y: one weight (n,) a value and one vector (n, D) a gradient, and yᵀK⁻¹y."""

    value: Array
    gradient: Array
    quadratic: float


@dataclass(frozen=True)
class _Group:
    """Points that are all seen with their gradients, or all without, and their rows in the matrix.

    The rows are (M, 1 + n_directions), or (M, 1) without gradients.
    """

    sites: Sites
    rows: Array
    sees: bool


@dataclass(frozen=True)
class Gram:
    """The factored covariance of n observations at one length scale.

    Parameters
    ----------
    features, kernel, scaling, nugget
        The prior, fixed for good.
    frame : Frame
        Directions in which gradients interact.
    x : array (n, D)
        Inputs.
    has_gradient : array (n,) of bool
        Whether the gradient was observed, too.
    point, component : arrays (R,)
        Of each row: which input, and 0 for its value or 1 + the direction of a gradient.
    factor : BlockCholesky
        Of the (R, R) matrix.
    outside : array (n_g, n_g)
        Lower factor that all directions outside the frame share.
    """

    features: FeatureMap
    kernel: Kernel
    scaling: Scaling
    nugget: Nugget
    frame: Frame
    x: Array
    has_gradient: Array
    point: Array
    component: Array
    factor: BlockCholesky
    outside: Array

    @classmethod
    def empty(
        cls, features: FeatureMap, kernel: Kernel, scaling: Scaling, nugget: Nugget, origin: Array
    ) -> "Gram":
        """No observation yet."""
        n_dims = origin.shape[0]
        basis = np.zeros((n_dims, 0)) if isinstance(features, Coordinates) else None
        none = np.zeros(0, dtype=int)
        return cls(
            features, kernel, scaling, nugget, Frame(origin, basis), np.zeros((0, n_dims)),
            none.astype(bool), none, none, BlockCholesky(), np.zeros((0, 0)),
        )  # fmt: skip

    @property
    def n_rows(self) -> int:
        """Number of scalars observed, those outside the frame included."""
        return len(self.point) + self.frame.n_outside * int(self.has_gradient.sum())

    @property
    def log_determinant(self) -> float:
        """Log det of the whole covariance matrix, in scaled units."""
        outside = 2 * float(np.log(self.outside.diagonal()).sum())
        return self.factor.log_determinant + self.frame.n_outside * outside

    def extended(self, x: Array, has_gradient: Array) -> "Gram":
        """The Gram matrix with the points `x` (m, D) added.

        Raises
        ------
        scipy.linalg.LinAlgError
            Where points are too close together for the nugget.
        """
        wide = self._widened(self.frame.grown(x))
        point, component = rows(has_gradient, wide.frame.n_directions)
        new = wide._grouped(x, has_gradient, point, component, at_once=_ROWS_AT_ONCE)
        square = wide._between(new, new)
        square[np.diag_indices_from(square)] += self.nugget.diagonal(component, self.scaling)
        cross = wide._between(new, wide._groups) if len(self.x) else None
        gram = replace(
            wide,
            x=np.concatenate([self.x, x]),
            has_gradient=np.concatenate([self.has_gradient, has_gradient]),
            point=np.concatenate([wide.point, point + len(self.x)]),
            component=np.concatenate([wide.component, component]),
            factor=wide.factor.extended(cross, square),
        )
        return replace(gram, outside=gram._factored_outside())

    def _widened(self, frame: Frame) -> "Gram":
        """The same observations with rows for directions that have entered the frame."""
        observed = np.flatnonzero(self.has_gradient)
        added = range(self.frame.n_directions, frame.n_directions) if len(observed) else range(0)
        factor = self.factor
        for _ in added:
            factor = BlockCholesky((*factor.left, None), (*factor.diagonal, self.outside))
        component = [np.full(len(observed), 1 + direction) for direction in added]
        return replace(
            self,
            frame=frame,
            factor=factor,
            point=np.concatenate([self.point, *[observed for _ in added]]),
            component=np.concatenate([self.component, *component]),
        )

    def _placed(self, x: Array) -> Sites:
        """Points (M, D) in the frame's feature space."""
        inside = self.frame.within(np.concatenate([self.frame.origin[None], x]))
        origin = self.features.linearise(inside[:1]).values[0]
        return Sites(self.features.linearise(inside[1:]), origin)

    @cached_property
    def sites(self) -> Sites:
        """The inputs in the frame's feature space."""
        return self._placed(self.x)

    @cached_property
    def _groups(self) -> "list[_Group]":
        return self._grouped(self.x, self.has_gradient, self.point, self.component)

    def _grouped(
        self,
        x: Array,
        has_gradient: Array,
        point: Array,
        component: Array,
        at_once: int = sys.maxsize,
    ) -> "list[_Group]":
        """The points (M, D) with a gradient, `at_once` rows a group, and those without."""
        where = np.zeros((len(x), 1 + self.frame.n_directions), dtype=int)
        where[point, component] = np.arange(len(point))
        seeing, blind = np.flatnonzero(has_gradient), np.flatnonzero(~has_gradient)
        few = max(1, at_once // where.shape[1])
        groups = [(of, where, True) for of in np.split(seeing, range(few, len(seeing), few))]
        groups.append((blind, where[:, :1], False))
        return [_Group(self._placed(x[of]), at[of], sees) for of, at, sees in groups if len(of)]

    def _between(self, left: "list[_Group]", right: "list[_Group]") -> Array:
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

    def _block(self, here: "_Group", there: "_Group") -> Array:
        kernel, scaling = self.kernel, self.scaling
        if here.sees and there.sees:
            return covariance(kernel, Geometry.between(here.sites, there.sites), scaling)
        if there.sees:
            return value_covariance(kernel, here.sites, there.sites, scaling)
        turned = value_covariance(kernel, there.sites, here.sites, scaling)
        return turned[..., : here.rows.shape[1]].transpose(1, 2, 0)

    def _factored_outside(self) -> Array:
        if self.frame.n_outside == 0:
            return np.zeros((0, 0))
        x = self.frame.within(self.x[self.has_gradient])
        squared = ((x[:, None] - x) ** 2).sum(axis=-1) / self.scaling.length**2
        matrix = -2 * self.kernel.derivatives(squared)[1]
        return cholesky(matrix + self.nugget.on_gradient(self.scaling) * np.eye(len(x)))

    def restricted(self, origin: Array, basis: Array) -> "Gram":
        """The same factors for points y of a subspace, x = origin + basis y, of all inputs."""
        frame = Frame((self.frame.origin - origin) @ basis, basis.T @ self.frame.basis)
        return replace(self, frame=frame, x=(self.x - origin) @ basis)

    def solve(self, values: Array, gradients: Array) -> Weights:
        """K⁻¹y for `values` (n,) about the mean and `gradients` (n, D); unobserved ones are free.

        Weights of gradients are in scaled units, for the covariances of `covariance`.
        """
        scaled = np.where(self.has_gradient[:, None], self.scaling.row * gradients, 0.0)
        turned = self.frame.turned(scaled)
        table = np.concatenate([values[:, None], turned], axis=1)
        y = table[self.point, self.component]
        solved = self.factor.solve(y)
        weights = np.zeros_like(table)
        weights[self.point, self.component] = solved
        gradient_weights = self.frame.turned_back(weights[:, 1:])
        quadratic = float(y @ solved)
        if self.frame.n_outside:
            rest = (scaled - self.frame.turned_back(turned))[self.has_gradient]
            half = scipy.linalg.solve_triangular(self.outside, rest, lower=True)
            outside = scipy.linalg.solve_triangular(self.outside, half, lower=True, trans="T")
            gradient_weights[self.has_gradient] += outside
            quadratic += float((half * half).sum())
        return Weights(weights[:, 0], gradient_weights, quadratic)

    def explained(self, x: Array) -> Array:
        """The part (M,) of a value's prior variance at `x` (M, D) that observations explain."""
        phi, away = self._placed(x).phi, self._outside_distance(x)
        right, mixed = np.empty((len(self.point), len(x))), np.empty((0, len(x)))
        for group in self._groups:
            squared = group.sites.squared_distances(phi) + away**2
            k0, k1, _ = self.kernel.derivatives(squared / self.scaling.length**2)
            right[group.rows[:, 0]] = k0
            if group.sees:
                mixed = 2 * k1 / (self.scaling.length * self.scaling.gradient)
                right[group.rows[:, 1:]] = mixed[:, None] * group.sites.seen(phi)
        half = self.factor.half_solve(right)
        explained = np.einsum("rm,rm->m", half, half)
        if self.frame.n_outside:
            half = scipy.linalg.solve_triangular(self.outside, mixed * away, lower=True)
            explained = explained + (half * half).sum(axis=0)
        return np.asarray(explained)

    def _outside_distance(self, x: Array) -> Array:
        """How far (M,) points lie from the frame's span."""
        if self.frame.n_outside == 0:
            return np.zeros(len(x))
        beyond = x - self.frame.origin
        beyond = beyond - self.frame.turned_back(self.frame.turned(beyond))
        return np.asarray(np.linalg.norm(beyond, axis=1))


def rows(has_gradient: Array, n_directions: int) -> tuple[Array, Array]:
    """Point and component of the rows of new points, point by point."""
    counts = np.where(has_gradient, 1 + n_directions, 1)
    point = np.repeat(np.arange(len(counts)), counts)
    component = np.concatenate([np.arange(count) for count in counts])
    return point, component
