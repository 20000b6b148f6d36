"""Lists of names or numbers beside tensors of samples, one for each sample.

As a data set has them that gives all of a column at once: of strings there is no tensor.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..trees import constants_of, tensors_of, tree_map


class Column:
    """What stands for a list in a structure of tensors.

    Parameters
    ----------
    values : list
        One of each sample.
    """

    def __init__(self, values: list[Any]) -> None:
        self._values = values

    def taken(self, indices: Any) -> list[Any]:
        """The values of a slice or of an array of indices (B,)."""
        if isinstance(indices, slice):
            return list(self._values[indices])
        return [self._values[int(i)] for i in np.asarray(indices)]


def with_columns(tree: Any, n_samples: int) -> Any:
    """The same structure with columns in the place of its lists of so many values."""
    if type(tree) is dict:
        return {name: with_columns(value, n_samples) for name, value in tree.items()}
    if type(tree) is tuple:
        return tuple(with_columns(value, n_samples) for value in tree)
    is_column = type(tree) is list and len(tree) == n_samples and not tensors_of(tree)
    return Column(tree) if is_column else tree


def has_columns(tree: Any) -> bool:
    """Whether there is any."""
    return any(isinstance(value, Column) for value in constants_of(tree))


def taken(tree: Any, indices: Any, take: Callable[[Any], Any]) -> Any:
    """Some samples of a structure, of whose tensors a function takes them."""

    def other(value: Any) -> Any:
        return value.taken(indices) if isinstance(value, Column) else value

    return tree_map(take, tree, other)
