"""Samples of which several values come from one member, and how sure their means are.

A member is in many pairs, so heights of pairs are not independent of each other: of 300 pairs of 48
members, a rank test that takes them for independent sees a difference in half of all comparisons
where there is none. Leaving out one member at a time, with all its pairs, shows how much each one
moves the mean; the variance that follows (the jackknife's) holds for single values and for pairs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Sample:
    """Values, and which members each of them comes from.

    Parameters
    ----------
    values : ndarray (n,)
    members : ndarray of int (n, k)
        The k different members of each value: k = 1 for losses, 2 for heights of pairs.
    """

    values: np.ndarray
    members: np.ndarray

    @classmethod
    def of_members(cls, values: Sequence[float] | np.ndarray) -> "Sample":
        """One value for each member."""
        found = np.asarray(values, dtype=float)
        return cls(found, np.arange(len(found))[:, None])

    @classmethod
    def of_pairs(cls, values: Sequence[float], pairs: Sequence[Sequence[int]]) -> "Sample":
        """One value for each pair of members."""
        return cls(np.asarray(values, dtype=float), np.asarray(pairs, dtype=int))

    @property
    def mean(self) -> float:
        """Of the values."""
        return float(self.values.mean())

    @property
    def n_members(self) -> int:
        """Different members."""
        return len(np.unique(self.members))

    @property
    def variance(self) -> float:
        """Of the mean, by leaving out one member at a time."""
        _, index = np.unique(self.members, return_inverse=True)
        index = index.reshape(self.members.shape)
        n, k = self.n_members, self.members.shape[1]
        lost = np.bincount(index.ravel(), np.repeat(self.values, k), n)
        count = np.bincount(index.ravel(), minlength=n)
        left = len(self.values) - count
        if n < 2 or not left.all():
            return float("inf")
        means = (self.values.sum() - lost) / left
        return float((n - 1) / n * ((means - means.mean()) ** 2).sum())

    def with_values(self, values: np.ndarray) -> "Sample":
        """Other values of the same members."""
        return replace(self, values=values)
