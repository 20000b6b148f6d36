"""A pair of ends to be connected, and the result of one that could not be."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from .._arrays import Array
from ..landscapes.protocols import Landscape
from ..methods.base import Method
from ..path import SinePath
from ..result import History, PathResult, Status
from ..storage.content import fingerprint


@dataclass(frozen=True, eq=False)
class Pair:
    """Two ends and all else that its path depends on.

    Parameters
    ----------
    index : int
        Where it stands among those that were asked for.
    start, end : array (D,)
    seed : int
        Where its randomness comes from.
    occurrence : int
        How often the same two ends were asked for before.
    """

    index: int
    start: Array
    end: Array
    seed: int
    occurrence: int

    def identity(
        self, landscape: Mapping[str, str], method: Method, limit: int | None
    ) -> dict[str, Any]:
        """What a file that is kept of it must agree with; the landscape's own identity first."""
        return {
            **landscape,
            "method": repr(method),
            "max_gradients": limit,
            "start": fingerprint(self.start),
            "end": fingerprint(self.end),
            "occurrence": self.occurrence,
        }


def without_a_height(
    pair: Pair | None, status: Status, message: str, method: object, landscape: Landscape
) -> PathResult:
    """The result of a pair that was not run to its end: a straight line of unknown height.

    Where the ends themselves are the trouble (`pair` is None), there is no path either.
    """
    nan, nothing = float("nan"), np.zeros(0)
    path = None if pair is None else SinePath.straight(pair.start, pair.end, 1)
    return PathResult(
        path=cast(SinePath, path),
        height=nan,
        height_time=nan,
        start_value=nan,
        end_value=nan,
        times=nothing,
        heights=nothing,
        saddle=None,
        certified=False,
        height_error=float("inf"),
        status=status,
        message=message,
        n_gradients=0,
        n_iterations=0,
        history=History(nothing.astype(int), nothing),
        method=method,
        landscape=landscape,
    )
