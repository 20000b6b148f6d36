"""Curves between two networks as others train them, and what any curve's height really is.

Garipov et al. (NeurIPS 2018, arXiv:1802.10026) place one free point θ between the ends, of a
quadratic Bezier curve (1-t)² a + 2t(1-t) θ + t² b or of a chain of two straight pieces, and train
it by stochastic gradient descent with momentum, one random t a mini-batch. Their rate stays for
half of the steps, falls linearly to a hundredth until 90 % of them, and stays there. No weight
decay here: the ends were trained without.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.optimize import minimize_scalar

from fourierpathfinder import Paper, find_path

Curve = Callable[[np.ndarray], torch.Tensor]
"""Times (M,) to points (M, D)."""

BATCH = 128
MOMENTUM = 0.9

N_SAMPLES = 31
N_REFINED = 8


@dataclass(frozen=True)
class OneBend:
    """A family of curves with one free point: three weights, of a, θ and b, at each t."""

    name: str
    weights: Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor, torch.Tensor]]

    def curve(self, a: torch.Tensor, bend: torch.Tensor, b: torch.Tensor) -> Curve:
        """The curve with its bend at θ."""

        def points(times: np.ndarray) -> torch.Tensor:
            first, middle, last = self.weights(torch.as_tensor(times).to(a)[:, None])
            return first * a + middle * bend + last * b

        return points


BEZIER = OneBend("Bezier", lambda t: ((1 - t) ** 2, 2 * t * (1 - t), t**2))
CHAIN = OneBend(
    "one-bend chain",
    lambda t: ((1 - 2 * t).clamp(min=0), 1 - (2 * t - 1).abs(), (2 * t - 1).clamp(min=0)),
)


def train_bend(
    kind: OneBend,
    landscape: Any,
    a: torch.Tensor,
    b: torch.Tensor,
    rate: float,
    budget: int,
    batch: int = BATCH,
) -> Curve:
    """The curve after `budget` sample gradients from the straight line."""
    rng = np.random.default_rng(0)
    bend = (a + b) / 2
    velocity = torch.zeros_like(bend)
    n_steps = budget // batch
    for step in range(n_steps):
        times = rng.random(1)
        samples = rng.integers(landscape.n_samples, size=(1, batch))
        point = kind.curve(a, bend, b)(times)
        weight = kind.weights(torch.as_tensor(times).to(a))[1]
        gradient = weight * landscape.value_and_grad(point, samples)[1][0]
        velocity = MOMENTUM * velocity + gradient
        bend = bend - rate * _decay(step / n_steps) * velocity
    return kind.curve(a, bend, b)


def _decay(done: float) -> float:
    """The published schedule."""
    if done <= 0.5:
        return 1.0
    return 1.0 - (done - 0.5) / 0.4 * 0.99 if done <= 0.9 else 0.01


class FixedImages:
    """A landscape that shows Algorithm 2 the same few images whenever it looks at a point.

    Parameters
    ----------
    landscape : NetworkLandscape
        The whole.
    n_points, n_images : int
        How many points a path has, and how many images each of them is given.
    """

    def __init__(self, landscape: Any, n_points: int, n_images: int) -> None:
        rng = np.random.default_rng(0)
        self._landscape = landscape
        self._samples = rng.integers(landscape.n_samples, size=(n_points, n_images))

    def value_and_grad(self, points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Values (M,) and gradients (M, D) on each point's own images."""
        return self._landscape.value_and_grad(points, self._samples[: len(points)])


def algorithm_2(
    landscape: Any, a: torch.Tensor, b: torch.Tensor, budget: int, n_images: int
) -> Curve:
    """The paper's path after as many of its steps as the budget allows."""
    n_points = 51
    n_steps = max(1, budget // (n_points * n_images))
    method = Paper(n_points=n_points, n_steps=n_steps)
    fixed = FixedImages(landscape, n_points, n_images)
    # With nothing left to refine the height with: it is judged on all images below.
    result = find_path(fixed, a, b, method=method, max_gradients=n_points * n_steps, rng=0)
    assert result.n_iterations == n_steps
    return result.path


def curve_height(
    value: Callable[[torch.Tensor], torch.Tensor], curve: Curve, n_refined: int = N_REFINED
) -> float:
    """The largest value along a curve: sampled, and refined around the highest sample."""
    times = np.linspace(0, 1, N_SAMPLES)
    values = np.concatenate([value(curve(t)).cpu().numpy() for t in times[:, None]])
    if not np.isfinite(values).all():
        return float("inf")
    top = int(values.argmax())
    if not n_refined:
        return float(values[top])
    bounds = times[max(top - 1, 0)], times[min(top + 1, N_SAMPLES - 1)]
    found = minimize_scalar(
        lambda t: -float(value(curve(np.array([t])))[0]),
        bounds=bounds,
        method="bounded",
        options={"maxiter": n_refined},
    )
    return max(float(values[top]), -float(found.fun))
