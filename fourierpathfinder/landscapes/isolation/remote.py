"""Attempts on an executor's workers, each of which keeps a process of its own for them.

The task sent is the pickled landscape and a point; a worker of the executor starts the process on
the first task and keeps it for the next. A worker that dies takes its process along.
"""

import threading
import uuid
from concurrent.futures import Executor
from functools import lru_cache

import numpy as np

from ..protocols import Landscape
from .worker import Worker, WorkerError, pickled


class Remote:
    """Evaluates points through an executor.

    Parameters
    ----------
    landscape : Landscape
        Must be picklable.
    timeout : float, optional
        Seconds that one evaluation may take, counted where it runs.
    executor : concurrent.futures.Executor
        Dask's `client.get_executor()`, executorlib, `mpi4py.futures`, a process pool.
    """

    def __init__(self, landscape: Landscape, timeout: float | None, executor: Executor) -> None:
        self._pickled = pickled(landscape)
        self._timeout = timeout
        self._executor = executor
        self._key = uuid.uuid4().hex

    def __call__(self, point: np.ndarray) -> tuple[float, np.ndarray]:
        """Value and gradient (D,) at `point` (D,); WorkerError if the attempt fails."""
        task = self._executor.submit(_evaluate, self._key, self._pickled, self._timeout, point)
        try:
            answer: tuple[float, np.ndarray] = task.result()
            return answer
        except Exception as error:  # each scheduler has its own words for a worker that died
            raise WorkerError(str(error) or type(error).__name__) from error


def _evaluate(
    key: str, landscape: bytes, timeout: float | None, point: np.ndarray
) -> tuple[float, np.ndarray]:
    return _worker(key, landscape, timeout, threading.get_ident())(point)


@lru_cache(maxsize=64)
def _worker(key: str, landscape: bytes, timeout: float | None, thread: int) -> Worker:
    """The worker of one thread: each has one process, and asks it one thing at a time."""
    return Worker(landscape, timeout=timeout)
