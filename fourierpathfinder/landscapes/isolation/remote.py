"""Attempts on an executor's workers, each of which keeps a process of its own for them.

The task sent is the pickled landscape and a point; a worker of the executor starts the process on
the first task and keeps it for the next. A worker that dies takes its process along.
"""

import logging
import threading
import time
import uuid
from concurrent.futures import CancelledError, Executor, Future
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from ..._lazy import cached_property
from ...executors import Watched
from ..protocols import Landscape
from .worker import ClosedError, Worker, WorkerError, pickled

_log = logging.getLogger(__name__)

_Answer: TypeAlias = tuple[float, np.ndarray]

_LOOK = 0.5
"""Seconds between two looks whether an answer is there, or nobody waits for it any more."""
_TELL = 3.0
"""Seconds after which it is said that nobody is there to answer."""


class NobodyAnswersError(RuntimeError):
    """The executor has had no worker for longer than an evaluation may take."""


class Remote:
    """Evaluates points through an executor.

    Parameters
    ----------
    landscape : Landscape
        Must be picklable.
    timeout : float, optional
        Seconds that one evaluation may take, counted where it runs; and that there may be nobody
        to run it, where the executor is `Watched`.
    executor : concurrent.futures.Executor
        Dask's `client.get_executor()`, executorlib, `mpi4py.futures`, a process pool.
    """

    def __init__(self, landscape: Landscape, timeout: float | None, executor: Executor) -> None:
        pickled(landscape)  # an error of it comes now
        self._landscape = landscape
        self._timeout = timeout
        self._executor = executor
        self._key = uuid.uuid4().hex
        self._closed = threading.Event()
        self._at_work = threading.Lock()

    def __call__(self, point: np.ndarray) -> _Answer:
        """Value and gradient (D,) at `point` (D,).

        Raises
        ------
        WorkerError
            If the attempt fails.
        NobodyAnswersError
            If there is nobody to make it.
        """
        with self._at_work:
            return self._asked(point)

    @cached_property
    def _sent(self) -> bytes:
        """The landscape when it is first needed: it may know more than when it was handed in."""
        return pickled(self._landscape)

    def close(self) -> None:
        """Wait for no answer any more; any thread may ask for it."""
        self._closed.set()
        with self._at_work:  # until a task that nobody waits for is cancelled
            pass

    def _asked(self, point: np.ndarray) -> _Answer:
        try:
            task = self._executor.submit(_evaluate, self._key, self._sent, self._timeout, point)
        except Exception as error:
            raise WorkerError(str(error) or type(error).__name__) from error
        try:
            return self._awaited(task)
        finally:
            if self._trouble() is None:  # or there is nobody who could be told
                task.cancel()

    def _awaited(self, task: "Future[_Answer]") -> _Answer:
        alone_since: float | None = None
        told = False
        while not self._closed.is_set():
            try:
                return task.result(timeout=_LOOK)
            except CancelledError as error:
                raise WorkerError("the executor has cancelled it") from error
            except Exception as error:  # each scheduler has its own words for a worker that died
                if not isinstance(error, TimeoutError) or task.done():
                    raise WorkerError(str(error) or type(error).__name__) from error
            trouble = self._trouble()
            if trouble is None:
                alone_since = None
                continue
            alone_since = alone_since or time.monotonic()
            waited = time.monotonic() - alone_since
            if waited > min(_TELL, self._timeout or _TELL) and not told:
                _log.warning("waiting: %s", trouble)
                told = True
            if self._timeout is not None and waited > self._timeout:
                raise NobodyAnswersError(f"{trouble}; this has lasted {self._timeout:g} s")
        raise ClosedError("its landscape is closed")

    def _trouble(self) -> str | None:
        return self._executor.trouble() if isinstance(self._executor, Watched) else None


def _evaluate(key: str, landscape: bytes, timeout: float | None, point: np.ndarray) -> _Answer:
    return _worker(key, landscape, timeout, threading.get_ident())(point)


@lru_cache(maxsize=64)
def _worker(key: str, landscape: bytes, timeout: float | None, thread: int) -> Worker:
    """The worker of one thread: each has one process, and asks it one thing at a time."""
    return Worker(landscape, timeout=timeout)
