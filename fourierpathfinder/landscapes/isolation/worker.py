"""One process that evaluates a landscape, and the way to and from it: a pair of sockets.

The process is a new Python in a session of its own: it inherits neither threads nor Ctrl-C, and
all that a calculator starts beneath it ends with it. Its standard output goes to a file, so that
nothing a calculator prints can be mistaken for an answer.
"""

import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from ...storage.errors import CheckpointError
from ...storage.files import open_appending, open_reading
from ..protocols import Landscape

_START_SECONDS = 300.0
"""The longest wait for a new process to load what it needs; file systems of clusters are slow."""

LONGEST = 1e6
"""The longest limit of one evaluation, in seconds: eleven days; clocks of systems end at twenty."""

_TAIL = 4096
"""Bytes of the log's end in which the last line is looked for."""
_LONGEST_LINE = 200
"""Characters of it that are told."""

_PROGRAM = f"""
import json, sys
sys.path += [path for path in json.loads(sys.argv[1]) if path not in sys.path]
from {__package__}.loop import main
main(int(sys.argv[2]))
"""


class WorkerError(RuntimeError):
    """An attempt to evaluate a point failed; the message says how.

    Attributes
    ----------
    printed : str
        The last line that was printed meanwhile and says more, if there is one.
    """

    printed = ""


class NotReadyError(WorkerError):
    """A process could not make what it is to evaluate with, such as a calculator."""


class ClosedError(WorkerError):
    """An attempt was given up because nobody waits for it any more."""


class Worker:
    """A landscape in a process of its own, started when first needed and again when lost.

    Parameters
    ----------
    landscape : Landscape or bytes
        Must be picklable, from modules that can be imported (not from `__main__`), or pickled.
    timeout : float, optional
        Seconds that one evaluation may take; None for as long as it likes.
    log : path-like, optional
        A file to which everything is appended that the process prints; None drops it.
    environment : mapping, optional
        Environment variables of the process beyond those inherited.
    """

    def __init__(
        self,
        landscape: Landscape | bytes,
        *,
        timeout: float | None = None,
        log: str | os.PathLike[str] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._landscape = landscape
        self._pickled()  # an error of it comes now
        self._timeout = timeout
        self._log = os.devnull if log is None else os.fspath(log)
        self._environment = dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._closed = False
        self._at_work = threading.Lock()

    def __call__(self, point: np.ndarray) -> tuple[float, np.ndarray]:
        """Value and gradient (D,) at `point` (D,).

        Raises
        ------
        WorkerError
            If the landscape raises, gives something that is not finite, takes too long, or ends
            the process.
        """
        begun = _size(self._log)
        try:
            return self._evaluated(point)
        except WorkerError as error:
            error.printed = _last_line(self._log, begun, str(error))
            raise

    def _evaluated(self, point: np.ndarray) -> tuple[float, np.ndarray]:
        with self._at_work:
            self._ready()
            answer = self._exchange(point, self._timeout)
        if isinstance(answer, str):
            raise WorkerError(answer)
        return _checked(answer, point)

    def start(self) -> None:
        """Start the process, if it does not run, with all that it evaluates with.

        Raises
        ------
        NotReadyError
            If that cannot be made.
        """
        with self._at_work:
            self._ready()

    def close(self) -> None:
        """End the process, and all that runs beneath it, for good; any thread may ask for it."""
        self._closed = True
        self._kill()
        with self._at_work:
            self._end()

    @property
    def pid(self) -> int | None:
        """The process's number, while there is one."""
        return None if self._process is None else self._process.pid

    def _ready(self) -> None:
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._start()

    def _start(self) -> None:
        self._refuse_if_closed()
        ours, theirs = socket.socketpair()
        with ours, theirs, open_appending(self._log) as log:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-P",
                    "-c",
                    _PROGRAM,
                    json.dumps(_more_paths()),
                    str(theirs.fileno()),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                env={**os.environ, **self._environment},
            )
            self._connection = Connection(ours.detach())
        self._refuse_if_closed()  # meanwhile, when there was no process yet to be ended
        problem = self._exchange(self._pickled(), _START_SECONDS)
        if problem is not None:
            self._end()
            raise NotReadyError(str(problem))

    def _pickled(self) -> bytes:
        """The landscape as it is now: it may know more than when it was handed in."""
        landscape = self._landscape
        return landscape if isinstance(landscape, bytes) else pickled(landscape)

    def _refuse_if_closed(self) -> None:
        if self._closed:
            self._end()
            raise ClosedError("its worker is closed")

    def _exchange(self, message: Any, timeout: float | None) -> Any:
        """Send something and wait for the answer; a process that gives none is ended."""
        connection = self._connection
        assert connection is not None
        try:
            connection.send(message)
            if connection.poll(timeout):
                return connection.recv()
        except (EOFError, OSError, pickle.UnpicklingError):
            if self._closed:
                raise ClosedError("its worker is closed") from None
            raise WorkerError(self._how_it_ended()) from None
        except BaseException:
            self._end()  # interrupted: an answer that comes later must not meet the next question
            raise
        self._end()
        raise WorkerError(f"it took longer than {timeout:g} s and was ended")

    def _how_it_ended(self) -> str:
        process = self._process
        assert process is not None
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
        code = process.returncode
        self._end()
        if code is None:
            return "its process broke the connection"
        if code < 0:
            return f"its process was ended by {signal.Signals(-code).name}"
        return f"it ended its own process, with exit status {code}"

    def _end(self) -> None:
        """End the process; the next evaluation starts another."""
        self._kill()
        if self._process is not None:
            self._process.wait()
        if self._connection is not None:
            self._connection.close()
        self._process = self._connection = None

    def _kill(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)


def _more_paths() -> list[str]:
    """Where this process imports from, for the other one to look at after all of its own.

    So nothing that lies in the current folder, or beside a script, can take the place of a
    module of Python's or of a library there.
    """
    return [path or str(Path.cwd()) for path in sys.path]


def pickled(landscape: Landscape) -> bytes:
    """A landscape as bytes, or a TypeError that says what to do."""
    try:
        return pickle.dumps(landscape)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise TypeError(
            f"the landscape ({type(landscape).__name__}) cannot be sent to another process: "
            f"{error}. Define it, and the function that makes its calculator, at the top level of "
            "a module"
        ) from error


def _size(log: str) -> int:
    """Bytes of a log, as far as one can know."""
    try:
        return Path(log).stat().st_size
    except OSError:
        return 0


def _last_line(log: str, begun: int, told: str) -> str:
    """The last line of a log that was written since and says more than what is told anyway."""
    end = _size(log)
    if end <= begun:
        return ""
    try:
        with open_reading(log) as file:
            file.seek(max(begun, end - _TAIL))
            text = file.read(_TAIL).decode(errors="replace")
    except (OSError, CheckpointError):
        return ""
    reason = told.partition(": ")[2] or told
    lines = ("".join(filter(str.isprintable, line)).strip() for line in text.splitlines())
    telling = [line for line in lines if any(map(str.isalpha, line)) and reason not in line]
    return telling[-1][-_LONGEST_LINE:] if telling else ""


def _checked(answer: Any, point: np.ndarray) -> tuple[float, np.ndarray]:
    value, gradient = answer
    if np.shape(gradient) != point.shape or np.shape(value) != ():
        raise WorkerError(
            f"it returned a value of shape {np.shape(value)} and a gradient of shape "
            f"{np.shape(gradient)} for a point of shape {point.shape}"
        )
    if not (np.isfinite(value) and np.isfinite(gradient).all()):
        raise WorkerError("it returned NaN or infinity")
    return float(value), np.asarray(gradient, dtype=float)
