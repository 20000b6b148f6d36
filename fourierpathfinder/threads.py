"""Calls in threads that nobody need wait for, not even when Python ends.

Ctrl-C is raised wherever the main thread happens to be. In the pools of the standard library that
may be just after it has taken a lock, and before it knows so: the lock stays taken, the pool's
threads wait for it, and Python, when it ends, for them. Here the main thread takes no lock that
another thread waits for: it waits in `SimpleQueue.get`, which Ctrl-C ends as a whole, and begins
threads without `threading.Thread`, whose `start` waits under a lock.
"""

import os
from _thread import start_new_thread
from collections import deque
from collections.abc import Callable, Generator, Sequence
from queue import SimpleQueue
from typing import Generic, TypeVar

__all__ = ["Caller", "answered", "n_cores", "promised"]

T = TypeVar("T")


def n_cores() -> int:
    """How many cores this process may use: all, unless it is held to some of them.

    Examples
    --------
    >>> n_cores() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Outcome(Generic[T]):
    """What a call has returned or raised."""

    def __init__(self, call: Callable[[], T]) -> None:
        try:
            self._value = call()
            self._error: BaseException | None = None
        except BaseException as error:
            self._error = error

    def told(self) -> T:
        if self._error is not None:
            raise self._error
        return self._value


def promised(call: Callable[[], T]) -> Callable[[], T]:
    """Begin a call in a thread.

    Parameters
    ----------
    call : callable

    Returns
    -------
    callable
        What waits for the call, once, and returns or raises what it did.

    Examples
    --------
    >>> answer = promised(lambda: 2 + 2)
    >>> answer()
    4
    """
    answers: SimpleQueue[_Outcome[T]] = SimpleQueue()
    start_new_thread(lambda: answers.put(_Outcome(call)), ())
    return lambda: answers.get().told()


def answered(
    calls: Sequence[Callable[[], T]], n_threads: int
) -> Generator[tuple[int, T], None, None]:
    """Make calls in threads, begun in their order.

    Parameters
    ----------
    calls : sequence of callables
    n_threads : int
        How many are made at a time.

    Yields
    ------
    index : int
        Which call it was.
    answer
        What it has returned; if it has raised something that is raised, and what was not begun
        by then never is.

    Examples
    --------
    >>> dict(answered([lambda: "first", lambda: "second"], 2)) == {0: "first", 1: "second"}
    True
    """
    waiting = deque(enumerate(calls))
    answers: SimpleQueue[tuple[int, _Outcome[T]]] = SimpleQueue()

    def work() -> None:
        while True:
            try:
                index, call = waiting.popleft()
            except IndexError:
                return
            answers.put((index, _Outcome(call)))

    try:
        for _ in range(min(n_threads, len(calls))):
            start_new_thread(work, ())
        for _ in calls:
            index, outcome = answers.get()
            yield index, outcome.told()
    finally:
        waiting.clear()


class Caller:
    """One thread that makes calls, one after the other.

    Examples
    --------
    >>> caller = Caller()
    >>> caller(lambda: 2 + 2)
    4
    """

    def __init__(self) -> None:
        self._tasks: SimpleQueue[Callable[[], object]] = SimpleQueue()
        start_new_thread(_work, (self._tasks,))

    def __call__(self, call: Callable[[], T]) -> T:
        """What a call made there returns, or raises."""
        answers: SimpleQueue[_Outcome[T]] = SimpleQueue()
        self._tasks.put(lambda: answers.put(_Outcome(call)))
        return answers.get().told()


def _work(tasks: "SimpleQueue[Callable[[], object]]") -> None:
    while True:
        tasks.get()()
