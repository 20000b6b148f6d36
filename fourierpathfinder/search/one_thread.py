"""Linear algebra on one thread, while a surrogate is at work.

NumPy and SciPy each bring a BLAS with a pool of threads of its own, and the threads of one spin
for a while after its work is done. The surrogate alternates between the two, with matrices of
some hundreds to thousands of rows: on two cores it takes three times as long with all these
threads as with one, and ten times as long beside other work.

How many threads a BLAS has is one number of the whole process. So the first search that comes in
sets it to one, and the last that goes out sets it to what it was, from however many threads they
come. While any is inside, no other thread forks the process: the child would have a BLAS whose
locks nobody opens any more.

threadpoolctl from 3.8 on lets one thread at a time change the number of the whole process. So it
is changed by a thread that does nothing else, and a search may leave that has not come in first.
Where a BLAS counts for each thread by itself (OpenMP), each that comes in sets its own.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController

from ..threads import Caller

__all__ = ["one_thread"]


class _Doorkeeper:
    """A thread that changes how many threads the process's BLAS has, and nothing else."""

    def __init__(self) -> None:
        self._thread: Caller | None = None
        self._limit: Any = None

    def close(self) -> None:
        """Let the process have one thread."""
        if self._limit is None:
            self._limit = self._told(lambda: _limit().__enter__())

    def open(self) -> None:
        """Let it have what it had."""
        limit, self._limit = self._limit, None
        if limit is not None:
            self._told(lambda: limit.__exit__(None, None, None))

    def forked(self) -> None:
        """Know that threads do not live on in a child."""
        self._thread = None

    def _told(self, task: Callable[[], Any]) -> Any:
        if self._thread is None:
            self._thread = Caller()
        return self._thread(task)


class _Door:
    """Counts the threads inside; one at a time enters or leaves."""

    def __init__(self) -> None:
        self._changing = threading.Condition()
        self._inside: dict[int, int] = {}
        self._own: dict[int, Any] = {}
        self._forking: int | None = None
        self._keeper = _Doorkeeper()

    def enter(self) -> None:
        me = threading.get_ident()
        with self._changing:
            while self._forking not in (None, me) and me not in self._inside:
                self._changing.wait()
            if not self._inside:
                self._keeper.close()
            if me not in self._inside:
                self._own[me] = _limit().__enter__()
            self._inside[me] = self._inside.get(me, 0) + 1

    def leave(self) -> None:
        me = threading.get_ident()
        with self._changing:
            self._inside[me] -= 1
            if not self._inside[me]:
                del self._inside[me]
                self._own.pop(me).__exit__(None, None, None)
            if not self._inside:
                self._keeper.open()
                self._changing.notify_all()

    def before_fork(self) -> None:
        """Wait until no other thread is inside, and let nobody in until the fork is over."""
        me = threading.get_ident()
        self._changing.acquire()
        while self._forking not in (None, me):
            self._changing.wait()
        self._forking = me
        while self._inside.keys() - {me}:
            self._changing.wait()

    def after_fork(self) -> None:
        self._forking = None
        self._changing.notify_all()
        self._changing.release()

    def after_fork_in_child(self) -> None:
        self._keeper.forked()
        self.after_fork()


_door = _Door()


@cache
def _controller() -> Any:
    import scipy.linalg  # noqa: F401  (only a BLAS that is loaded is found)

    return ThreadpoolController()  # looking for the libraries takes milliseconds


def _limit() -> Any:
    return _controller().limit(limits=1, user_api="blas")


@contextmanager
def one_thread() -> Iterator[None]:
    """A context in which BLAS works on one thread; what it had before comes back at its end."""
    _door.enter()
    try:
        yield
    finally:
        _door.leave()


os.register_at_fork(
    before=_door.before_fork,
    after_in_parent=_door.after_fork,
    after_in_child=_door.after_fork_in_child,
)
