"""A Dask scheduler as an executor that knows when nobody works for it.

Whatever asks the scheduler something does so in a thread of its own, with a deadline: a scheduler
that is stopped, or behind a cable that was cut, never answers, and must neither keep a run from
telling so nor from ending.
"""

import asyncio
import logging
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from typing import Any

from .deadline import within
from .exits import InputError

_REACHING = 4.0
"""In seconds: for a machine to take a connection."""
_CONNECTING = 6.0
"""In seconds: for what took it to answer as a scheduler does."""
_CLOSING = 2.0
"""In seconds: a scheduler that is gone is not waited for."""
_ASKING = 1.0
"""In seconds, between two looks at the workers."""
_SILENT = 5.0
"""In seconds: a scheduler that has not answered for so long is said not to answer."""
_UNHEARD = 10.0
"""In seconds: a worker, which tells of itself at least twice a second, is then taken for lost."""

_ADDRESS = re.compile(
    r"(?:(?P<protocol>tcp|tls|ws|wss|ucx|ucxx)://)?"
    r"(?:\[(?P<six>[0-9A-Fa-f:.%]+)\]|(?P<name>[^\s/:\[\]]+)):(?P<port>[0-9]{1,5})/?"
)


class DaskExecutor(Executor):
    """Tasks for a Dask cluster.

    Parameters
    ----------
    client : distributed.Client
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._executor = client.get_executor(pure=False)
        self._address = client.scheduler.address
        self._answered_at = self._heard_at = time.monotonic()
        self._last_seen, self._workers = 0.0, ""
        self._closed = threading.Event()
        self._look()
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

    def close(self) -> None:
        """Look at the workers no more, and leave the scheduler, if it answers."""
        self._closed.set()
        with suppress(Exception):
            within(_CLOSING, lambda: self._client.close(timeout=_CLOSING))
        self._client.status = "closed"  # or it would wait again when Python ends

    def _watch(self) -> None:
        while not self._closed.wait(_ASKING):
            with suppress(Exception):  # of the network: the time since the last answer tells
                self._look()

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
def connected(address: str | None) -> Iterator[Executor | None]:
    """An executor of the scheduler at an address; None where there is no address.

    Raises
    ------
    InputError
        If Dask is not installed, the address is none, or no scheduler answers there.
    """
    if address is None:
        yield None
        return
    require_reachable(address)
    executor = _connected(address)
    try:
        yield executor
    finally:
        executor.close()


def require_reachable(address: str) -> None:
    """Raise an InputError where an address is none, or nothing takes a connection there.

    Dask would try again for as long as it is given, and load for seconds before.
    """
    parts = _ADDRESS.fullmatch(address)
    if parts is None or int(parts["port"]) > 65535:
        raise InputError(
            f"--scheduler is {address!r}; give the scheduler's address as it tells it when it "
            "starts, such as tcp://127.0.0.1:8786"
        )
    if (parts["protocol"] or "").startswith("ucx"):
        return  # no sockets
    place = (parts["six"] or parts["name"], int(parts["port"]))
    try:
        within(_REACHING, lambda: socket.create_connection(place, timeout=_REACHING).close())
    except (OSError, UnicodeError) as error:
        raise _no_answer(address, error) from error


def _connected(address: str) -> DaskExecutor:
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise InputError("--scheduler needs Dask: pip install 'fourierpathfinder[dask]'") from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # it is said here what is wrong
    try:
        within(_CONNECTING, lambda: asyncio.run(_greeted(address)))
        return within(
            _CONNECTING,
            lambda: DaskExecutor(Client(address, timeout=_CONNECTING, set_as_default=False)),
        )
    except Exception as error:  # of the operating system, of TLS, of Dask's own
        raise _no_answer(address, error) from error


async def _greeted(address: str) -> None:
    """See that something answers as Dask does: a client that waits for it could not be closed."""
    from distributed import Security
    from distributed.comm import connect

    settings = Security().get_connection_args("client")
    greeting = connect(address, timeout=_CONNECTING, **settings)
    (await asyncio.wait_for(greeting, _CONNECTING)).abort()


def _no_answer(address: str, error: Exception) -> InputError:
    return InputError(
        f"no Dask scheduler answers at {address!r} ({_why(error)}); give its address as it tells "
        "it, such as tcp://127.0.0.1:8786, and see that it runs and can be reached from here"
    )


def _why(error: Exception) -> str:
    if isinstance(error, OSError | TypeError) and str(error):  # TypeError: TLS without its files
        return str(error)
    if isinstance(error, TimeoutError):
        return "it takes connections and says nothing"
    return f"{type(error).__name__}: what answers there is something else"
