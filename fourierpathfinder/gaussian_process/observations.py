"""What a Gaussian process observes."""

from dataclasses import dataclass, replace

import numpy as np

from .._arrays import Array


@dataclass(frozen=True)
class Observations:
    """Points `x` (n, D), `values` (n,), `gradients` (n, D) and which gradients are known (n,)."""

    x: Array
    values: Array
    gradients: Array
    has_gradient: Array

    @classmethod
    def of(
        cls, x: Array, values: Array, gradients: Array, has_gradient: Array | None = None
    ) -> "Observations":
        """Observations, with every gradient known where `has_gradient` is None."""
        known = np.ones(len(x)) if has_gradient is None else has_gradient
        return cls(x, values, gradients, np.asarray(known, dtype=bool))

    def __len__(self) -> int:
        return len(self.x)

    @property
    def mean(self) -> float:
        """The prior mean: the largest value, so that the unknown counts as high."""
        return float(self.values.max())

    def seeing(self, has_gradient: Array) -> "Observations":
        """The same, with other gradients known (n,)."""
        return replace(self, has_gradient=has_gradient)

    def beyond(self, values: Array, gradients: Array) -> "Observations":
        """What of them is left beyond values (n,) and gradients (n, D) that were foreseen."""
        return replace(self, values=self.values - values, gradients=self.gradients - gradients)

    def joined(self, other: "Observations") -> "Observations":
        """These observations, then the others."""
        return Observations(
            np.concatenate([self.x, other.x]),
            np.concatenate([self.values, other.values]),
            np.concatenate([self.gradients, other.gradients]),
            np.concatenate([self.has_gradient, other.has_gradient]),
        )
