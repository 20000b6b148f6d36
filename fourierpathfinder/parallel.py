"""The points of one path on many workers, through any `concurrent.futures.Executor`.

A worker process receives the pickled landscape with each point but unpickles it only once, so
that a calculator made by a factory is made once a worker. Threads share the landscape itself.
"""

import pickle
import uuid
from collections.abc import Callable
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ThreadPoolExecutor,
)
from functools import lru_cache, partial
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np

from ._arrays import Array, to_numpy
from ._lazy import cached_property
from .executors import finished, give_up
from .landscapes.abilities import Abilities, Forwarding
from .landscapes.protocols import Landscape

Pair: TypeAlias = tuple[np.ndarray, np.ndarray]


@runtime_checkable
class Submitting(Protocol):
    """What makes an executor: a task goes in, a future comes out."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Any:
        """A future for the result of a call."""
        ...


@runtime_checkable
class _Sized(Protocol):
    """The pools of the standard library tell how many workers they have."""

    _max_workers: int | None


class ParallelLandscape(Forwarding):
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
        check_executor(executor)
        super().__init__(landscape)
        self._executor = executor
        if not self._in_threads:
            _pickled(landscape)  # an error of it comes now

    @property
    def _in_threads(self) -> bool:
        return isinstance(self._executor, ThreadPoolExecutor)

    @cached_property
    def _evaluate(self) -> Callable[..., Pair]:
        """What is sent, made when it is first needed: the landscape may know more by then."""
        if self._in_threads:
            return partial(_evaluate, self.landscape)
        return partial(_evaluate_pickled, uuid.uuid4().hex, _pickled(self.landscape))

    def value_and_grad(self, points: Array, samples: Array | None = None) -> Pair:
        """Values (M,) and gradients (M, D), a task for each point with its own samples (M, B)."""
        tasks: list[Future[Pair]] = []
        try:
            for m in range(points.shape[0]):
                own = () if samples is None else (samples[m : m + 1, ...],)
                tasks.append(self._executor.submit(self._evaluate, points[m : m + 1, ...], *own))
            waiting = set(tasks)
            while waiting:
                waiting -= _raised(finished(waiting, self._executor))
            done = [task.result() for task in tasks]
        except CancelledError as error:
            raise RuntimeError(
                "the executor has cancelled what it was given (it was shut down, or its scheduler "
                "began anew); make a new one"
            ) from error
        except BrokenExecutor as error:
            raise RuntimeError(
                "a worker of the executor died while a point was evaluated (out of memory, or the "
                "calculator ended the process); the executor is unusable now: make a new one"
            ) from error
        finally:
            give_up(tasks, self._executor)  # after an error or Ctrl-C nobody waits for the rest
        values, gradients = zip(*done, strict=True)
        return np.concatenate(values), np.concatenate(gradients)


def _raised(done: "set[Future[Pair]]") -> "set[Future[Pair]]":
    """The same, after any error of theirs was raised: nobody need wait for the others then."""
    for task in done:
        task.result()
    return done


def check_executor(executor: Executor) -> None:
    """Raise an error where it is no executor."""
    if isinstance(executor, type) or not isinstance(executor, Submitting):
        raise TypeError(
            f"`executor` is a {type(executor).__name__}; pass an executor of "
            "`concurrent.futures` or one like it, such as `ProcessPoolExecutor(4)`"
        )


def n_workers(executor: Executor | None, abilities: Abilities) -> int:
    """How many points are worked on at a time, as far as the executor, or the landscape, tells."""
    if executor is None:
        return abilities.n_workers
    return (executor._max_workers or 1) if isinstance(executor, _Sized) else 1


def _pickled(landscape: Landscape) -> bytes:
    try:
        return pickle.dumps(landscape)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise TypeError(
            f"the landscape ({type(landscape).__name__}) cannot be sent to workers: {error}. "
            "Define it at the top level of a module, and give calculators as a factory"
        ) from error


def _evaluate(landscape: Landscape, point: Array, *samples: Array) -> Pair:
    values, gradients = landscape.value_and_grad(point, *samples)
    return to_numpy(values), to_numpy(gradients)


def _evaluate_pickled(key: str, pickled: bytes, point: Array, *samples: Array) -> Pair:
    return _evaluate(_unpickled(key, pickled), point, *samples)


@lru_cache(maxsize=4)
def _unpickled(key: str, pickled: bytes) -> Landscape:
    landscape: Landscape = pickle.loads(pickled)  # our own bytes, from `ParallelLandscape`
    return landscape
