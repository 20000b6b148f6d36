"""A landscape whose paths take known time, and the run of it that may be killed anywhere."""

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import ClassVar

import numpy as np

from fourierpathfinder import connect
from fourierpathfinder.methods.base import Outcome
from fourierpathfinder.result import Status

MINIMA = np.random.default_rng(5).uniform(-1, 1, size=(8, 2))


class Flat:
    """A landscape that is never asked for much."""

    stochastic = True  # so that its paths are taken as they are

    def value_and_grad(self, points):
        return np.zeros(len(points)), np.zeros_like(points)


@dataclass(frozen=True)
class Straight:
    """A method that takes a while and returns the straight line; its calls leave traces."""

    seconds: float
    traces: str = ""
    n_terms: int = 1
    replays: ClassVar[bool] = False

    def start(self, evaluator, path, rng):
        return StraightRun(self, evaluator, path)


class StraightRun:
    state = None
    n_iterations = 1
    waiting_for = ""
    height_error = 0.0

    def __init__(self, settings, evaluator, path):
        self.settings, self.evaluator, self.path = settings, evaluator, path
        self.status = None
        self.height = 1.0 + float(np.linalg.norm(path.start - path.end))

    def step(self):
        self.evaluator.value_and_grad(self.path.start[None])
        time.sleep(self.settings.seconds)
        if self.settings.traces:
            Path(self.settings.traces, f"{time.monotonic_ns()}").touch()
        self.status = Status.STEPS_DONE

    def finish(self):
        ends = np.zeros(2)
        return Outcome(self.path, self.height, 0.5, 0.0, 0.0, ends, ends, 0.0)


def run(folder, seconds=0.02, n_workers=2, started_by="fork"):
    method = Straight(seconds, str(Path(folder, "traces")))
    with ProcessPoolExecutor(n_workers, get_context(started_by)) as pool:
        return connect(Flat(), MINIMA, method=method, executor=pool, n_tries=None, rng=0,
                       checkpoint=Path(folder, "graph.jsonl"))  # fmt: skip


if __name__ == "__main__":
    print(run(sys.argv[1]).message)
