"""The directions in which observed gradients interact, where features are the coordinates.

With an isotropic kernel on the coordinates, gradient components orthogonal to every
difference of inputs are independent of all else, and share one n x n covariance: there,
cov(∂f, ∂'f') = -2κ'/l² exactly. So inference splits, exactly, into a part in the span of the
inputs' differences (at most n - 1 directions) and D - q equal small ones.

Source: de Roos, Gessner and Hennig, High-dimensional Gaussian process inference with
derivatives, ICML 2021, arXiv:2102.07542, for the structure; the split by span is ours.
"""

from dataclasses import dataclass

import numpy as np

from .._arrays import Array


@dataclass(frozen=True)
class Frame:
    """An origin (D,) and an orthonormal basis (D, q) of the inputs' differences from it."""

    origin: Array
    basis: Array

    @classmethod
    def at(cls, origin: Array) -> "Frame":
        """A frame without directions."""
        return cls(origin, np.zeros((len(origin), 0)))

    @property
    def n_directions(self) -> int:
        """The number of directions, q."""
        return int(self.basis.shape[1])

    @property
    def n_outside(self) -> int:
        """D - q, the number of directions in which observations share one small factor."""
        return int(self.basis.shape[0]) - self.n_directions

    def within(self, x: Array) -> Array:
        """Points (M, D) in the frame, (M, q)."""
        return (x - self.origin) @ self.basis

    def distance(self, x: Array) -> Array:
        """How far (M,) points (M, D) lie from the frame's span."""
        if self.n_outside == 0:
            return np.zeros(len(x))
        beyond = x - self.origin
        return np.asarray(np.linalg.norm(beyond - self.turned_back(self.turned(beyond)), axis=1))

    def turned(self, vectors: Array) -> Array:
        """Vectors (M, D) in the frame, (M, q)."""
        return vectors @ self.basis

    def turned_back(self, vectors: Array) -> Array:
        """Vectors (M, q) of the frame in the coordinates, (M, D)."""
        return vectors @ self.basis.T

    def grown(self, x: Array) -> "Frame":
        """The frame with room for the points `x` (M, D); its first directions stay."""
        if self.n_outside == 0:
            return self
        differences = (x - self.origin).T
        differences = differences[:, np.any(differences != 0, axis=0)]
        size = np.maximum(np.linalg.norm(differences, axis=0), np.finfo(float).tiny)
        # Householder's Q is orthonormal whatever the rank, so surplus directions do no harm.
        joint, _ = np.linalg.qr(np.concatenate([self.basis, differences / size], axis=1))
        new = joint[:, self.n_directions :]
        return Frame(self.origin, np.concatenate([self.basis, new], axis=1))

    def restricted(self, origin: Array, basis: Array) -> "Frame":
        """The same directions for points y of a subspace, x = origin + basis y."""
        return Frame((self.origin - origin) @ basis, basis.T @ self.basis)
