"""A Dask scheduler as an executor that knows when nobody works for it."""

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from typing import Any

from .exits import InputError

_CONNECTING = "10s"
_CLOSING = 2.0
"""In seconds: a scheduler that is gone is not waited for."""
_ASKING = 2.0
"""In seconds, between two looks at the workers."""


class DaskExecutor(Executor):
    """Tasks for a Dask cluster.

    Parameters
    ----------
    client : distributed.Client
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._executor = client.get_executor(pure=False)
        self._asked_at, self._trouble = 0.0, ""

    def submit(
        self, function: Callable[..., Any], /, *arguments: Any, **options: Any
    ) -> "Future[Any]":
        """A task on whichever worker is free."""
        future: Future[Any] = self._executor.submit(function, *arguments, **options)
        return future

    def trouble(self) -> str | None:
        """That the scheduler is gone, or has no worker; None while all is well."""
        if time.monotonic() - self._asked_at > _ASKING:
            self._asked_at, self._trouble = time.monotonic(), self._looked()
        return self._trouble or None

    def _looked(self) -> str:
        address = self._client.scheduler.address if self._client.scheduler else "its address"
        if self._client.status != "running":
            return f"the Dask scheduler at {address} is gone"
        if not self._client.scheduler_info(n_workers=-1)["workers"]:
            return f"the Dask scheduler at {address} has no worker; start one with `dask worker`"
        return ""


@contextmanager
def connected(address: str | None) -> Iterator[Executor | None]:
    """An executor of the scheduler at an address; None where there is no address.

    Raises
    ------
    InputError
        If Dask is not installed, or no scheduler answers.
    """
    if address is None:
        yield None
        return
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise InputError("--scheduler needs Dask: pip install 'fourierpathfinder[dask]'") from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # it is said here what is wrong
    try:
        client = Client(address, timeout=_CONNECTING)
    except Exception as error:  # of the operating system, of names, of Dask's own
        raise InputError(
            f"no Dask scheduler answers at {address!r} ({type(error).__name__}); give its address "
            "as it tells it, such as tcp://127.0.0.1:8786"
        ) from error
    try:
        yield DaskExecutor(client)
    finally:
        with suppress(Exception):
            client.close(timeout=_CLOSING)
