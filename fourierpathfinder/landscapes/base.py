"""The one contract of every backend: a batch of points in, values and gradients out.

A landscape is any object with `value_and_grad(points (M, D)) -> (values (M,), gradients (M, D))`.
Further attributes are optional:

- `value(points (M, D)) -> (M,)`, where values alone are cheaper;
- `stochastic`, true where two calls at the same point differ, or could be made to:
- `n_samples`, where the landscape is a mean over so many samples. Both functions then take
  `samples=` indices (M, B) as well, by default all, and give the means over those;
- `coordinates(end) -> (D,)`, which turns the user's own ends (ASE Atoms, networks) into arrays;
- `description`, a sentence of what it is, by which a checkpoint tells it from others;
- `same(a (D,), b (D,)) -> bool`, whether two minima are one but for a symmetry of the landscape
  (turns, shifts, exchange of like atoms or units);
- `fingerprint(a (D,)) -> (F,)`, numbers that minima which are the same share, by whose distance
  pairs are ordered;
- `placing(a (D,), b (D,)) -> callable (..., D) -> (..., D)`, the affine symmetry that lays b on a
  where the two are the same, and otherwise as near as can be.
"""

from typing import Protocol, runtime_checkable

from .._arrays import Array


@runtime_checkable
class Landscape(Protocol):
    """What the library asks of an energy or loss landscape.

    Examples
    --------
    >>> import numpy as np
    >>> class Bowl:
    ...     def value_and_grad(self, points):
    ...         return (points**2).sum(-1), 2 * points
    >>> isinstance(Bowl(), Landscape)
    True
    """

    def value_and_grad(self, points: Array) -> tuple[Array, Array]:
        """Values (M,) and gradients (M, D) at `points` (M, D)."""
        ...
