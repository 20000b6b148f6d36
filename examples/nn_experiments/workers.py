"""Processes that work for another one, and end with it."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from threading import Thread


def processes(n: int) -> ProcessPoolExecutor:
    """A pool of `n` processes, which end where their parent is killed: a chunk may take hours."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(n, mp_context=context, initializer=_end_with_parent)


def _end_with_parent() -> None:
    Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)  # what is done is kept up to a few seconds ago
