"""Executors whose workers are elsewhere and may be lost, and how to wait for what they were given.

The pools of the standard library tell by themselves when a worker dies. Dask's client does not:
where its scheduler is gone its futures never end. So it is watched while somebody waits.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import contextmanager, suppress
from typing import Any, Protocol, TypeVar, runtime_checkable

_log = logging.getLogger(__name__)

T = TypeVar("T")

_ASKING = 1.0
"""In seconds, between two looks at the workers."""
_SILENT = 5.0
"""In seconds: a scheduler that has not answered for so long is said not to answer."""
_UNHEARD = 10.0
"""In seconds: a worker, which tells of itself at least twice a second, is then taken for lost."""
_GONE = 3.0
"""In seconds: a scheduler that has broken the connection for so long does not come back."""
_LOST = 30.0
"""In seconds: nor does one that has not answered for so long."""
_LOOK = 0.5
"""In seconds, between two looks whether there is anybody to wait for."""
_TELL = 3.0
"""In seconds: after so long it is said that nobody is there to answer."""


class LostError(RuntimeError):
    """Nobody will ever answer what an executor was given."""


@runtime_checkable
class Watched(Protocol):
    """An executor that knows when nobody works for it."""

    def trouble(self) -> str | None:
        """What is wrong, in words, such as that no worker is there; None while all is well."""
        ...

    def lost(self) -> str | None:
        """The same, once it will not become well again."""
        ...


@runtime_checkable
class _Client(Protocol):
    """A client of Dask's."""

    status: str
    scheduler: Any

    def get_executor(self, **options: Any) -> Executor: ...
    def scheduler_info(self, **options: Any) -> Any: ...


@runtime_checkable
class _OfAClient(Protocol):
    """What Dask's client makes of itself."""

    _client: _Client


class DaskExecutor(Executor):
    """Tasks for a Dask cluster.

    Parameters
    ----------
    client : distributed.Client
    executor : concurrent.futures.Executor, optional
        What takes the tasks, if not another one of the client.
    """

    def __init__(self, client: Any, executor: Executor | None = None) -> None:
        self._client = client
        self._executor = client.get_executor(pure=False) if executor is None else executor
        self._address = client.scheduler.address
        self._answered_at = self._heard_at = time.monotonic()
        self._gone_at: float | None = None
        self._last_seen, self._workers = 0.0, ""
        self._closed = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def submit(
        self, function: Callable[..., Any], /, *arguments: Any, **options: Any
    ) -> "Future[Any]":
        """A task on whichever worker is free."""
        future: Future[Any] = self._executor.submit(function, *arguments, **options)
        return future

    def trouble(self) -> str | None:
        """That the scheduler is gone or silent, or has no worker; None while all is well."""
        if self._client.status != "running":
            return f"the Dask scheduler at {self._address} is gone"
        if time.monotonic() - self._answered_at > _SILENT:
            return f"the Dask scheduler at {self._address} does not answer"
        return self._workers or None

    def lost(self) -> str | None:
        """That the scheduler is gone or silent, and has been for too long to come back."""
        now = time.monotonic()
        if self._client.status == "running":
            self._gone_at = None
            return self.trouble() if now - self._answered_at > _LOST else None
        self._gone_at = self._gone_at or now
        return self.trouble() if now - self._gone_at > _GONE else None

    def close(self) -> None:
        """Look at the workers no more."""
        self._closed.set()

    def _watch(self) -> None:
        while True:
            with suppress(Exception):  # of the network: the time since the last answer tells
                self._look()
            if self._closed.wait(_ASKING):
                return

    def _look(self) -> None:
        workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        self._workers = self._told(list(workers))
        self._answered_at = time.monotonic()

    def _told(self, workers: list[dict[str, Any]]) -> str:
        """What is wrong with the workers, as the scheduler knows them."""
        if not workers:
            return (
                f"the Dask scheduler at {self._address} has no worker; start one with `dask worker`"
            )
        last_seen = max(worker.get("last_seen", 0.0) for worker in workers)
        if last_seen != self._last_seen:  # by the scheduler's clock, which need not be ours
            self._last_seen, self._heard_at = last_seen, time.monotonic()
        elif time.monotonic() - self._heard_at > _UNHEARD:
            return (
                f"no worker of the Dask scheduler at {self._address} has been heard of for "
                f"{_UNHEARD:g} s"
            )
        return ""


@contextmanager
def watched(executor: Executor | None) -> Iterator[Executor | None]:
    """The same executor, watched while this lasts if it, or what it is, is a client of Dask's.

    Raises
    ------
    RuntimeError
        If the client is closed.
    """
    client = None if isinstance(executor, DaskExecutor) else _client_of(executor)
    if client is None:
        yield executor
        return
    if client.scheduler is None or client.status in ("closing", "closed"):
        raise RuntimeError(
            f"`executor` is a Dask client that is {client.status}; connect a new one to a scheduler"
        )
    watching = DaskExecutor(client, executor if isinstance(executor, _OfAClient) else None)
    try:
        yield watching
    finally:
        watching.close()


def finished(futures: Collection["Future[T]"], executor: Executor | None) -> "set[Future[T]]":
    """Those of some futures that are done; waits until one is.

    Parameters
    ----------
    futures : collection of Future
        At least one.
    executor : Executor or None
        Whose they are.

    Raises
    ------
    LostError
        If nobody is left who could answer.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> with ThreadPoolExecutor(1) as pool:
    ...     [done.result() for done in finished([pool.submit(abs, -2)], pool)]
    [2]
    """
    watch = _watch_of(executor)
    began, is_told = time.monotonic(), False
    while True:
        wait(futures, _LOOK, FIRST_COMPLETED)
        done = {future for future in futures if future.done()}  # `wait` waits for cancelled ones
        if done:
            return done
        if watch is None:
            continue
        if (lost := watch.lost()) is not None:
            raise LostError(
                f"{lost}; what was given to it is lost: connect to another and call again"
            )
        trouble = watch.trouble()
        if trouble is not None and not is_told and time.monotonic() - began > _TELL:
            _log.warning("waiting: %s", trouble)
            is_told = True


def give_up(futures: Iterable["Future[Any]"], executor: Executor | None) -> None:
    """Cancel what nobody waits for any more, where there is anybody to be told."""
    watch = _watch_of(executor)
    if watch is None or watch.trouble() is None:
        for future in futures:
            future.cancel()


def _watch_of(executor: object) -> Watched | None:
    return executor if isinstance(executor, Watched) else None


def _client_of(executor: object) -> _Client | None:
    client = executor._client if isinstance(executor, _OfAClient) else executor
    return client if isinstance(client, _Client) else None
