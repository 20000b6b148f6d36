"""Paths one after the other, or a task each on an executor."""

from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError, Executor, Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..executors import LostError, finished, give_up
from ..find import find_path
from ..landscapes.protocols import Landscape
from ..methods.base import Method
from ..result import PathResult, Status
from .pairs import Pair, without_a_height


@dataclass(frozen=True, eq=False)
class Task:
    """One path to be found, wherever."""

    landscape: Landscape
    pair: Pair
    method: Method
    max_gradients: int | None
    checkpoint: Path | None
    resume_check: bool = True
    prior: Any = None

    def __call__(self) -> PathResult:
        """Find it; errors are reported in the result."""
        try:
            return find_path(
                self.landscape,
                self.pair.start,
                self.pair.end,
                method=self.method,
                prior=self.prior,
                max_gradients=self.max_gradients,
                rng=self.pair.seed,
                checkpoint=self.checkpoint,
                resume_check=self.resume_check,
            )
        except Exception as error:
            return self.failed(error)

    def failed(self, error: BaseException) -> PathResult:
        """The result of an error: the best path so far where there is one."""
        message = f"The run ended with {type(error).__name__}: {error}"
        so_far: PathResult | None = getattr(error, "result", None)
        if so_far is not None:
            return replace(so_far, message=message)
        return without_a_height(self.pair, Status.FAILED, message, self.method, self.landscape)

    def interrupted(self) -> PathResult:
        """The result of a path that was not begun."""
        status = Status.INTERRUPTED
        message = "The run was interrupted before this path was found."
        return without_a_height(self.pair, status, message, self.method, self.landscape)


def _away(task: Task) -> PathResult:
    """On a worker: without the landscape, which need not be sent back."""
    return replace(task(), landscape=None)


def one_after_the_other(tasks: Mapping[int, Task]) -> Iterator[tuple[int, PathResult]]:
    """Results as they come; after Ctrl-C what is left is not begun."""
    was_interrupted = False
    for index, task in tasks.items():
        result = task.interrupted() if was_interrupted else _kept_from_ctrl_c(task)
        was_interrupted = was_interrupted or result.status is Status.INTERRUPTED
        yield index, result


def _kept_from_ctrl_c(task: Task) -> PathResult:
    try:
        return task()
    except KeyboardInterrupt:
        return task.interrupted()


def on_executor(tasks: Mapping[int, Task], executor: Executor) -> Iterator[tuple[int, PathResult]]:
    """Results as they come from the workers; those of lost workers have failed."""
    futures: dict[Future[PathResult], int] = {}
    left = dict(tasks)
    try:
        for index, task in tasks.items():
            try:
                futures[executor.submit(_away, task)] = index
            except Exception as error:  # a broken executor takes no more
                yield index, left.pop(index).failed(error)
        while futures:
            for future in finished(futures, executor):
                index = futures.pop(future)
                yield index, _received(left.pop(index), future)
    except LostError as error:
        yield from ((index, task.failed(error)) for index, task in left.items())
    except KeyboardInterrupt:
        give_up(futures, executor)
        yield from ((index, task.interrupted()) for index, task in left.items())


def _received(task: Task, future: Future[PathResult]) -> PathResult:
    try:
        return replace(future.result(), landscape=task.landscape)
    except CancelledError:
        return task.failed(LostError("the executor has cancelled it"))
    except Exception as error:
        return task.failed(error)
