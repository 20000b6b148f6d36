"""The toy of Fig. 3: heights for three strengths of the smoothness penalty."""

from dataclasses import dataclass, replace

import numpy as np

from fourierpathfinder import Paper, find_path
from fourierpathfinder.landscapes.toy import two_channels

from .chunks import Arrays


@dataclass(frozen=True)
class ToyRun:
    """What gives the paper's heights: squares are summed, and noise is added to the gradient."""

    smoothnesses: tuple[float, ...] = (10.0, 100.0, 1000.0)
    n_seeds: int = 5
    n_terms: int = 20
    n_points: int = 100
    n_steps: int = 2000
    learning_rate: float = 0.01
    gradient_noise: float = 1.0


def find_toy_paths(run: ToyRun, _: object) -> Arrays:
    """Find the paths of Fig. 3.

    Returns
    -------
    arrays
        `smoothnesses` (S,), `heights` (S, seeds), and of the first seed of each the points
        `paths` (S, T, 2) and the `profiles` (S, T) at `times` (T,); the map's `grid_x`, `grid_y`
        and `grid_values`; `straight_height` and `lowest_height`.
    """
    toy, times = two_channels(), np.linspace(0, 1, 201)
    method = Paper(
        n_terms=run.n_terms,
        n_points=run.n_points,
        learning_rate=run.learning_rate,
        n_steps=run.n_steps,
        power=2,
        gradient_noise=run.gradient_noise,
    )
    found = [
        [
            find_path(toy, toy.start, toy.end, method=replace(method, smoothness=s), rng=seed)
            for seed in range(run.n_seeds)
        ]
        for s in run.smoothnesses
    ]
    paths = np.array([results[0].path(times) for results in found])
    x, y = np.linspace(-1.0, 0.9, 80), np.linspace(-1.05, 0.55, 70)
    grid = np.stack(np.meshgrid(x, y), axis=-1)
    t = times[:, None]
    straight = toy.value_and_grad((1 - t) * toy.start + t * toy.end)[0]
    return {
        "smoothnesses": np.array(run.smoothnesses),
        "heights": np.array([[result.height for result in results] for results in found]),
        "times": times,
        "paths": paths,
        "profiles": np.array([toy.value_and_grad(path)[0] for path in paths]),
        "grid_x": x,
        "grid_y": y,
        "grid_values": toy.value_and_grad(grid.reshape(-1, 2))[0].reshape(grid.shape[:2]),
        "straight_height": straight.max(),
        "lowest_height": np.array(toy.height),
    }
