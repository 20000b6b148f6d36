"""How the surrogate curves at a path's top: how many ways down there are, and where it is soft."""

from dataclasses import dataclass

import numpy as np

from .._arrays import Array
from .._lazy import cached_property
from .across import directions_across
from .channel import Channel
from .span import Span


@dataclass(frozen=True, eq=False)
class Bend:
    """How the surrogate curves at a path's top.

    Attributes
    ----------
    hessian : array (q, q)
        In all directions in which it varies.
    along : array (q,)
        The path's direction among these.
    basis : array (D, q) or None
        What they are; None for the coordinates themselves.
    downward : float
        How far down, as a share of the steepest curvature down, counts as a way down.
    """

    hessian: Array
    along: Array
    downward: float
    basis: Array | None = None

    @classmethod
    def of(cls, channel: Channel) -> "Bend":
        """At the channel's saddle."""
        assert channel.saddle is not None
        model, top = channel.model, channel.saddle.position
        along = np.asarray(channel.path.velocity(channel.saddle.time))
        downward = channel.policy.across.downward
        if not Span.pays_for(model):
            return cls(model.hessian(top), along, downward)
        others = directions_across(channel, channel.saddle)
        span = Span.around(model, top, np.stack([along, *others]))
        basis = span.basis
        hessian = span.model(model).hessian(np.zeros(basis.shape[1]))
        return cls(hessian, along @ basis, downward, basis)

    @cached_property
    def curvatures(self) -> Array:
        """All principal curvatures (q,), smallest first."""
        return np.asarray(np.linalg.eigvalsh(self.hessian))

    @property
    def least_way_down(self) -> float:
        """The curvature across the path, 0 or below, under which there is a second way down."""
        return self.downward * min(float(self.curvatures[0]), 0.0)

    @property
    def second_way_down(self) -> Array | None:
        """The direction (D,) across the path that curves down most.

        None where there is but one downward curvature in all.
        """
        curvatures = self.curvatures
        if len(curvatures) < 2 or curvatures[1] > self.least_way_down:
            return None
        return np.asarray(self.across[0])

    @cached_property
    def across(self) -> Array:
        """The principal directions (q - 1, D) across the path, of smallest curvature first."""
        basis = _complement(self.along)
        directions = basis @ np.linalg.eigh(basis.T @ self.hessian @ basis)[1]
        return np.asarray((directions if self.basis is None else self.basis @ directions).T)


def _complement(direction: Array) -> Array:
    """An orthonormal basis (D, D - 1) of what is orthogonal to a direction (D,)."""
    return np.linalg.qr(direction[:, None], mode="complete")[0][:, 1:]
