"""Calculators that may crash, hang or return nonsense, each in a process of its own.

Each worker process holds its own copy of a landscape and evaluates one point at a time. Whatever
happens to it (an exception, a Fortran STOP, a segmentation fault, a hang) ends at most one
attempt: the process is replaced, the point tried again, and after a second failure the point is
marked bad by NaN, which methods for expensive landscapes avoid.
"""

from .isolated import IsolatedLandscape, TooManyFailuresError
from .remote import NobodyAnswersError
from .worker import LONGEST, ClosedError, NotReadyError, Worker, WorkerError

__all__ = [
    "LONGEST",
    "ClosedError",
    "IsolatedLandscape",
    "NobodyAnswersError",
    "NotReadyError",
    "TooManyFailuresError",
    "Worker",
    "WorkerError",
]
