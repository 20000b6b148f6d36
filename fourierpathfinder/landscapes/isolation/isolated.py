"""A landscape whose points are evaluated in worker processes; failed points become NaN."""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType

import numpy as np

from ..._counts import require_counts
from ..._deprecation import moved_behind
from ...executors import watched
from ...threads import answered, n_cores
from ..abilities import Abilities, Forwarding, remind
from ..protocols import Landscape
from .remote import Remote
from .worker import LONGEST, ClosedError, NotReadyError, Worker, WorkerError

_log = logging.getLogger(__name__)

Attempt = Callable[[np.ndarray], tuple[float, np.ndarray]]


class TooManyFailuresError(RuntimeError):
    """So many points failed one after the other that the landscape itself must be at fault."""


class IsolatedLandscape(Forwarding):
    """A landscape evaluated in processes that may die.

    Everything else that the landscape offers (its coordinates, ends and first path) is asked of
    it directly, as `isolated.landscape`.

    Parameters
    ----------
    landscape : Landscape
        Must be picklable, and made of things in modules that can be imported. If it has a method
        `forget`, that is called before each evaluation, so that results do not depend on what was
        evaluated before.
    n_workers : int
        Processes, and points evaluated at a time.
    timeout : float, optional
        Seconds that one evaluation may take.
    max_failures : int
        Points that may fail one after the other before `TooManyFailuresError` is raised.
    log : path-like, optional
        A file for what the processes print.
    executor : concurrent.futures.Executor, optional
        Where to run the processes: each task of the executor keeps one beside itself. With it the
        processes are on other machines (Dask, executorlib, mpi4py); without it, on this one.

    Attributes
    ----------
    last_failure : str
        What the last point that failed has failed of, and what was printed last.
    n_failures : int
        Points marked bad so far.

    Examples
    --------
    >>> import numpy as np
    >>> from fourierpathfinder.landscapes import IsolatedLandscape
    >>> from fourierpathfinder.landscapes.toy import two_channels
    >>> with IsolatedLandscape(two_channels(), timeout=60) as isolated:
    ...     values, gradients = isolated.value_and_grad(np.zeros((1, 2)))
    >>> gradients.shape
    (1, 2)
    """

    def __init__(
        self,
        landscape: Landscape,
        *,
        n_workers: int = 1,
        timeout: float | None = None,
        max_failures: int = 5,
        log: str | os.PathLike[str] | None = None,
        executor: Executor | None = None,
    ) -> None:
        require_counts(n_workers=n_workers, max_failures=max_failures)
        _require_seconds(timeout)
        super().__init__(landscape)
        self.n_workers = n_workers
        self.n_failures = 0
        self._max_failures = max_failures
        self._in_a_row = 0
        self._has_answered = False
        self.last_failure = self._said = ""
        self._counting = threading.Lock()
        self._log = None if log is None or executor is not None else Path(log).name
        self._watching = ExitStack()
        executor = self._watching.enter_context(watched(executor))
        self._workers: list[Worker | Remote] = []
        self._idle: SimpleQueue[Attempt] = SimpleQueue()
        for _ in range(n_workers):
            self._idle.put(self._attempt(landscape, timeout, log, executor))

    __getattr__ = moved_behind("landscape")

    def offering(self, behind: Abilities) -> Abilities:
        """What this landscape offers: as much as the one behind it, for several points at a time.

        Parameters
        ----------
        behind : Abilities
            What the landscape behind this one offers.

        Returns
        -------
        Abilities
            The same, with as many points at a time as there are processes, which work apart.
        """
        return replace(super().offering(behind), n_workers=self.n_workers, is_apart=True)

    def value_and_grad(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values (M,) and gradients (M, D) at `points` (M, D); NaN where a point failed.

        Raises
        ------
        TooManyFailuresError
            If too many points failed one after the other.
        """
        points = np.asarray(points, dtype=float)
        if points.ndim != 2:
            raise ValueError(f"`points` has shape {points.shape}; it must be (M, D)")
        values, gradients = np.empty(len(points)), np.empty_like(points)
        for index, value, gradient in self.evaluations(points):
            values[index], gradients[index] = value, gradient
        return values, gradients

    def evaluations(self, points: np.ndarray) -> Iterator[tuple[int, float, np.ndarray]]:
        """The index, value and gradient of each of `points` (M, D), as soon as it is known."""
        calls = [partial(self._evaluate, point) for point in points]
        with closing(answered(calls, self.n_workers)) as answers:
            for index, (value, gradient) in answers:
                remind(self.landscape, points[index], value)  # a process that starts later knows it
                yield index, value, gradient

    def prepare(self) -> None:
        """Start a process with all that it evaluates with; on an executor there is nothing to do.

        Raises
        ------
        NotReadyError
            If that cannot be made.
        """
        worker = self._workers[0]
        if isinstance(worker, Worker):
            worker.start()

    def close(self) -> None:
        """End all processes."""
        for worker in self._workers:
            worker.close()
        self._watching.close()

    def __enter__(self) -> "IsolatedLandscape":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _attempt(
        self,
        landscape: Landscape,
        timeout: float | None,
        log: str | os.PathLike[str] | None,
        executor: Executor | None,
    ) -> Attempt:
        if executor is not None:
            remote = Remote(landscape, timeout, executor)
            self._workers.append(remote)
            return remote
        environment = {} if "OMP_NUM_THREADS" in os.environ else _fair_share(self.n_workers)
        worker = Worker(landscape, timeout=timeout, log=log, environment=environment)
        self._workers.append(worker)
        return worker

    def _evaluate(self, point: np.ndarray) -> tuple[float, np.ndarray]:
        attempt = self._idle.get()
        try:
            return self._tried_twice(attempt, point)
        finally:
            self._idle.put(attempt)

    def _tried_twice(self, attempt: Attempt, point: np.ndarray) -> tuple[float, np.ndarray]:
        told: list[str] = []
        printed = ""
        for _ in range(2):
            try:
                answer = attempt(point)
            except ClosedError:
                raise  # no fault of the point
            except WorkerError as error:
                if isinstance(error, NotReadyError) and not self._has_answered:
                    raise
                if str(error) not in (*told, self._said):
                    _log.warning("evaluation failed: %s", error)
                told.append(str(error))
                printed = error.printed
                self._said = str(error)
            else:
                self._has_answered, self._said = True, ""
                self._count(failed=False)
                return answer
        ending = f'; {self._log} ends with "{printed}"' if printed else ""
        self.last_failure = " and then ".join(dict.fromkeys(told)) + ending
        self._count(failed=True)
        return float("nan"), np.full_like(point, np.nan)

    def _count(self, *, failed: bool) -> None:
        with self._counting:
            self._in_a_row = self._in_a_row + 1 if failed else 0
            self.n_failures += failed
            if self._in_a_row >= self._max_failures:
                where = f"; all that was printed is in {self._log}" if self._log else ""
                raise TooManyFailuresError(
                    f"{self._in_a_row} points in a row could not be evaluated, each tried twice; "
                    f"the last time {self.last_failure}{where}"
                )
        if failed and self._in_a_row == 1:
            _log.warning("a point is marked as failed, and the search avoids it")


def _require_seconds(timeout: object) -> None:
    if timeout is None:
        return
    if isinstance(timeout, bool) or not isinstance(timeout, int | float | np.number):
        raise TypeError(f"`timeout` is {timeout!r}; it must be a number of seconds, or None")
    if not 0 < timeout <= LONGEST:
        raise ValueError(
            f"`timeout` is {timeout}; it must be a positive number of seconds, at most "
            f"{LONGEST:g}, or None for as long as it takes"
        )


def _fair_share(n_workers: int) -> dict[str, str]:
    """Threads for each process, so that together they use every core once."""
    return {"OMP_NUM_THREADS": str(max(1, n_cores() // n_workers))}
