"""Threads that use one landscape wait for each other: while a module is called, it has one point.

Torch puts the tensors of a point into the module for as long as it is called, so that two threads
at once would calculate with each other's.
"""

from threading import RLock
from types import TracebackType


class Alone:
    """In which there is one thread at a time; a copy, also in another process, has its own."""

    def __init__(self) -> None:
        self._lock = RLock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lock.release()

    def __reduce__(self) -> tuple[type["Alone"], tuple[()]]:
        return type(self), ()
