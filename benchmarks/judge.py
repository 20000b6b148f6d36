"""What a path's height really is, by dense sampling, and what a method really spent."""

import time
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from fourierpathfinder.landscapes.abilities import Forwarding

N_SAMPLES = 401
N_REFINED = 3


def continuous_height(landscape: Any, path: Any, n_samples: int = N_SAMPLES) -> float:
    """The largest value along a path: sampled, and refined around the highest samples."""
    times = np.linspace(0, 1, n_samples)
    values = landscape.value_and_grad(path(times))[0]

    def depth(t: float) -> float:
        return -float(landscape.value_and_grad(path(np.array([t])))[0][0])

    inner = np.arange(1, n_samples - 1)
    peaks = inner[(values[1:-1] >= values[:-2]) & (values[1:-1] >= values[2:])]
    highest = peaks[np.argsort(-values[peaks])[:N_REFINED]]
    refined = [
        -minimize_scalar(
            depth, bounds=(times[k - 1], times[k + 1]), method="bounded", options={"xatol": 1e-7}
        ).fun
        for k in highest
    ]
    return float(max([values.max(), *refined]))


class Watched(Forwarding):
    """A landscape that counts and times its evaluations, and is otherwise what it was.

    Parameters
    ----------
    landscape : Landscape
        What to watch.

    Attributes
    ----------
    n_gradients : int
        Points evaluated so far.
    seconds : float
        Processor time spent on them, which other programs do not change.
    """

    def __init__(self, landscape: Any) -> None:
        super().__init__(landscape)
        self.n_gradients = 0
        self.seconds = 0.0

    def value_and_grad(self, points: Any) -> tuple[Any, Any]:
        """Values and gradients at `points` (M, D)."""
        began = time.process_time()
        answer = self.landscape.value_and_grad(points)
        self.seconds += time.process_time() - began
        self.n_gradients += len(points)
        return answer
