"""Calls that may never return, waited for no longer than a deadline."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def within(seconds: float, call: Callable[[], T]) -> T:
    """What a call returns, or raises; Ctrl-C and signals end the wait at once.

    Parameters
    ----------
    seconds : float
        The longest wait. What has not ended by then goes on in a thread that ends with the process.
    call : callable

    Raises
    ------
    TimeoutError
        If the call has not ended by then.

    Examples
    --------
    >>> within(5.0, lambda: 2 + 2)
    4
    """
    answer: Future[T] = Future()

    def ask() -> None:
        try:
            answer.set_result(call())
        except Exception as error:
            answer.set_exception(error)

    threading.Thread(target=ask, daemon=True).start()
    return answer.result(timeout=seconds)
