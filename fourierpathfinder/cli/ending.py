"""How a command ends: with an exit status and a sentence, whatever has happened.

A signal raises KeyboardInterrupt wherever the run happens to be, so that it writes what it has.
That may come to nothing: Python drops what is raised while an object is deleted, and a library may
have just taken a lock. So a thread watches, which ends a run that does not end by itself.
"""

import errno
import logging
import os
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import click

from ..evaluation import LandscapeError
from ..landscapes.isolation import NobodyAnswersError, NotReadyError, TooManyFailuresError
from ..result import Status
from ..storage.checkpoint import CheckpointError
from .exits import Exit, InputError
from .work import NO_SADDLE, Found

_INTERRUPTED = "interrupted; continue with --restart"

_SAVED = "What was calculated is saved: --restart continues from there"

_ADVICE = {
    **dict.fromkeys(
        (errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "make room, and continue with --restart"
    ),
    **dict.fromkeys(
        (errno.EACCES, errno.EPERM, errno.EROFS),
        "allow that it is written, or give another folder as --output",
    ),
}
"""What to do where a file cannot be written."""

_PATIENCE = 20.0
"""In seconds: how long a run may write what it has; schedulers kill after some thirty."""
_AT_ONCE = 1.0
"""In seconds: what comes so soon is no second signal; `timeout` sends one to a process and its
group."""


def with_exit_status(command: Callable[..., Exit]) -> Callable[..., None]:
    """Turn every way to end into an exit status and a sentence."""

    @wraps(command)
    def exiting(**options: Any) -> None:
        try:
            with _ended_by_signals():
                status = command(**options)
        except (InputError, CheckpointError) as error:
            status = _failed(Exit.BAD_INPUT, error)
        except NotReadyError as error:
            why = str(error).removeprefix(f"it raised {InputError.__name__}: ")
            status = _failed(Exit.BAD_INPUT, f"the calculator cannot be made: {why}")
        except (TooManyFailuresError, NobodyAnswersError, LandscapeError) as error:
            status = _failed(Exit.CALCULATOR, error)
        except OSError as error:
            advice = _ADVICE.get(error.errno or 0, "")
            status = _failed(Exit.OUTPUT, "; ".join(filter(None, (str(error), advice))))
        except KeyboardInterrupt:
            status = _failed(Exit.INTERRUPTED, _INTERRUPTED)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except Exception as error:  # Python's own status would be 1, as of a path not certified
            status = _unforeseen(error)
        sys.exit(status)

    return exiting


def status_of(found: Found) -> Exit:
    """What the exit status says of a run that came to its end."""
    result = found.result
    if result.status is Status.INTERRUPTED:
        return Exit.INTERRUPTED
    if result.status is Status.FAILED:
        return Exit.CALCULATOR
    undone = {found.not_verified, found.not_vibrated, found.not_followed} - {"", NO_SADDLE}
    if undone:
        return Exit.CALCULATOR
    report = found.summary.verification
    if report is not None and report.problem:  # the calculator failed: that says nothing of ends
        return Exit.CALCULATOR
    if report is not None and not report.connects_the_ends:
        return Exit.NOT_CONNECTED
    return Exit.CERTIFIED if result.certified else Exit.NOT_CERTIFIED


def reason_of(found: Found) -> str:
    """Why a run whose path may be certified did not end well all the same; empty where it did."""
    asked = {
        "--verify": found.not_verified,
        "--mep": found.not_followed,
        "--vibrations": found.not_vibrated,
    }
    undone = {name: why for name, why in asked.items() if why not in ("", NO_SADDLE)}
    if undone:
        told = (
            f"{name} came to no end: {why.removeprefix('no: ')}" for name, why in undone.items()
        )
        return "; ".join(told)
    report = found.summary.verification
    if report is None or report.connects_the_ends:
        return ""
    return str(report) if report.problem else f"the saddle does not join the two ends: {report}"


def _unforeseen(error: Exception) -> Exit:
    """What is said of too little memory, and of a fault of the program's own."""
    if isinstance(error, MemoryError):
        more = f" ({error})" if str(error) else ""
        return _failed(Exit.UNFORESEEN, f"there is too little memory{more}. {_SAVED}")
    traceback.print_exception(error)
    told = f"{type(error).__name__}: {error}".rstrip(": ")
    return _failed(Exit.UNFORESEEN, f"a fault of the program: {told}; please report it. {_SAVED}")


def _failed(status: Exit, error: object) -> Exit:
    click.echo(f"fourierpathfinder: {error}", err=True)
    logging.getLogger("fourierpathfinder.cli").debug("ended: %s", error)
    return status


def _ending_signals() -> list[signal.Signals]:
    """Ctrl-C and those that end the run as it does, but for what `nohup` has turned off."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    return [number for number in signals if signal.getsignal(number) is not signal.SIG_IGN]


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """A first signal interrupts; a second does not wait until what there is has been written."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = {number: signal.signal(number, _interrupt) for number in _ending_signals()}
    told_before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(reading, frozenset(before)), daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(told_before)
        os.close(writing)
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: object) -> None:
    for again in _ending_signals():
        signal.signal(again, _leave_to_the_watch)
    raise KeyboardInterrupt


def _leave_to_the_watch(number: int, frame: object) -> None:
    """Do nothing where the run happens to be."""


def _watch(reading: int, ending: frozenset[int]) -> None:
    """End the process at a second signal, or where it does not end by itself after the first.

    All that was calculated is in the file, and workers end when this process does.
    """
    with open(reading, "rb", buffering=0):
        if not _signalled(reading, ending, None):
            return
        time.sleep(_AT_ONCE)
        while select.select([reading], [], [], 0)[0]:
            if not os.read(reading, 512):
                return
        if not _signalled(reading, ending, _PATIENCE):
            return
    os.write(2, f"fourierpathfinder: {_INTERRUPTED}\n".encode())
    os._exit(Exit.INTERRUPTED)


def _signalled(reading: int, ending: frozenset[int], patience: float | None) -> bool:
    """Wait for a signal, no longer than some seconds; False if the command ends before."""
    while select.select([reading], [], [], patience)[0]:
        numbers = os.read(reading, 512)
        if not numbers or ending.intersection(numbers):
            return bool(numbers)
    return True
