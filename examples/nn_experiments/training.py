"""Train an ensemble: all members of a block stacked, each as if it were alone.

L-BFGS-GSS takes full batches, one iteration an epoch; SGD takes mini-batches of its own shuffle for
each member. After each epoch the losses over all training and test images are noted, and weights
are kept at the minima of both curves: the paper's 'train' and 'test' weights.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from tqdm import trange

from fourierpathfinder.landscapes import NetworkLandscape
from fourierpathfinder.optimizers import LBFGSGSS, LBFGSGSSState
from fourierpathfinder.storage.checkpoint import CheckpointFile, Snapshots, restore

from .chunks import Arrays, as_json, share_file
from .data import Images, load_images
from .networks import NETWORKS, Activation

SNAPSHOT_SECONDS = 15

OptimizerState: TypeAlias = LBFGSGSSState | torch.Tensor | None

OPTIMIZERS = {"lbfgs": "L-BFGS-GSS", "sgd": "SGD"}


@dataclass(frozen=True)
class Place:
    """Where work is done; nothing that its outcome depends on."""

    data: str | None = None
    """Folder of MNIST's files."""
    device: str = "cpu"
    progress: bool = False
    checkpoint: Path | None = None
    """A file for unfinished work."""

    def tell(self, share: float) -> None:
        """Say how much is done, beside the unfinished work."""
        if self.checkpoint is not None:
            share_file(self.checkpoint).write_text(f"{share:.4f}")


@dataclass(frozen=True)
class Problem:
    """One network and the images that it is trained on."""

    network: str
    activation: Activation
    dataset: str
    n_train: int
    n_test: int

    def images(self, place: Place) -> Images:
        """The images of both sets."""
        return _images(self.dataset, place.data).first(self.n_train, self.n_test)

    def landscape(
        self, place: Place, of: str = "train", n_images: int | None = None
    ) -> NetworkLandscape:
        """The loss over the first images of the training or the test set."""
        images = self.images(place)
        network = NETWORKS[self.network]
        inputs, labels = getattr(images, f"{of}_images"), getattr(images, f"{of}_labels")
        inputs, labels = inputs[:n_images], labels[:n_images]
        return NetworkLandscape(
            network.make(self.activation),
            network.loss,
            (inputs, network.targets(inputs, labels)),
            device=place.device,
        )


@lru_cache(maxsize=1)
def _images(dataset: str, data: str | None) -> Images:
    return load_images(dataset, data)


@dataclass(frozen=True)
class TrainingRun:
    """A block of members of one network, and the optimizer that trains them."""

    problem: Problem
    optimizer: str
    seed: int
    first: int
    n_members: int
    n_epochs: int
    batch_size: int = 0
    learning_rate: float = 0.0
    momentum: float = 0.0

    def seeds(self, member: int, *more: int) -> list[int]:
        """What all randomness of a member comes from, whatever block it is in."""
        network = list(NETWORKS).index(self.problem.network)
        optimizer = list(OPTIMIZERS).index(self.optimizer)
        return [self.seed, network, optimizer, self.first + member, *more]


@dataclass(frozen=True, eq=False)
class Course:
    """A training under way; K members, E epochs so far."""

    points: torch.Tensor
    """(K, D), where the members are."""
    train_losses: torch.Tensor
    """(E + 1, K), over all training images; the first row is before training."""
    test_losses: torch.Tensor
    train_points: torch.Tensor
    """(K, D), at the minimum of the training loss so far."""
    test_points: torch.Tensor
    """(K, D), at the minimum of the test loss so far."""
    n_epochs: int = 0
    optimizer: OptimizerState = None
    """What the optimizer remembers; of SGD, its velocities (K, D)."""

    @classmethod
    def begin(cls, points: torch.Tensor, train: torch.Tensor, test: torch.Tensor) -> "Course":
        """Before the first epoch."""
        return cls(points, train[None], test[None], points, points)

    def after(
        self,
        points: torch.Tensor,
        train: torch.Tensor,
        test: torch.Tensor,
        optimizer: OptimizerState,
    ) -> "Course":
        """One epoch later."""
        lower_train = train < self.train_losses.amin(0)
        lower_test = test < self.test_losses.amin(0)
        return Course(
            points,
            torch.cat([self.train_losses, train[None]]),
            torch.cat([self.test_losses, test[None]]),
            torch.where(lower_train[:, None], points, self.train_points),
            torch.where(lower_test[:, None], points, self.test_points),
            self.n_epochs + 1,
            optimizer,
        )


def train(run: TrainingRun, place: Place) -> Arrays:
    """Train a block of members.

    Returns
    -------
    arrays
        `train_losses` and `test_losses` (K, E + 1), `train_points` and `test_points` (K, D).
    """
    train_set, test_set = (run.problem.landscape(place, of) for of in ("train", "test"))
    epoch = _lbfgs_epoch(train_set) if run.optimizer == "lbfgs" else _sgd_epoch(run, train_set)
    points = initial_points(run, train_set)
    course = Course.begin(points, train_set.value(points), test_set.value(points))
    memory = LBFGSGSS().init(points) if run.optimizer == "lbfgs" else torch.zeros_like(points)
    course = replace(course, optimizer=memory)
    snapshots = None
    if place.checkpoint is not None:
        file = CheckpointFile(place.checkpoint, {"run": as_json(run)})
        snapshots, saved = Snapshots(file, SNAPSHOT_SECONDS), file.load()
        course = course if saved is None else restore(course, saved.arrays, points)
    title = f"{run.problem.network} {OPTIMIZERS[run.optimizer]}"
    bar = trange(course.n_epochs, run.n_epochs, desc=title, disable=not place.progress, leave=False)
    for _ in bar:
        moved, train_losses, optimizer = epoch(course)
        course = course.after(moved, train_losses, test_set.value(moved), optimizer)
        if snapshots is not None and snapshots.due():
            snapshots.save(course, {})
        place.tell(course.n_epochs / run.n_epochs)
        if isinstance(optimizer, LBFGSGSSState) and not bool(optimizer.active.any()):
            break
    return _outcome(course, run.n_epochs)


def initial_points(run: TrainingRun, landscape: NetworkLandscape) -> torch.Tensor:
    """Torch's own initialisation of each member, (K, D)."""
    make, points = NETWORKS[run.problem.network].make, []
    for k in range(run.n_members):
        (seed,) = np.random.SeedSequence(run.seeds(k)).generate_state(1)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(seed))
            points.append(landscape.coordinates(make(run.problem.activation)))
    return torch.stack(points)


Epoch = Callable[[Course], tuple[torch.Tensor, torch.Tensor, OptimizerState]]


def _lbfgs_epoch(landscape: NetworkLandscape) -> Epoch:
    algorithm = LBFGSGSS()

    def epoch(course: Course) -> tuple[torch.Tensor, torch.Tensor, LBFGSGSSState]:
        points, state = algorithm.step(landscape, course.points, course.optimizer)
        return points, state.value, state

    return epoch


def _sgd_epoch(run: TrainingRun, landscape: NetworkLandscape) -> Epoch:
    n = run.problem.n_train

    def epoch(course: Course) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        points, velocities = course.points, course.optimizer
        seeds = (run.seeds(k, course.n_epochs) for k in range(run.n_members))
        orders = np.stack([np.random.default_rng(seed).permutation(n) for seed in seeds])
        for first in range(0, n, run.batch_size):
            batches = orders[:, first : first + run.batch_size]
            _, gradients = landscape.value_and_grad(points, batches)
            velocities = run.momentum * velocities + gradients
            points = points - run.learning_rate * velocities
        return points, landscape.value(points), velocities

    return epoch


def _outcome(course: Course, n_epochs: int) -> Arrays:
    missing = n_epochs - course.n_epochs
    curves = {"train_losses": course.train_losses, "test_losses": course.test_losses}
    outcome = {
        # Members that have all stopped stay where they are.
        name: np.pad(curve.cpu().numpy(), ((0, missing), (0, 0)), mode="edge").T
        for name, curve in curves.items()
    }
    outcome["train_points"] = course.train_points.cpu().numpy()
    outcome["test_points"] = course.test_points.cpu().numpy()
    return outcome
