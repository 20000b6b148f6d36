"""Heights of paths between random pairs of a set of weights.

A set is named after its optimizer and the minimum that its weights are from: 'lbfgs-train',
'lbfgs-test', 'sgd-train', 'sgd-test'.
"""

from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
import torch

from fourierpathfinder import Paper, PathResult, Status, Stochastic, find_paths
from fourierpathfinder.landscapes import NetworkLandscape, align_units

from .chunks import Arrays
from .settings import Converged, PaperBudget
from .training import Place, Problem

WEIGHTS = ("lbfgs-train", "lbfgs-test", "sgd-train", "sgd-test")

N_STRAIGHT = 21
"""Points of a straight line at which its height is read."""

N_ALIGNMENT_IMAGES = 512
"""Training images on which the activations of two networks are compared."""


@dataclass(frozen=True)
class HeightRun:
    """A block of pairs of one set of weights, on one landscape, by one method."""

    problem: Problem
    landscape: str
    n_images: int | None
    weights: str
    method: PaperBudget | Converged
    aligned: bool
    seed: int
    n_pairs: int
    first: int
    last: int


def random_pairs(n_members: int, n_pairs: int, seed: int) -> list[tuple[int, int]]:
    """Distinct pairs of different members, all of them where there are not so many."""
    pairs = list(combinations(range(n_members), 2))
    order = np.random.default_rng(seed).permutation(len(pairs))
    return [pairs[i] for i in order[:n_pairs]]


def find_heights(run: HeightRun, place: Place, selected: Arrays) -> Arrays:
    """Connect a block of pairs.

    Returns
    -------
    arrays
        `heights`, `straight_heights`, `end_values` (the higher of the two) and `n_sample_gradients`
        (n,); `history_gradients` and `history_heights` (n, I).
    """
    landscape = run.problem.landscape(place, run.landscape, run.n_images)
    points = torch.from_numpy(selected[f"{run.weights.split('-')[1]}_points"]).to(place.device)
    chosen = random_pairs(len(points), run.n_pairs, run.seed)[run.first : run.last]
    ends = [(points[i], points[j]) for i, j in chosen]
    if run.aligned:
        images = run.problem.images(place).train_images[:N_ALIGNMENT_IMAGES]
        ends = [(a, _aligned(landscape, images, a, b)) for a, b in ends]
    results = find_paths(
        landscape,
        ends,
        method=_method(run.method),
        rng=np.random.default_rng([run.seed, run.first]),
        progress=place.progress,
        checkpoint=place.checkpoint,
    )
    if any(result.status is Status.INTERRUPTED for result in results):
        raise KeyboardInterrupt  # the checkpoint goes on from here
    failed = [result.message for result in results if not result.success]
    if failed:
        raise RuntimeError(f"{len(failed)} of {len(results)} paths were not found: {failed[0]}")
    return _collected(results, [_straight_height(landscape, a, b) for a, b in ends])


def _aligned(
    landscape: NetworkLandscape, images: torch.Tensor, a: torch.Tensor, b: torch.Tensor
) -> torch.Tensor:
    """`b`, its units in the order of those of `a` whose activations are the most alike."""
    module = landscape.module(a).cpu()
    states = [
        {name: tensor.cpu() for name, tensor in landscape.state_dict(end).items()} for end in (a, b)
    ]
    permuted = align_units(module, *states, images)
    point: torch.Tensor = landscape.coordinates(permuted)
    return point


def _method(settings: PaperBudget | Converged) -> Paper | Stochastic:
    kind = Paper if isinstance(settings, PaperBudget) else Stochastic
    return kind(**asdict(settings))


def _straight_height(landscape: NetworkLandscape, a: torch.Tensor, b: torch.Tensor) -> float:
    t = torch.linspace(0, 1, N_STRAIGHT, device=a.device)[:, None]
    return float(landscape.value((1 - t) * a + t * b).max())


def _collected(results: list[PathResult], straight: list[float]) -> Arrays:
    histories: list[Any] = [result.history for result in results]
    return {
        "heights": np.array([result.height for result in results]),
        "straight_heights": np.array(straight),
        "end_values": np.array([max(r.start_value, r.end_value) for r in results]),
        "n_sample_gradients": np.array([result.n_sample_gradients for result in results]),
        "history_gradients": np.array([history.n_sample_gradients for history in histories]),
        "history_heights": np.array([history.heights for history in histories]),
    }
