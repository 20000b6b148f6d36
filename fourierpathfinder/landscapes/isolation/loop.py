"""The loop of a worker process: receive a point, evaluate it, answer, until the pipe is closed."""

import os
import pickle
import select
import signal
import threading
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from ..protocols import Explaining, Forgetful, Landscape, Preparable

_IDLE_SECONDS = 600.0
"""Without a question for so long the process ends; another is started when one comes."""

_ENDS = (Exception, SystemExit)
"""What a file that is loaded may end with: one that calls `sys.exit` would do so every time."""


def main(handle: int) -> None:
    """Serve the process at the other end of a socket."""
    os.set_inheritable(handle, False)  # programs that a calculator starts have no business there
    connection = Connection(handle)
    threading.Thread(target=_end_with_parent, args=(handle,), daemon=True).start()
    try:
        landscape: Landscape = pickle.loads(connection.recv())  # our own parent's bytes
    except _ENDS as error:
        connection.send(
            f"{_told(error)}, when the landscape was received; what it is made of must be in "
            "modules that can be imported, not in the script or notebook that is run"
        )
        return
    try:
        if isinstance(landscape, Preparable):
            landscape.prepare()
    except _ENDS as error:
        connection.send(_told(error))
        return
    connection.send(None)
    while connection.poll(_IDLE_SECONDS):
        try:
            point = connection.recv()
        except EOFError:
            return
        connection.send(_answer(landscape, point))


def _answer(landscape: Landscape, point: np.ndarray) -> tuple[Any, Any] | str:
    """Value and gradient as plain NumPy, or a sentence about what went wrong."""
    try:
        if isinstance(landscape, Forgetful):
            landscape.forget()
        values, gradients = landscape.value_and_grad(point[None])
        value, gradient = np.asarray(values)[0], np.asarray(gradients)[0]
    except Exception as error:
        return _told(error)
    if isinstance(landscape, Explaining) and np.ndim(value) == 0 and np.isnan(value):
        return landscape.last_failure or (value, gradient)
    return value, gradient


def _told(error: BaseException) -> str:
    cause = error.__cause__ or error  # what a calculator raised, rather than where it was called
    return f"it raised {type(cause).__name__}: {cause}"


def _end_with_parent(handle: int) -> None:
    """Wait until the other end is gone, even while a calculation runs; then end everything."""
    poll = select.poll()
    poll.register(handle, 0)  # hang-ups only
    poll.poll()
    os.killpg(0, signal.SIGKILL)
