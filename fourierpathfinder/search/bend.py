"""How the surrogate curves at a path's top: how many ways down there are, and where it is soft."""

from dataclasses import dataclass

import numpy as np

from .._arrays import Array
from .._lazy import cached_property
from .across import directions_across, leading, not_across
from .channel import Channel
from .policy import Across
from .span import Span


@dataclass(frozen=True, eq=False)
class Bend:
    """How the surrogate curves at a path's top.

    Attributes
    ----------
    hessian : array (q, q)
        In all directions in which it varies.
    left_out : array (k, q)
        What of these is not across the path: its own direction, and those in which the whole moves
        at no cost.
    basis : array (D, q) or None
        What they are; None for the coordinates themselves.
    numbers : Across
        The policy.
    """

    hessian: Array
    left_out: Array
    numbers: Across
    basis: Array | None = None

    @classmethod
    def of(cls, channel: Channel) -> "Bend":
        """At the channel's saddle."""
        assert channel.saddle is not None
        model, top = channel.model, channel.saddle.position
        numbers = channel.policy.across
        directions = not_across(channel, top, channel.saddle.time)
        sizes = np.linalg.norm(directions, axis=1, keepdims=True)
        directions = directions / np.maximum(sizes, np.finfo(float).tiny)
        left_out = leading(directions, numbers.nothing)
        if not Span.pays_for(model):
            return cls(model.hessian(top), left_out, numbers)
        others = directions_across(channel)
        span = Span.around(model, top, np.concatenate([directions[:1], others]))
        basis = span.basis
        hessian = span.model(model).hessian(np.zeros(basis.shape[1]))
        return cls(hessian, left_out @ basis, numbers, basis)

    @cached_property
    def curvatures(self) -> Array:
        """All principal curvatures (q,), smallest first."""
        return np.asarray(np.linalg.eigvalsh(self.hessian))

    @property
    def least_way_down(self) -> float:
        """The curvature across the path, 0 or below, under which there is a second way down."""
        return self.numbers.downward * min(float(self.curvatures[0]), 0.0)

    @property
    def least_way_seen(self) -> float:
        """The same where it was seen, and is not only expected."""
        return self.numbers.downward_seen * min(float(self.curvatures[0]), 0.0)

    @property
    def second_way_down(self) -> Array | None:
        """The direction (D,) across the path that curves down most.

        None where there is but one downward curvature in all.
        """
        curvatures = self.curvatures
        if len(curvatures) < 2 or curvatures[1] > self.least_way_down:
            return None
        return np.asarray(self.across[0])

    @property
    def across(self) -> Array:
        """The principal directions (m, D) across the path, of smallest curvature first."""
        return self._principal[1]

    def pull(self, direction: Array) -> Array:
        """The change (D,) of the gradient along a direction (D,), by that of length 1."""
        if self.basis is None:
            return np.asarray(self.hessian @ direction)
        return np.asarray(self.basis @ (self.hessian @ (self.basis.T @ direction)))

    def solved(self, slope: Array, curvature: float) -> Array:
        """The step (D,) across the path, (B - θ)⁻¹ r, by a slope r (D,) and a curvature θ.

        A difference of curvatures counts as a part, at least, of that along the path.
        """
        curvatures, directions = self._principal
        least = self.numbers.soft * abs(float(self.curvatures[0]))
        apart = np.maximum(curvatures - curvature, least)
        return np.asarray((directions @ slope / apart) @ directions)

    @cached_property
    def _principal(self) -> tuple[Array, Array]:
        """The principal curvatures (m,) and directions (m, D) across the path."""
        basis = _complement(self.left_out, self.numbers.nothing)
        curvatures, vectors = np.linalg.eigh(basis.T @ self.hessian @ basis)
        directions = basis @ vectors
        outer = directions if self.basis is None else self.basis @ directions
        return curvatures, np.asarray(outer.T)


def _complement(directions: Array, nothing: float) -> Array:
    """An orthonormal basis (q, m) of what is orthogonal to directions (k, q), of length 1."""
    _, sizes, rows = np.linalg.svd(directions)
    return np.asarray(rows[int((sizes > nothing).sum()) :].T)
