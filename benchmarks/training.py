"""L-BFGS-GSS against torch's and SciPy's L-BFGS; an ensemble against its members one by one.

    python benchmarks/training.py MNIST_FOLDER [--images 5000] [--members 16] [--device cuda]

The network is the paper's FCP, the loss that over the first images of MNIST. Work is counted in
passes over all images: a loss alone is one, a loss with its gradient three (a backward pass costs
about two forward ones). Equal work, equal start, side by side.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from scipy.optimize import minimize

from fourierpathfinder.landscapes import NetworkLandscape
from fourierpathfinder.optimizers import LBFGSGSS

sys.path.insert(0, str(Path(__file__).parent.parent / "examples"))

from nn_experiments.training import Place, Problem, TrainingRun, initial_points

VALUE, GRADIENT = 1, 3
TARGET = 1e-6


class Counted:
    """A landscape that counts passes and keeps the lowest loss after each."""

    def __init__(self, landscape: NetworkLandscape) -> None:
        self._landscape = landscape
        self.n_passes = 0
        self.lowest: list[tuple[int, float]] = []

    def value(self, points):
        """Losses, counted."""
        return self._note(VALUE, self._landscape.value(points))

    def value_and_grad(self, points):
        """Losses and gradients, counted."""
        values, gradients = self._landscape.value_and_grad(points)
        return self._note(GRADIENT, values), gradients

    def _note(self, passes, values):
        self.n_passes += passes
        before = self.lowest[-1][1] if self.lowest else float("inf")
        self.lowest.append((self.n_passes, min(before, float(values.min()))))
        return values

    def after(self, n_passes: int) -> float:
        """The lowest loss within so many passes."""
        return min(loss for passes, loss in self.lowest if passes <= n_passes)

    def passes_to(self, target: float) -> str:
        """The passes after which the loss was below the target."""
        return next((f"{p:,}" for p, loss in self.lowest if loss < target), "never")


class EnoughError(Exception):
    """The work to be compared at is done."""


def golden(landscape: Counted, x: torch.Tensor, budget: int) -> None:
    algorithm, x = LBFGSGSS(), x[None]
    state = algorithm.init(x)
    losses = []
    while landscape.n_passes < budget and bool(state.active.any()):
        x, state = algorithm.step(landscape, x, state)
        losses.append(float(state.value))
    assert all(np.diff(losses) <= 0), "the loss rose"
    print(f"L-BFGS-GSS: {state.n_steps} iterations")


def torch_strong_wolfe(landscape: Counted, x: torch.Tensor, budget: int) -> None:
    x = x.clone().requires_grad_()
    optimizer = torch.optim.LBFGS(
        [x], max_iter=10**6, max_eval=10**6, history_size=10, line_search_fn="strong_wolfe",
        tolerance_grad=0, tolerance_change=0,
    )  # fmt: skip

    def closure():
        if landscape.n_passes >= budget:
            raise EnoughError
        value, gradient = landscape.value_and_grad(x.detach()[None])
        x.grad = gradient[0]
        return value[0]

    try:
        optimizer.step(closure)
    except EnoughError:
        return


def scipy_lbfgs(landscape: Counted, x: torch.Tensor, budget: int) -> None:
    def function(point):
        if landscape.n_passes >= budget:
            raise EnoughError
        points = torch.as_tensor(point, dtype=x.dtype, device=x.device)[None]
        value, gradient = landscape.value_and_grad(points)
        return float(value), gradient[0].double().cpu().numpy()

    options = {"maxiter": 10**6, "maxfun": 10**6, "ftol": 0, "gtol": 0, "maxcor": 10}
    try:
        minimize(function, x.double().cpu().numpy(), jac=True, method="L-BFGS-B", options=options)
    except EnoughError:
        return


OPTIMIZERS: dict[str, Callable[[Counted, torch.Tensor, int], None]] = {
    "L-BFGS-GSS": golden,
    "torch, strong Wolfe": torch_strong_wolfe,
    "SciPy L-BFGS-B": scipy_lbfgs,
}


def compare(landscape: NetworkLandscape, x: torch.Tensor, budget: int) -> None:
    """Losses after equal work."""
    at = [budget // 8, budget // 4, budget // 2, budget]
    print("lowest loss after passes   " + "".join(f"{n:>12,}" for n in at) + f"   to {TARGET:g}")
    for name, run in OPTIMIZERS.items():
        counted = Counted(landscape)
        run(counted, x, budget)
        losses = "".join(f"{counted.after(n):12.2e}" for n in at)
        print(f"{name:<27}{losses}   {counted.passes_to(TARGET)}", flush=True)


def ensemble(landscape: NetworkLandscape, points: torch.Tensor, n_steps: int) -> None:
    """Seconds for a few steps of all members, together and one after another."""
    algorithm = LBFGSGSS()

    def seconds(x: torch.Tensor) -> float:
        state, began = algorithm.init(x), perf_counter()
        for _ in range(n_steps):
            x, state = algorithm.step(landscape, x, state)
        state.value.sum().item()  # wait for the device
        return perf_counter() - began

    seconds(points)
    together = min(seconds(points) for _ in range(2))
    alone = sum(seconds(x[None]) for x in points)
    n = landscape.n_samples
    print(
        f"{len(points)} members, {n} images, {n_steps} iterations: together {together:.2f} s, one "
        f"after another {alone:.2f} s, {alone / together:.2f} times faster"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="L-BFGS-GSS beside its peers")
    parser.add_argument("data")
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--members", type=int, default=16)
    parser.add_argument("--budget", type=int, default=9000, help="passes over all images")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    asked = parser.parse_args()
    place = Place(data=asked.data, device=asked.device)
    for n_images in (64, asked.images):
        problem = Problem("fcp", "softplus", "mnist", n_images, 1)
        landscape = problem.landscape(place)
        points = initial_points(TrainingRun(problem, "lbfgs", 0, 0, asked.members, 0), landscape)
        ensemble(landscape, points, 20 if n_images < 1000 else 3)
    compare(landscape, points[0], asked.budget)


if __name__ == "__main__":
    main()
