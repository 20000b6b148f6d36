"""L-BFGS-GSS against torch's and SciPy's L-BFGS; an ensemble against its members one by one.

    python benchmarks/training.py MNIST_FOLDER [--images 5000] [--members 16] [--device cuda]
        [--only ensemble]

The network is the paper's FCP, the loss that over the first images of MNIST. Work is counted in
passes over all images: a loss alone is one, a loss with its gradient three (a backward pass costs
about two forward ones). Equal work, equal start, side by side.
"""

import argparse
import multiprocessing
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from scipy.optimize import minimize

from fourierpathfinder.landscapes import NetworkLandscape
from fourierpathfinder.optimizers import LBFGSGSS
from fourierpathfinder.threads import n_cores

sys.path.insert(0, str(Path(__file__).parent.parent / "examples"))

from nn_experiments.training import OPTIMIZERS as OPTIMIZER_TITLES
from nn_experiments.training import Place, Problem, TrainingRun, initial_points, train

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


def ensemble(run: TrainingRun, place: Place) -> None:
    """Seconds for a training of all members, as the study does it and one after another.

    On a processor that is blocks of eight, stacked, on one process a core; on a GPU one stack.
    """
    members = [replace(run, first=k, n_members=1) for k in range(run.n_members)]
    train(replace(members[0], n_epochs=1), place)
    alone = _seconds(lambda: [train(one, place) for one in members])
    if place.device == "cpu":
        blocks = [replace(run, first=k, n_members=8) for k in range(0, run.n_members, 8)]
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(n_cores(), mp_context=context) as pool:
            on_one_core = partial(_train_on_one_core, place=place)
            warm = [replace(block, n_epochs=1) for block in blocks]
            list(pool.map(on_one_core, warm))
            together = _seconds(lambda: list(pool.map(on_one_core, blocks)))
    else:
        together = _seconds(lambda: train(run, place))
    print(
        f"{OPTIMIZER_TITLES[run.optimizer]}, {run.n_members} members, {run.problem.n_train} "
        f"images, {run.n_epochs} epochs: together {together:.2f} s, one after another {alone:.2f} "
        f"s, {alone / together:.2f} times faster",
        flush=True,
    )


def _seconds(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()  # ends with arrays on the processor, so nothing is under way on a device
    return perf_counter() - began


def _train_on_one_core(run: TrainingRun, place: Place) -> None:
    torch.set_num_threads(1)
    train(run, place)


def main() -> None:
    parser = argparse.ArgumentParser(description="L-BFGS-GSS beside its peers")
    parser.add_argument("data")
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--members", type=int, default=16)
    parser.add_argument("--budget", type=int, default=9000, help="passes over all images")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--only", choices=("ensemble", "peers"))
    asked = parser.parse_args()
    place = Place(data=asked.data, device=asked.device)
    if asked.only != "peers":
        for optimizer, n_images, n_epochs in (
            ("sgd", asked.images, 5), ("lbfgs", asked.images // 10, 50), ("lbfgs", asked.images, 10)
        ):  # fmt: skip
            problem = Problem("fcp", "softplus", "mnist", n_images, 100)
            rates = {"batch_size": 64, "learning_rate": 0.05, "momentum": 0.9}
            rates = rates if optimizer == "sgd" else {}
            ensemble(TrainingRun(problem, optimizer, 0, 0, asked.members, n_epochs, **rates), place)
    if asked.only != "ensemble":
        problem = Problem("fcp", "softplus", "mnist", asked.images, 1)
        landscape = problem.landscape(place)
        x = initial_points(TrainingRun(problem, "lbfgs", 0, 0, 1, 0), landscape)[0]
        compare(landscape, x, asked.budget)


if __name__ == "__main__":
    main()
