"""What is computed from trained weights: the best of them, statistics, distances, kernel PCA."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.decomposition import KernelPCA

from .chunks import Arrays

KERNELS = ("rbf", "linear", "poly", "sigmoid")


@dataclass(frozen=True)
class Selection:
    """How many members are kept."""

    n_kept: int


def select(selection: Selection, _: object, *blocks: Arrays) -> Arrays:
    """The members of lowest training loss, best first.

    Returns
    -------
    arrays
        `members` (K,), their curves (K, E + 1) and weights (K, D), and `curves_train`,
        `curves_test` (all members, E + 1).
    """
    whole = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
    lowest = whole["train_losses"].min(1)
    # NaN sorts last: a run that diverged is never among the best.
    members = np.argsort(lowest, kind="stable")[: selection.n_kept]
    kept = {name: array[members] for name, array in whole.items()}
    return {"members": members, "n_trained": np.array(len(lowest)), **kept}


def statistics(_: None, __: object, lbfgs: Arrays, sgd: Arrays) -> Arrays:
    """Mean and standard deviation of all weights of each set: (2,) by the set's name."""
    sets = {f"lbfgs-{of}": lbfgs[f"{of}_points"] for of in ("train", "test")}
    sets |= {f"sgd-{of}": sgd[f"{of}_points"] for of in ("train", "test")}
    return {
        name: np.array([points.mean(dtype=np.float64), points.std(dtype=np.float64)])
        for name, points in sets.items()
    }


def distances(_: None, __: object, lbfgs: Arrays, sgd: Arrays) -> Arrays:
    """How far members lie from the mean ω̄ of the centroids of the two test sets.

    Returns
    -------
    arrays
        |ω_i - ω̄| (K,) of `lbfgs-train`, `lbfgs-test` and `sgd-test`;
        `half_between_centroids`, half the distance between the centroids; and
        `half_without_chance`, the same without what few members add to it by chance.
    """
    tests = [selected["test_points"].astype(np.float64) for selected in (lbfgs, sgd)]
    centroids = [points.mean(0) for points in tests]
    origin = (centroids[0] + centroids[1]) / 2
    sets = {"lbfgs-train": lbfgs["train_points"], "lbfgs-test": tests[0], "sgd-test": tests[1]}
    lengths = {name: np.linalg.norm(points - origin, axis=1) for name, points in sets.items()}
    squared = np.sum((centroids[0] - centroids[1]) ** 2)
    # The centroid of K members lies off the true one by their variance over K.
    chance = sum(points.var(0, ddof=1).sum() / len(points) for points in tests)
    return {
        **lengths,
        "half_between_centroids": np.sqrt(squared) / 2,
        "half_without_chance": np.sqrt(max(squared - chance, 0.0)) / 2,
    }


def components(_: None, __: object, lbfgs: Arrays, sgd: Arrays) -> Arrays:
    """The first two kernel principal components of two sets together.

    Returns
    -------
    arrays
        (2, K, 2) by kernel, of L-BFGS and then of SGD: `figure6-rbf` and so on for L-BFGS's
        'train' weights beside SGD's 'test' weights, `s4-rbf` and so on for 'test' weights of both.
    """
    firsts = {"figure6": lbfgs["train_points"], "s4": lbfgs["test_points"]}
    return {
        f"{figure}-{kernel}": kernel_components(
            np.concatenate([first, sgd["test_points"]]), kernel
        ).reshape(2, -1, 2)
        for figure, first in firsts.items()
        for kernel in KERNELS
    }


def kernel_components(points: np.ndarray, kernel: str) -> np.ndarray:
    """The first two components (K, 2) of kernel PCA; the RBF has 2σ² = number of parameters."""
    model = KernelPCA(n_components=2, kernel=kernel, gamma=1 / points.shape[1])
    return np.asarray(model.fit_transform(points.astype(np.float64)))


def separation(first: np.ndarray, second: np.ndarray, axis: int = -1) -> Any:
    """How well one number tells two sets apart: 0.5 not at all, 1 wholly.

    The chance that a member of one set exceeds one of the other (the area under the receiver
    operating characteristic), whichever way round it is larger; of many such sets at once, along
    an axis.
    """
    a, b = (np.moveaxis(np.asarray(one), axis, -1) for one in (first, second))
    chance = (1 + np.sign(a[..., :, None] - b[..., None, :]).mean((-2, -1))) / 2
    return np.maximum(chance, 1 - chance)
