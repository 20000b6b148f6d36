"""How a command ends: with an exit status and a sentence, whatever has happened."""

import logging
import os
import signal
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from ..evaluation import LandscapeError
from ..landscapes.isolation import NobodyAnswersError, NotReadyError, TooManyFailuresError
from ..result import Status
from ..storage.checkpoint import CheckpointError
from .exits import Exit, InputError
from .run import Found

_INTERRUPTED = "interrupted; continue with --restart"


def with_exit_status(command: Callable[..., Exit]) -> Callable[..., None]:
    """Turn every way to end into an exit status and a sentence."""

    @wraps(command)
    def exiting(**options: Any) -> None:
        before = {number: signal.signal(number, _interrupt) for number in _ending_signals()}
        try:
            status = command(**options)
        except (InputError, CheckpointError) as error:
            status = _failed(Exit.BAD_INPUT, error)
        except NotReadyError as error:
            why = str(error).removeprefix(f"it raised {InputError.__name__}: ")
            status = _failed(Exit.BAD_INPUT, f"the calculator cannot be made: {why}")
        except (TooManyFailuresError, NobodyAnswersError, LandscapeError) as error:
            status = _failed(Exit.CALCULATOR, error)
        except OSError as error:
            status = _failed(Exit.OUTPUT, error)
        except KeyboardInterrupt:
            status = _failed(Exit.INTERRUPTED, _INTERRUPTED)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        sys.exit(status)

    return exiting


def status_of(found: Found) -> Exit:
    """What the exit status says of a run that came to its end."""
    result = found.result
    if result.status is Status.INTERRUPTED:
        return Exit.INTERRUPTED
    if result.status is Status.FAILED:
        return Exit.CALCULATOR
    if found.not_verified or found.not_vibrated or found.not_followed:
        return Exit.CALCULATOR
    report = found.summary.verification
    if report is not None and report.problem:  # the calculator failed: that says nothing of ends
        return Exit.CALCULATOR
    if report is not None and not report.connects_the_ends:
        return Exit.NOT_CONNECTED
    return Exit.CERTIFIED if result.certified else Exit.NOT_CERTIFIED


def _failed(status: Exit, error: object) -> Exit:
    click.echo(f"fourierpathfinder: {error}", err=True)
    logging.getLogger("fourierpathfinder.cli").debug("ended: %s", error)
    return status


def _ending_signals() -> list[signal.Signals]:
    """Ctrl-C and those that end the run as it does, but for what `nohup` has turned off."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    return [number for number in signals if signal.getsignal(number) is not signal.SIG_IGN]


def _interrupt(number: int, frame: object) -> None:
    """End the run; a second signal does not wait until it has written what it has."""
    for again in _ending_signals():
        signal.signal(again, _end_at_once)
    raise KeyboardInterrupt


def _end_at_once(number: int, frame: object) -> None:
    """All that was calculated is in the file, and workers end when this process does."""
    os.write(2, f"fourierpathfinder: {_INTERRUPTED}\n".encode())
    os._exit(Exit.INTERRUPTED)
