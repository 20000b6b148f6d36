"""The points of one path on many workers, through any `concurrent.futures.Executor`.

A worker receives the pickled landscape with each point but unpickles it only once, so that a
calculator made by a factory is made once a worker.
"""

import pickle
import uuid
from concurrent.futures import BrokenExecutor, Executor
from functools import lru_cache
from typing import Any

import numpy as np

from ._arrays import Array, to_numpy
from .landscapes.base import Landscape


class ParallelLandscape:
    """A landscape whose points are evaluated one by one on an executor's workers.

    Parameters
    ----------
    landscape : Landscape
        Must be picklable where the workers are processes.
    executor : concurrent.futures.Executor
        A process or thread pool, Dask's `client.get_executor()`, `mpi4py.futures`, ...

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> import numpy as np
    >>> class Bowl:
    ...     def value_and_grad(self, points):
    ...         return (points**2).sum(-1), 2 * points
    >>> with ThreadPoolExecutor(2) as pool:
    ...     ParallelLandscape(Bowl(), pool).value_and_grad(np.ones((2, 3)))[0]
    array([3., 3.])
    """

    def __init__(self, landscape: Landscape, executor: Executor) -> None:
        self._executor = executor
        self._key = uuid.uuid4().hex
        try:
            self._pickled = pickle.dumps(landscape)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise TypeError(
                f"the landscape ({type(landscape).__name__}) cannot be sent to workers: {error}. "
                "Define it at the top level of a module, and give calculators as a factory"
            ) from error

    def value_and_grad(self, points: Array) -> tuple[np.ndarray, np.ndarray]:
        """Values (M,) and gradients (M, D), one task a point."""
        rows = to_numpy(points)
        try:
            tasks = [
                self._executor.submit(_evaluate, self._key, self._pickled, row) for row in rows
            ]
            done = [task.result() for task in tasks]
        except BrokenExecutor as error:
            raise RuntimeError(
                "a worker of the executor died while a point was evaluated (out of memory, or the "
                "calculator ended the process); the executor cannot go on, so make a new one"
            ) from error
        return np.array([value for value, _ in done]), np.stack([gradient for _, gradient in done])


def n_workers(executor: Executor | None, landscape: Landscape) -> int:
    """How many points are worked on at a time, as far as the executor, or the landscape, tells."""
    if executor is None:
        return int(getattr(landscape, "n_workers", 1))
    return int(getattr(executor, "_max_workers", None) or 1)


def _evaluate(key: str, pickled: bytes, point: np.ndarray) -> tuple[Any, np.ndarray]:
    values, gradients = _unpickled(key, pickled).value_and_grad(point[None])
    return to_numpy(values)[0], to_numpy(gradients)[0]


@lru_cache(maxsize=4)
def _unpickled(key: str, pickled: bytes) -> Landscape:
    landscape: Landscape = pickle.loads(pickled)  # our own bytes, from `ParallelLandscape`
    return landscape
