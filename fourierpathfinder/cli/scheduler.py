"""A Dask scheduler, by its address, as an executor that knows when nobody works for it.

Whatever asks the scheduler something does so in a thread of its own, with a deadline: a scheduler
that is stopped, or behind a cable that was cut, never answers, and must neither keep a run from
telling so nor from ending.
"""

import asyncio
import logging
import re
import socket
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from typing import Any

from ..executors import watched
from .deadline import within
from .exits import InputError

_REACHING = 4.0
"""In seconds: for a machine to take a connection."""
_CONNECTING = 6.0
"""In seconds: for what took it to answer as a scheduler does."""
_CLOSING = 2.0
"""In seconds: a scheduler that is gone is not waited for."""

_ADDRESS = re.compile(
    r"(?:(?P<protocol>tcp|tls|ws|wss|ucx|ucxx)://)?"
    r"(?:\[(?P<six>[0-9A-Fa-f:.%]+)\]|(?P<name>[^\s/:\[\]]+)):(?P<port>[0-9]{1,5})/?"
)


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
    client = _connected(address)
    try:
        with watched(client) as executor:
            yield executor
    finally:
        leave(client)


def leave(client: Any) -> None:
    """Leave a scheduler, if it answers."""
    with suppress(Exception):
        within(_CLOSING, lambda: client.close(timeout=_CLOSING))
    client.status = "closed"  # or it would wait again when Python ends


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
    except TimeoutError as error:
        silence = TimeoutError(f"nothing there takes a connection within {_REACHING:g} s")
        raise _no_answer(address, silence) from error
    except (OSError, UnicodeError) as error:
        raise _no_answer(address, error) from error


def _connected(address: str) -> Any:
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise InputError("--scheduler needs Dask: pip install 'fourierpathfinder[dask]'") from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # it is said here what is wrong
    try:
        within(_CONNECTING, lambda: asyncio.run(_greeted(address)))
        return within(
            _CONNECTING,
            lambda: Client(address, timeout=_CONNECTING, set_as_default=False),
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
